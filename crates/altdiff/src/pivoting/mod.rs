//! The active-set method for dense problems whose P is positive definite on the null space of the equalities.
//!
//! The saddle point matrix of the objective and the equalities is factored once; the inequalities live in its Schur
//! complement, whose complementarity problem is solved by pivoting. The answer is refined against the user's own data
//! and accepted only if all residuals hold, as by every method. What else there is, a derivative or another right-hand
//! side, is a solve with the two factors.

mod adjoint;
mod blocks;
mod complementarity;
mod eliminate;
mod fill;
mod given;
mod layout;
mod memory;
mod precise;
mod saddle;
mod sample;
mod spare;
mod tiles;
mod walk;

pub(crate) use adjoint::{Factors, Room};
pub(crate) use complementarity::Search;
pub(crate) use given::Complementarity;
pub(crate) use layout::Layout;
pub(crate) use saddle::{Saddle, Singular};
pub(crate) use sample::{Inequality, Penalized};
pub(crate) use spare::Spare;

use crate::Residuals;
use crate::active::{ActiveSet, Side};
use crate::core::{Core, Point, Products};
use crate::kernel::{raise, remainder};
use crate::problem::norm_inf;
use complementarity::Found;
use eliminate::Lower;
use layout::{ends, entry, entry_mut, side};
use precise::Sums;
use std::sync::Arc;

/// What a search has found out, and what derivatives at the solution need.
#[derive(Debug)]
pub(crate) struct Pivoted {
    layout: Arc<Layout>,
    saddle: Arc<Saddle>,
    /// Active inequalities, by their number among the unequal ones.
    list: Vec<usize>,
    factor: Lower,
    /// Whether the solution is beyond doubt differentiable: strictly complementary, independent active constraints.
    pub clean: bool,
}

/// Buffers of a solve; a solve into one of the same size allocates nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffers {
    pub search: Search,
    /// The eliminated right-hand side, a solution, and a residual, over variables, equal and unequal constraints.
    base: Vec<f64>,
    step: Vec<f64>,
    room: Vec<f64>,
    sums: Sums,
    pub products: Products,
    /// In the user's units.
    pub point: Point,
    pub active: ActiveSet,
    pub residuals: Option<Residuals>,
}

/// How a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With a point whose residuals are below the tolerance.
    Solved,
    /// Without: why.
    Unfit(&'static str),
    /// The callback stopped it.
    Stopped,
}

/// Refinements of a solution on one active set.
const REFINEMENTS: usize = 6;

/// An error of x by rounding, relative to x, from which on a solution is corrected in twice the working precision.
const FELT: f64 = 1e-11;

/// Searches after a refined solution showed mistakes.
const RESTARTS: usize = 4;

/// Relative residual of the linear system that counts as rounding: that of sums of some hundred terms.
pub(crate) const ROUNDING: f64 = 2e-14;

/// Terms of a constraint's value that are larger than this times the point and the value are not believed in.
const TERMS: f64 = 1e3;

/// Smallest multiplier and slack (relative) of a constraint that is beyond doubt active or inactive.
pub(crate) const CLEAR: f64 = 1e-6;

impl Buffers {
    /// Makes room for a layout.
    pub(crate) fn reserve(&mut self, layout: &Layout) {
        self.resize(layout);
        self.search.reserve(layout.unequal.len());
        self.room.reserve(layout.order());
        self.sums.reserve(layout.n, layout.m);
    }

    fn resize(&mut self, layout: &Layout) {
        let (n, m, order) = (layout.n, layout.m, layout.order());
        self.search.resize(layout.unequal.len());
        self.base.resize(order, 0.0);
        self.step.resize(order, 0.0);
        self.point.resize(n, m);
        self.products.resize(n, m);
        self.active.rows.resize(m, Side::Inactive);
        self.active.vars.resize(n, Side::Inactive);
        self.residuals = None;
    }
}

/// One solve: the problem in the user's units, and its factor.
pub(crate) struct Solve<'a> {
    pub core: &'a Core,
    pub layout: &'a Layout,
    pub saddle: &'a Saddle,
    pub tolerance: f64,
}

impl Solve<'_> {
    /// Solves, starting from an active set if there is one; `go` is asked once per step of the search.
    pub(crate) fn run(
        &self,
        b: &mut Buffers,
        warm: Option<&ActiveSet>,
        go: &mut dyn FnMut(usize) -> bool,
    ) -> Outcome {
        let (core, layout, n) = (self.core, self.layout, self.layout.n);
        b.resize(layout);
        b.base.fill(0.0);
        for j in 0..n {
            b.base[j] = -core.q[j];
        }
        for (i, &k) in layout.equal.iter().enumerate() {
            b.base[n + i] = ends(core, k).0;
        }
        augment(core, layout, self.saddle, &mut b.base);
        let energy = self.saddle.forward(&mut b.base);
        let first = n + layout.equal.len();
        let s = &mut b.search;
        for (i, &k) in layout.unequal.iter().enumerate() {
            (s.l[i], s.u[i]) = ends(core, k);
            s.g0[i] = -b.base[first + i];
            let size = self.saddle.energy(i).sqrt();
            (s.slack[i], s.noise[i]) = sample::noise(size, energy, s.g0[i]);
        }
        match warm {
            Some(active) => {
                for (i, &k) in layout.unequal.iter().enumerate() {
                    s.side[i] = match side(active, layout.m, k) {
                        Side::Upper if s.u[i].is_finite() => Side::Upper,
                        Side::Lower if s.l[i].is_finite() => Side::Lower,
                        _ => Side::Inactive,
                    };
                }
            }
            None => s.violated(),
        }
        for _ in 0..=RESTARTS {
            match b.search.run(self.saddle, go) {
                Found::Solution => {}
                Found::Nothing => return Outcome::Unfit("pivoting found no active set"),
                Found::Stopped => return Outcome::Stopped,
            }
            self.assemble(b);
            let mut last = self.refine(b, energy);
            if last.is_finite() && self.feels_rounding(b, energy) {
                last = self.correct(b, energy);
            }
            if !b.point.is_finite() || !last.is_finite() {
                return Outcome::Unfit("the systems are too ill-conditioned");
            }
            if !self.mistaken(b) {
                self.accept(b);
                return match b.residuals {
                    Some(r) if r.max() <= self.tolerance => Outcome::Solved,
                    _ => Outcome::Unfit("the residuals stay above the tolerance"),
                };
            }
        }
        Outcome::Unfit("pivoting found no active set")
    }

    /// The point that belongs to the multipliers of the search.
    fn assemble(&self, b: &mut Buffers) {
        let (layout, n) = (self.layout, self.layout.n);
        let first = n + layout.equal.len();
        b.step.copy_from_slice(&b.base);
        for v in &mut b.step[n..first] {
            *v = -*v;
        }
        b.step[first..].copy_from_slice(&b.search.y);
        self.saddle.backward(&mut b.step);
        b.point.clear();
        self.add(b);
        b.active.rows.fill(Side::Inactive);
        b.active.vars.fill(Side::Inactive);
        for &k in &layout.equal {
            *entry_mut(&mut b.active.rows, &mut b.active.vars, k) = Side::Equal;
        }
        for (&k, &side) in layout.unequal.iter().zip(&b.search.side) {
            *entry_mut(&mut b.active.rows, &mut b.active.vars, k) = side;
        }
    }

    /// Adds the step to the point.
    fn add(&self, b: &mut Buffers) {
        let n = self.layout.n;
        for (x, d) in b.point.x.iter_mut().zip(&b.step) {
            *x += d;
        }
        for (&k, d) in self.layout.equal.iter().chain(&self.layout.unequal).zip(&b.step[n..]) {
            *entry_mut(&mut b.point.y, &mut b.point.z, k) += d;
        }
    }

    /// Newton steps on the active set against the user's data, until the residual is rounding or stalls; active bounds
    /// hold exactly. Leaves the products of the final point, and returns its relative residual.
    fn refine(&self, b: &mut Buffers, energy: f64) -> f64 {
        let mut last = f64::INFINITY;
        for round in 0..=REFINEMENTS {
            let relative = self.measure(b, energy);
            if relative.is_nan() || round == REFINEMENTS || relative <= ROUNDING || relative > 0.25 * last {
                return relative;
            }
            last = relative;
            let factors = Factors::of(self.layout, self.saddle, &b.search);
            factors.step(self.core, &mut b.step, &mut b.room);
            self.add(b);
        }
        last
    }

    /// The residual of the active set's system at the point, left in the step, relative to its terms; leaves the products
    /// of the point, on which active bounds hold exactly.
    fn measure(&self, b: &mut Buffers, energy: f64) -> f64 {
        let (core, n) = (self.core, self.layout.n);
        for (i, side) in b.active.vars.iter().enumerate() {
            if side.on() {
                b.point.x[i] = side.value(core.lo[i], core.hi[i]);
            }
        }
        core.products(&b.point, &mut b.products);
        let terms = [&b.products.px[..], &b.products.cy, &b.point.z];
        let (residual, size) = remainder(-1.0, &core.q, terms, &mut b.step[..n]);
        let relative = residual / size.max(1e-300);
        let (mut violation, mut size) = (0.0_f64, 1e-300_f64);
        let Buffers { products, point, active, step, .. } = b;
        self.leave_gaps(active, &mut step[n..], |k, end| {
            let v = entry(&products.cx, &point.x, k);
            raise(&mut violation, (end - v).abs());
            raise(&mut size, end.abs().max(v.abs()));
            end - v
        });
        // Values that cancel to nothing are judged by the terms they are made of; the bound of these, though, can
        // exceed what the solution is made of by orders of magnitude.
        let believed = TERMS * size.max(norm_inf(&b.point.x)).max(1.0);
        size = size.max((self.saddle.reach * energy).min(believed));
        relative.max(violation / size)
    }

    /// Writes how far each active constraint is from its end, by number and end; 0 for the others.
    fn leave_gaps(&self, active: &ActiveSet, out: &mut [f64], mut gap: impl FnMut(usize, f64) -> f64) {
        for (&k, out) in self.layout.equal.iter().chain(&self.layout.unequal).zip(out) {
            let at = entry(&active.rows, &active.vars, k);
            let (l, u) = ends(self.core, k);
            *out = if at.on() { gap(k, at.value(l, u)) } else { 0.0 };
        }
    }

    /// Whether x may be wrong by more than [`FELT`] though the residuals are rounding: where P has small eigenvalues, x is
    /// a small difference of the objective's and the constraints' terms times their inverses.
    fn feels_rounding(&self, b: &Buffers, energy: f64) -> bool {
        f64::EPSILON * energy * self.saddle.steepest() > FELT * norm_inf(&b.point.x).max(1.0)
    }

    /// One Newton step from residuals of twice the working precision, which takes the error of x down to rounding; then
    /// as [`refine`](Self::refine) leaves it.
    fn correct(&self, b: &mut Buffers, energy: f64) -> f64 {
        let (core, layout, n) = (self.core, self.layout, self.layout.n);
        b.sums.evaluate(core, &b.point);
        for (step, sum) in b.step[..n].iter_mut().zip(&b.sums.dual) {
            *step = sum.from(0.0);
        }
        let Buffers { sums, point, active, step, .. } = b;
        self.leave_gaps(active, &mut step[n..], |k, end| {
            if k < layout.m { sums.rows[k].from(end) } else { end - point.x[k - layout.m] }
        });
        Factors::of(layout, self.saddle, &b.search).step(core, &mut b.step, &mut b.room);
        self.add(b);
        self.measure(b, energy)
    }

    /// Hands the refined values back to the search; whether they show a constraint on the wrong side.
    fn mistaken(&self, b: &mut Buffers) -> bool {
        let layout = self.layout;
        let feasible = self.tolerance.min(1e-9) * 0.1;
        let multipliers = b.point.size().max(1.0) * 1e-11;
        for (i, &k) in layout.unequal.iter().enumerate() {
            let v = entry(&b.products.cx, &b.point.x, k);
            let y = entry(&b.point.y, &b.point.z, k);
            b.search.g0[i] += v - b.search.g[i];
            b.search.g[i] = v;
            b.search.y[i] = y;
            b.search.slack[i] = feasible * (1.0 + v.abs());
            b.search.noise[i] = multipliers;
        }
        if b.search.wrong() == 0 {
            return false;
        }
        b.search.exchange();
        true
    }

    /// No multiplier of the wrong sign; then the residuals of what is handed out.
    fn accept(&self, b: &mut Buffers) {
        let mut changed = false;
        for &k in &self.layout.unequal {
            let at = entry(&b.active.rows, &b.active.vars, k);
            let y = entry_mut(&mut b.point.y, &mut b.point.z, k);
            let kept = match at {
                Side::Upper => y.max(0.0),
                Side::Lower => y.min(0.0),
                _ => 0.0,
            };
            changed |= kept != *y;
            *y = kept;
        }
        if changed {
            self.core.products(&b.point, &mut b.products);
        }
        b.residuals = Some(self.core.residuals_of(&b.point, &b.products));
    }

    /// Whether the solution is differentiable beyond doubt.
    pub(crate) fn clean(&self, b: &Buffers, equalities: usize) -> bool {
        // Equal ends of an inequality are pinned together, which harms what moves them apart.
        if self.layout.equal.len() != equalities || b.search.dropped() || !b.search.independent() {
            return false;
        }
        let size = b.point.size().max(1.0);
        self.layout.unequal.iter().all(|&k| {
            let (l, u) = ends(self.core, k);
            let v = entry(&b.products.cx, &b.point.x, k);
            if entry(&b.active.rows, &b.active.vars, k).on() {
                entry(&b.point.y, &b.point.z, k).abs() > CLEAR * size
            } else {
                v - l > CLEAR * (1.0 + v.abs()) && u - v > CLEAR * (1.0 + v.abs())
            }
        })
    }
}

/// Where w·AᵀA was added to P, makes the right-hand side (u, e) that of the same solution: u + w·Aᵀe.
fn augment(core: &Core, layout: &Layout, saddle: &Saddle, v: &mut [f64]) {
    if saddle.weight == 0.0 {
        return;
    }
    let (x, e) = v.split_at_mut(layout.n);
    let held = layout.n..layout.n + layout.equal.len();
    for (j, x) in x.iter_mut().enumerate() {
        let mut sum = 0.0;
        for (i, value) in core.c.column(j) {
            let place = layout.place[i];
            if held.contains(&place) {
                sum += value * e[place - layout.n];
            }
        }
        let place = layout.place[layout.m + j];
        if held.contains(&place) {
            sum += e[place - layout.n];
        }
        *x += saddle.weight * sum;
    }
}

/// What derivatives need, taken out of the buffers.
pub(crate) fn keep(layout: Arc<Layout>, saddle: Arc<Saddle>, b: &mut Buffers, clean: bool) -> Pivoted {
    let list = std::mem::take(&mut b.search.list);
    let factor = b.search.factor.take();
    Pivoted { layout, saddle, list, factor, clean }
}

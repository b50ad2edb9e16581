//! The second-order model of the problem at a point, in the user's units and equilibrated.

use super::function::Domain;
use super::newton::{RISE, STILL, TINY, argument, relative};
use super::{Augmented, SmoothTerm};
use crate::core::{Core, Point};
use crate::finish::{Effort, Finished, Finisher};
use crate::interior::Reach;
use crate::kkt::Factor;
use crate::scaling::Scaling;
use crate::solver::Solver;
use crate::{Csc, Error, Problem, Residuals, active::ActiveSet};
use std::sync::Arc;

/// Newton steps on the active set.
const STEPS: usize = 12;

/// Residuals below this are rounding noise.
const ROUNDING: f64 = 1e-14;

/// The model at a point: `½xᵀ(P + ∇²φ)x + (q + ∇φ − ∇²φ x)ᵀx` over the constraints.
pub(super) struct Local<'a> {
    pub augmented: &'a Arc<Augmented>,
    pub problem: &'a Problem,
    pub user: Core,
    pub scaled: Core,
    pub scaling: Scaling,
}

/// Solved on an active set.
pub(super) struct Settled {
    pub done: Finished,
    /// Of the problem itself.
    pub residuals: Residuals,
    pub steps: usize,
}

impl<'a> Local<'a> {
    /// The model at `x`, in the user's units. The ends of domains are bounds.
    pub(super) fn new(
        solver: &'a Solver,
        augmented: &'a Arc<Augmented>,
        problem: &'a Problem,
        x: &[f64],
    ) -> Self {
        let (c, scaled_c, scaling) = solver.equilibrated(problem);
        let mut this = Self::with(augmented, problem, (c, scaled_c), scaling);
        this.at(x);
        if solver.settings().scaling && solver.settings().plain.is_none() {
            this.scaling.balance(&this.user);
            this.at(x);
        }
        this
    }

    /// The model over given constraints, in the user's units and equilibrated; still to be moved to a point.
    pub(super) fn with(
        augmented: &'a Arc<Augmented>,
        problem: &'a Problem,
        (c, scaled_c): (Arc<Csc>, Arc<Csc>),
        scaling: Scaling,
    ) -> Self {
        let mut user = Core::with(problem, Arc::new(augmented.p.clone()), c);
        for term in problem.smooth.iter().filter(|t| t.function.domain() != Domain::All) {
            user.lo[term.column] = user.lo[term.column].max(0.0);
        }
        let mut scaled = Core { c: scaled_c, ..user.clone() };
        scaling.apply_vectors(&user, &mut scaled);
        Self { augmented, problem, user, scaled, scaling }
    }

    /// Whether a term counts.
    fn live(&self, term: &SmoothTerm, weight: f64) -> bool {
        let j = term.column;
        term.counts(weight, self.user.lo[j], self.user.hi[j])
    }

    /// Moves the model to a point in the user's units.
    pub(super) fn at(&mut self, x: &[f64]) {
        let live: Vec<bool> =
            self.problem.smooth.iter().zip(&self.problem.w).map(|(t, w)| self.live(t, *w)).collect();
        let p = Arc::make_mut(&mut self.user.p);
        p.values.fill(0.0);
        for (&k, v) in self.augmented.kept.iter().zip(&self.problem.p.values) {
            p.values[k] = *v;
        }
        self.user.q.copy_from_slice(&self.problem.q);
        let terms = self.problem.smooth.iter().zip(&self.problem.w).zip(&self.augmented.diagonal);
        for (((term, &weight), &k), _) in terms.zip(&live).filter(|(_, live)| **live) {
            let j = term.column;
            let z = argument(term, x[j]);
            let (slope, curvature) = (term.function.slope(z), term.function.curvature(z));
            p.values[k] += weight * curvature;
            self.user.q[j] += weight * (slope - curvature * z);
        }
        self.copy();
    }

    /// Moves the model to a point in the user's units, and equilibrates it there, matrices and all.
    pub(super) fn rescale(&mut self, x: &[f64]) {
        self.at(x);
        self.scaling = Scaling::ruiz(&self.user);
        self.scaled = self.scaling.apply(&self.user);
    }

    /// Brings the equilibrated model up to date.
    fn copy(&mut self) {
        let (s, p) = (&self.scaling, Arc::make_mut(&mut self.scaled.p));
        for j in 0..self.user.n() {
            for k in self.user.p.col_ptr[j]..self.user.p.col_ptr[j + 1] {
                p.values[k] = self.user.p.values[k] * (s.cost * s.d[p.row_idx[k]] * s.d[j]);
            }
            self.scaled.q[j] = self.user.q[j] * s.cost * s.d[j];
        }
    }

    /// The equilibrated model without bounds where a domain's end is steep: iterates keep away from it by themselves.
    pub(super) fn open(&self) -> Core {
        let mut core = self.scaled.clone();
        for (term, &weight) in self.problem.smooth.iter().zip(&self.problem.w) {
            let (j, domain) = (term.column, term.function.domain());
            let steep = matches!(domain, Domain::SteepAtZero | Domain::Positive);
            if steep && self.live(term, weight) && core.lo[j] == 0.0 {
                core.lo[j] = f64::NEG_INFINITY;
            }
        }
        core
    }

    /// The user's units.
    pub(super) fn unscale(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.scaling.d).map(|(v, d)| v * d).collect()
    }

    /// Those of the equilibrated problem.
    pub(super) fn scale(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.scaling.d).map(|(v, d)| v / d).collect()
    }

    /// The longest step, at most 1, that leaves part of the distance to the ends of steep domains, and exponentials in
    /// range; in the equilibrated problem.
    pub(super) fn longest(&self, x: &[f64], direction: &[f64], part: f64) -> f64 {
        self.reach().iter().fold(1.0_f64, |longest, r| {
            let (x, d) = (x[r.column], direction[r.column]);
            if d < 0.0 && r.least > 0.0 && x > r.least {
                longest.min((1.0 - part) * x / -d)
            } else if d > 0.0 && r.rise.is_finite() {
                longest.min((r.rise - x.min(0.0)) / d)
            } else {
                longest
            }
        })
    }

    /// How far steps may go, in the equilibrated problem.
    pub(super) fn reach(&self) -> Vec<Reach> {
        let mut out = Vec::with_capacity(self.problem.smooth.len());
        for (term, &weight) in self.problem.smooth.iter().zip(&self.problem.w) {
            let (j, domain) = (term.column, term.function.domain());
            if !self.live(term, weight) {
                continue;
            }
            let steep = matches!(domain, Domain::SteepAtZero | Domain::Positive);
            let least = if steep { TINY / self.scaling.d[j] } else { f64::NEG_INFINITY };
            let rise = if term.function.explodes() { RISE / self.scaling.d[j] } else { f64::INFINITY };
            out.push(Reach { column: j, least, rise });
        }
        out
    }

    /// Newton's method on the active set, repaired where its model says so; nothing where it does not converge.
    /// Factors take the memory of `room`.
    pub(super) fn settle(
        &mut self,
        solver: &Solver,
        start: &Point,
        active: ActiveSet,
        repairs: usize,
        room: &mut Option<Factor>,
    ) -> Result<Option<Settled>, Error> {
        let mut point = start.clone();
        let mut active = active;
        let mut x = self.unscale(&point.x);
        let mut last = f64::INFINITY;
        for steps in 1..=STEPS {
            let finisher = Finisher {
                user: &self.user,
                core: &self.scaled,
                scaling: &self.scaling,
                pattern: solver.pattern(),
                tolerance: solver.settings().tolerance,
                kept: None,
            };
            let Some(mut done) = finisher.run(&point, active, Effort::Repairs(repairs), room)? else {
                return Ok(None);
            };
            if !self.inside(&x, &done.point.x) {
                return Ok(None);
            }
            self.keep_closed_domains(&mut done.point.x);
            let direction: Vec<f64> = done.point.x.iter().zip(&x).map(|(to, from)| to - from).collect();
            let moved = relative(self.problem, &x, &direction);
            x.copy_from_slice(&done.point.x);
            self.at(&x);
            let residuals = self.user.residuals(&done.point);
            let still =
                moved <= STILL || (moved <= 1e-7 && (moved > 0.25 * last || residuals.max() <= ROUNDING));
            if still {
                let fine = residuals.max() <= solver.settings().tolerance;
                return Ok(fine.then_some(Settled { done, residuals, steps }));
            }
            if moved > 0.5 * last && steps > 2 || !moved.is_finite() {
                return Ok(None);
            }
            last = moved;
            point = self.scaling.scale(&done.point);
            active = done.active;
        }
        Ok(None)
    }

    /// Takes back what rounding left of a closed domain, where a term would be infinite; the residuals judge the rest.
    fn keep_closed_domains(&self, x: &mut [f64]) {
        for (term, _) in self.problem.smooth.iter().zip(&self.problem.w).filter(|(t, w)| self.live(t, **w)) {
            if let Domain::Nonnegative | Domain::SteepAtZero = term.function.domain() {
                x[term.column] = x[term.column].max(0.0);
            }
        }
    }

    /// Whether a step stays where the model means something.
    fn inside(&self, from: &[f64], to: &[f64]) -> bool {
        let mut terms = self.problem.smooth.iter().zip(&self.problem.w).filter(|(t, w)| self.live(t, **w));
        terms.all(|(term, _)| {
            let (from, to) = (from[term.column], to[term.column]);
            let low = match term.function.domain() {
                Domain::Positive => to > 0.0,
                // What underflows may end at 0 itself.
                Domain::SteepAtZero => to > 0.0 || from <= 1e6 * TINY,
                _ => true,
            };
            low && !(term.function.explodes() && to > from.max(0.0) + RISE)
        })
    }
}

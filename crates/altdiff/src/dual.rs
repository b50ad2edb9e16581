//! Newton's method on the dual of the rows, for problems whose P is diagonal and whose rows are few.
//!
//! Given multipliers y of the rows every variable has its minimizer for itself,
//!
//! ```text
//! x_j(y) = clip(−(q + Cᵀy)_j / p_j, lo_j, hi_j),
//! ```
//!
//! and what y is to minimize is the convex, piecewise quadratic `−min_x L(x, y)`, whose gradient is the support function's
//! less Cx(y), and whose generalized Hessian is C_F P_F⁻¹ C_Fᵀ over the variables F between their bounds. Each step
//! minimizes the quadratic piece at hand with the kinks of the rows' support functions (a complementarity problem with
//! as many unknowns as there are rows), and then the function itself along the line to that minimizer; once the pieces
//! are the right ones a step is exact. The Hessian is singular where too few variables are free, so a small proximal term
//! is added (Qi and Sun 1993; Li, Sun and Toh 2018).

mod line;

use crate::active::{ActiveSet, Side};
use crate::core::{Core, Point};
use crate::pivoting::Complementarity;
use line::{Line, Reached};

/// Largest number of rows: a step costs a matrix of that order, and a product of that many entries per column.
const ROWS: usize = 64;

/// The proximal term, relative to the Hessian with all variables free.
const PROXIMAL: f64 = 1e-10;

/// What is left of a row's violation, relative to its largest term, that is rounding.
const ROUNDING: f64 = 1e-13;

/// What became of a step.
#[derive(Debug)]
pub(crate) enum Step {
    /// The pieces are the right ones up to rounding.
    Settled,
    Moved,
    /// The dual objective grows without end in this direction of the rows' multipliers.
    Unbounded(Vec<f64>),
    /// No step makes progress.
    Stuck,
}

/// The iteration.
pub(crate) struct Dual<'a> {
    core: &'a Core,
    /// Diagonal of P; positive but where equal bounds hold the variable.
    p: Vec<f64>,
    /// Diagonal of the Hessian with all variables free.
    full: Vec<f64>,
    model: Complementarity,
    /// Ends that the model's solution reached.
    reached: Vec<Side>,
    y: Vec<f64>,
    /// q + Cᵀy.
    cost: Vec<f64>,
    x: Vec<f64>,
    vars: Vec<Side>,
    cx: Vec<f64>,
    /// Largest term of each row.
    terms: Vec<f64>,
}

impl<'a> Dual<'a> {
    /// From multipliers of the rows, if there are any to start with; `None` where the problem is not of the kind.
    pub(crate) fn new(core: &'a Core, start: Option<&[f64]>) -> Option<Self> {
        let (n, m) = (core.n(), core.m());
        if m > ROWS {
            return None;
        }
        let p = diagonal(core)?;
        let mut full = vec![0.0; m];
        for (i, j, v) in core.c.iter().filter(|(_, j, _)| core.lo[*j] < core.hi[*j]) {
            full[i] += v * v / p[j];
        }
        let mut dual = Self {
            core,
            p,
            full,
            model: Complementarity::new(m),
            reached: ActiveSet::equalities(core).rows,
            y: start.map_or_else(|| vec![0.0; m], <[f64]>::to_vec),
            cost: vec![0.0; n],
            x: vec![0.0; n],
            vars: vec![Side::Inactive; n],
            cx: vec![0.0; m],
            terms: vec![0.0; m],
        };
        for i in 0..m {
            let end = if dual.y[i] > 0.0 { core.u[i] } else { core.l[i] };
            if !end.is_finite() || dual.full[i] == 0.0 {
                dual.y[i] = 0.0;
            }
            if dual.y[i] != 0.0 && dual.reached[i] == Side::Inactive {
                dual.reached[i] = if dual.y[i] > 0.0 { Side::Upper } else { Side::Lower };
            }
        }
        dual.evaluate();
        Some(dual)
    }

    /// The point, with the multipliers of the bounds.
    pub(crate) fn point(&self) -> Point {
        let z = (0..self.x.len()).map(|j| match self.vars[j] {
            Side::Inactive => 0.0,
            _ => -self.cost[j] - self.p[j] * self.x[j],
        });
        Point { x: self.x.clone(), y: self.y.clone(), z: z.collect() }
    }

    /// The active set that the point shows.
    pub(crate) fn guess(&self) -> ActiveSet {
        let mut active = ActiveSet { rows: self.reached.clone(), vars: self.vars.clone() };
        active.fit(self.core);
        active
    }

    /// x(y) and what follows from it; whether variables have changed sides.
    fn evaluate(&mut self) -> bool {
        let core = self.core;
        self.cost.copy_from_slice(&core.q);
        core.c.mul_transpose_add(1.0, &self.y, &mut self.cost);
        let mut changed = false;
        for j in 0..self.x.len() {
            let (lo, hi, free) = (core.lo[j], core.hi[j], -self.cost[j] / self.p[j]);
            let (x, side) = if lo == hi {
                (lo, Side::Equal)
            } else if free <= lo {
                (lo, Side::Lower)
            } else if free >= hi {
                (hi, Side::Upper)
            } else {
                (free, Side::Inactive)
            };
            changed |= self.vars[j] != side;
            self.x[j] = x;
            self.vars[j] = side;
        }
        self.cx.fill(0.0);
        self.terms.fill(0.0);
        for j in 0..self.x.len() {
            let x = self.x[j];
            for (i, v) in core.c.column(j) {
                self.cx[i] += v * x;
                self.terms[i] = self.terms[i].max((v * x).abs());
            }
        }
        changed
    }

    /// Whether every row is where its multiplier says, up to rounding.
    pub(crate) fn settled(&self) -> bool {
        (0..self.y.len()).all(|i| {
            let (l, u) = (self.core.l[i], self.core.u[i]);
            let (y, v) = (self.y[i], self.cx[i]);
            let low = if y > 0.0 { u } else { l };
            let high = if y < 0.0 { l } else { u };
            let beyond = (v - high).max(low - v);
            beyond <= self.slack(i)
        })
    }

    /// How far beyond an end is rounding.
    fn slack(&self, i: usize) -> f64 {
        let finite = |v: f64| if v.is_finite() { v.abs() } else { 0.0 };
        ROUNDING * self.terms[i].max(finite(self.core.l[i])).max(finite(self.core.u[i])).max(1e-3)
    }

    /// One step.
    pub(crate) fn step(&mut self) -> Step {
        let core = self.core;
        let m = self.y.len();
        let mut hessian = self.hessian();
        for i in 0..m {
            let size = if self.full[i] > 0.0 { self.full[i] } else { 1.0 };
            hessian[i * m + i] += PROXIMAL * size;
        }
        let mut g0 = self.cx.clone();
        for j in 0..m {
            for i in 0..m {
                g0[i] += hessian[j * m + i] * self.y[j];
            }
        }
        let slack: Vec<f64> = (0..m).map(|i| self.slack(i)).collect();
        self.model.set(|i, j| hessian[j * m + i], &core.l, &core.u);
        let Some((target, reached)) = self.model.solve(&g0, &slack, &self.reached) else {
            return Step::Stuck;
        };
        let target = target.to_vec();
        let same = reached == self.reached;
        self.reached.copy_from_slice(reached);
        let direction: Vec<f64> = target.iter().zip(&self.y).map(|(t, y)| t - y).collect();
        let line = Line::new(core, &self.p, (&self.y, &direction), &self.cost);
        let part = match line.minimize() {
            Reached::At(part) => part,
            Reached::Unbounded => return Step::Unbounded(direction),
            Reached::Nowhere => return Step::Stuck,
        };
        if part == 1.0 {
            self.y = target;
        } else {
            for i in 0..m {
                let (from, by) = (self.y[i], part * direction[i]);
                let sum = from + by;
                // A line that ends at a kink ends there exactly.
                let kink =
                    core.l[i] != core.u[i] && sum.abs() <= 4.0 * f64::EPSILON * (from.abs() + by.abs());
                self.y[i] = if kink { 0.0 } else { sum };
                if core.l[i] != core.u[i] {
                    self.reached[i] = match self.y[i] {
                        y if y > 0.0 => Side::Upper,
                        y if y < 0.0 => Side::Lower,
                        _ => Side::Inactive,
                    };
                }
            }
        }
        let changed = self.evaluate();
        if self.settled() || (same && !changed) { Step::Settled } else { Step::Moved }
    }

    /// C_F P_F⁻¹ C_Fᵀ by columns.
    fn hessian(&self) -> Vec<f64> {
        let m = self.y.len();
        let mut out = vec![0.0; m * m];
        let c = &*self.core.c;
        for j in (0..self.x.len()).filter(|&j| self.vars[j] == Side::Inactive) {
            let range = c.col_ptr[j]..c.col_ptr[j + 1];
            let (rows, values) = (&c.row_idx[range.clone()], &c.values[range]);
            for (a, (&k, v)) in rows.iter().zip(values).enumerate() {
                let scaled = v / self.p[j];
                for (&i, w) in rows[a..].iter().zip(&values[a..]) {
                    out[k * m + i] += scaled * w;
                }
            }
        }
        for k in 0..m {
            for i in 0..k {
                out[k * m + i] = out[i * m + k];
            }
        }
        out
    }
}

/// The diagonal of P; `None` unless P is diagonal, and positive but where equal bounds hold the variable.
fn diagonal(core: &Core) -> Option<Vec<f64>> {
    let mut out = vec![0.0; core.n()];
    for (i, j, v) in core.p.iter() {
        if i == j {
            out[j] = v;
        } else if v != 0.0 {
            return None;
        }
    }
    let curved = |j: usize| out[j] > 0.0 || core.lo[j] == core.hi[j];
    (0..out.len()).all(curved).then_some(out)
}

//! The central path at a fixed complementarity, for smoothed derivatives.

use super::step::Step;
use super::{Interior, Start};
use crate::core::{Core, Point};
use crate::kkt::Pattern;
use crate::problem::{dot, norm_inf};
use crate::scaling::Scaling;
use crate::{Csc, Error};
use std::borrow::Cow;
use std::sync::Arc;

/// Steps towards the central point, and how many of them without progress end the search.
const STEPS: usize = 150;
const PATIENCE: usize = 12;

/// Steps where the objective is not quadratic, and where its iterates have run away.
const CURVED_STEPS: usize = 200;
const FAR: f64 = 1e10;

/// How far the product of a slack and its multiplier may be from the target.
const APART: f64 = 1e4;

/// Relative error at which the point counts as exact, and that of the worst point that is taken.
pub(crate) const EXACT: f64 = 1e-13;
pub(crate) const CENTRED: f64 = 1e-9;

/// A finite end with its slack and multiplier.
pub(crate) struct Pair {
    pub row: bool,
    pub index: usize,
    pub upper: bool,
    pub slack: f64,
    pub multiplier: f64,
}

/// Why a central point may not be found.
pub(crate) const NO_INTERIOR: &str = "the constraints leave no point that satisfies every inequality strictly, so that there is no central path";
pub(crate) const NO_CENTRE: &str =
    "no point of the central path was found at this mu: the solutions may be unbounded";

/// A point with positive slacks that satisfies the rows, in the user's units.
pub(crate) struct Inside {
    pub point: Point,
    s: Vec<f64>,
}

/// An objective that is not quadratic, in the equilibrated problem.
pub(crate) trait Curved {
    /// Its value; not finite outside its domain.
    fn value(&self, x: &[f64]) -> f64;
    /// The Hessian P and the vector q of its second-order model at x.
    fn model(&mut self, x: &[f64]) -> (&Arc<Csc>, &[f64]);
}

impl<'a> Interior<'a> {
    /// The start of [`centre_curved`](Self::centre_curved), in the problem that `scaling` equilibrates.
    pub(crate) fn from_inside(
        inside: &Inside,
        core: Core,
        scaling: &Scaling,
        pattern: &'a Arc<Pattern>,
        target: f64,
    ) -> Self {
        let mut this = Self::at_zero(Cow::Owned(core), pattern, EXACT);
        let point = scaling.scale(&inside.point);
        for j in (0..point.x.len()).filter(|&j| this.free[j]) {
            this.x[j] = point.x[j];
        }
        this.y = point.y;
        for (k, end) in this.ends.iter().enumerate() {
            this.s[k] = inside.s[k] * scaling.of_slack(end.row, end.index);
            this.z[k] = target / this.s[k];
        }
        this.before = (this.s.clone(), this.z.clone());
        (this.rho, this.delta) = (this.least, this.least);
        this.collect();
        this.refresh();
        this
    }

    /// The present point, which is one inside the inequalities.
    pub(crate) fn inside(&self, scaling: &Scaling) -> Inside {
        let slacks = self.ends.iter().zip(&self.s);
        let s = slacks.map(|(end, s)| s / scaling.of_slack(end.row, end.index)).collect();
        Inside { point: scaling.unscale(&self.point()), s }
    }

    /// A point inside the inequalities, the central one of ½‖x‖²; nothing where there is none.
    pub(crate) fn any_inside(core: &Core, scaling: &Scaling) -> Result<Option<Inside>, Error> {
        let p = Arc::new(Csc::identity(core.n()));
        let core = Core { p, q: vec![0.0; core.n()], ..core.clone() };
        let pattern = Pattern::new(&core.p, &core.c)?;
        let mut path = Interior::new(&core, &pattern, Start::Near, EXACT)?;
        Ok((path.centre(1.0)? <= CENTRED).then(|| path.inside(scaling)))
    }

    /// Moves to the central point of an objective that is not quadratic, from a point that satisfies the rows with positive
    /// slacks: Newton's method for the conditions with the Hessian at the present point, along which the barrier function
    /// f − target Σ log s falls. That function is convex, so the method converges wherever it has a minimizer (Forsgren, Gill
    /// and Wright 2002). Ends when the error is below `within`; returns it as [`centre`](Self::centre) does.
    pub(crate) fn centre_curved(
        &mut self,
        target: f64,
        within: f64,
        objective: &mut dyn Curved,
    ) -> Result<f64, Error> {
        self.target = Some(target);
        let mut best = (f64::INFINITY, self.x.clone(), self.y.clone(), self.s.clone(), self.z.clone());
        let mut since = 0;
        for _ in 0..CURVED_STEPS {
            self.renew(objective);
            let error = self.off_centre(target);
            since = if error < 0.5 * best.0 { 0 } else { since + 1 };
            if error < best.0 {
                best = (error, self.x.clone(), self.y.clone(), self.s.clone(), self.z.clone());
            }
            if error <= within || since > PATIENCE || norm_inf(&self.x) > FAR {
                break;
            }
            let step = self.improved_direction()?;
            let Some(length) = self.search(&step, target, objective) else { break };
            if length < 0.5 {
                // The barrier function falls, whatever the conditions say meanwhile.
                since = 0;
            }
            let dual = (0.995 * self.lengths(&step).1).min(1.0);
            (self.x, self.s) = self.along(&step, length);
            for (y, d) in self.y.iter_mut().zip(&step.y) {
                *y += length * d;
            }
            for ((z, d), s) in self.z.iter_mut().zip(&step.z).zip(&self.s) {
                // Multipliers that have lost their slacks would spoil the matrix.
                *z = (*z + dual * d).clamp(target / (APART * s), APART * target / s);
            }
            self.collect();
        }
        let error;
        (error, self.x, self.y, self.s, self.z) = best;
        self.renew(objective);
        Ok(error)
    }

    fn renew(&mut self, objective: &mut dyn Curved) {
        let (p, q) = objective.model(&self.x);
        self.model(|core| {
            core.p = Arc::clone(p);
            core.q.copy_from_slice(q);
        });
    }

    /// x and the slacks after a part of a step. A slack that ends at 0 is the variable, bit by bit: terms may have no value
    /// beyond it.
    fn along(&self, step: &Step, length: f64) -> (Vec<f64>, Vec<f64>) {
        let moved = |v: &[f64], d: &[f64]| v.iter().zip(d).map(|(v, d)| v + length * d).collect::<Vec<f64>>();
        let (mut x, s) = (moved(&self.x, &step.x), moved(&self.s, &step.s));
        for (end, s) in self.ends.iter().zip(&s).filter(|(end, _)| !end.row && end.bound == 0.0) {
            x[end.index] = -end.sign * s;
        }
        (x, s)
    }

    /// How far to go along a step: slacks stay positive, and the barrier function falls; below its rounding, the size of
    /// its slope does.
    fn search(&self, step: &Step, target: f64, objective: &mut dyn Curved) -> Option<f64> {
        let slope = |gradient: &[f64], s: &[f64]| {
            dot(gradient, &step.x) - target * s.iter().zip(&step.s).map(|(s, d)| d / s).sum::<f64>()
        };
        let logs = |s: &[f64]| target * s.iter().map(|s| s.ln()).sum::<f64>();
        let gradient: Vec<f64> = self.core.q.iter().zip(&self.products.px).map(|(q, p)| q + p).collect();
        let (value, log) = (objective.value(&self.x), logs(&self.s));
        let (start, falls) = (value - log, slope(&gradient, &self.s));
        let size = value.abs().max(dot(&self.core.q, &self.x).abs()).max(log.abs());
        let noise = 1e-14 * size;
        let mut length = (0.995 * self.lengths(step).0).min(1.0);
        while length > 1e-10 {
            let (x, s) = self.along(step, length);
            let there = objective.value(&x) - logs(&s);
            if there.is_finite() && falls >= -noise || there <= start + 1e-4 * length * falls {
                return Some(length);
            }
            if there <= start + noise {
                let (p, q) = objective.model(&x);
                let gradient: Vec<f64> = q.iter().zip(p.mul_symmetric_vec(&x)).map(|(q, p)| q + p).collect();
                if slope(&gradient, &s).abs() <= 0.5 * falls.abs() {
                    return Some(length);
                }
            }
            length *= 0.5;
        }
        None
    }

    /// Moves to the point where slack · multiplier is `target` at every finite end: first by predictor and corrector down
    /// to that complementarity, then by Newton's method for it. Returns the largest relative error of the point found.
    pub(crate) fn centre(&mut self, target: f64) -> Result<f64, Error> {
        self.floor = target;
        let mut best = (f64::INFINITY, self.x.clone(), self.y.clone(), self.s.clone(), self.z.clone());
        let mut since = 0;
        for _ in 0..STEPS {
            let error = self.off_centre(target);
            since = if error < 0.5 * best.0 { 0 } else { since + 1 };
            if error < best.0 {
                best = (error, self.x.clone(), self.y.clone(), self.s.clone(), self.z.clone());
            }
            if error <= EXACT || since > PATIENCE && self.target.is_some() {
                break;
            }
            if self.mu() <= 4.0 * target && self.target.is_none() {
                self.target = Some(target);
                since = 0;
            }
            if !self.iterate()? {
                break;
            }
        }
        let error;
        (error, self.x, self.y, self.s, self.z) = best;
        self.refresh();
        Ok(error)
    }

    /// The largest error of a condition of the central path, each relative to its terms.
    fn off_centre(&self, target: f64) -> f64 {
        let core = &*self.core;
        let cx = &self.products.cx;
        let stationarity = self.stationarity();
        let dual = (0..core.n()).filter(|&i| self.free[i]).fold(0.0_f64, |m, i| m.max(stationarity[i].abs()));
        let mut primal = 0.0_f64;
        for i in (0..core.m()).filter(|&i| core.l[i] == core.u[i]) {
            primal = primal.max((core.l[i] - cx[i]).abs());
        }
        let mut product = 0.0_f64;
        for (k, end) in self.ends.iter().enumerate() {
            primal = primal.max((end.sign * (end.bound - end.of(cx, &self.x)) - self.s[k]).abs());
            product = product.max((self.s[k] * self.z[k] / target - 1.0).abs());
        }
        let error = (dual / norm_inf(&core.q).max(norm_inf(&self.y)).max(norm_inf(&self.z)).max(1.0))
            .max(primal / norm_inf(&self.x).max(norm_inf(cx)).max(1.0))
            .max(product);
        if error.is_nan() { f64::INFINITY } else { error }
    }

    /// All finite ends of inequalities.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair> + '_ {
        self.ends.iter().zip(self.s.iter().zip(&self.z)).map(|(end, (s, z))| Pair {
            row: end.row,
            index: end.index,
            upper: end.sign > 0.0,
            slack: *s,
            multiplier: *z,
        })
    }
}

//! Proximal interior-point method: Mehrotra's predictor–corrector on the KKT matrix regularized by proximal terms
//! whose centre is the current iterate (Schwan et al. 2023, PIQP), so that neither a singular P nor dependent rows
//! make it singular.

pub(crate) mod centre;
mod start;
mod step;

use crate::active::{ActiveSet, Side};
use crate::core::{Core, Point, Products};
use crate::kkt::{Factor, Numeric, Pattern};
use crate::problem::dot;
use crate::progress::{Callback, Control, Progress};
use crate::scaling::Scaling;
use crate::{Error, Method, Residuals, Status};
use std::borrow::Cow;
use std::sync::Arc;
use step::Step;

/// One finite end of an inequality: s = sign·(bound − v) ≥ 0 with v = (Cx)ᵢ or xᵢ, multiplier z ≥ 0.
#[derive(Debug, Clone, Copy)]
struct End {
    row: bool,
    index: usize,
    sign: f64,
    bound: f64,
}

impl End {
    /// (Cx)ᵢ or xᵢ.
    fn of(&self, cx: &[f64], x: &[f64]) -> f64 {
        if self.row { cx[self.index] } else { x[self.index] }
    }
}

/// Range of the proximal weights: they follow the complementarity down as long as the linear systems stay accurate, and
/// go up where they are not. Below `ENOUGH` they go only where the iteration stands still on systems that are solved at
/// once: huge multipliers have to move far, and smaller weights make systems that take many corrections.
const FLOOR: f64 = 1e-13;
const ENOUGH: f64 = 1e-10;
const STANDING: usize = 2;
const CEILING: f64 = 1e-7;

/// Range of what is added to the diagonal of the factored matrix beyond the proximal weights; refinement takes it out
/// again.
const GUARD: (f64, f64) = (1e-13, 1e-5);

/// A step is poor when its linear system leaves more than this part of the residuals that it was to remove, and that is
/// not just rounding in the terms of the system.
const ACCURATE: f64 = 0.1;
const ROUNDING: f64 = 1e-14;

/// Complementarity is driven down to this part of what the tolerance asks: beyond that, slacks and multipliers of
/// different size only spoil the linear systems.
const SPARE: f64 = 0.05;

/// Where to start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Start {
    /// From Mehrotra's point, slacks and multipliers in proportion to how wrong it is.
    Near,
    /// From multipliers larger than those of a problem of ordinary scale: for ill-conditioned constraints, whose
    /// multipliers are huge, and which the path from a near start reaches only by crawling.
    Far,
}

/// What the outside may ask of the iterate after each iteration.
pub(crate) enum Check {
    /// Go on iterating.
    Continue,
    /// The problem is finished, one way or another.
    Stop,
}

/// The state of the iteration, in the equilibrated problem.
pub(crate) struct Interior<'a> {
    core: Cow<'a, Core>,
    pattern: &'a Arc<Pattern>,
    ends: Vec<End>,
    /// The other end of the same row, or `usize::MAX`.
    partner: Vec<usize>,
    free: Vec<bool>,
    rows: Vec<bool>,
    x: Vec<f64>,
    /// Signed multipliers of all rows; for inequality rows the sum of its ends.
    y: Vec<f64>,
    s: Vec<f64>,
    z: Vec<f64>,
    /// Multipliers of the bounds, with their sign; products of x and y.
    bounds: Vec<f64>,
    products: Products,
    /// Its memory serves the next one.
    factor: Option<Factor>,
    /// Whether the last linear system was solved without correction, so that a predictor need not be checked.
    sound: bool,
    rho: f64,
    delta: f64,
    /// Least proximal weights.
    least: f64,
    /// Added to the diagonal of the factored matrix only.
    guard: f64,
    /// Slacks and multipliers before the last step.
    before: (Vec<f64>, Vec<f64>),
    sharp: bool,
    /// The complementarity that Newton's method aims at, instead of as little as possible.
    target: Option<f64>,
    tolerance: f64,
    /// Complementarity below which nothing is gained.
    floor: f64,
    pub iterations: usize,
    linear: bool,
    /// Where the objective is not quadratic: how far a step may go on columns of its terms.
    reach: Vec<Reach>,
}

/// How far steps may go on a column of a term that is not quadratic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub column: usize,
    /// Above this a step keeps part of the distance to 0; values below it count as 0. −∞ where there is no end at 0.
    pub least: f64,
    /// The most that a step may raise the argument of an exponential beyond what it is, or beyond 0.
    pub rise: f64,
}

impl<'a> Interior<'a> {
    pub(crate) fn new(
        core: &'a Core,
        pattern: &'a Arc<Pattern>,
        start: Start,
        tolerance: f64,
    ) -> Result<Self, Error> {
        let mut this = Self::at_zero(Cow::Borrowed(core), pattern, tolerance);
        this.start(start)?;
        this.before = (this.s.clone(), this.z.clone());
        Ok(this)
    }

    /// For an objective that `core` is the second-order model of at `x`.
    pub(crate) fn curved(
        core: Core,
        pattern: &'a Arc<Pattern>,
        x: &[f64],
        tolerance: f64,
        reach: Vec<Reach>,
    ) -> Result<Self, Error> {
        let mut this = Self::at_zero(Cow::Owned(core), pattern, tolerance);
        for j in (0..x.len()).filter(|&j| this.free[j]) {
            this.x[j] = x[j];
        }
        this.reach = reach;
        this.start(Start::Near)?;
        this.before = (this.s.clone(), this.z.clone());
        Ok(this)
    }

    fn at_zero(core: Cow<'a, Core>, pattern: &'a Arc<Pattern>, tolerance: f64) -> Self {
        let (n, m) = (core.n(), core.m());
        let mut ends = Vec::new();
        let mut add = |row, index, l: f64, u: f64| {
            if l != u {
                if l.is_finite() {
                    ends.push(End { row, index, sign: -1.0, bound: l });
                }
                if u.is_finite() {
                    ends.push(End { row, index, sign: 1.0, bound: u });
                }
            }
        };
        for i in 0..m {
            add(true, i, core.l[i], core.u[i]);
        }
        for i in 0..n {
            add(false, i, core.lo[i], core.hi[i]);
        }
        let free: Vec<bool> = (0..n).map(|i| core.lo[i] != core.hi[i]).collect();
        let rows: Vec<bool> = (0..m).map(|i| core.l[i].is_finite() || core.u[i].is_finite()).collect();
        let x = (0..n).map(|i| if free[i] { 0.0 } else { core.lo[i] }).collect();
        let count = ends.len();
        let mut partner = vec![usize::MAX; count];
        for k in 1..count {
            if ends[k].row == ends[k - 1].row && ends[k].index == ends[k - 1].index {
                partner[k] = k - 1;
                partner[k - 1] = k;
            }
        }
        let linear = core.p.values.iter().all(|v| *v == 0.0);
        Self {
            core,
            pattern,
            ends,
            partner,
            free,
            rows,
            x,
            y: vec![0.0; m],
            s: vec![1.0; count],
            z: vec![1.0; count],
            bounds: vec![0.0; n],
            products: Products::default(),
            factor: None,
            sound: false,
            rho: 1e-6,
            delta: 1e-6,
            least: ENOUGH,
            guard: GUARD.0,
            before: (Vec::new(), Vec::new()),
            sharp: false,
            target: None,
            tolerance,
            floor: 0.0,
            iterations: 0,
            linear,
            reach: Vec::new(),
        }
    }

    /// Takes another second-order model of the objective: of the same problem, at the present point.
    pub(crate) fn model(&mut self, change: impl FnOnce(&mut Core)) {
        change(self.core.to_mut());
        self.refresh();
    }

    /// The mean complementarity product.
    fn mu(&self) -> f64 {
        if self.s.is_empty() { 0.0 } else { dot(&self.s, &self.z) / self.s.len() as f64 }
    }

    /// Multipliers of inequality rows from those of their ends.
    fn collect(&mut self) {
        for end in self.ends.iter().filter(|e| e.row) {
            self.y[end.index] = 0.0;
        }
        for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| e.row) {
            self.y[end.index] += end.sign * self.z[k];
        }
    }

    /// Products and multipliers of the present point.
    fn refresh(&mut self) {
        self.products.resize(self.core.n(), self.core.m());
        self.core.products_of(&self.x, &self.y, &mut self.products);
        self.bounds.fill(0.0);
        for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| !e.row) {
            self.bounds[end.index] += end.sign * self.z[k];
        }
    }

    /// Px + q + Cᵀy + z.
    fn stationarity(&self) -> Vec<f64> {
        let Products { px, cy, .. } = &self.products;
        let terms = self.core.q.iter().zip(&self.bounds).zip(px.iter().zip(cy));
        terms.map(|((q, z), (p, c))| q + p + c + z).collect()
    }

    fn factor(&mut self, hx: &[f64], dr: &[f64]) -> Result<Factor, Error> {
        let numeric = Numeric {
            p: &self.core.p,
            c: &self.core.c,
            hx,
            dr,
            free: Some(&self.free),
            rows: Some(&self.rows),
        };
        let Some(mut factor) = self.factor.take() else { return Factor::new(self.pattern, &numeric) };
        factor.update(&numeric)?;
        Ok(factor)
    }

    /// The iterate as a primal–dual point.
    pub(crate) fn point(&self) -> Point {
        let mut point = Point { x: self.x.clone(), y: self.y.clone(), z: self.bounds.clone() };
        for i in (0..self.core.n()).filter(|&i| !self.free[i]) {
            point.z[i] = -(self.core.q[i] + self.products.px[i] + self.products.cy[i]);
        }
        point
    }

    /// The active set the last step points at: towards an active end the slack falls and the multiplier stays, towards an
    /// inactive one the reverse (the indicators of Tapia; they do not depend on scale). Where the step was short, the
    /// larger of slack and multiplier decides.
    pub(crate) fn guess(&self) -> ActiveSet {
        let mut active = ActiveSet::equalities(&self.core);
        let telling = self.mu() < 0.5 * dot(&self.before.0, &self.before.1) / self.s.len().max(1) as f64;
        for (k, end) in self.ends.iter().enumerate() {
            let on = if telling {
                self.z[k] * self.before.0[k] > self.s[k] * self.before.1[k]
            } else {
                self.z[k] > self.s[k]
            };
            if on {
                let side = if end.sign > 0.0 { Side::Upper } else { Side::Lower };
                if end.row { active.rows[end.index] = side } else { active.vars[end.index] = side }
            }
        }
        active
    }

    /// The factor's memory, for as long as no iteration is under way.
    pub(crate) fn room(&mut self) -> &mut Option<Factor> {
        &mut self.factor
    }

    /// Lets the complementarity fall as far as it will: the tolerance is reached, and what is left to find is the exact
    /// active set.
    pub(crate) fn sharpen(&mut self) {
        self.sharp = true;
    }

    /// Runs until `check` stops it (Ok(None)) or a limit does (the status).
    pub(crate) fn run(
        &mut self,
        user: &Core,
        scaling: &Scaling,
        max_iterations: usize,
        patience: usize,
        callback: Callback<'_>,
        check: &mut dyn FnMut(&mut Self, &Point, &Residuals) -> Result<Check, Error>,
    ) -> Result<Option<Status>, Error> {
        let mut best = f64::INFINITY;
        let mut since = 0;
        loop {
            let scaled = self.point();
            let point = scaling.unscale(&scaled);
            let residuals = user.residuals_of(&point, &scaling.unscale_products(&self.products));
            let spare = if self.sharp { 0.0 } else { SPARE };
            self.floor = spare
                * self.tolerance
                * self.core.objective_size(&scaled, &self.products.px).max(scaling.cost)
                / self.s.len().max(1) as f64;
            let progress =
                Progress { method: Method::Interior, iteration: self.iterations, residuals: Some(residuals) };
            match callback(&progress) {
                Control::Continue => {}
                Control::OutOfTime => return Ok(Some(Status::TimeLimit)),
                Control::Cancel => return Ok(Some(Status::Cancelled)),
            }
            if matches!(check(self, &point, &residuals)?, Check::Stop) {
                return Ok(None);
            }
            since = if residuals.max() < 0.9 * best { 0 } else { since + 1 };
            best = best.min(residuals.max());
            if since >= STANDING && self.sound {
                self.least = FLOOR;
            }
            if self.iterations >= max_iterations || since > patience || !point.is_finite() {
                return Ok(Some(Status::IterationLimit));
            }
            if !self.iterate()? {
                return Ok(Some(Status::IterationLimit));
            }
        }
    }

    /// One predictor–corrector step; false when it could not move.
    pub(crate) fn iterate(&mut self) -> Result<bool, Error> {
        let step = self.improved_direction()?;
        Ok(step.residual.is_finite() && self.advance(&step))
    }

    /// The direction of a step, from the best factor that there is.
    fn improved_direction(&mut self) -> Result<Step, Error> {
        self.iterations += 1;
        let mut best = self.direction()?;
        let was_poor = best.poor;
        // A factor that refinement cannot save is made again with a larger guard, then with larger proximal weights, as
        // long as that helps.
        while best.poor && self.guard < GUARD.1 {
            let guard = self.guard;
            self.guard = (guard * 100.0).min(GUARD.1);
            let other = self.direction()?;
            if best.residual <= 2.0 * other.residual {
                self.guard = guard;
                break;
            }
            best = other;
        }
        while best.poor && self.rho.min(self.delta) < CEILING {
            let weights = (self.rho, self.delta);
            self.rho = (self.rho * 100.0).min(CEILING);
            self.delta = (self.delta * 100.0).min(CEILING);
            let other = self.direction()?;
            if best.residual <= 2.0 * other.residual {
                (self.rho, self.delta) = weights;
                break;
            }
            best = other;
        }
        if !was_poor {
            self.guard = (self.guard * 0.3).max(GUARD.0);
        }
        self.sound = best.sound;
        Ok(best)
    }
}

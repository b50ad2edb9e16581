//! Proximal interior-point method: Mehrotra's predictor–corrector on the KKT matrix regularized by proximal terms
//! whose centre is the current iterate (Schwan et al. 2023, PIQP), so that neither a singular P nor dependent rows
//! make it singular.

use crate::active::{ActiveSet, Side};
use crate::core::{Core, Point};
use crate::kkt::{Factor, Numeric, Pattern, System};
use crate::problem::{dot, norm_inf};
use crate::progress::{Callback, Control, Progress};
use crate::scaling::Scaling;
use crate::{Error, Method, Residuals, Status};
use std::sync::Arc;

/// One finite end of an inequality: s = sign·(bound − v) ≥ 0 with v = (Cx)ᵢ or xᵢ, multiplier z ≥ 0.
#[derive(Debug, Clone, Copy)]
struct End {
    row: bool,
    index: usize,
    sign: f64,
    bound: f64,
}

/// Smallest proximal weights.
const FLOOR: f64 = 1e-10;

const FLOOR_S: f64 = 1.0;
const FLOOR_Z: f64 = 1.0;

/// What the outside may ask of the iterate after each iteration.
pub(crate) enum Check {
    /// Go on iterating.
    Continue,
    /// The problem is finished, one way or another.
    Stop,
}

/// The state of the iteration, in the equilibrated problem.
pub(crate) struct Interior<'a> {
    core: &'a Core,
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
    rho: f64,
    delta: f64,
    pub iterations: usize,
    linear: bool,
}

struct Step {
    x: Vec<f64>,
    y: Vec<f64>,
    s: Vec<f64>,
    z: Vec<f64>,
    /// Relative residual of the linear system.
    residual: f64,
}

impl<'a> Interior<'a> {
    pub(crate) fn new(core: &'a Core, pattern: &'a Arc<Pattern>, warm: Option<&Point>) -> Result<Self, Error> {
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
        let mut this = Self {
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
            rho: 1e-6,
            delta: 1e-6,
            iterations: 0,
            linear: core.p.values.iter().all(|v| *v == 0.0),
        };
        this.start(warm)?;
        Ok(this)
    }

    /// The mean complementarity product.
    fn mu(&self) -> f64 {
        if self.s.is_empty() { 0.0 } else { dot(&self.s, &self.z) / self.s.len() as f64 }
    }

    fn value(&self, cx: &[f64], x: &[f64], end: &End) -> f64 {
        if end.row { cx[end.index] } else { x[end.index] }
    }

    /// Mehrotra's starting point: the problem with unit weights in place of the inequalities, then shifted inside.
    fn start(&mut self, warm: Option<&Point>) -> Result<(), Error> {
        let (n, m) = (self.core.n(), self.core.m());
        if let Some(point) = warm {
            for i in 0..n {
                if self.free[i] {
                    self.x[i] = point.x[i];
                }
            }
            self.y.copy_from_slice(&point.y);
        } else {
            let mut hx = vec![self.rho; n];
            let mut bx: Vec<f64> = self.core.q.iter().map(|v| -v).collect();
            let mut dr = vec![self.delta; m];
            let mut by: Vec<f64> = (0..m).map(|i| 0.0_f64.max(self.core.l[i]).min(self.core.u[i])).collect();
            for end in &self.ends {
                if end.row {
                    dr[end.index] = 1.0;
                } else if hx[end.index] < 1.0 {
                    hx[end.index] += 1.0;
                    bx[end.index] += 0.0_f64.max(self.core.lo[end.index]).min(self.core.hi[end.index]);
                }
            }
            // Variables held fixed enter through their value.
            self.core.p.mul_symmetric_add(-1.0, &self.x, &mut bx);
            self.core.c.mul_add(-1.0, &self.x, &mut by);
            let factor = self.factor(&hx, &dr)?;
            factor.solve(&mut bx, &mut by);
            for i in 0..n {
                if self.free[i] {
                    self.x[i] = bx[i];
                }
            }
            self.y = by;
        }
        if self.ends.is_empty() {
            return Ok(());
        }
        let cx = self.core.c.mul_vec(&self.x);
        for k in 0..self.ends.len() {
            let end = self.ends[k];
            self.s[k] = end.sign * (end.bound - self.value(&cx, &self.x, &end));
            self.z[k] = if end.row { end.sign * self.y[end.index] } else { 0.0 };
        }
        if let Some(point) = warm {
            for (k, end) in self.ends.iter().enumerate() {
                let multiplier = if end.row { point.y[end.index] } else { point.z[end.index] };
                self.z[k] = (end.sign * multiplier).max(1e-3);
                self.s[k] = self.s[k].max(1e-3);
            }
        } else {
            let shift = |v: &mut [f64]| {
                let lowest = v.iter().fold(f64::INFINITY, |a, &b| a.min(b));
                let by = (-1.5 * lowest).max(0.0);
                for v in v.iter_mut() {
                    *v += by;
                }
            };
            shift(&mut self.s);
            shift(&mut self.z);
            let (floor_s, floor_z) = self.floors(&cx);
            let product = dot(&self.s, &self.z).max(1e-8);
            let (sum_s, sum_z) = (self.s.iter().sum::<f64>(), self.z.iter().sum::<f64>());
            let (ds, dz) = (
                if sum_z > 0.0 { 0.5 * product / sum_z } else { 1.0 },
                if sum_s > 0.0 { 0.5 * product / sum_s } else { 1.0 },
            );
            for k in 0..self.s.len() {
                self.s[k] = (self.s[k] + ds).max(floor_s);
                self.z[k] = (self.z[k] + dz).max(floor_z);
            }
        }
        self.collect();
        Ok(())
    }

    /// Smallest starting slack and multiplier: in proportion to how wrong the start is, so that the first steps are not
    /// cut short by the boundary.
    fn floors(&self, cx: &[f64]) -> (f64, f64) {
        let mut violation = 0.0_f64;
        for end in &self.ends {
            violation = violation.max(-end.sign * (end.bound - self.value(cx, &self.x, end)));
        }
        let dual = norm_inf(&self.core.stationarity(&self.bare_point()));
        ((FLOOR_S * violation).max(1e-2), (FLOOR_Z * dual).max(1e-2))
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

    fn factor(&self, hx: &[f64], dr: &[f64]) -> Result<Factor, Error> {
        let numeric = Numeric {
            p: &self.core.p,
            c: &self.core.c,
            hx,
            dr,
            free: Some(&self.free),
            rows: Some(&self.rows),
        };
        Factor::new(self.pattern, &numeric)
    }

    /// The iterate as a primal–dual point.
    pub(crate) fn point(&self) -> Point {
        let mut z = vec![0.0; self.core.n()];
        for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| !e.row) {
            z[end.index] += end.sign * self.z[k];
        }
        let mut point = Point { x: self.x.clone(), y: self.y.clone(), z };
        let stationarity = self.core.stationarity(&point);
        for i in 0..self.core.n() {
            if !self.free[i] {
                point.z[i] = -stationarity[i];
            }
        }
        point
    }

    /// The active set the iterate points at: ends whose multiplier exceeds their slack.
    pub(crate) fn guess(&self) -> ActiveSet {
        let mut active = ActiveSet::equalities(self.core);
        for (k, end) in self.ends.iter().enumerate() {
            if self.z[k] > self.s[k] {
                let side = if end.sign > 0.0 { Side::Upper } else { Side::Lower };
                if end.row { active.rows[end.index] = side } else { active.vars[end.index] = side }
            }
        }
        active
    }

    /// Runs until `check` stops it (Ok(None)) or a limit does (the status).
    pub(crate) fn run(
        &mut self,
        user: &Core,
        scaling: &Scaling,
        max_iterations: usize,
        callback: Callback<'_>,
        check: &mut dyn FnMut(&Self, &Point, &Residuals) -> Result<Check, Error>,
    ) -> Result<Option<Status>, Error> {
        let mut best = f64::INFINITY;
        let mut since = 0;
        loop {
            let point = scaling.unscale(&self.point());
            let residuals = user.residuals(&point);
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
            if self.iterations >= max_iterations || since > 25 || !point.is_finite() {
                return Ok(Some(Status::IterationLimit));
            }
            if !self.iterate()? {
                return Ok(Some(Status::IterationLimit));
            }
        }
    }

    /// One predictor–corrector step; false when it could not move.
    fn iterate(&mut self) -> Result<bool, Error> {
        self.iterations += 1;
        // A factor that refinement cannot save gets larger proximal weights.
        for _ in 0..3 {
            let step = self.direction()?;
            if step.residual <= 1e-5 && norm_inf(&step.x).is_finite() && norm_inf(&step.y).is_finite() {
                return Ok(self.advance(&step));
            }
            self.rho = (self.rho * 100.0).min(1e-4);
            self.delta = (self.delta * 100.0).min(1e-4);
        }
        let step = self.direction()?;
        Ok(norm_inf(&step.x).is_finite() && norm_inf(&step.y).is_finite() && self.advance(&step))
    }

    /// The predictor–corrector direction.
    fn direction(&self) -> Result<Step, Error> {
        let (n, m, count) = (self.core.n(), self.core.m(), self.ends.len());
        let mut hx = vec![self.rho; n];
        let mut w = vec![0.0; m];
        for (k, end) in self.ends.iter().enumerate() {
            let weight = self.z[k] / self.s[k];
            if end.row { w[end.index] += weight } else { hx[end.index] += weight }
        }
        let inequality: Vec<bool> = (0..m).map(|i| self.core.l[i] != self.core.u[i]).collect();
        let dr: Vec<f64> = (0..m)
            .map(|i| self.delta + if inequality[i] { 1.0 / w[i].max(1e-18) } else { 0.0 })
            .collect();
        let factor = self.factor(&hx, &dr)?;
        let cx = self.core.c.mul_vec(&self.x);
        let stationarity = self.core.stationarity(&self.bare_point());
        let violation: Vec<f64> = (0..count)
            .map(|k| {
                let end = &self.ends[k];
                end.sign * (end.bound - self.value(&cx, &self.x, end)) - self.s[k]
            })
            .collect();
        let solve = |complementarity: &[f64]| -> Step {
            let mut bx: Vec<f64> = stationarity.iter().map(|v| -v).collect();
            let mut by: Vec<f64> = (0..m).map(|i| if inequality[i] { 0.0 } else { self.core.l[i] - cx[i] }).collect();
            for (k, end) in self.ends.iter().enumerate() {
                let t = end.sign * (-complementarity[k] - self.z[k] * violation[k]) / self.s[k];
                if end.row {
                    by[end.index] -= t / w[end.index].max(1e-18);
                } else {
                    bx[end.index] -= t;
                }
            }
            let system = System {
                core: self.core,
                hx: Some(&hx),
                dr: Some(&dr),
                free: Some(&self.free),
                rows: Some(&self.rows),
            };
            // The two blocks can differ by many orders; each is to be right in its own measure.
            let (sx, sy) = (norm_inf(&bx), norm_inf(&by));
            let sizes = (sx.max(1e-8 * sy), sy.max(1e-8 * sx));
            let outcome = system.solve_within(&factor, &mut bx, &mut by, sizes, 1e-12, 8);
            let cdx = self.core.c.mul_vec(&bx);
            let (mut ds, mut dz) = (vec![0.0; count], vec![0.0; count]);
            for (k, end) in self.ends.iter().enumerate() {
                let dv = self.value(&cdx, &bx, end);
                ds[k] = violation[k] - end.sign * dv;
                dz[k] = (-complementarity[k] - self.z[k] * ds[k]) / self.s[k];
            }
            // Where z > s the quotient above magnifies the rounding of Δv by z/s; there the multiplier's step is what the
            // system gave for its row, and the slack's follows from complementarity.
            let mut rest = by.clone();
            for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| e.row) {
                rest[end.index] -= end.sign * dz[k];
            }
            for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| e.row) {
                let other = self.partner[k];
                let leads = other == usize::MAX || self.z[k] * self.s[other] >= self.z[other] * self.s[k];
                if self.z[k] > self.s[k] && leads {
                    dz[k] += end.sign * rest[end.index];
                    ds[k] = (-complementarity[k] - self.s[k] * dz[k]) / self.z[k];
                }
            }
            Step { x: bx, y: by, s: ds, z: dz, residual: outcome.residual }
        };
        let mu = self.mu();
        let mut complementarity: Vec<f64> = (0..count).map(|k| self.s[k] * self.z[k]).collect();
        let affine = solve(&complementarity);
        if count == 0 {
            return Ok(affine);
        }
        let (ap, ad) = self.lengths(&affine);
        let after: f64 = (0..count)
            .map(|k| (self.s[k] + ap * affine.s[k]) * (self.z[k] + ad * affine.z[k]))
            .sum::<f64>()
            / count as f64;
        let sigma = (after / mu).clamp(0.0, 1.0).powi(3);
        for k in 0..count {
            complementarity[k] += affine.s[k] * affine.z[k] - sigma * mu;
        }
        let step = solve(&complementarity);
        Ok(Step { residual: step.residual.max(affine.residual), ..step })
    }

    /// Steps along the direction as far as slacks and multipliers stay positive; false when that is nowhere.
    fn advance(&mut self, step: &Step) -> bool {
        let count = self.ends.len();
        let mu = self.mu();
        let back = if count == 0 { 1.0 } else { 0.995 };
        let (ap, ad) = self.lengths(step);
        let (ap, ad) = self.balance(step, (ap * back).min(1.0), (ad * back).min(1.0));
        if std::env::var("DBG").is_ok() {
            eprintln!("   it {} mu {mu:.1e} ap {ap:.3} ad {ad:.3} rho {:.1e} delta {:.1e} dx {:.1e} dy {:.1e} x {:.1e} y {:.1e} res {:.1e} smin {:.1e} zmin {:.1e} rd {:.1e}", self.iterations, self.rho, self.delta, norm_inf(&step.x), norm_inf(&step.y), norm_inf(&self.x), norm_inf(&self.y), step.residual, self.s.iter().cloned().fold(9e9,f64::min), self.z.iter().cloned().fold(9e9,f64::min), norm_inf(&self.core.stationarity(&self.bare_point())));
        }
        let moved = |v: &mut [f64], d: &[f64], a: f64| {
            for (v, d) in v.iter_mut().zip(d) {
                *v += a * d;
            }
        };
        moved(&mut self.x, &step.x, ap);
        moved(&mut self.s, &step.s, ap);
        moved(&mut self.y, &step.y, ad);
        moved(&mut self.z, &step.z, ad);
        self.collect();
        if count > 0 {
            let rate = (self.mu() / mu).clamp(0.1, 1.0);
            if ap.min(ad) > 0.1 {
                self.rho = (self.rho * rate).max(FLOOR);
                self.delta = (self.delta * rate).max(FLOOR);
            }
        } else {
            self.rho = (self.rho * 0.1).max(FLOOR);
            self.delta = (self.delta * 0.1).max(FLOOR);
        }
        count == 0 || ap.max(ad) > 1e-10
    }

    /// Different primal and dual steps make progress where one blocks the other, but with a quadratic cost they also
    /// spoil stationarity: they are taken unless the common step leaves a much smaller dual residual.
    fn balance(&self, step: &Step, ap: f64, ad: f64) -> (f64, f64) {
        if self.linear || ap == ad {
            return (ap, ad);
        }
        let now = self.core.stationarity(&self.bare_point());
        let px = self.core.p.mul_symmetric_vec(&step.x);
        let mut cy = self.core.c.mul_transpose_vec(&step.y);
        for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| !e.row) {
            cy[end.index] += end.sign * step.z[k];
        }
        let after = |ap: f64, ad: f64| {
            let free = (0..now.len()).filter(|&i| self.free[i]);
            free.map(|i| (now[i] + ap * px[i] + ad * cy[i]).abs()).fold(0.0, f64::max)
        };
        let common = ap.min(ad);
        let size = norm_inf(&px).max(norm_inf(&cy)).max(norm_inf(&self.core.q)).max(1.0);
        let (apart, together) = (after(ap, ad), after(common, common));
        if apart > 2.0 * together && apart > 1e-12 * size && common > 0.05 { (common, common) } else { (ap, ad) }
    }

    /// The iterate with bound multipliers collected, fixed variables' left at zero.
    fn bare_point(&self) -> Point {
        let mut z = vec![0.0; self.core.n()];
        for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| !e.row) {
            z[end.index] += end.sign * self.z[k];
        }
        Point { x: self.x.clone(), y: self.y.clone(), z }
    }

    /// Longest steps that keep slacks and multipliers nonnegative, at most 1/0.995.
    fn lengths(&self, step: &Step) -> (f64, f64) {
        let longest = |v: &[f64], d: &[f64]| {
            v.iter().zip(d).fold(1.0 / 0.995, |a: f64, (v, d)| if *d < 0.0 { a.min(-v / d) } else { a })
        };
        (longest(&self.s, &step.s), longest(&self.z, &step.z))
    }
}

//! The predictor–corrector direction, and how far to go along it.

use super::{ACCURATE, FLOOR, Interior, ROUNDING};
use crate::Error;
use crate::core::Products;
use crate::kkt::{Factor, System};
use crate::problem::norm_inf;

/// Residual of a step's linear system, relative to the residuals the step is to remove: an inexact Newton step.
const INEXACT: f64 = 1e-2;

/// A direction of all unknowns.
pub(super) struct Step {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub s: Vec<f64>,
    pub z: Vec<f64>,
    /// Products of x and y.
    products: Products,
    /// Relative residual of the linear system.
    pub residual: f64,
    /// Whether a better factor could have made it smaller.
    pub poor: bool,
    /// Whether the system needed no correction.
    pub sound: bool,
}

/// The linear system of a step, but for complementarity.
struct Newton {
    factor: Factor,
    hx: Vec<f64>,
    dr: Vec<f64>,
    /// Weights z/s of the rows.
    w: Vec<f64>,
    stationarity: Vec<f64>,
    violation: Vec<f64>,
    sizes: (f64, f64),
}

impl Interior<'_> {
    /// The predictor–corrector direction.
    pub(super) fn direction(&mut self) -> Result<Step, Error> {
        let newton = self.newton()?;
        let step = self.predict_and_correct(&newton);
        self.factor = Some(newton.factor);
        Ok(step)
    }

    fn newton(&mut self) -> Result<Newton, Error> {
        let (n, m) = (self.core.n(), self.core.m());
        let mut hx = vec![self.rho; n];
        let mut w = vec![0.0; m];
        for (k, end) in self.ends.iter().enumerate() {
            let weight = self.z[k] / self.s[k];
            if end.row { w[end.index] += weight } else { hx[end.index] += weight }
        }
        let dr: Vec<f64> = (0..m)
            .map(|i| self.delta + if self.is_equality(i) { 0.0 } else { 1.0 / w[i].max(1e-18) })
            .collect();
        let guarded = |v: &[f64]| v.iter().map(|v| v + self.guard).collect::<Vec<f64>>();
        let (guarded_hx, guarded_dr) = (guarded(&hx), guarded(&dr));
        let factor = self.factor(&guarded_hx, &guarded_dr)?;
        let cx = &self.products.cx;
        let stationarity = self.stationarity();
        let violation: Vec<f64> = (self.ends.iter().zip(&self.s))
            .map(|(end, s)| end.sign * (end.bound - end.of(cx, &self.x)) - s)
            .collect();
        // A step is as good as the residuals it leaves, so these are what errors are relative to, not the right-hand side,
        // in which the complementarity of ends with tiny slacks can be huge.
        let primal = (0..m)
            .filter(|&i| self.rows[i] && self.is_equality(i))
            .fold(norm_inf(&violation), |v, i| v.max((self.core.l[i] - cx[i]).abs()));
        let least = 0.01 * self.tolerance;
        let dual = (0..n).filter(|i| self.free[*i]).fold(0.0_f64, |v, i| v.max(stationarity[i].abs()));
        // Multipliers of the two ends of a row can cancel to nothing, beside a cost of nothing.
        let terms = norm_inf(&self.core.q).max(norm_inf(&self.y)).max(1e-3 * norm_inf(&self.z));
        let sizes = (dual.max(least * terms), primal.max(least * norm_inf(cx).max(1e-3)));
        Ok(Newton { factor, hx, dr, w, stationarity, violation, sizes })
    }

    fn is_equality(&self, row: usize) -> bool {
        self.core.l[row] == self.core.u[row]
    }

    /// The step that changes the products of slacks and multipliers by `−complementarity`; unless it is `checked`, as the
    /// factor gives it.
    fn solve(&self, newton: &Newton, complementarity: &[f64], checked: bool) -> Step {
        let Newton { factor, hx, dr, w, stationarity, violation, sizes } = newton;
        let (core, cx, count) = (&*self.core, &self.products.cx, self.ends.len());
        let mut bx: Vec<f64> = stationarity.iter().map(|v| -v).collect();
        let mut by: Vec<f64> =
            (0..core.m()).map(|i| if self.is_equality(i) { core.l[i] - cx[i] } else { 0.0 }).collect();
        for (k, end) in self.ends.iter().enumerate() {
            let t = end.sign * (-complementarity[k] - self.z[k] * violation[k]) / self.s[k];
            if end.row {
                by[end.index] -= t / w[end.index].max(1e-18);
            } else {
                bx[end.index] -= t;
            }
        }
        let (hx, dr) = (Some(&hx[..]), Some(&dr[..]));
        let system = System { core, hx, dr, free: Some(&self.free), rows: Some(&self.rows) };
        let (mut residual, mut poor, mut sound) = (0.0, false, true);
        let mut products = Products::default();
        if checked {
            let outcome;
            (outcome, products) = system.solve_products(factor, &mut bx, &mut by, *sizes, INEXACT, 8);
            residual = outcome.residual;
            poor = residual > ACCURATE && outcome.backward > ROUNDING;
            sound = outcome.at_once;
        } else {
            factor.solve(&mut bx, &mut by);
            products.cx = core.c.mul_vec(&bx);
        }
        let (mut ds, mut dz) = (vec![0.0; count], vec![0.0; count]);
        for (k, end) in self.ends.iter().enumerate() {
            let dv = end.of(&products.cx, &bx);
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
        Step { x: bx, y: by, s: ds, z: dz, products, residual, poor, sound }
    }

    fn predict_and_correct(&self, newton: &Newton) -> Step {
        let count = self.ends.len();
        let mu = self.mu();
        let mut complementarity: Vec<f64> = self.s.iter().zip(&self.z).map(|(s, z)| s * z).collect();
        if let Some(target) = self.target {
            for c in &mut complementarity {
                *c -= target;
            }
            return self.solve(newton, &complementarity, true);
        }
        let affine = self.solve(newton, &complementarity, !self.sound || count == 0);
        if count == 0 {
            return affine;
        }
        let (ap, ad) = self.lengths(&affine);
        let after: f64 =
            (0..count).map(|k| (self.s[k] + ap * affine.s[k]) * (self.z[k] + ad * affine.z[k])).sum::<f64>()
                / count as f64;
        let sigma = (after / mu).clamp(0.0, 1.0).powi(3);

        let target = (sigma * mu).max(self.floor);
        for k in 0..count {
            complementarity[k] += affine.s[k] * affine.z[k] - target;
        }
        let step = self.solve(newton, &complementarity, true);
        Step { residual: step.residual.max(affine.residual), poor: step.poor || affine.poor, ..step }
    }

    /// Steps along the direction as far as slacks and multipliers stay positive; false when that is nowhere.
    pub(super) fn advance(&mut self, step: &Step) -> bool {
        let count = self.ends.len();
        let mu = self.mu();
        let back = if count == 0 { 1.0 } else { 0.995 };
        let (ap, ad) = self.lengths(step);
        let (ap, ad) = self.balance(step, (ap * back).min(1.0), (ad * back).min(1.0));
        self.before.0.copy_from_slice(&self.s);
        self.before.1.copy_from_slice(&self.z);
        let moved = |v: &mut [f64], d: &[f64], a: f64| {
            for (v, d) in v.iter_mut().zip(d) {
                *v += a * d;
            }
        };
        moved(&mut self.x, &step.x, ap);
        for r in &self.reach {
            self.x[r.column] = self.x[r.column].max(0.5 * r.least);
        }
        moved(&mut self.s, &step.s, ap);
        moved(&mut self.y, &step.y, ad);
        moved(&mut self.z, &step.z, ad);
        self.collect();
        self.refresh();
        if count > 0 {
            let rate = (self.mu() / mu).clamp(0.1, 1.0);
            if ap.min(ad) > 0.1 && !step.poor {
                self.rho = (self.rho * rate).max(self.least);
                self.delta = (self.delta * rate).max(self.least);
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
        if !self.reach.is_empty() {
            // The slopes of a curved objective follow x, and the multipliers have to follow them.
            let common = ap.min(ad);
            return (common, common);
        }
        if self.linear || ap == ad {
            return (ap, ad);
        }
        let now = self.stationarity();
        let (px, mut cy) = (&step.products.px, step.products.cy.clone());
        for (k, end) in self.ends.iter().enumerate().filter(|(_, e)| !e.row) {
            cy[end.index] += end.sign * step.z[k];
        }
        let after = |ap: f64, ad: f64| {
            let free = (0..now.len()).filter(|&i| self.free[i]);
            free.map(|i| (now[i] + ap * px[i] + ad * cy[i]).abs()).fold(0.0, f64::max)
        };
        let common = ap.min(ad);
        let size = norm_inf(px).max(norm_inf(&cy)).max(norm_inf(&self.core.q)).max(1.0);
        let (apart, together) = (after(ap, ad), after(common, common));
        if apart > 2.0 * together && apart > 1e-12 * size && common > 0.05 {
            (common, common)
        } else {
            (ap, ad)
        }
    }

    /// Longest steps that keep slacks and multipliers nonnegative, at most 1/0.995.
    pub(super) fn lengths(&self, step: &Step) -> (f64, f64) {
        let longest = |v: &[f64], d: &[f64]| {
            v.iter().zip(d).fold(1.0 / 0.995, |a: f64, (v, d)| if *d < 0.0 { a.min(-v / d) } else { a })
        };
        let (mut primal, dual) = (longest(&self.s, &step.s), longest(&self.z, &step.z));
        for r in &self.reach {
            let (x, d) = (self.x[r.column], step.x[r.column]);
            if d < 0.0 && r.least > 0.0 && x > r.least {
                primal = primal.min(-x / d);
            }
            if d > 0.0 && r.rise.is_finite() {
                primal = primal.min((r.rise - x.min(0.0)) / d);
            }
        }
        (primal, dual)
    }
}

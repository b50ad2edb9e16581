//! Where the interior-point iteration starts.

use super::{Interior, Start};
use crate::Error;
use crate::problem::{dot, norm_inf};

/// Largest floor under starting slacks and multipliers.
const CAP: f64 = 100.0;

/// Starting multipliers of [`Start::Far`].
const FAR: f64 = 1e6;

impl Interior<'_> {
    /// Mehrotra's starting point: the problem with unit weights in place of the inequalities, then shifted inside.
    pub(super) fn start(&mut self, start: Start) -> Result<(), Error> {
        let (n, m) = (self.core.n(), self.core.m());
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
        let held: Vec<f64> =
            self.x.iter().zip(&self.free).map(|(x, free)| if *free { 0.0 } else { *x }).collect();
        self.core.p.mul_symmetric_add(-1.0, &held, &mut bx);
        self.core.c.mul_add(-1.0, &held, &mut by);
        let factor = self.factor(&hx, &dr)?;
        factor.solve(&mut bx, &mut by);
        self.factor = Some(factor);
        let from = self.x.clone();
        for i in 0..n {
            if self.free[i] {
                self.x[i] = bx[i];
            }
        }
        for r in &self.reach {
            let (x, was) = (self.x[r.column], from[r.column]);
            let near = x.min(was.max(0.0) + r.rise);
            self.x[r.column] = if r.least > 0.0 { near.max(0.1 * was) } else { near };
        }
        self.y = by;
        if self.ends.is_empty() {
            self.refresh();
            return Ok(());
        }
        let cx = self.core.c.mul_vec(&self.x);
        for k in 0..self.ends.len() {
            let end = self.ends[k];
            self.s[k] = end.sign * (end.bound - end.of(&cx, &self.x));
            self.z[k] = if end.row { end.sign * self.y[end.index] } else { 0.0 };
        }
        let shift = |v: &mut [f64]| {
            let lowest = v.iter().fold(f64::INFINITY, |a, &b| a.min(b));
            let by = (-1.5 * lowest).max(0.0);
            for v in v.iter_mut() {
                *v += by;
            }
        };
        shift(&mut self.s);
        shift(&mut self.z);
        self.refresh();
        let (floor_s, mut floor_z) = self.floors(&cx);
        if start == Start::Far {
            floor_z = FAR;
        }
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
        self.collect();
        self.refresh();
        Ok(())
    }

    /// Smallest starting slack and multiplier: in proportion to how wrong the start is, so that the first steps are not
    /// cut short by the boundary.
    fn floors(&self, cx: &[f64]) -> (f64, f64) {
        let mut violation = 0.0_f64;
        for end in &self.ends {
            violation = violation.max(-end.sign * (end.bound - end.of(cx, &self.x)));
        }
        let dual = norm_inf(&self.stationarity());
        (violation.clamp(1e-2, CAP), dual.clamp(1e-2, CAP))
    }
}

//! The central path at a fixed complementarity, for smoothed derivatives.

use super::Interior;
use crate::Error;
use crate::problem::norm_inf;

/// Steps towards the central point, and how many of them without progress end the search.
const STEPS: usize = 150;
const PATIENCE: usize = 12;

/// Relative error at which the point counts as exact.
const EXACT: f64 = 1e-13;

/// A finite end with its slack and multiplier.
pub(crate) struct Pair {
    pub row: bool,
    pub index: usize,
    pub upper: bool,
    pub slack: f64,
    pub multiplier: f64,
}

impl Interior<'_> {
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

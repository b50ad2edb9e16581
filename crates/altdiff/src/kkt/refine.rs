//! Iterative refinement: a solve with a regularized factor, corrected against the matrix that is meant.
//!
//! With proximal regularization the correction is the proximal-point iteration of a monotone map, so on a singular but
//! consistent system it converges to the solution nearest to where it starts: from zero, the least-norm one.

use super::Factor;
use crate::core::Core;
use crate::problem::norm_inf;

/// The matrix that is meant: `[P + diag(hx), Cᵀ; C, −diag(dr)]` over free variables and rows that take part.
pub(crate) struct System<'a> {
    pub core: &'a Core,
    pub hx: Option<&'a [f64]>,
    pub dr: Option<&'a [f64]>,
    pub free: Option<&'a [bool]>,
    pub rows: Option<&'a [bool]>,
}

/// How well a refined solve went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Largest residual relative to the right-hand side and the solution's terms.
    pub residual: f64,
}

impl System<'_> {
    /// Subtracts the matrix times (x, y) from (rx, ry). Entries outside the masks are set to zero.
    pub(crate) fn subtract(&self, x: &[f64], y: &[f64], rx: &mut [f64], ry: &mut [f64]) {
        self.core.p.mul_symmetric_add(-1.0, x, rx);
        self.core.c.mul_transpose_add(-1.0, y, rx);
        self.core.c.mul_add(-1.0, x, ry);
        if let Some(hx) = self.hx {
            for i in 0..x.len() {
                rx[i] -= hx[i] * x[i];
            }
        }
        if let Some(dr) = self.dr {
            for i in 0..y.len() {
                ry[i] += dr[i] * y[i];
            }
        }
        self.mask(rx, ry);
    }

    /// Sets entries of fixed variables and left-out rows to zero.
    pub(crate) fn mask(&self, x: &mut [f64], y: &mut [f64]) {
        let zero = |mask: Option<&[bool]>, v: &mut [f64]| {
            if let Some(mask) = mask {
                for (v, &keep) in v.iter_mut().zip(mask) {
                    if !keep {
                        *v = 0.0;
                    }
                }
            }
        };
        zero(self.free, x);
        zero(self.rows, y);
    }

    /// Solves for the right-hand side (bx, by), overwritten by the solution, starting from zero.
    pub(crate) fn solve(
        &self,
        factor: &Factor,
        bx: &mut [f64],
        by: &mut [f64],
        tolerance: f64,
        max_steps: usize,
    ) -> Outcome {
        self.mask(bx, by);
        let size = norm_inf(bx).max(norm_inf(by));
        self.solve_within(factor, bx, by, (size, size), tolerance, max_steps)
    }

    /// As [`System::solve`], with the sizes that the residuals of the two blocks are relative to.
    pub(crate) fn solve_within(
        &self,
        factor: &Factor,
        bx: &mut [f64],
        by: &mut [f64],
        sizes: (f64, f64),
        tolerance: f64,
        max_steps: usize,
    ) -> Outcome {
        self.mask(bx, by);
        if norm_inf(bx) == 0.0 && norm_inf(by) == 0.0 {
            return Outcome { residual: 0.0 };
        }
        let (mut x, mut y) = (bx.to_vec(), by.to_vec());
        factor.solve(&mut x, &mut y);
        let mut best = (f64::INFINITY, vec![0.0; x.len()], vec![0.0; y.len()]);
        let mut stalled = 0;
        let mut steps = 0;
        loop {
            let (mut rx, mut ry) = (bx.to_vec(), by.to_vec());
            self.subtract(&x, &y, &mut rx, &mut ry);
            let residual = (norm_inf(&rx) / sizes.0).max(norm_inf(&ry) / sizes.1);
            stalled = if residual > 0.5 * best.0 { stalled + 1 } else { 0 };
            if residual < best.0 {
                best = (residual, x.clone(), y.clone());
            }
            if best.0 <= tolerance || stalled >= 3 || steps >= max_steps || !residual.is_finite() {
                break;
            }
            steps += 1;
            factor.solve(&mut rx, &mut ry);
            for i in 0..x.len() {
                x[i] += rx[i];
            }
            for i in 0..y.len() {
                y[i] += ry[i];
            }
        }
        bx.copy_from_slice(&best.1);
        by.copy_from_slice(&best.2);
        Outcome { residual: best.0 }
    }
}

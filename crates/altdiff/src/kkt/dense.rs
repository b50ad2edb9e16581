//! Dense LDLᵀ of a quasi-definite matrix: an own kernel while it is small, faer's above.

use super::Numeric;
use faer::linalg::cholesky::ldlt;
use faer::{Conj, Mat, MatMut, Par};

/// Below this order a plain loop beats composed library calls.
const SMALL: usize = 40;

/// Pivots below this (or of the wrong sign) are replaced; rounding noise in an equilibrated matrix.
const EPSILON: f64 = 1e-13;
const DELTA: f64 = 2e-7;

/// Unit lower L below the diagonal, D on it.
#[derive(Debug)]
pub(crate) struct Ldlt {
    l: Mat<f64>,
}

impl Ldlt {
    pub(crate) fn new(numeric: &Numeric<'_>) -> Self {
        let (n, m) = (numeric.c.ncols, numeric.c.nrows);
        // Position of every variable and row in the compressed order.
        let mut order = 0;
        let mut place = |mask: Option<&[bool]>, len: usize| -> Vec<usize> {
            (0..len)
                .map(|i| {
                    if mask.is_none_or(|m| m[i]) {
                        order += 1;
                        order - 1
                    } else {
                        usize::MAX
                    }
                })
                .collect()
        };
        let var = place(numeric.free, n);
        let row = place(numeric.rows, m);
        let positive = var.iter().filter(|&&k| k != usize::MAX).count();
        let mut l = Mat::<f64>::zeros(order, order);
        for j in (0..n).filter(|&j| var[j] != usize::MAX) {
            l[(var[j], var[j])] += numeric.hx[j];
            for (i, v) in numeric.p.column(j) {
                if var[i] != usize::MAX {
                    l[(var[j], var[i])] += v; // upper entry (i, j) mirrored below the diagonal
                }
            }
            for (i, v) in numeric.c.column(j) {
                if row[i] != usize::MAX {
                    l[(row[i], var[j])] += v;
                }
            }
        }
        for i in (0..m).filter(|&i| row[i] != usize::MAX) {
            l[(row[i], row[i])] -= numeric.dr[i];
        }
        Self::of(l, positive)
    }

    /// Factors a matrix, stored on and below its diagonal, whose first `positive` pivots are positive and others negative.
    pub(super) fn of(mut l: Mat<f64>, positive: usize) -> Self {
        let order = l.nrows();
        let signs: Vec<i8> = (0..order).map(|k| if k < positive { 1 } else { -1 }).collect();
        if order <= SMALL {
            small_factor(&mut l, &signs);
        } else {
            let par = Par::Seq;
            let need = ldlt::factor::cholesky_in_place_scratch::<f64>(order, par, faer::Spec::default());
            let mut memory = faer::dyn_stack::MemBuffer::new(need);
            let regularization = ldlt::factor::LdltRegularization {
                dynamic_regularization_signs: Some(&signs),
                dynamic_regularization_delta: DELTA,
                dynamic_regularization_epsilon: EPSILON,
            };
            // With dynamic regularization no pivot can be zero; a NaN surfaces in the residuals.
            let _ = ldlt::factor::cholesky_in_place(
                l.as_mut(),
                regularization,
                par,
                faer::dyn_stack::MemStack::new(&mut memory),
                faer::Spec::default(),
            );
        }
        Self { l }
    }

    pub(crate) fn solve(&self, v: &mut [f64]) {
        let n = v.len();
        if n == 0 {
            return;
        }
        if n <= SMALL {
            small_solve(&self.l, v);
            return;
        }
        ldlt::solve::solve_in_place_with_conj(
            self.l.as_ref(),
            self.l.as_ref().diagonal(),
            Conj::No,
            MatMut::from_column_major_slice_mut(v, n, 1),
            Par::Seq,
            faer::dyn_stack::MemStack::new(&mut []),
        );
    }
}

/// Whether P + δI has a Cholesky factorization.
pub(crate) fn is_positive(p: &crate::Csc, delta: f64) -> bool {
    use faer::linalg::cholesky::llt::factor;
    let n = p.ncols;
    let mut l = Mat::<f64>::zeros(n, n);
    for (i, j, v) in p.iter() {
        l[(j, i)] = v;
    }
    for i in 0..n {
        l[(i, i)] += delta;
    }
    let need = factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, faer::Spec::default());
    let mut memory = faer::dyn_stack::MemBuffer::new(need);
    factor::cholesky_in_place(
        l.as_mut(),
        factor::LltRegularization::default(),
        Par::Seq,
        faer::dyn_stack::MemStack::new(&mut memory),
        faer::Spec::default(),
    )
    .is_ok()
}

/// Right-looking, column by column.
fn small_factor(l: &mut Mat<f64>, signs: &[i8]) {
    let n = signs.len();
    for j in 0..n {
        let sign = f64::from(signs[j]);
        let mut d = l[(j, j)];
        if d * sign <= EPSILON {
            d = sign * DELTA;
        }
        l[(j, j)] = d;
        for k in j + 1..n {
            let f = l[(k, j)] / d;
            if f != 0.0 {
                for i in k..n {
                    let t = l[(i, j)] * f;
                    l[(i, k)] -= t;
                }
            }
        }
        for k in j + 1..n {
            l[(k, j)] /= d;
        }
    }
}

fn small_solve(l: &Mat<f64>, v: &mut [f64]) {
    let n = v.len();
    for j in 0..n {
        let t = v[j];
        for i in j + 1..n {
            v[i] -= l[(i, j)] * t;
        }
    }
    for j in 0..n {
        v[j] /= l[(j, j)];
    }
    for j in (0..n).rev() {
        let mut t = v[j];
        for i in j + 1..n {
            t -= l[(i, j)] * v[i];
        }
        v[j] = t;
    }
}

//! Dense factor with the columns that P couples to no other eliminated first.
//!
//! With H the diagonal of those columns and W = C_E H^{−1/2}, what is left of the KKT matrix is
//! `[P_R + diag(hx), C_Rᵀ; C_R, −(diag(dr) + W Wᵀ)]` over the other variables and the rows. This is what elimination in
//! the natural order does to these columns, at the price of one product instead of a factorization of the whole.

use super::Numeric;
use super::dense::Ldlt;
use faer::linalg::matmul::matmul;
use faer::{Accum, ColMut, ColRef, Mat, MatMut, Par};

/// From this many eliminated columns on the product beats the plain factorization.
const WORTHWHILE: usize = 40;

/// Columns of `W Wᵀ` computed at a time. Fixed, so that the bits do not depend on the number of threads.
const BLOCK: usize = 128;

/// From this many rows on the product is worth threads.
#[cfg(feature = "threads")]
const THREADS: usize = 512;

/// The eliminated columns and the factor of what is left.
#[derive(Debug)]
pub(crate) struct Schur {
    /// Position of each eliminated variable in x, and H^{−1/2}.
    eliminated: Vec<usize>,
    root: Vec<f64>,
    w: Mat<f64>,
    /// Variables that are left, and rows that take part.
    left: Vec<usize>,
    rows: Vec<usize>,
    rest: Ldlt,
}

impl Schur {
    /// Factors where there is enough to eliminate; `alone` says which columns of P are diagonal.
    pub(crate) fn new(numeric: &Numeric<'_>, alone: &[bool]) -> Option<Self> {
        let (n, m) = (numeric.c.ncols, numeric.c.nrows);
        let kept = |mask: Option<&[bool]>, i: usize| mask.is_none_or(|m| m[i]);
        let (eliminated, left): (Vec<usize>, Vec<usize>) =
            (0..n).filter(|&j| kept(numeric.free, j)).partition(|&j| alone[j]);
        let rows: Vec<usize> = (0..m).filter(|&i| kept(numeric.rows, i)).collect();
        if eliminated.len() < WORTHWHILE {
            return None;
        }
        let mut place = vec![usize::MAX; m];
        for (k, &i) in rows.iter().enumerate() {
            place[i] = k;
        }
        let mut root = Vec::with_capacity(eliminated.len());
        let mut w = Mat::<f64>::zeros(rows.len(), eliminated.len());
        for (k, &j) in eliminated.iter().enumerate() {
            let h: f64 = numeric.hx[j] + numeric.p.column(j).map(|(_, v)| v).sum::<f64>();
            let inverse = h.sqrt().recip();
            root.push(inverse);
            for (i, v) in numeric.c.column(j) {
                if place[i] != usize::MAX {
                    w[(place[i], k)] = v * inverse;
                }
            }
        }
        let first = left.len();
        let mut matrix = Mat::<f64>::zeros(first + rows.len(), first + rows.len());
        let mut spot = vec![usize::MAX; n];
        for (k, &j) in left.iter().enumerate() {
            spot[j] = k;
        }
        for (k, &j) in left.iter().enumerate() {
            matrix[(k, k)] = numeric.hx[j];
            for (i, v) in numeric.p.column(j) {
                if spot[i] != usize::MAX {
                    // The upper entry, below the diagonal.
                    let (a, b) = (k.max(spot[i]), k.min(spot[i]));
                    matrix[(a, b)] += v;
                }
            }
            for (i, v) in numeric.c.column(j) {
                if place[i] != usize::MAX {
                    matrix[(first + place[i], k)] = v;
                }
            }
        }
        for (k, &i) in rows.iter().enumerate() {
            matrix[(first + k, first + k)] = -numeric.dr[i];
        }
        subtract(matrix.as_mut().submatrix_mut(first, first, rows.len(), rows.len()), &w);
        let rest = Ldlt::of(matrix, first);
        Some(Self { eliminated, root, w, left, rows, rest })
    }

    /// Solves in place; what is not free or does not take part is left alone.
    pub(crate) fn solve(&self, x: &mut [f64], y: &mut [f64]) {
        let mut t: Vec<f64> = self.eliminated.iter().zip(&self.root).map(|(&j, r)| r * x[j]).collect();
        let first = self.left.len();
        let mut v: Vec<f64> =
            self.left.iter().map(|&j| x[j]).chain(self.rows.iter().map(|&i| y[i])).collect();
        let rows = self.rows.len();
        matmul(
            ColMut::from_slice_mut(&mut v[first..]).as_mat_mut(),
            Accum::Add,
            self.w.as_ref(),
            ColRef::from_slice(&t).as_mat(),
            -1.0,
            Par::Seq,
        );
        self.rest.solve(&mut v);
        matmul(
            ColMut::from_slice_mut(&mut t).as_mat_mut(),
            Accum::Add,
            self.w.transpose(),
            ColRef::from_slice(&v[first..first + rows]).as_mat(),
            -1.0,
            Par::Seq,
        );
        for ((&j, r), t) in self.eliminated.iter().zip(&self.root).zip(&t) {
            x[j] = r * t;
        }
        for (&j, v) in self.left.iter().zip(&v) {
            x[j] = *v;
        }
        for (&i, v) in self.rows.iter().zip(&v[first..]) {
            y[i] = *v;
        }
    }
}

/// `S −= W Wᵀ` on and below the diagonal.
fn subtract(s: MatMut<'_, f64>, w: &Mat<f64>) {
    let order = s.nrows();
    let mut blocks = Vec::with_capacity(order.div_ceil(BLOCK));
    let mut rest = s;
    let mut start = 0;
    while start < order {
        let width = BLOCK.min(order - start);
        let (block, more) = rest.split_at_col_mut(width);
        blocks.push((start, block.subrows_mut(start, order - start)));
        rest = more;
        start += width;
    }
    let one = |(start, block): (usize, MatMut<'_, f64>)| {
        let (below, across) = (w.subrows(start, order - start), w.subrows(start, block.ncols()));
        matmul(block, Accum::Add, below, across.transpose(), -1.0, Par::Seq);
    };
    #[cfg(feature = "threads")]
    if order >= THREADS {
        use rayon::prelude::*;
        blocks.into_par_iter().for_each(one);
        return;
    }
    blocks.into_iter().for_each(one);
}

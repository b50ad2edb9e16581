//! Outer products on a sparsity pattern. Columns whose rows have no gap, as those of a dense matrix, are filled as runs.

use crate::csc::run;
use crate::Csc;

/// `d xᵀ + x dᵀ` on the stored upper triangle, an off-diagonal entry standing for both of its mirror images.
pub(super) fn symmetric(pattern: &Csc, d: &[f64], x: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(pattern.nnz());
    for j in 0..pattern.ncols {
        let rows = &pattern.row_idx[pattern.col_ptr[j]..pattern.col_ptr[j + 1]];
        add(&mut out, rows, (d, x[j]), (x, d[j]));
        if rows.last() == Some(&j)
            && let Some(diagonal) = out.last_mut()
        {
            *diagonal = d[j] * x[j];
        }
    }
    out
}

/// `y dᵀ + v xᵀ` on the stored entries, those of the first `above` rows apart from the others.
pub(super) fn stacked(
    pattern: &Csc,
    above: usize,
    (y, d): (&[f64], &[f64]),
    (v, x): (&[f64], &[f64]),
) -> (Vec<f64>, Vec<f64>) {
    let rows = |j: usize| &pattern.row_idx[pattern.col_ptr[j]..pattern.col_ptr[j + 1]];
    let split = |j: usize| rows(j).partition_point(|&i| i < above);
    let first: usize = (0..pattern.ncols).map(split).sum();
    let (mut a, mut g) = (Vec::with_capacity(first), Vec::with_capacity(pattern.nnz() - first));
    for j in 0..pattern.ncols {
        let (upper, lower) = rows(j).split_at(split(j));
        add(&mut a, upper, (v, x[j]), (y, d[j]));
        add(&mut g, lower, (v, x[j]), (y, d[j]));
    }
    (a, g)
}

/// Appends `a s + b t` at the given rows.
#[inline(always)]
fn add(out: &mut Vec<f64>, rows: &[usize], (a, s): (&[f64], f64), (b, t): (&[f64], f64)) {
    if let Some(first) = run(rows) {
        let range = first..first + rows.len();
        out.extend(a[range.clone()].iter().zip(&b[range]).map(|(a, b)| a * s + b * t));
    } else {
        out.extend(rows.iter().map(|&i| a[i] * s + b[i] * t));
    }
}

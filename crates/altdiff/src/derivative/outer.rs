//! Outer products on a sparsity pattern. Columns whose rows have no gap, as those of a dense matrix, are filled as runs.

use super::state::end;
use crate::Csc;
use crate::active::{ActiveSet, Side};
use crate::core::Point;
use crate::csc::run;

/// `d xᵀ + x dᵀ` on the stored upper triangle, an off-diagonal entry standing for both of its mirror images.
pub(crate) fn symmetric(pattern: &Csc, d: &[f64], x: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.reserve(pattern.nnz());
    for j in 0..pattern.ncols {
        let rows = &pattern.row_idx[pattern.col_ptr[j]..pattern.col_ptr[j + 1]];
        add(out, rows, (d, x[j]), (x, d[j]));
        if rows.last() == Some(&j)
            && let Some(diagonal) = out.last_mut()
        {
            *diagonal = d[j] * x[j];
        }
    }
}

/// `y dᵀ + v xᵀ` on the stored entries, those of the first `above` rows apart from the others.
pub(crate) fn stacked(
    pattern: &Csc,
    above: usize,
    (y, d): (&[f64], &[f64]),
    (v, x): (&[f64], &[f64]),
    (a, g): (&mut Vec<f64>, &mut Vec<f64>),
) {
    let rows = |j: usize| &pattern.row_idx[pattern.col_ptr[j]..pattern.col_ptr[j + 1]];
    let split = |j: usize| rows(j).partition_point(|&i| i < above);
    let first: usize = (0..pattern.ncols).map(split).sum();
    a.clear();
    a.reserve(first);
    g.clear();
    g.reserve(pattern.nnz() - first);
    for j in 0..pattern.ncols {
        let (upper, lower) = rows(j).split_at(split(j));
        add(a, upper, (v, x[j]), (y, d[j]));
        add(g, lower, (v, x[j]), (y, d[j]));
    }
}

/// The covector's parts on b and on the ends: −d where the end is active, 0 elsewhere.
pub(crate) fn ends(d: &Point, at: &Point, active: &ActiveSet, [b, gl, gu, lo, hi]: [&mut [f64]; 5]) {
    let above = b.len();
    for (b, y) in b.iter_mut().zip(&d.y) {
        *b = -y;
    }
    let part = |d: &[f64], at: &[f64], sides: &[Side], lower: &mut [f64], upper: &mut [f64]| {
        lower.fill(0.0);
        upper.fill(0.0);
        for i in 0..d.len() {
            if d[i] != 0.0 {
                match end(sides[i], at[i]) {
                    Side::Lower => lower[i] = -d[i],
                    Side::Upper => upper[i] = -d[i],
                    _ => {}
                }
            }
        }
    };
    part(&d.y[above..], &at.y[above..], &active.rows[above..], gl, gu);
    part(&d.z, &at.z, &active.vars, lo, hi);
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

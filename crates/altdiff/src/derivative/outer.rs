//! Outer products on a sparsity pattern. Columns whose rows have no gap, as those of a dense matrix, are filled as runs.

use super::state::end;
use crate::Csc;
use crate::active::{ActiveSet, Side};
use crate::core::Point;
use crate::csc::{before, run};
use crate::kernel::{kernel, vectorized, zeros};

/// `d xᵀ + x dᵀ` on the stored upper triangle, an off-diagonal entry standing for both of its mirror images.
pub(crate) fn symmetric(pattern: &Csc, d: &[f64], x: &[f64], out: &mut Vec<f64>) {
    size(out, pattern.nnz());
    vectorized::<Symmetric, _>((pattern, d, x, &mut out[..]));
}

#[inline(always)]
fn symmetric_kernel((pattern, d, x, out): (&Csc, &[f64], &[f64], &mut [f64])) {
    for j in 0..pattern.ncols {
        let range = pattern.col_ptr[j]..pattern.col_ptr[j + 1];
        let (rows, out) = (&pattern.row_idx[range.clone()], &mut out[range]);
        write(out, rows, (d, x[j]), (x, d[j]));
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
    left: (&[f64], &[f64]),
    right: (&[f64], &[f64]),
    (a, g): (&mut Vec<f64>, &mut Vec<f64>),
) {
    let rows = |j: usize| &pattern.row_idx[pattern.col_ptr[j]..pattern.col_ptr[j + 1]];
    let first: usize = (0..pattern.ncols).map(|j| before(rows(j), above)).sum();
    size(a, first);
    size(g, pattern.nnz() - first);
    vectorized::<Stacked, _>((pattern, above, left, right, &mut a[..], &mut g[..]));
}

type Pair<'a> = (&'a [f64], &'a [f64]);

#[inline(always)]
fn stacked_kernel(
    (pattern, above, (y, d), (v, x), a, g): (&Csc, usize, Pair<'_>, Pair<'_>, &mut [f64], &mut [f64]),
) {
    let (mut a, mut g) = (a, g);
    for j in 0..pattern.ncols {
        let rows = &pattern.row_idx[pattern.col_ptr[j]..pattern.col_ptr[j + 1]];
        let (upper, lower) = rows.split_at(before(rows, above));
        let (head, rest) = a.split_at_mut(upper.len());
        write(head, upper, (v, x[j]), (y, d[j]));
        a = rest;
        let (head, rest) = g.split_at_mut(lower.len());
        write(head, lower, (v, x[j]), (y, d[j]));
        g = rest;
    }
}

kernel!(Symmetric = symmetric_kernel, (&Csc, &[f64], &[f64], &mut [f64]) -> ());
kernel!(Stacked = stacked_kernel, (&Csc, usize, Pair<'_>, Pair<'_>, &mut [f64], &mut [f64]) -> ());

/// Takes a length; what is in it does not matter.
fn size(out: &mut Vec<f64>, len: usize) {
    if out.capacity() < len {
        *out = zeros(len);
    } else {
        out.resize(len, 0.0);
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

/// Writes `a s + b t` at the given rows.
#[inline(always)]
fn write(out: &mut [f64], rows: &[usize], (a, s): (&[f64], f64), (b, t): (&[f64], f64)) {
    if let Some(first) = run(rows) {
        let range = first..first + rows.len();
        for (out, (a, b)) in out.iter_mut().zip(a[range.clone()].iter().zip(&b[range])) {
            *out = a * s + b * t;
        }
    } else {
        for (out, &i) in out.iter_mut().zip(rows) {
            *out = a[i] * s + b[i] * t;
        }
    }
}

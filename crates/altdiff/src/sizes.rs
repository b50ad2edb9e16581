//! How large the terms are that a multiplier or a slack is made of: what "small" means for each of them.

use crate::Csc;
use crate::core::{Core, Point};
use crate::csc::run;
use crate::kernel::{kernel, vectorized};

/// Sizes at a point, one per row and per bound.
pub(crate) struct Sizes {
    /// Largest multiplier that stationarity admits, given its other terms: the least, over the constraint's variables, of
    /// the largest term in the variable's stationarity. A cost of weight 1e-7 on an auxiliary variable makes this 1e-7
    /// for the constraints of that variable, whatever the rest of the objective is.
    pub multiplier: (Vec<f64>, Vec<f64>),
    /// The largest such term: rounding in it is rounding in the multiplier.
    pub noise: (Vec<f64>, Vec<f64>),
    /// Largest term of the constraint's value.
    pub value: (Vec<f64>, Vec<f64>),
}

impl Sizes {
    pub(crate) fn new(core: &Core, point: &Point) -> Self {
        let (n, m) = (core.n(), core.m());
        let mut terms: Vec<f64> = core.q.iter().zip(&point.z).map(|(q, z)| q.abs().max(z.abs())).collect();
        let (p, c) = (&*core.p, &*core.c);
        for j in 0..n {
            let (mut own, xj) = (terms[j], point.x[j]);
            for k in p.col_ptr[j]..p.col_ptr[j + 1] {
                let (i, v) = (p.row_idx[k], p.values[k]);
                terms[i] = terms[i].max((v * xj).abs());
                own = own.max((v * point.x[i]).abs());
            }
            for k in c.col_ptr[j]..c.col_ptr[j + 1] {
                own = own.max((c.values[k] * point.y[c.row_idx[k]]).abs());
            }
            terms[j] = terms[j].max(own);
        }
        let (mut least, mut most, mut value) = (vec![f64::INFINITY; m], vec![0.0_f64; m], vec![0.0_f64; m]);
        vectorized::<Raise, _>((c, &terms, &point.x, [&mut least, &mut most, &mut value]));
        for v in &mut least {
            if v.is_infinite() {
                *v = 0.0;
            }
        }
        let bounds = (0..n).map(|i| point.x[i].abs()).collect();
        Self { multiplier: (least, terms.clone()), noise: (most, terms), value: (value, bounds) }
    }
}

/// Brings the rows' sizes up to date with what every column makes of them: the least and the largest quotient of its term
/// and an entry, and the largest product of an entry and x.
#[inline(always)]
fn raise_rows((c, terms, x, [least, most, value]): (&Csc, &[f64], &[f64], [&mut [f64]; 3])) {
    for j in 0..c.ncols {
        let range = c.col_ptr[j]..c.col_ptr[j + 1];
        let (rows, values, column) = (&c.row_idx[range.clone()], &c.values[range], (terms[j], x[j].abs()));
        if let Some(first) = run(rows) {
            let range = first..first + rows.len();
            let sizes = least[range.clone()].iter_mut().zip(&mut most[range.clone()]).zip(&mut value[range]);
            for (v, ((least, most), value)) in values.iter().zip(sizes) {
                raise_row(v.abs(), column, (least, most, value));
            }
        } else {
            for (v, &i) in values.iter().zip(rows) {
                raise_row(v.abs(), column, (&mut least[i], &mut most[i], &mut value[i]));
            }
        }
    }
}

/// The same for one entry's absolute value.
#[inline(always)]
fn raise_row(v: f64, (term, x): (f64, f64), (least, most, value): (&mut f64, &mut f64, &mut f64)) {
    let quotient = term / v;
    // A stored zero is no entry.
    let (low, high) = if v == 0.0 { (f64::INFINITY, 0.0) } else { (quotient, quotient) };
    *least = if low < *least { low } else { *least };
    *most = if high > *most { high } else { *most };
    *value = if v * x > *value { v * x } else { *value };
}

kernel!(Raise = raise_rows, (&Csc, &[f64], &[f64], [&mut [f64]; 3]) -> ());

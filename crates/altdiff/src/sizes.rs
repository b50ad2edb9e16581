//! How large the terms are that a multiplier or a slack is made of: what "small" means for each of them.

use crate::core::{Core, Point};

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
        for j in 0..n {
            let (term, xj) = (terms[j], point.x[j].abs());
            for k in c.col_ptr[j]..c.col_ptr[j + 1] {
                let (i, v) = (c.row_idx[k], c.values[k].abs());
                if v != 0.0 {
                    let quotient = term / v;
                    least[i] = least[i].min(quotient);
                    most[i] = most[i].max(quotient);
                    value[i] = value[i].max(v * xj);
                }
            }
        }
        for v in &mut least {
            if v.is_infinite() {
                *v = 0.0;
            }
        }
        let bounds = (0..n).map(|i| point.x[i].abs()).collect();
        Self { multiplier: (least, terms.clone()), noise: (most, terms), value: (value, bounds) }
    }
}

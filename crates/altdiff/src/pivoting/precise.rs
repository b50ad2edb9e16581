//! Residuals in twice the working precision, for problems whose solutions feel the rounding of ordinary ones.
//!
//! Sums carry what each product and each addition rounds away (Ogita, Rump and Oishi 2005, algorithm Dot2).

use crate::Csc;
use crate::core::{Core, Point};
use crate::kernel::{kernel, vectorized};

/// A sum, and what was rounded away.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum(f64, f64);

impl Sum {
    #[inline(always)]
    fn add(&mut self, v: f64) {
        let sum = self.0 + v;
        let part = sum - self.0;
        self.1 += (self.0 - (sum - part)) + (v - part);
        self.0 = sum;
    }

    #[inline(always)]
    fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        self.add(product);
        self.1 += a.mul_add(b, -product);
    }

    /// `v` less the sum.
    #[inline(always)]
    pub(super) fn from(self, v: f64) -> f64 {
        (v - self.0) - self.1
    }
}

/// Px + q + Cᵀy + z, and Cx.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub dual: Vec<Sum>,
    pub rows: Vec<Sum>,
}

impl Sums {
    /// Makes room.
    pub(super) fn reserve(&mut self, n: usize, m: usize) {
        self.dual.reserve(n);
        self.rows.reserve(m);
    }

    pub(super) fn evaluate(&mut self, core: &Core, point: &Point) {
        let Self { dual, rows } = self;
        dual.clear();
        dual.resize(core.n(), Sum::default());
        rows.clear();
        rows.resize(core.m(), Sum::default());
        for ((sum, q), z) in dual.iter_mut().zip(&core.q).zip(&point.z) {
            sum.add(*q);
            sum.add(*z);
        }
        vectorized::<AddSymmetric, _>((&*core.p, &point.x[..], &mut dual[..]));
        vectorized::<AddBoth, _>((&*core.c, &point.x[..], &point.y[..], &mut dual[..], &mut rows[..]));
    }
}

kernel!(AddSymmetric = add_symmetric, (&Csc, &[f64], &mut [Sum]) -> ());
kernel!(AddBoth = add_both, (&Csc, &[f64], &[f64], &mut [Sum], &mut [Sum]) -> ());

#[inline(always)]
fn add_symmetric((upper, x, out): (&Csc, &[f64], &mut [Sum])) {
    for j in 0..upper.ncols {
        let mut own = out[j];
        for (i, v) in upper.column(j) {
            own.add_product(v, x[i]);
            if i != j {
                out[i].add_product(v, x[j]);
            }
        }
        out[j] = own;
    }
}

#[inline(always)]
fn add_both((c, x, y, dual, rows): (&Csc, &[f64], &[f64], &mut [Sum], &mut [Sum])) {
    for j in 0..c.ncols {
        let mut own = dual[j];
        for (i, v) in c.column(j) {
            own.add_product(v, y[i]);
            rows[i].add_product(v, x[j]);
        }
        dual[j] = own;
    }
}

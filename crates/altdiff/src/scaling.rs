//! Ruiz equilibration: x = D x̂, rows Ĉ = E C D, cost c·D P D.

use crate::core::{Core, Point, Products};
use std::sync::Arc;

/// Diagonal scalings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    /// Of the variables: x = d ⊙ x̂.
    pub d: Vec<f64>,
    /// Of the rows: ŷ-row = e ⊙ row.
    pub e: Vec<f64>,
    /// Of the objective.
    pub cost: f64,
}

/// Passes of the equilibration; each brings the largest entry of every row and column nearer to 1.
const PASSES: usize = 12;

impl Scaling {
    pub(crate) fn none(core: &Core) -> Self {
        Self { d: vec![1.0; core.n()], e: vec![1.0; core.m()], cost: 1.0 }
    }

    /// Equilibrates [P Cᵀ; C 0]; all factors are powers of two, so that scaling makes no rounding error.
    pub(crate) fn ruiz(core: &Core) -> Self {
        let (n, m) = (core.n(), core.m());
        let mut s = Self::none(core);
        for _ in 0..PASSES {
            let (mut col, mut row) = (vec![0.0_f64; n], vec![0.0_f64; m]);
            for (i, j, v) in core.p.iter() {
                let v = (v * s.d[i] * s.d[j]).abs();
                col[i] = col[i].max(v);
                col[j] = col[j].max(v);
            }
            for (i, j, v) in core.c.iter() {
                let v = (v * s.e[i] * s.d[j]).abs();
                col[j] = col[j].max(v);
                row[i] = row[i].max(v);
            }
            // Rounded to powers of two in the end, they need not be exact.
            let even = |size: &f64| *size == 0.0 || (0.9..1.1).contains(size);
            if col.iter().all(even) && row.iter().all(even) {
                break;
            }
            let step = |factor: &mut f64, size: f64| {
                if size > 0.0 {
                    *factor = (*factor / size.sqrt()).clamp(1e-8, 1e8);
                }
            };
            for j in 0..n {
                step(&mut s.d[j], col[j]);
            }
            for i in 0..m {
                step(&mut s.e[i], row[i]);
            }
        }
        for v in s.d.iter_mut().chain(&mut s.e) {
            *v = power_of_two(*v);
        }
        s.balance(core);
        s
    }

    /// Brings the cost to size 1 by its mean column or largest linear term.
    pub(crate) fn balance(&mut self, core: &Core) {
        let (s, n) = (self, core.n());
        let mut col = vec![0.0_f64; n];
        for (i, j, v) in core.p.iter() {
            let v = (v * s.d[i] * s.d[j]).abs();
            col[i] = col[i].max(v);
            col[j] = col[j].max(v);
        }
        let mean = if n == 0 { 0.0 } else { col.iter().sum::<f64>() / n as f64 };
        let linear = (0..n).map(|j| (core.q[j] * s.d[j]).abs()).fold(0.0, f64::max);
        let size = mean.max(linear);
        if size > 0.0 {
            s.cost = power_of_two((1.0 / size).clamp(1e-8, 1e8));
        }
    }

    /// The scaled problem.
    pub(crate) fn apply(&self, core: &Core) -> Core {
        let mut out = core.clone();
        let (p, c) = (Arc::make_mut(&mut out.p), Arc::make_mut(&mut out.c));
        for j in 0..core.n() {
            for k in p.col_ptr[j]..p.col_ptr[j + 1] {
                p.values[k] *= self.cost * self.d[p.row_idx[k]] * self.d[j];
            }
            for k in c.col_ptr[j]..c.col_ptr[j + 1] {
                c.values[k] *= self.e[c.row_idx[k]] * self.d[j];
            }
        }
        self.apply_vectors(core, &mut out);
        out
    }

    /// Scales the vectors of `core` into `out`, whose matrices are scaled already.
    pub(crate) fn apply_vectors(&self, core: &Core, out: &mut Core) {
        for j in 0..core.n() {
            out.q[j] = core.q[j] * self.cost * self.d[j];
            out.lo[j] = core.lo[j] / self.d[j];
            out.hi[j] = core.hi[j] / self.d[j];
        }
        for i in 0..core.m() {
            out.l[i] = core.l[i] * self.e[i];
            out.u[i] = core.u[i] * self.e[i];
        }
    }

    /// What a slack of a row or of a bound is multiplied by.
    pub(crate) fn of_slack(&self, row: bool, index: usize) -> f64 {
        if row { self.e[index] } else { 1.0 / self.d[index] }
    }

    /// A point of the scaled problem in the user's units.
    pub(crate) fn unscale(&self, point: &Point) -> Point {
        Point {
            x: point.x.iter().zip(&self.d).map(|(v, d)| v * d).collect(),
            y: point.y.iter().zip(&self.e).map(|(v, e)| v * e / self.cost).collect(),
            z: point.z.iter().zip(&self.d).map(|(v, d)| v / (d * self.cost)).collect(),
        }
    }

    /// The products of a point of the scaled problem, in the user's units.
    pub(crate) fn unscale_products(&self, products: &Products) -> Products {
        let by = |v: &[f64], s: &[f64], cost: f64| v.iter().zip(s).map(|(v, s)| v / (s * cost)).collect();
        Products {
            px: by(&products.px, &self.d, self.cost),
            cx: by(&products.cx, &self.e, 1.0),
            cy: by(&products.cy, &self.d, self.cost),
        }
    }

    /// A point in the user's units in those of the scaled problem.
    pub(crate) fn scale(&self, point: &Point) -> Point {
        Point {
            x: point.x.iter().zip(&self.d).map(|(v, d)| v / d).collect(),
            y: point.y.iter().zip(&self.e).map(|(v, e)| v * self.cost / e).collect(),
            z: point.z.iter().zip(&self.d).map(|(v, d)| v * self.cost * d).collect(),
        }
    }
}

/// The nearest power of two. What lies half-way, as often happens in regular problems, goes up whatever the rounding.
fn power_of_two(v: f64) -> f64 {
    (v.log2() + 0.01).round().exp2()
}

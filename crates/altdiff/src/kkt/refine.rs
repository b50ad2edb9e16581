//! Iterative refinement: a solve with a regularized factor, corrected against the matrix that is meant.
//!
//! With proximal regularization the correction is the proximal-point iteration of a monotone map, so on a singular but
//! consistent system it converges to the solution nearest to where it starts: from zero, the least-norm one. Where it
//! contracts slowly, since eigenvalues below the regularization matter, flexible GMRES takes over with the same factor
//! as preconditioner (Saad 1993): it stays in the span of the same corrections, and so keeps that property.

use super::Factor;
use crate::core::{Core, Products};
use crate::problem::{dot, norm_inf};

/// Vectors of one GMRES cycle, and how often it restarts.
const CYCLE: usize = 12;
const CYCLES: usize = 3;

/// A correction that leaves more of the residual than this is followed by GMRES.
const SLOW: f64 = 0.05;

/// Steps of GMRES after which an attempt must be on its way to its tolerance within so many.
const TRIED: usize = 4;
const WITHIN: f64 = 24.0;

/// A residual below this part of the largest term it is a sum of is rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Powers of the resolvent that single out a null space, and the relative size below which there is none.
const RESOLVENTS: usize = 3;
const NOISE: f64 = 1e-6;

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
    /// Largest residual relative to the right-hand side.
    pub residual: f64,
    /// The residual relative to the right-hand side and the solution: at rounding level no better factor would help.
    pub backward: f64,
    /// Whether the factor's own solution needed no correction.
    pub at_once: bool,
}

/// A right-hand side or a solution, with the sizes its residuals are relative to.
struct Refined<'a> {
    system: &'a System<'a>,
    factor: &'a Factor,
    bx: &'a [f64],
    by: &'a [f64],
    sizes: (f64, f64),
    x: Vec<f64>,
    y: Vec<f64>,
    /// Px, Cx and Cᵀy.
    products: Products,
    rx: Vec<f64>,
    ry: Vec<f64>,
    residual: f64,
    /// As `residual`, relative to the terms it is a sum of where these are larger.
    backward: f64,
    /// Whether to go on where the tolerance seems out of reach.
    patient: bool,
}

impl Refined<'_> {
    /// The residual of the present (x, y).
    fn measure(&mut self) {
        self.rx.copy_from_slice(self.bx);
        self.ry.copy_from_slice(self.by);
        self.system.core.products_of(&self.x, &self.y, &mut self.products);
        self.system.subtract_products(&self.products, (&self.x, &self.y), &mut self.rx, &mut self.ry);
        let (rx, ry) = (norm_inf(&self.rx), norm_inf(&self.ry));
        self.residual = (rx / self.sizes.0).max(ry / self.sizes.1);
        let (tx, ty) = self.system.terms(&self.x, &self.y, &self.products.px);
        self.backward = (rx / tx.max(self.sizes.0)).max(ry / ty.max(self.sizes.1));
    }

    /// Whether the residual is small enough, or so small or large that no step changes it.
    fn done(&self, tolerance: f64) -> bool {
        self.residual <= tolerance || !self.residual.is_finite() || self.backward <= ROUNDING
    }

    /// Adds `d` and keeps it iff the residual falls; whether it fell.
    fn add(&mut self, dx: &[f64], dy: &[f64]) -> bool {
        let (x, y, last, backward) = (self.x.clone(), self.y.clone(), self.residual, self.backward);
        let (rx, ry, products) = (self.rx.clone(), self.ry.clone(), self.products.clone());
        for (x, d) in self.x.iter_mut().zip(dx).chain(self.y.iter_mut().zip(dy)) {
            *x += d;
        }
        self.measure();
        if self.residual < last {
            return true;
        }
        (self.x, self.y, self.rx, self.ry, self.residual) = (x, y, rx, ry, last);
        (self.products, self.backward) = (products, backward);
        false
    }

    /// One cycle of flexible GMRES on the residual, in the norm in which both blocks weigh the same; whether it helped.
    fn cycle(&mut self, tolerance: f64) -> bool {
        let (n, m) = (self.x.len(), self.y.len());
        let (sx, sy) = (1.0 / self.sizes.0, 1.0 / self.sizes.1);
        let weigh = |v: &mut [f64]| {
            for (i, v) in v.iter_mut().enumerate() {
                *v *= if i < n { sx } else { sy };
            }
        };
        let mut first: Vec<f64> = self.rx.iter().chain(&self.ry).copied().collect();
        weigh(&mut first);
        let beta = dot(&first, &first).sqrt();
        if beta == 0.0 || !beta.is_finite() {
            return false;
        }
        for v in &mut first {
            *v /= beta;
        }
        let mut basis = vec![first];
        let mut moved: Vec<Vec<f64>> = Vec::new();
        // The Hessenberg matrix by columns, turned into a triangle by Givens rotations as it grows.
        let mut triangle: Vec<Vec<f64>> = Vec::new();
        let mut turns: Vec<(f64, f64)> = Vec::new();
        let mut rest = vec![beta];
        // Below this the residual is rounding in the terms there are now.
        let rounding = ROUNDING * self.residual / self.backward;
        let enough = (0.1 * tolerance).max(rounding);
        for k in 0..CYCLE {
            let mut z = basis[k].clone();
            for (i, v) in z.iter_mut().enumerate() {
                *v /= if i < n { sx } else { sy };
            }
            let (zx, zy) = z.split_at_mut(n);
            self.factor.solve(zx, zy);
            let mut w = vec![0.0; n + m];
            let (wx, wy) = w.split_at_mut(n);
            self.system.subtract(&z[..n], &z[n..], wx, wy);
            for v in &mut w {
                *v = -*v;
            }
            weigh(&mut w);
            moved.push(z);
            let mut column = vec![0.0; k + 2];
            // Twice is enough (Kahan): orthogonal to rounding.
            for _ in 0..2 {
                for (j, b) in basis.iter().enumerate() {
                    let h = dot(b, &w);
                    column[j] += h;
                    for (w, b) in w.iter_mut().zip(b) {
                        *w -= h * b;
                    }
                }
            }
            let length = dot(&w, &w).sqrt();
            column[k + 1] = length;
            for (j, &(c, s)) in turns.iter().enumerate() {
                let (a, b) = (column[j], column[j + 1]);
                column[j] = c * a + s * b;
                column[j + 1] = c * b - s * a;
            }
            let size = column[k].hypot(column[k + 1]);
            if size == 0.0 || !size.is_finite() {
                moved.pop();
                break;
            }
            let (c, s) = (column[k] / size, column[k + 1] / size);
            column[k] = size;
            column.truncate(k + 1);
            turns.push((c, s));
            rest.push(-s * rest[k]);
            rest[k] *= c;
            triangle.push(column);
            let left = rest[k + 1].abs();
            let hopeless = || beta * (left / beta).powf(WITHIN / TRIED as f64) > tolerance;
            if left <= enough || length <= 1e-14 * size || !self.patient && k + 1 == TRIED && hopeless() {
                break;
            }
            for v in &mut w {
                *v /= length;
            }
            basis.push(w);
        }
        let count = triangle.len();
        let mut weights = vec![0.0; count];
        for k in (0..count).rev() {
            let known: f64 = (k + 1..count).map(|j| triangle[j][k] * weights[j]).sum();
            weights[k] = (rest[k] - known) / triangle[k][k];
        }
        let mut d = vec![0.0; n + m];
        for (z, t) in moved.iter().zip(&weights) {
            for (d, z) in d.iter_mut().zip(z) {
                *d += t * z;
            }
        }
        let (dx, dy) = d.split_at(n);
        self.add(dx, dy)
    }
}

impl System<'_> {
    /// Subtracts the matrix times (x, y) from (rx, ry). Entries outside the masks are set to zero.
    pub(crate) fn subtract(&self, x: &[f64], y: &[f64], rx: &mut [f64], ry: &mut [f64]) {
        let mut products = Products::default();
        products.resize(x.len(), y.len());
        self.core.products_of(x, y, &mut products);
        self.subtract_products(&products, (x, y), rx, ry);
    }

    /// As [`subtract`](Self::subtract), from the products of (x, y).
    pub(crate) fn subtract_products(
        &self,
        products: &Products,
        (x, y): (&[f64], &[f64]),
        rx: &mut [f64],
        ry: &mut [f64],
    ) {
        for (r, (p, c)) in rx.iter_mut().zip(products.px.iter().zip(&products.cy)) {
            *r -= p + c;
        }
        for (r, c) in ry.iter_mut().zip(&products.cx) {
            *r -= c;
        }
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

    /// Sizes of the terms of the matrix times (x, y), by block; the entries of P and C are of size 1.
    fn terms(&self, x: &[f64], y: &[f64], px: &[f64]) -> (f64, f64) {
        let scaled = |d: Option<&[f64]>, v: &[f64]| {
            d.map_or(0.0, |d| d.iter().zip(v).fold(0.0_f64, |m, (d, v)| m.max((d * v).abs())))
        };
        (norm_inf(px).max(norm_inf(y)).max(scaled(self.hx, x)), norm_inf(x).max(scaled(self.dr, y)))
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

    /// Removes from a right-hand side its component in the null space of the matrix, for a factor whose proximal weights are
    /// the same wherever the null space is not zero; returns the size of that component relative to the whole. Powers of the
    /// resolvent of the monotone map M = JK tend to the projection on its null space.
    pub(crate) fn reachable(&self, factor: &Factor, bx: &mut [f64], by: &mut [f64]) -> f64 {
        self.mask(bx, by);
        let whole = norm_inf(bx).max(norm_inf(by));
        let (mut nx, mut ny) = (bx.to_vec(), by.to_vec());
        for _ in 0..RESOLVENTS {
            factor.resolve(&mut nx, &mut ny);
            if norm_inf(&nx).max(norm_inf(&ny)) <= NOISE * whole {
                return 0.0;
            }
        }
        for (b, n) in bx.iter_mut().zip(&nx).chain(by.iter_mut().zip(&ny)) {
            *b -= n;
        }
        norm_inf(&nx).max(norm_inf(&ny)) / whole
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
        let size = self.size(bx, by);
        self.solve_within(factor, bx, by, (size, size), tolerance, max_steps)
    }

    /// As [`System::solve`], given up soon where the tolerance seems out of reach.
    pub(crate) fn attempt(
        &self,
        factor: &Factor,
        bx: &mut [f64],
        by: &mut [f64],
        tolerance: f64,
        max_steps: usize,
    ) -> Outcome {
        let size = self.size(bx, by);
        self.refine(factor, (bx, by), (size, size), tolerance, max_steps, false).0
    }

    /// Largest entry of what takes part of a right-hand side; the rest is set to zero.
    fn size(&self, bx: &mut [f64], by: &mut [f64]) -> f64 {
        self.mask(bx, by);
        norm_inf(bx).max(norm_inf(by))
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
        self.solve_products(factor, bx, by, sizes, tolerance, max_steps).0
    }

    /// As [`System::solve_within`], with the products of the solution.
    pub(crate) fn solve_products(
        &self,
        factor: &Factor,
        bx: &mut [f64],
        by: &mut [f64],
        sizes: (f64, f64),
        tolerance: f64,
        max_steps: usize,
    ) -> (Outcome, Products) {
        self.refine(factor, (bx, by), sizes, tolerance, max_steps, true)
    }

    fn refine(
        &self,
        factor: &Factor,
        (bx, by): (&mut [f64], &mut [f64]),
        sizes: (f64, f64),
        tolerance: f64,
        max_steps: usize,
        patient: bool,
    ) -> (Outcome, Products) {
        self.mask(bx, by);
        let mut products = Products::default();
        products.resize(bx.len(), by.len());
        if norm_inf(bx) == 0.0 && norm_inf(by) == 0.0 {
            return (Outcome { residual: 0.0, backward: 0.0, at_once: true }, products);
        }
        let (mut x, mut y) = (bx.to_vec(), by.to_vec());
        factor.solve(&mut x, &mut y);
        let mut work = Refined {
            system: self,
            factor,
            sizes,
            rx: bx.to_vec(),
            ry: by.to_vec(),
            bx,
            by,
            x,
            y,
            products,
            residual: f64::INFINITY,
            backward: f64::INFINITY,
            patient,
        };
        work.measure();
        let at_once = work.residual <= tolerance;
        if !norm_inf(&work.rx).max(norm_inf(&work.ry)).is_finite() {
            work.x.fill(0.0);
            work.y.fill(0.0);
            work.measure();
        }
        for _ in 0..max_steps {
            if work.done(tolerance) {
                break;
            }
            let last = work.residual;
            let (mut dx, mut dy) = (work.rx.clone(), work.ry.clone());
            factor.solve(&mut dx, &mut dy);
            if !work.add(&dx, &dy) || work.residual > SLOW * last {
                break;
            }
        }
        let enough = if patient { 0.5 } else { 0.01 };
        for _ in 0..CYCLES {
            let last = work.residual;
            if work.done(tolerance) || !work.cycle(tolerance) || work.residual > enough * last {
                break;
            }
        }
        let Refined { x, y, residual, backward, mut products, .. } = work;
        if residual.is_finite() {
            bx.copy_from_slice(&x);
            by.copy_from_slice(&y);
        } else {
            bx.fill(0.0);
            by.fill(0.0);
            products.fill(0.0);
        }
        (Outcome { residual, backward, at_once }, products)
    }
}

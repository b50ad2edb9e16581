//! The stacked form all methods work on: `minimize ½xᵀPx + qᵀx  subject to  l ≤ Cx ≤ u, lo ≤ x ≤ hi` with C = [A; G].
//!
//! An equality has l = u. A multiplier is signed: positive towards the upper end, negative towards the lower one.

use crate::csc::MulBoth;
use crate::kernel::{both, raise, vectorized};
use crate::problem::{dot, norm_inf};
use crate::{Csc, Problem, Residuals};
use std::sync::Arc;

/// The problem in stacked form.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    /// Upper triangle of P; shared by all problems that have it.
    pub p: Arc<Csc>,
    pub q: Vec<f64>,
    pub c: Arc<Csc>,
    pub l: Vec<f64>,
    pub u: Vec<f64>,
    pub lo: Vec<f64>,
    pub hi: Vec<f64>,
}

/// A primal–dual point: x, the signed multipliers y of the rows and z of the bounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub z: Vec<f64>,
}

impl Point {
    pub(crate) fn zeros(core: &Core) -> Self {
        Self { x: vec![0.0; core.n()], y: vec![0.0; core.m()], z: vec![0.0; core.n()] }
    }

    /// Takes sizes, in the memory there is.
    pub(crate) fn resize(&mut self, n: usize, m: usize) {
        self.x.resize(n, 0.0);
        self.y.resize(m, 0.0);
        self.z.resize(n, 0.0);
    }

    /// Zeros everywhere.
    pub(crate) fn clear(&mut self) {
        for v in [&mut self.x, &mut self.y, &mut self.z] {
            v.fill(0.0);
        }
    }

    /// The largest multiplier.
    pub(crate) fn size(&self) -> f64 {
        norm_inf(&self.y).max(norm_inf(&self.z))
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.x.iter().chain(&self.y).chain(&self.z).all(|v| v.is_finite())
    }
}

/// The products of the data with a point: Px, Cx, Cᵀy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Products {
    pub px: Vec<f64>,
    pub cx: Vec<f64>,
    pub cy: Vec<f64>,
}

impl Products {
    /// Takes sizes, in the memory there is.
    pub(crate) fn resize(&mut self, n: usize, m: usize) {
        self.px.resize(n, 0.0);
        self.cx.resize(m, 0.0);
        self.cy.resize(n, 0.0);
    }

    pub(crate) fn fill(&mut self, value: f64) {
        for v in [&mut self.px, &mut self.cx, &mut self.cy] {
            v.fill(value);
        }
    }
}

impl Core {
    pub(crate) fn new(problem: &Problem) -> Self {
        let (p, c) = both(problem.p.nnz(), || problem.p.clone(), || problem.a.stack(&problem.g));
        Self::with(problem, Arc::new(p), Arc::new(c))
    }

    /// The problem with matrices that are stacked already.
    pub(crate) fn with(problem: &Problem, p: Arc<Csc>, c: Arc<Csc>) -> Self {
        let stacked = |a: &[f64], b: &[f64]| {
            let mut out = Vec::with_capacity(a.len() + b.len());
            out.extend_from_slice(a);
            out.extend_from_slice(b);
            out
        };
        Self {
            p,
            q: problem.q.clone(),
            c,
            l: stacked(&problem.b, &problem.gl),
            u: stacked(&problem.b, &problem.gu),
            lo: problem.lo.clone(),
            hi: problem.hi.clone(),
        }
    }

    /// Whether the problem has these vectors, bit by bit.
    pub(crate) fn has_vectors(&self, problem: &Problem) -> bool {
        let same = |a: &[f64], b: &[f64]| {
            let mut differ = u64::from(a.len() != b.len());
            for (a, b) in a.iter().zip(b) {
                differ |= a.to_bits() ^ b.to_bits();
            }
            differ == 0
        };
        let stacked = |v: &[f64], a: &[f64], b: &[f64]| {
            v.split_at_checked(a.len()).is_some_and(|(above, below)| same(above, a) && same(below, b))
        };
        same(&self.q, &problem.q)
            && stacked(&self.l, &problem.b, &problem.gl)
            && stacked(&self.u, &problem.b, &problem.gu)
            && same(&self.lo, &problem.lo)
            && same(&self.hi, &problem.hi)
    }

    /// The problem again, its rows taken apart.
    pub(crate) fn problem(&self, equalities: usize, constant: f64) -> Problem {
        let (a, g) = self.c.split(equalities);
        Problem {
            p: (*self.p).clone(),
            q: self.q.clone(),
            r: constant,
            a,
            b: self.l[..equalities].to_vec(),
            g,
            gl: self.l[equalities..].to_vec(),
            gu: self.u[equalities..].to_vec(),
            lo: self.lo.clone(),
            hi: self.hi.clone(),
            smooth: Vec::new(),
            w: Vec::new(),
        }
    }

    /// Number of variables.
    pub(crate) fn n(&self) -> usize {
        self.q.len()
    }

    /// Number of rows of C.
    pub(crate) fn m(&self) -> usize {
        self.l.len()
    }

    /// ½xᵀPx + qᵀx.
    pub(crate) fn objective(&self, x: &[f64]) -> f64 {
        0.5 * dot(x, &self.p.mul_symmetric_vec(x)) + dot(&self.q, x)
    }

    /// Px + q + Cᵀy + z.
    pub(crate) fn stationarity(&self, point: &Point) -> Vec<f64> {
        let mut r = self.q.clone();
        self.p.mul_symmetric_add(1.0, &point.x, &mut r);
        self.c.mul_transpose_add(1.0, &point.y, &mut r);
        for (r, z) in r.iter_mut().zip(&point.z) {
            *r += z;
        }
        r
    }

    /// The largest term of the duality gap: xᵀPx, qᵀx, or the multipliers times their ends.
    pub(crate) fn objective_size(&self, point: &Point, px: &[f64]) -> f64 {
        let side = |y: f64, l: f64, u: f64| {
            let end = if y > 0.0 { u } else { l };
            if end.is_finite() { y * end } else { 0.0 }
        };
        let rows: f64 = (0..self.m()).map(|i| side(point.y[i], self.l[i], self.u[i])).sum();
        let bounds: f64 = (0..self.n()).map(|i| side(point.z[i], self.lo[i], self.hi[i])).sum();
        let quadratic = dot(&point.x, px);
        quadratic.abs().max(dot(&self.q, &point.x).abs()).max((rows + bounds).abs())
    }

    /// The residuals of §"honesty": each relative to max(1, its largest term). A multiplier that presses against an
    /// absent end counts as part of the dual residual.
    pub(crate) fn residuals(&self, point: &Point) -> Residuals {
        let mut products = Products::default();
        products.resize(self.n(), self.m());
        self.products(point, &mut products);
        self.residuals_of(point, &products)
    }

    /// Px, Cx and Cᵀy, each matrix read once.
    pub(crate) fn products(&self, point: &Point, out: &mut Products) {
        self.products_of(&point.x, &point.y, out);
    }

    /// As [`products`](Self::products), of x and the rows' multipliers.
    pub(crate) fn products_of(&self, x: &[f64], y: &[f64], out: &mut Products) {
        out.fill(0.0);
        let Products { px, cx, cy } = out;
        both(
            self.p.nnz(),
            || self.p.mul_symmetric_add(1.0, x, px),
            || vectorized::<MulBoth, _>((&*self.c, x, y, &mut cx[..], &mut cy[..])),
        );
    }

    /// As [`residuals`](Self::residuals), from the products of the point.
    pub(crate) fn residuals_of(&self, point: &Point, products: &Products) -> Residuals {
        let n = self.n();
        let Products { px, cx, cy } = products;
        let (mut violation, mut size) = (0.0_f64, 1.0_f64);
        let mut ends = 0.0; // sum of multiplier times end, the dual objective's linear part
        let mut largest: f64 = 1.0; // of the terms of the gap
        let mut wrong: f64 = 0.0; // multipliers against absent ends
        let mut side = |v: f64, y: f64, l: f64, u: f64| {
            raise(&mut violation, l - v);
            raise(&mut violation, v - u);
            raise(&mut size, v.abs());
            let end = if y > 0.0 { u } else { l };
            if end.is_finite() {
                raise(&mut size, end.abs());
                ends += y * end;
                raise(&mut largest, (y * end).abs());
            } else if y != 0.0 {
                raise(&mut wrong, y.abs());
            }
        };
        for i in 0..self.m() {
            side(cx[i], point.y[i], self.l[i], self.u[i]);
        }
        for i in 0..n {
            side(point.x[i], point.z[i], self.lo[i], self.hi[i]);
        }
        let mut dual = wrong;
        for i in 0..n {
            raise(&mut dual, (px[i] + self.q[i] + cy[i] + point.z[i]).abs());
        }
        let terms = norm_inf(px).max(norm_inf(&self.q)).max(norm_inf(cy)).max(norm_inf(&point.z)).max(1.0);
        let (quadratic, linear) = (dot(&point.x, px), dot(&self.q, &point.x));
        largest = largest.max(quadratic.abs()).max(linear.abs()).max(ends.abs());
        let clean = |v: f64| if v.is_nan() { f64::INFINITY } else { v };
        Residuals {
            primal: clean(violation / size),
            dual: clean(dual / terms),
            gap: clean((quadratic + linear + ends).abs() / largest),
        }
    }
}

//! The problem: data of a convex quadratic program.

use crate::kernel::{both, kernel, vectorized};
use crate::smooth::{self, SmoothTerm};
use crate::{Csc, Error};

/// `minimize ½xᵀPx + qᵀx + r + Σₖ wₖ φₖ(x_{jₖ})  subject to  Ax = b,  gl ≤ Gx ≤ gu,  lo ≤ x ≤ hi`.
///
/// With n variables, m equalities and p inequality rows, `p` is n×n (upper triangle only), `a` is m×n and `g` is p×n.
/// An infinite entry of `gl`, `gu`, `lo`, `hi` is an absent bound. Build it with the methods, or fill the fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Upper triangle of the positive semidefinite P, n×n.
    pub p: Csc,
    /// Linear cost, n.
    pub q: Vec<f64>,
    /// Constant cost.
    pub r: f64,
    /// Equality matrix, m×n.
    pub a: Csc,
    /// Equality right-hand side, m.
    pub b: Vec<f64>,
    /// Inequality matrix, p×n.
    pub g: Csc,
    /// Lower ends of Gx, p; −∞ where there is none.
    pub gl: Vec<f64>,
    /// Upper ends of Gx, p; +∞ where there is none.
    pub gu: Vec<f64>,
    /// Lower bounds of x, n; −∞ where there is none.
    pub lo: Vec<f64>,
    /// Upper bounds of x, n; +∞ where there is none.
    pub hi: Vec<f64>,
    /// Smooth convex terms of the objective, with their domains as implicit constraints.
    pub smooth: Vec<SmoothTerm>,
    /// Weights of the smooth terms, at least 0.
    pub w: Vec<f64>,
}

impl Problem {
    /// `minimize 0` over n free variables.
    pub fn new(n: usize) -> Self {
        Self {
            p: Csc::zeros(n, n),
            q: vec![0.0; n],
            r: 0.0,
            a: Csc::zeros(0, n),
            b: Vec::new(),
            g: Csc::zeros(0, n),
            gl: Vec::new(),
            gu: Vec::new(),
            lo: vec![f64::NEG_INFINITY; n],
            hi: vec![f64::INFINITY; n],
            smooth: Vec::new(),
            w: Vec::new(),
        }
    }

    /// Sets the objective ½xᵀPx + qᵀx, P by its upper triangle.
    #[must_use]
    pub fn quadratic(mut self, p: Csc, q: Vec<f64>) -> Self {
        self.p = p;
        self.q = q;
        self
    }

    /// Sets the linear cost q.
    #[must_use]
    pub fn linear(mut self, q: Vec<f64>) -> Self {
        self.q = q;
        self
    }

    /// Sets the constant r of the objective.
    #[must_use]
    pub fn constant(mut self, r: f64) -> Self {
        self.r = r;
        self
    }

    /// Sets Ax = b.
    #[must_use]
    pub fn equalities(mut self, a: Csc, b: Vec<f64>) -> Self {
        self.a = a;
        self.b = b;
        self
    }

    /// Sets gl ≤ Gx ≤ gu.
    #[must_use]
    pub fn inequalities(mut self, g: Csc, gl: Vec<f64>, gu: Vec<f64>) -> Self {
        self.g = g;
        self.gl = gl;
        self.gu = gu;
        self
    }

    /// Sets lo ≤ x ≤ hi.
    #[must_use]
    pub fn bounds(mut self, lo: Vec<f64>, hi: Vec<f64>) -> Self {
        self.lo = lo;
        self.hi = hi;
        self
    }

    /// Sets the smooth terms of the objective and their weights.
    #[must_use]
    pub fn smooth(mut self, terms: Vec<SmoothTerm>, w: Vec<f64>) -> Self {
        self.smooth = terms;
        self.w = w;
        self
    }

    /// Number of variables, n.
    pub fn variables(&self) -> usize {
        self.q.len()
    }

    /// The objective at `x`.
    pub fn objective(&self, x: &[f64]) -> f64 {
        let px = self.p.mul_symmetric_vec(x);
        let smooth: f64 = self.smooth.iter().zip(&self.w).map(|(term, w)| term.value(*w, x)).sum();
        0.5 * dot(x, &px) + dot(&self.q, x) + self.r + smooth
    }

    /// Checks shapes, patterns and numbers. `lo > hi` is no error: such a problem is infeasible. Whether P is positive
    /// semidefinite is found out when solving.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Pattern`] or [`Error::NotFinite`], naming the block.
    pub fn validate(&self) -> Result<(), Error> {
        let n = self.q.len();
        shape("P", "rows", self.p.nrows, n)?;
        shape("P", "columns", self.p.ncols, n)?;
        shape("A", "columns", self.a.ncols, n)?;
        shape("G", "columns", self.g.ncols, n)?;
        let (p, c) =
            both(self.p.nnz(), || self.p.check("P"), || self.a.check("A").and_then(|()| self.g.check("G")));
        p.and(c)?;
        // Rows increase, so the last one tells.
        if (0..n)
            .any(|j| self.p.row_idx[self.p.col_ptr[j]..self.p.col_ptr[j + 1]].last().is_some_and(|&i| i > j))
        {
            return Err(Error::Pattern { block: "P", reason: "only the upper triangle may be stored" });
        }
        smooth::validate(&self.smooth, &self.w, n)?;
        self.validate_matrices()?;
        self.validate_vectors()
    }

    /// Checks the numbers in the matrices.
    pub(crate) fn validate_matrices(&self) -> Result<(), Error> {
        let (p, c) = both(
            self.p.nnz(),
            || finite("P", &self.p.values),
            || finite("A", &self.a.values).and_then(|()| finite("G", &self.g.values)),
        );
        p.and(c)
    }

    /// Checks lengths and numbers of the vectors, given matrices that fit together.
    pub(crate) fn validate_vectors(&self) -> Result<(), Error> {
        self.validate_vectors_for(self.p.ncols, self.a.nrows, self.g.nrows)
    }

    /// As [`validate_vectors`](Self::validate_vectors), for n variables, m equalities and p inequality rows.
    pub(crate) fn validate_vectors_for(&self, n: usize, m: usize, p: usize) -> Result<(), Error> {
        shape("q", "entries", self.q.len(), n)?;
        shape("b", "entries", self.b.len(), m)?;
        shape("gl", "entries", self.gl.len(), p)?;
        shape("gu", "entries", self.gu.len(), p)?;
        shape("lo", "entries", self.lo.len(), n)?;
        shape("hi", "entries", self.hi.len(), n)?;
        finite("q", &self.q)?;
        finite("r", &[self.r])?;
        finite("b", &self.b)?;
        let bounds = [
            ("gl", &self.gl, f64::INFINITY),
            ("gu", &self.gu, f64::NEG_INFINITY),
            ("lo", &self.lo, f64::INFINITY),
            ("hi", &self.hi, f64::NEG_INFINITY),
        ];
        for (block, values, never) in bounds {
            if let Some(index) = values.iter().position(|v| v.is_nan() || *v == never) {
                return Err(Error::NotFinite { block, index, value: values[index] });
            }
        }
        Ok(())
    }
}

fn shape(block: &'static str, unit: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Shape { block, unit, found, expected }) }
}

fn finite(block: &'static str, values: &[f64]) -> Result<(), Error> {
    if vectorized::<Finite, _>(values) {
        return Ok(());
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::NotFinite { block, index, value: values[index] }),
        None => Ok(()),
    }
}

kernel!(Finite = all_finite, (&[f64]) -> bool);

/// Whether all numbers are finite. Without an early exit, so that it is a vector loop.
#[inline(always)]
fn all_finite(values: &[f64]) -> bool {
    let mut fine = true;
    for v in values {
        fine &= v.is_finite();
    }
    fine
}

/// The inner product.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The largest absolute value, 0 for an empty slice, NaN if there is one.
pub(crate) fn norm_inf(v: &[f64]) -> f64 {
    /// Numbers from which on the machine's own vectors pay.
    const LONG: usize = 256;
    if v.len() < LONG { largest(v) } else { vectorized::<Largest, _>(v) }
}

kernel!(Largest = largest, (&[f64]) -> f64);

#[inline(always)]
fn largest(v: &[f64]) -> f64 {
    const LANES: usize = 16;
    // Without a branch; lanes need not wait for each other.
    let larger = |m: f64, x: f64| if (x.abs() > m) | x.is_nan() { x.abs() } else { m };
    let (chunks, rest) = v.as_chunks::<LANES>();
    let mut most = [0.0; LANES];
    for chunk in chunks {
        for (m, x) in most.iter_mut().zip(chunk) {
            *m = larger(*m, *x);
        }
    }
    most.iter().chain(rest).fold(0.0, |m, x| larger(m, *x))
}

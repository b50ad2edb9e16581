//! Factorization of the quasi-definite KKT matrix `[P + diag(hx), Cᵀ; C, −diag(dr)]` that all methods share.
//!
//! The pattern (ordering, elimination tree, fill) depends on the patterns of P and C alone and is analysed once; a
//! variable that is held fixed or a row that is left out keeps its place in a sparse pattern and is cut out of a dense
//! one. So interior-point steps, alternating steps, the exact finish and every derivative use one analysis.

mod dense;
mod front;
mod refine;
mod schur;
mod sparse;
mod tree;

pub(crate) use refine::System;

use crate::active::{ActiveSet, Side};
use crate::{Csc, Error};
use std::sync::Arc;

/// What is known of the KKT matrix from the patterns of P and C alone.
#[derive(Debug)]
pub(crate) struct Pattern {
    n: usize,
    m: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// With the columns of P that have no entry off the diagonal.
    Dense(Vec<bool>),
    Sparse(Box<sparse::Analysis>),
}

impl Pattern {
    /// Analyses `[P Cᵀ; C 0]`, P by its upper triangle. Dense storage is chosen where the system is tiny or its factor
    /// would be mostly full.
    pub(crate) fn new(p: &Csc, c: &Csc) -> Result<Arc<Self>, Error> {
        let (n, m) = (c.ncols, c.nrows);
        let order = n + m;
        let entries = p.nnz() + c.nnz();
        let full = order * (order + 1) / 2;
        let dense = || Kind::Dense(alone(p));
        let kind = if order <= 24 || entries * 5 > full * 2 {
            dense()
        } else {
            let analysis = sparse::Analysis::new(p, c)?;
            if order <= 4000 && analysis.fill() * 10 > full * 7 {
                dense()
            } else {
                Kind::Sparse(Box::new(analysis))
            }
        };
        Ok(Arc::new(Self { n, m, kind }))
    }

    /// Entries of a factor: the numbers that a solve reads twice.
    pub(crate) fn fill(&self) -> usize {
        match &self.kind {
            Kind::Dense(_) => (self.n + self.m) * (self.n + self.m + 1) / 2,
            Kind::Sparse(analysis) => analysis.fill(),
        }
    }

    /// Whether the factor is stored dense.
    pub(crate) fn is_dense(&self) -> bool {
        matches!(self.kind, Kind::Dense(_))
    }
}

/// A numeric factorization.
#[derive(Debug)]
pub(crate) struct Factor {
    pattern: Arc<Pattern>,
    free: Option<Vec<bool>>,
    rows: Option<Vec<bool>>,
    /// What was added to the diagonal of P and subtracted from that of the rows.
    hx: Vec<f64>,
    dr: Vec<f64>,
    kind: Numbers,
}

#[derive(Debug)]
enum Numbers {
    Dense(dense::Ldlt),
    Schur(schur::Schur),
    Sparse(sparse::Values),
}

/// The numbers to factor: `[P + diag(hx), Cᵀ; C, −diag(dr)]` over the free variables and the rows that take part.
pub(crate) struct Numeric<'a> {
    /// Upper triangle of P.
    pub p: &'a Csc,
    pub c: &'a Csc,
    /// Added to the diagonal of P; positive.
    pub hx: &'a [f64],
    /// Subtracted from the rows' diagonal; positive.
    pub dr: &'a [f64],
    /// Variables that are not held fixed; `None`: all.
    pub free: Option<&'a [bool]>,
    /// Rows that take part; `None`: all.
    pub rows: Option<&'a [bool]>,
}

/// Which columns of P have no entry off the diagonal, nor their rows.
pub(crate) fn alone(p: &Csc) -> Vec<bool> {
    let n = p.ncols;
    if n > 1 && p.nnz() == n * (n + 1) / 2 {
        return vec![false; n];
    }
    let mut out = vec![true; n];
    for (i, j, _) in p.iter().filter(|(i, j, _)| i != j) {
        (out[i], out[j]) = (false, false);
    }
    out
}

/// Whether all pivots of P + δI are positive, P by its upper triangle.
pub(crate) fn inertia_is_positive(p: &Csc, delta: f64) -> bool {
    let n = p.ncols;
    let full = n * (n + 1) / 2;
    if n <= 24 || p.nnz() * 5 > full * 2 {
        return dense::is_positive(p, delta);
    }
    sparse::Analysis::new(p, &Csc::zeros(0, n)).is_ok_and(|analysis| {
        if n <= 4000 && analysis.fill() * 10 > full * 7 {
            dense::is_positive(p, delta)
        } else {
            analysis.is_positive(p, delta)
        }
    })
}

impl Factor {
    /// Factors; pivots of the wrong sign (rounding) are replaced by a small one of the right sign.
    pub(crate) fn new(pattern: &Arc<Pattern>, numeric: &Numeric<'_>) -> Result<Self, Error> {
        let kind = match &pattern.kind {
            Kind::Dense(alone) => match schur::Schur::new(numeric, alone) {
                Some(schur) => Numbers::Schur(schur),
                None => Numbers::Dense(dense::Ldlt::new(numeric)),
            },
            Kind::Sparse(analysis) => {
                let mut values = sparse::Values::default();
                analysis.factor(numeric, &mut values)?;
                values.shrink();
                Numbers::Sparse(values)
            }
        };
        Ok(Self {
            pattern: Arc::clone(pattern),
            free: numeric.free.map(<[bool]>::to_vec),
            rows: numeric.rows.map(<[bool]>::to_vec),
            hx: numeric.hx.to_vec(),
            dr: numeric.dr.to_vec(),
            kind,
        })
    }

    /// Whether the variables and rows that take part are the free and active ones of this set.
    pub(crate) fn is_of(&self, active: &ActiveSet) -> bool {
        let agrees = |mask: &Option<Vec<bool>>, sides: &[Side], on: bool| {
            mask.as_ref().is_some_and(|mask| mask.iter().zip(sides).all(|(keep, s)| *keep == (s.on() == on)))
        };
        agrees(&self.free, &active.vars, false) && agrees(&self.rows, &active.rows, true)
    }

    /// Gives back memory that only another factorization would need.
    pub(crate) fn shrink(&mut self) {
        if let Numbers::Sparse(values) = &mut self.kind {
            values.shrink();
        }
    }

    /// Factors other numbers in the same pattern, in the memory there is.
    pub(crate) fn update(&mut self, numeric: &Numeric<'_>) -> Result<(), Error> {
        match (&mut self.kind, &self.pattern.kind) {
            (Numbers::Sparse(values), Kind::Sparse(analysis)) => analysis.factor(numeric, values)?,
            _ => *self = Self::new(&Arc::clone(&self.pattern), numeric)?,
        }
        self.free = numeric.free.map(<[bool]>::to_vec);
        self.rows = numeric.rows.map(<[bool]>::to_vec);
        self.hx.copy_from_slice(numeric.hx);
        self.dr.copy_from_slice(numeric.dr);
        Ok(())
    }

    /// The resolvent (M + Δ)⁻¹Δ of the monotone map M = JK in place, where K is the matrix without what was added to its
    /// diagonal, Δ is that, and J changes the sign of the rows.
    pub(crate) fn resolve(&self, x: &mut [f64], y: &mut [f64]) {
        for (v, h) in x.iter_mut().zip(&self.hx) {
            *v *= h;
        }
        for (v, d) in y.iter_mut().zip(&self.dr) {
            *v *= -d;
        }
        self.solve(x, y);
    }

    /// Solves in place: (x, y) is the right-hand side before and the solution after. Entries of fixed variables and of
    /// rows left out are ignored and come back 0.
    pub(crate) fn solve(&self, x: &mut [f64], y: &mut [f64]) {
        let zero = |mask: &Option<Vec<bool>>, v: &mut [f64]| {
            if let Some(mask) = mask {
                for (v, &keep) in v.iter_mut().zip(mask) {
                    if !keep {
                        *v = 0.0;
                    }
                }
            }
        };
        zero(&self.free, x);
        zero(&self.rows, y);
        match (&self.kind, &self.pattern.kind) {
            (Numbers::Dense(ldlt), _) => {
                let keep = |mask: &Option<Vec<bool>>, i: usize| mask.as_ref().is_none_or(|m| m[i]);
                let mut v: Vec<f64> = (0..self.pattern.n)
                    .filter(|&i| keep(&self.free, i))
                    .map(|i| x[i])
                    .chain((0..self.pattern.m).filter(|&i| keep(&self.rows, i)).map(|i| y[i]))
                    .collect();
                ldlt.solve(&mut v);
                let mut next = v.into_iter();
                for i in (0..self.pattern.n).filter(|&i| keep(&self.free, i)) {
                    x[i] = next.next().unwrap_or(0.0);
                }
                for i in (0..self.pattern.m).filter(|&i| keep(&self.rows, i)) {
                    y[i] = next.next().unwrap_or(0.0);
                }
            }
            (Numbers::Schur(schur), _) => schur.solve(x, y),
            (Numbers::Sparse(values), Kind::Sparse(analysis)) => analysis.solve(values, x, y),
            (Numbers::Sparse(_), Kind::Dense(_)) => {}
        }
    }
}

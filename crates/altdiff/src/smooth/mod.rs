//! Smooth convex terms of the objective, `Σₖ wₖ φₖ(x_{jₖ})`.
//!
//! The problem is solved by Newton's method on its objective: each step minimizes the second-order model
//! `½xᵀ(P + ∇²φ)x + …` over the same polyhedron, which is a quadratic program for the methods of this crate, started
//! from the last active set. Near the solution the set stands, and a step costs one factorization. The last program is
//! the linearization of the KKT conditions at the solution, so its derivatives are those of the smooth problem, with the
//! Lagrangian's Hessian P + ∇²φ in place of P (Alt-Diff, Sun et al., ICLR 2023, eq. 7a) on every route; those by the
//! weights follow from `w̄ₖ = d_x · ∇φₖ`.

mod alternating;
mod central;
mod domain;
mod function;
mod local;
mod newton;
mod path;

use function::Domain;

pub(crate) use central::Central;
pub use function::Function;
pub(crate) use newton::solve;

use crate::{Cause, Csc, Error, Gradient, Harm, Problem, Tangent};
use std::sync::Arc;

/// `φ(x[column])`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothTerm {
    /// The function φ.
    pub function: Function,
    /// The variable it is applied to.
    pub column: usize,
}

impl SmoothTerm {
    /// The weighted value at x; a weight of 0 leaves nothing of it.
    pub(crate) fn value(&self, weight: f64, x: &[f64]) -> f64 {
        if weight == 0.0 { 0.0 } else { weight * self.function.value(x[self.column]) }
    }

    /// Whether a model has the term: it has a weight, and is not held at an end of its domain where its slope or curvature
    /// is infinite. What holds it elsewhere has a multiplier with the slope in it.
    fn counts(&self, weight: f64, lo: f64, hi: f64) -> bool {
        let inside = || self.function.slope(lo).is_finite() && self.function.curvature(lo).is_finite();
        weight != 0.0 && (lo != hi || inside())
    }
}

/// Checks columns, exponents and weights.
pub(crate) fn validate(terms: &[SmoothTerm], weights: &[f64], n: usize) -> Result<(), Error> {
    if weights.len() != terms.len() {
        let (found, expected) = (weights.len(), terms.len());
        return Err(Error::Shape { block: "w", unit: "entries", found, expected });
    }
    if let Some(index) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(Error::NotFinite { block: "w", index, value: weights[index] });
    }
    for (index, term) in terms.iter().enumerate() {
        if term.column >= n {
            return Err(Error::Shape {
                block: "smooth",
                unit: "columns",
                found: term.column + 1,
                expected: n,
            });
        }
        if let Function::Power(p) = term.function
            && !(p.is_finite() && p != 0.0 && p != 1.0)
        {
            return Err(Error::NotFinite { block: "smooth", index, value: p });
        }
    }
    Ok(())
}

/// The pattern of the local quadratic programs: P with the diagonal entries that the terms need.
#[derive(Debug, Clone)]
pub(crate) struct Augmented {
    /// P's entries and zeros where only a term has one.
    pub p: Csc,
    /// Where each entry of P went.
    pub kept: Arc<[usize]>,
    /// Where each term's curvature goes.
    diagonal: Vec<usize>,
}

impl Augmented {
    pub(crate) fn new(problem: &Problem) -> Result<Self, Error> {
        let n = problem.variables();
        let mut needed = vec![false; n];
        for term in &problem.smooth {
            needed[term.column] = true;
        }
        let mut col_ptr = vec![0];
        let (mut row_idx, mut values) = (Vec::new(), Vec::new());
        let mut kept = Vec::with_capacity(problem.p.nnz());
        let mut diagonal_of = vec![0; n];
        for j in 0..n {
            let mut there = false;
            for (i, v) in problem.p.column(j) {
                kept.push(row_idx.len());
                if i == j {
                    diagonal_of[j] = row_idx.len();
                    there = true;
                }
                row_idx.push(i);
                values.push(v);
            }
            // Only the upper triangle is stored, so the diagonal entry comes last in its column.
            if needed[j] && !there {
                diagonal_of[j] = row_idx.len();
                row_idx.push(j);
                values.push(0.0);
            }
            col_ptr.push(row_idx.len());
        }
        let p = Csc::new(n, n, col_ptr, row_idx, values)?;
        let diagonal = problem.smooth.iter().map(|term| diagonal_of[term.column]).collect();
        Ok(Self { p, kept: kept.into(), diagonal })
    }
}

/// What derivatives need to know about the terms at a solution.
#[derive(Debug, Clone)]
pub(crate) struct Slopes {
    /// The position in the local program's P of each entry of the user's P.
    pub kept: Arc<[usize]>,
    /// Column and slope of each term; infinite at the end of some domains.
    pub terms: Vec<(usize, f64)>,
    /// Columns whose lower bound is the end of a domain, which no data move.
    pub ends: Vec<usize>,
    augmented: Arc<Augmented>,
    /// The problem, but for its rows.
    problem: Arc<Problem>,
}

impl Slopes {
    /// Those of a problem's terms at its solution.
    fn at(augmented: &Arc<Augmented>, problem: &Problem, x: &[f64]) -> Self {
        let rows = |m: &Csc| Csc::zeros(m.nrows, m.ncols);
        let problem = Problem {
            a: rows(&problem.a),
            g: rows(&problem.g),
            p: problem.p.clone(),
            q: problem.q.clone(),
            r: problem.r,
            b: problem.b.clone(),
            gl: problem.gl.clone(),
            gu: problem.gu.clone(),
            lo: problem.lo.clone(),
            hi: problem.hi.clone(),
            smooth: problem.smooth.clone(),
            w: problem.w.clone(),
        };
        Self::of(Arc::clone(augmented), Arc::new(problem), x)
    }

    fn of(augmented: Arc<Augmented>, problem: Arc<Problem>, x: &[f64]) -> Self {
        let slope = |t: &SmoothTerm| (t.column, t.function.slope(x[t.column]));
        let end = |t: &&SmoothTerm| t.function.domain() != Domain::All && problem.lo[t.column] < 0.0;
        let ends = problem.smooth.iter().filter(end).map(|t| t.column).collect();
        let terms = problem.smooth.iter().map(slope).collect();
        Self { kept: augmented.kept.clone(), terms, ends, augmented, problem }
    }

    /// Brings a gradient by the local program's data to the user's: P on its own pattern, and the weights,
    /// `w̄ₖ = q̄_j φₖ′(x_j)`.
    pub(crate) fn gradient(&self, gradient: &mut Gradient) {
        gradient.p = self.kept.iter().map(|&k| gradient.p[k]).collect();
        let infinite = self.terms.iter().filter(|(j, slope)| !slope.is_finite() && gradient.q[*j] != 0.0);
        let causes: Vec<Cause> = infinite.map(|(j, _)| Cause::InfiniteSlope(*j)).collect();
        gradient.harmful.extend(causes.into_iter().map(Harm::always));
        gradient.w = self.weights(&gradient.q);
        self.ends.iter().for_each(|&j| gradient.lo[j] = 0.0);
        for harm in &mut gradient.harmful {
            for rate in harm.rates_mut() {
                // An empty block of a rate is zero.
                if !rate.p.is_empty() {
                    rate.p = self.kept.iter().map(|&k| rate.p[k]).collect();
                }
                if !rate.q.is_empty() {
                    rate.w = self.weights(&rate.q);
                }
                if !rate.lo.is_empty() {
                    self.ends.iter().for_each(|&j| rate.lo[j] = 0.0);
                }
            }
        }
    }

    fn weights(&self, q: &[f64]) -> Vec<f64> {
        self.terms.iter().map(|&(j, slope)| if slope.is_finite() { q[j] * slope } else { 0.0 }).collect()
    }

    /// A tangent of the user's data as one of the local program's.
    pub(crate) fn tangent(&self, tangent: &Tangent, n: usize, nonzeros: usize) -> Tangent {
        let mut out = Tangent { w: Vec::new(), ..tangent.clone() };
        if !tangent.p.is_empty() {
            out.p = vec![0.0; nonzeros];
            for (&k, v) in self.kept.iter().zip(&tangent.p) {
                out.p[k] = *v;
            }
        }
        if !out.lo.is_empty() {
            self.ends.iter().for_each(|&j| out.lo[j] = 0.0);
        }
        if !tangent.w.is_empty() {
            out.q.resize(n, 0.0);
            for (&(j, slope), w) in self.terms.iter().zip(&tangent.w) {
                if slope.is_finite() {
                    out.q[j] += w * slope;
                }
            }
        }
        out
    }
}

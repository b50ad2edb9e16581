//! The solver's data, each block affine in θ̂ over a fixed pattern.

use crate::list::{List, floats};
use crate::map::SparseMap;
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A vector that is affine in the derived parameters: `constant + linear θ̂`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VectorBlock {
    /// The part that no parameter reaches; bounds may be infinite.
    #[serde(with = "floats")]
    pub constant: List<f64>,
    /// The part that is linear in θ̂.
    pub linear: SparseMap,
}

impl VectorBlock {
    /// A constant vector.
    pub fn constant(values: Vec<f64>, theta_hat: usize) -> Self {
        Self { linear: SparseMap::zero(values.len(), theta_hat), constant: values.into() }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.constant.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.constant.is_empty()
    }

    /// The value at θ̂.
    pub fn apply(&self, theta_hat: &[f64]) -> Vec<f64> {
        let mut out = self.constant.to_vec();
        self.linear.apply(theta_hat, &mut out);
        out
    }

    /// As [`apply`](Self::apply), into memory at hand.
    ///
    /// # Panics
    /// If the lengths are not those of the block.
    pub fn apply_into(&self, theta_hat: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.constant);
        self.linear.apply(theta_hat, out);
    }

    /// The tangent for a tangent of θ̂.
    pub fn apply_tangent(&self, tangent: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.len()];
        self.linear.apply(tangent, &mut out);
        out
    }

    /// Adds the cotangent of θ̂ for a cotangent of the vector.
    pub fn apply_adjoint(&self, cotangent: &[f64], theta_hat: &mut [f64]) {
        self.linear.apply_adjoint(cotangent, theta_hat);
    }

    /// Whether entry `i` depends on a derived parameter.
    pub fn is_parametric(&self, i: usize) -> bool {
        self.linear.row_ptr[i] != self.linear.row_ptr[i + 1]
    }
}

/// A sparse matrix by columns whose stored entries are affine in the derived parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixBlock {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Where each column's entries start; `cols + 1` numbers.
    pub col_ptr: List<u32>,
    /// The row of each entry, ascending within a column.
    pub row_idx: List<u32>,
    /// The entries, in the order of the pattern.
    pub entries: VectorBlock,
}

impl MatrixBlock {
    /// The number of stored entries.
    pub fn nnz(&self) -> usize {
        self.row_idx.len()
    }
}

/// All data of the canonical program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// The quadratic objective's matrix, upper triangle.
    pub p: MatrixBlock,
    /// The linear objective.
    pub q: VectorBlock,
    /// The objective's constant, one entry.
    pub r: VectorBlock,
    /// Equality rows.
    pub a: MatrixBlock,
    /// Right-hand sides of the equality rows.
    pub b: VectorBlock,
    /// Inequality rows.
    pub g: MatrixBlock,
    /// Lower ends of the inequality rows, −∞ where absent.
    pub gl: VectorBlock,
    /// Upper ends of the inequality rows, ∞ where absent.
    pub gu: VectorBlock,
    /// Lower bounds of the variables, −∞ where absent.
    pub lo: VectorBlock,
    /// Upper bounds of the variables, ∞ where absent.
    pub hi: VectorBlock,
    /// Smooth terms of the objective.
    #[serde(default)]
    pub smooth: List<SmoothTerm>,
    /// The weights of the smooth terms, at least 0.
    #[serde(default)]
    pub w: VectorBlock,
}

/// A smooth convex function of one variable, in the objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmoothTerm {
    /// The function.
    pub function: SmoothFunction,
    /// The column it is applied to.
    pub column: u32,
}

/// The functions of smooth terms; each brings its domain as a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SmoothFunction {
    /// `-log z`, z > 0
    NegativeLog,
    /// `z log z`, z ≥ 0
    NegativeEntropy,
    /// `eᶻ`
    Exp,
    /// `log(1 + eᶻ)`
    Logistic,
    /// `zᵖ` for p > 1 (z ≥ 0 unless p is an even integer) and p < 0 (z > 0); `-zᵖ` for 0 < p < 1 (z ≥ 0)
    Power(f64),
    /// `z eᶻ`, z ≥ 0
    XExp,
    /// `-log Φ(z)`, with the standard normal distribution function
    NegativeLogNormalCdf,
}

//! From parameters θ to derived parameters θ̂.

use crate::list::{List, Text, floats};
use crate::tape::{NodeId, Tape};
use serde::{Deserialize, Serialize};

/// The map θ ↦ θ̂.
///
/// θ̂ is the parameters' stored entries, then the entries of each lifted expression, then sums of products of
/// earlier entries of θ̂. The solver's data are affine in θ̂.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// Evaluates the lifted expressions; its inputs are parameters only.
    pub tape: Tape,
    /// The lifted expressions, in the order of θ̂.
    pub derived: List<Derived>,
    /// Products of entries that no expression of the user's names.
    pub products: Products,
    /// Length of θ, the parameters' stored entries.
    pub theta: usize,
}

impl Lift {
    /// Length of θ̂.
    pub fn len(&self) -> usize {
        self.theta + self.derived.iter().map(|d| d.len).sum::<usize>() + self.products.len()
    }

    /// Whether θ̂ has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A variable-free expression whose entries are derived parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Derived {
    /// Its node on the lift's tape.
    pub node: NodeId,
    /// Where its entries start in θ̂.
    pub start: usize,
    /// How many there are.
    pub len: usize,
    /// The expression as the user wrote it.
    pub text: Text,
    /// Why it was lifted, in a few words.
    pub reason: Text,
}

/// Sums of products `out[k] = Σ_t coefficient[t] θ̂[left[t]] θ̂[right[t]]`, `t` from `ptr[k]` to `ptr[k + 1]`.
///
/// Operands come earlier in θ̂ than the product, so products of products are in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Products {
    /// Where the terms of each product start; empty or one more than there are products.
    pub ptr: List<u32>,
    /// First factors, as positions in θ̂.
    pub left: List<u32>,
    /// Second factors, as positions in θ̂.
    pub right: List<u32>,
    /// Coefficients.
    #[serde(with = "floats")]
    pub coefficient: List<f64>,
}

impl Products {
    /// How many products there are.
    pub fn len(&self) -> usize {
        self.ptr.len().saturating_sub(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The terms `(coefficient, left, right)` of product `k`.
    pub fn terms(&self, k: usize) -> impl Iterator<Item = (f64, usize, usize)> + '_ {
        (self.ptr[k] as usize..self.ptr[k + 1] as usize)
            .map(|t| (self.coefficient[t], self.left[t] as usize, self.right[t] as usize))
    }

    /// Fills the tail of θ̂ that starts at `start` from the entries before it.
    pub fn apply(&self, theta_hat: &mut [f64], start: usize) {
        for k in 0..self.len() {
            theta_hat[start + k] = self.terms(k).map(|(c, l, r)| c * theta_hat[l] * theta_hat[r]).sum();
        }
    }

    /// The tangent of [`apply`](Self::apply): fills the tail of `tangent` from the entries before it.
    pub fn apply_tangent(&self, theta_hat: &[f64], tangent: &mut [f64], start: usize) {
        for k in 0..self.len() {
            tangent[start + k] = self
                .terms(k)
                .map(|(c, l, r)| c * (tangent[l] * theta_hat[r] + theta_hat[l] * tangent[r]))
                .sum();
        }
    }

    /// The adjoint of [`apply_tangent`](Self::apply_tangent): adds each product's cotangent to its factors'.
    pub fn apply_adjoint(&self, theta_hat: &[f64], cotangent: &mut [f64], start: usize) {
        for k in (0..self.len()).rev() {
            let bar = cotangent[start + k];
            if bar != 0.0 {
                for (c, l, r) in self.terms(k) {
                    cotangent[l] += c * theta_hat[r] * bar;
                    cotangent[r] += c * theta_hat[l] * bar;
                }
            }
        }
    }
}

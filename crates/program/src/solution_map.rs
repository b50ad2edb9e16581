//! From the solver's solution back to the user's variables and duals.

use crate::list::{List, Text};
use crate::map::SparseMap;
use crate::shape::Shape;
use crate::tape::ZERO_ENTRY;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Picks the user's variables and duals out of the solver's.
///
/// The multipliers are stacked as `[λ | ν_lower | ν_upper | μ_lower | μ_upper]`: those of `A x = b`, of the two ends
/// of `gl ≤ G x ≤ gu`, and of the two ends of `lo ≤ x ≤ hi`; all but λ are nonnegative.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SolutionMap {
    /// The declared variables.
    pub variables: List<UserVariable>,
    /// The constraints, by label.
    pub duals: List<UserDual>,
    /// The bounds of declared variables that have any, by variable.
    pub bounds: List<UserDual>,
}

/// A declared variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserVariable {
    /// Its name.
    pub name: Text,
    /// Its shape.
    pub shape: Shape,
    /// The solver's column of each entry, row by row; `u32::MAX` where the entry is zero by declaration.
    pub columns: List<u32>,
    /// Its doc comment.
    pub doc: Option<Text>,
}

impl UserVariable {
    /// The value, row by row.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.columns.iter().map(|&c| if c == ZERO_ENTRY { 0.0 } else { x[c as usize] }).collect()
    }

    /// Adds the cotangent of the solver's variables for a cotangent of the value.
    pub fn apply_adjoint(&self, cotangent: &[f64], x: &mut [f64]) {
        for (&c, &value) in self.columns.iter().zip(cotangent) {
            if c != ZERO_ENTRY {
                x[c as usize] += value;
            }
        }
    }
}

/// The dual of a constraint, or of a variable's bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserDual {
    /// The constraint's label, or the variable's name.
    pub label: Text,
    /// Sizes of the axes; those of a `for` lead, so there may be more than two.
    pub axes: List<usize>,
    /// From the stacked multipliers to the dual's entries, row by row.
    pub map: SparseMap,
}

//! Outside solvers: any forward method, with this crate's certificate and derivatives (BPQP's point, Pan et al. 2024).

#[cfg(feature = "clarabel")]
mod clarabel;

#[cfg(feature = "clarabel")]
pub use clarabel::Clarabel;

use crate::{Control, Problem};

/// A point and multipliers that an outside solver found: x, signed multipliers `y` of the rows of A then G and `z` of the
/// bounds, positive towards the upper end, so that `Px + q + [A; G]ᵀy + z = 0`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Forward {
    /// The point, n.
    pub x: Vec<f64>,
    /// Multipliers of Ax = b, then of gl ≤ Gx ≤ gu.
    pub y: Vec<f64>,
    /// Multipliers of the bounds, n.
    pub z: Vec<f64>,
    /// Iterations taken.
    pub iterations: usize,
}

/// A solver of quadratic programs other than this crate's, for [`crate::Solver::solve_by`].
pub trait ForwardSolver {
    /// Its name, for notes.
    fn name(&self) -> &str;

    /// Solves the problem as well as it can; `None` where it found no solution. A few correct digits suffice: what it
    /// returns is finished exactly and checked, and nothing it claims is believed.
    ///
    /// It should call `report` with the number of iterations so far once per iteration, and stop when the answer is not
    /// [`Control::Continue`].
    fn forward(&mut self, problem: &Problem, report: &mut dyn FnMut(usize) -> Control) -> Option<Forward>;
}

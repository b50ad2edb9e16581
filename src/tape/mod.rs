//! The evaluator of expression tapes: values, tangents and adjoints.
//!
//! One evaluator serves lifting, lets and asked-for expressions. [`Evaluation::new`] computes every node's value;
//! tangents and adjoints reuse the values, so that many directions cost one forward pass. Where a derivative does not
//! exist a documented choice is taken, and [`Evaluation::probes`] tells what would have to move for it to matter.

mod adjoint;
mod elementwise;
mod evaluation;
mod irregular;
mod matrix;
mod reduction;
mod tangent;

pub use elementwise::Irregularity;
pub use evaluation::{Evaluation, Fault, FaultKind};
pub use irregular::Probe;
pub(crate) use matrix::{is_positive_definite, smallest_eigenvalue, symmetric_part};

use cvxlayer_program::{Shape, Tape};

/// Sizes `(m, k, n)` of a matrix product with NumPy's meaning for vectors.
pub(crate) fn product_sizes(a: Shape, b: Shape) -> (usize, usize, usize) {
    let (m, k) = a.as_rows();
    let n = match b {
        Shape::Matrix(_, n) => n,
        Shape::Scalar | Shape::Vector(_) => 1,
    };
    (m, k, n)
}

/// The entry of an operand that serves entry `i` of the result: scalars serve all.
fn serve(operand: &[f64], i: usize) -> usize {
    if operand.len() == 1 { 0 } else { i }
}

/// For each node, whether any of `marked` nodes is among what it is computed from (or is itself).
pub(crate) fn reaches(tape: &Tape, marked: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut out = vec![false; tape.nodes.len()];
    for (id, node) in tape.nodes.iter().enumerate() {
        out[id] = marked(id) || node.op.operands().iter().any(|&a| out[a as usize]);
    }
    out
}

#[cfg(test)]
mod tests;

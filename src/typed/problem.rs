//! Where the parts of a program live in structs.

use super::Field;
use crate::derivative::Output;
use std::fmt::Debug;

/// A problem with structs of its own for parameters and solutions; [`problem!`](crate::problem) implements it.
pub trait Problem: Sized {
    /// One field for each parameter. Gradients and tangents of parameters have this type too.
    type Params: Clone + Debug;
    /// One field for each variable, each `let` and the objective, and the duals. Cotangents and tangents have this
    /// type too.
    type Solution: Clone + Debug;

    /// Parameters that are all zero, for gradients and directions.
    fn zero_params() -> Self::Params;

    /// A solution that is all zero, for cotangents.
    fn zero_solution() -> Self::Solution;

    /// The field of the program's parameter at a position; none if the value is a [constant](Self::constant).
    fn parameter(params: &Self::Params, position: usize) -> Option<&dyn Field>;

    /// As [`parameter`](Self::parameter), to write to.
    fn parameter_mut(params: &mut Self::Params, position: usize) -> Option<&mut dyn Field>;

    /// The value of the program's parameter at a position that the model takes from a Rust constant.
    fn constant(_position: usize) -> Option<&'static dyn Field> {
        None
    }

    /// The field of an output; none for the dual of a constraint without label.
    fn output(solution: &Self::Solution, output: Output) -> Option<&dyn Field>;

    /// As [`output`](Self::output), to write to.
    fn output_mut(solution: &mut Self::Solution, output: Output) -> Option<&mut dyn Field>;
}

//! The Euclidean norm; its square is inside the class.

use crate::atoms::{Atom, Call, Group, Refusal, Row, outside};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Reduction;

/// The Euclidean norm; its square is inside the class.
#[derive(Debug)]
pub struct Norm2;

static ROW: Row = Row {
    name: "norm2",
    aliases: &[],
    signature: "norm(x, 2)",
    arguments: (1, 1),
    options: &["axis", "keepdims"],
    group: Group::Cone,
    curvature: Curvature::Convex,
    summary: "Euclidean norm; write sum_squares or norm(x, 2)**2",
    formula: "√Σᵢ xᵢ²",
    graph: "a second-order cone, which the solver has not",
};

impl Atom for Norm2 {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        Ok(tape.reduce(Reduction::Norm2, a, axis, call.shape))
    }
}

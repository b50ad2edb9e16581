//! The square, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Unary;

/// The square, elementwise.
#[derive(Debug)]
pub struct Square;

static ROW: Row = Row {
    name: "square",
    aliases: &[],
    signature: "square(x)",
    arguments: (1, 1),
    options: &[],
    group: Group::Quadratic,
    curvature: Curvature::Convex,
    summary: "square",
    formula: "xᵢ²",
    graph: "a quadratic block; of a long expression through auxiliary variables",
};

impl Atom for Square {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        Ok(lower.squares(&a, "square"))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Square, a))
    }
}

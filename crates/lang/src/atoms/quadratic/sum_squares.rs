//! The sum of squares, over all axes or one.

use crate::atoms::{Atom, Call, Group, Refusal, Row, group_of};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::{Reduction, Unary};

/// The sum of squares, over all axes or one.
#[derive(Debug)]
pub struct SumSquares;

static ROW: Row = Row {
    name: "sum_squares",
    aliases: &[],
    signature: "sum_squares(x, axis=, keepdims=)",
    arguments: (1, 1),
    options: &["axis", "keepdims"],
    group: Group::Quadratic,
    curvature: Curvature::Convex,
    summary: "sum of squares",
    formula: "Σᵢ xᵢ²",
    graph: "a quadratic block: AᵀA where that is smaller than A, else through auxiliary variables",
};

impl Atom for SumSquares {
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

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        if call.shape.len() == 1 {
            return Ok(lower.sum_of_squares(&a).with_shape(call.shape));
        }
        let group = group_of(a.shape, call.axis(a.shape.rank()));
        Ok(lower.squares(&a, "sum_squares").sum_into(call.shape, group))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        let squares = tape.unary(Unary::Square, a);
        Ok(tape.reduce(Reduction::Sum, squares, axis, call.shape))
    }
}

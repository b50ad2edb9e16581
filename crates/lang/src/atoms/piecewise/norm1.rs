//! The sum of absolute values, over all axes or one.

use crate::atoms::prelude::*;

/// The sum of absolute values, over all axes or one.
#[derive(Debug)]
pub struct Norm1;

static ROW: Row = Row {
    name: "norm1",
    signature: "norm(x, 1), norm1(x, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "sum of absolute values",
    formula: "Σᵢ |xᵢ|",
    shape: "a scalar, or without the axis",
    graph: "Σ t with x ≤ t, -x ≤ t; Σ x where its sign is known",
    example: "var x[3]; minimize sum_squares(x - [3, 2, 1]) + 2 * norm(x, 1);",
    ..Row::PIECEWISE
};

impl Atom for Norm1 {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).abs().sum(call.reduced_count())
    }

    fn group(&self, call: &Call<'_>) -> Group {
        // Where the sign is known it is Σ x or -Σ x, whatever class that is of.
        let range = call.interval(0);
        if range.is_nonneg() || range.is_nonpos() { Group::Affine } else { Group::PiecewiseLinear }
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        // Of one entry each it is an absolute value.
        let shape = lower.context.shape(&call.arguments[0])?;
        if groups(shape, call.axis(shape.rank())).size != 1 {
            return Ok(None);
        }
        lower.absolute_pieces(&call.arguments[0]).map(Some)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let absolute = lower.absolute(&call.arguments[0], call.name)?;
        let group = group_of(absolute.shape, call.axis(absolute.shape.rank()));
        Ok(absolute.sum_into(call.shape, group))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        let absolute = tape.unary(Unary::Abs, a);
        Ok(tape.reduce(Reduction::Sum, absolute, axis, call.shape))
    }
}

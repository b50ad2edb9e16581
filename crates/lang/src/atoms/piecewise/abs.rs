//! The absolute value, elementwise.

use crate::atoms::prelude::*;

/// The absolute value, elementwise.
#[derive(Debug)]
pub struct Abs;

static ROW: Row = Row {
    name: "abs",
    aliases: &["absolute", "fabs"],
    signature: "abs(x)",
    summary: "absolute value",
    formula: "|xᵢ|",
    graph: "t with x ≤ t, -x ≤ t; x or -x itself where its sign is known; a comparison bounds x directly",
    example: "var x[3]; minimize sum(abs(x - [1, 2, 3])) + sum_squares(x);",
    ..Row::PIECEWISE
};

impl Atom for Abs {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).abs()
    }

    fn group(&self, call: &Call<'_>) -> Group {
        // Where the sign is known it is x or -x, whatever class that is of.
        let range = call.interval(0);
        if range.is_nonneg() || range.is_nonpos() { Group::Affine } else { Group::PiecewiseLinear }
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        lower.absolute_pieces(&call.arguments[0]).map(Some)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        lower.absolute(&call.arguments[0], call.name)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Abs, a))
    }
}

//! The largest absolute value, over all axes or one.

use crate::atoms::prelude::*;

/// The largest absolute value, over all axes or one.
#[derive(Debug)]
pub struct NormInf;

static ROW: Row = Row {
    name: "norm_inf",
    signature: "norm(x, inf), norm_inf(x, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "largest absolute value",
    formula: "maxᵢ |xᵢ|",
    shape: "a scalar, or without the axis",
    graph: "t with -t ≤ xᵢ ≤ t; a comparison bounds x directly",
    example: "var x[3]; minimize sum_squares(x - [3, 2, 1]) + 2 * norm(x, inf);",
    ..Row::PIECEWISE
};

impl Atom for NormInf {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).abs()
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let shape = lower.context.shape(&call.arguments[0])?;
        let axis = call.axis(shape.rank());
        nonempty(call, groups(shape, axis).size)?;
        let group = group_of(shape, axis);
        let inner = lower.absolute_pieces(&call.arguments[0])?;
        Ok(Some(inner.into_iter().map(|piece| piece.regrouped(group)).collect()))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let pieces = self.pieces(call, lower)?.unwrap_or_default();
        lower.epigraph(&pieces, call.shape, "norm_inf", true)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        nonempty(call, groups(tape.shape(a), axis).size)?;
        let absolute = tape.unary(Unary::Abs, a);
        Ok(tape.reduce(Reduction::Max, absolute, axis, call.shape))
    }
}

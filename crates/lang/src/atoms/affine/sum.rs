//! The sum of entries, over all axes or one.

use crate::atoms::prelude::*;

/// The sum of entries, over all axes or one.
#[derive(Debug)]
pub struct Sum;

static ROW: Row = Row {
    name: "sum",
    aliases: &["sum_entries"],
    signature: "sum(x, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "sum of entries",
    formula: "Σᵢ xᵢ",
    shape: "a scalar, or without the axis",
    example: "var X[2, 3]; minimize sum_squares(sum(X, axis=0) - 1);",
    ..Row::AFFINE
};

impl Atom for Sum {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).sum(call.reduced_count())
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        Ok(a.sum_into(call.shape, group_of(a.shape, call.axis(a.shape.rank()))))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        Ok(tape.reduce(Reduction::Sum, a, axis, call.shape))
    }
}

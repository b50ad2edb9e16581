//! The mean of entries, over all axes or one.

use crate::atoms::prelude::*;

/// The mean of entries, over all axes or one.
#[derive(Debug)]
pub struct Mean;

static ROW: Row = Row {
    name: "mean",
    signature: "mean(x, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "mean of entries",
    formula: "Σᵢ xᵢ / n",
    shape: "a scalar, or without the axis",
    example: "var x[3]; minimize square(mean(x) - 1) + norm1(x);",
    ..Row::AFFINE
};

impl Atom for Mean {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let axis = call.axis(a.shape.rank());
        let size = nonempty(call, groups(a.shape, axis).size)?;
        Ok(a.sum_into(call.shape, group_of(a.shape, axis)).scale(1.0 / size as f64))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        let size = nonempty(call, groups(tape.shape(a), axis).size)?;
        let sum = tape.reduce(Reduction::Sum, a, axis, call.shape);
        let size = tape.number(size as f64);
        Ok(tape.binary(Binary::Div, sum, size, call.shape))
    }
}

//! From the smallest to the largest entry, over all axes or one.

use crate::atoms::prelude::*;

/// From the smallest to the largest entry.
#[derive(Debug)]
pub struct Ptp;

static ROW: Row = Row {
    name: "ptp",
    signature: "ptp(x, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "largest less smallest entry",
    formula: "maxᵢ xᵢ - minᵢ xᵢ",
    shape: "a scalar, or without the axis",
    monotone: "not monotone",
    graph: "t - s with s ≤ xᵢ ≤ t",
    example: "var x[3]; minimize ptp(x) + sum_squares(x - [1, 2, 4]);",
    ..Row::PIECEWISE
};

impl Atom for Ptp {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Neither
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let axis = call.axis(a.shape.rank());
        if nonempty(call, groups(a.shape, axis).size)? == 1 {
            return Ok(Affine::zeros(call.shape));
        }
        let pieces = [Piece::entries((*a).clone()).regrouped(group_of(a.shape, axis))];
        let top = lower.epigraph(&pieces, call.shape, "ptp", true)?;
        let bottom = lower.epigraph(&pieces, call.shape, "ptp", false)?;
        Ok(top.add(&bottom.scale(-1.0)))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        nonempty(call, groups(tape.shape(a), axis).size)?;
        let top = tape.reduce(Reduction::Max, a, axis, call.shape);
        let bottom = tape.reduce(Reduction::Min, a, axis, call.shape);
        Ok(tape.binary(Binary::Sub, top, bottom, call.shape))
    }
}

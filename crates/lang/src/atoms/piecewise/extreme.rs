//! The largest and the smallest entry, over all axes or one.

use crate::atoms::prelude::*;

/// The largest or the smallest entry.
#[derive(Debug)]
pub struct Extreme {
    row: &'static Row,
    largest: bool,
}

/// `max`
pub static MAX: Extreme = Extreme {
    row: &Row {
        name: "max",
        aliases: &["amax"],
        signature: "max(x, axis=, keepdims=)",
        options: &["axis", "keepdims"],
        summary: "largest entry",
        formula: "maxᵢ xᵢ",
        shape: "a scalar, or without the axis",
        sign: "that of x",
        monotone: "nondecreasing",
        graph: "t with xᵢ ≤ t; a comparison bounds the entries directly",
        example: "var x[3]; minimize max(x - [1, 2, 3]) + norm1(x);",
        ..Row::PIECEWISE
    },
    largest: true,
};

/// `min`
pub static MIN: Extreme = Extreme {
    row: &Row {
        name: "min",
        aliases: &["amin"],
        signature: "min(x, axis=, keepdims=)",
        options: &["axis", "keepdims"],
        curvature: Curvature::Concave,
        summary: "smallest entry",
        formula: "minᵢ xᵢ",
        shape: "a scalar, or without the axis",
        sign: "that of x",
        monotone: "nondecreasing",
        graph: "t with t ≤ xᵢ; a comparison bounds the entries directly",
        example: "var x[3]; maximize min(x - [1, 2, 3]) - norm1(x);",
        ..Row::PIECEWISE
    },
    largest: false,
};

impl Atom for Extreme {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let shape = lower.context.shape(&call.arguments[0])?;
        let axis = call.axis(shape.rank());
        nonempty(call, groups(shape, axis).size)?;
        let group = group_of(shape, axis);
        let inner = lower.inner_pieces(&call.arguments[0], self.largest)?;
        Ok(Some(inner.into_iter().map(|piece| piece.regrouped(group)).collect()))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let shape = lower.context.shape(&call.arguments[0])?;
        if nonempty(call, groups(shape, call.axis(shape.rank())).size)? == 1 {
            return Ok((*lower.affine(&call.arguments[0])?).clone().with_shape(call.shape));
        }
        let pieces = self.pieces(call, lower)?.unwrap_or_default();
        lower.epigraph(&pieces, call.shape, self.row.name, self.largest)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        nonempty(call, groups(tape.shape(a), axis).size)?;
        let reduction = if self.largest { Reduction::Max } else { Reduction::Min };
        Ok(tape.reduce(reduction, a, axis, call.shape))
    }
}

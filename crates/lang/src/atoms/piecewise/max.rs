//! The largest entry, over all axes or one.

use crate::atoms::{Atom, Call, Group, Refusal, Row, group_of, groups, nonempty};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::Piece;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Reduction;

/// The largest entry, over all axes or one.
#[derive(Debug)]
pub struct Max;

static ROW: Row = Row {
    name: "max",
    aliases: &[],
    signature: "max(x, axis=, keepdims=)",
    arguments: (1, 1),
    options: &["axis", "keepdims"],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Convex,
    summary: "largest entry",
    formula: "maxᵢ xᵢ",
    graph: "t with xᵢ ≤ t",
};

impl Atom for Max {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let rows = (*lower.affine(&call.arguments[0])?).clone();
        let group = group_of(rows.shape, call.axis(rows.shape.rank()));
        let entry = (0..rows.shape.len()).map(group).collect();
        Ok(Some(vec![Piece { rows, entry, both_signs: false }]))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let axis = call.axis(a.shape.rank());
        let size = nonempty(call, groups(a.shape, axis).size)?;
        if size == 1 {
            return Ok((*a).clone().with_shape(call.shape));
        }
        let bound = lower.auxiliary("max", call.shape, None);
        let repeated = bound.gather(a.shape, (0..a.shape.len()).map(group_of(a.shape, axis)));
        lower.at_most_zero(&a.add(&repeated.scale(-1.0)), "max");
        Ok(bound)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        nonempty(call, groups(tape.shape(a), axis).size)?;
        Ok(tape.reduce(Reduction::Max, a, axis, call.shape))
    }
}

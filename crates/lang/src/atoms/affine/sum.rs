//! The sum of entries, over all axes or one.

use crate::atoms::{Atom, Call, Group, Refusal, Row, group_of};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Reduction;

/// The sum of entries, over all axes or one.
#[derive(Debug)]
pub struct Sum;

static ROW: Row = Row {
    name: "sum",
    aliases: &["sum_entries"],
    signature: "sum(x, axis=, keepdims=)",
    arguments: (1, 1),
    options: &["axis", "keepdims"],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "sum of entries",
    formula: "Σᵢ xᵢ",
    graph: "affine",
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

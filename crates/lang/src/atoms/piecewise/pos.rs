//! The positive part, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Unary;

/// The positive part, elementwise.
#[derive(Debug)]
pub struct Pos;

static ROW: Row = Row {
    name: "pos",
    aliases: &["relu"],
    signature: "pos(x)",
    arguments: (1, 1),
    options: &[],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Convex,
    summary: "positive part",
    formula: "max(xᵢ, 0)",
    graph: "t ≥ 0 with x ≤ t",
};

impl Atom for Pos {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).map_increasing(|v| v.max(0.0))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let part = lower.auxiliary("pos", call.shape, Some(0.0));
        lower.at_most_zero(&a.add(&part.clone().scale(-1.0)), "pos");
        Ok(part)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Pos, a))
    }
}

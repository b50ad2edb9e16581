//! The negative part, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Unary;

/// The negative part, elementwise.
#[derive(Debug)]
pub struct NegPart;

static ROW: Row = Row {
    name: "neg",
    aliases: &[],
    signature: "neg(x)",
    arguments: (1, 1),
    options: &[],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Convex,
    summary: "negative part",
    formula: "max(-xᵢ, 0)",
    graph: "t ≥ 0 with -x ≤ t",
};

impl Atom for NegPart {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).negate().map_increasing(|v| v.max(0.0))
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Decreasing
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let part = lower.auxiliary("neg", call.shape, Some(0.0));
        lower.at_most_zero(&(*a).clone().scale(-1.0).add(&part.clone().scale(-1.0)), "neg");
        Ok(part)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let minus = tape.unary(Unary::Neg, a);
        Ok(tape.unary(Unary::Pos, minus))
    }
}

//! The square root, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row, outside};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Unary;

/// The square root, elementwise.
#[derive(Debug)]
pub struct Sqrt;

static ROW: Row = Row {
    name: "sqrt",
    aliases: &[],
    signature: "sqrt(x)",
    arguments: (1, 1),
    options: &[],
    group: Group::Data,
    curvature: Curvature::Constant,
    summary: "the square root, elementwise",
    formula: "√xᵢ",
    graph: "lifted",
};

impl Atom for Sqrt {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let own = call.interval(0);
        Interval { nonzero: own.is_pos(), ..own.map_increasing(|v| v.max(0.0).sqrt()) }
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Sqrt, a))
    }
}

//! The exponential, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row, outside};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Unary;

/// The exponential, elementwise.
#[derive(Debug)]
pub struct Exp;

static ROW: Row = Row {
    name: "exp",
    aliases: &[],
    signature: "exp(x)",
    arguments: (1, 1),
    options: &[],
    group: Group::Data,
    curvature: Curvature::Constant,
    summary: "the exponential, elementwise",
    formula: "exp(xᵢ)",
    graph: "lifted",
};

impl Atom for Exp {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        Interval { nonzero: true, ..call.interval(0).map_increasing(f64::exp) }
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Exp, a))
    }
}

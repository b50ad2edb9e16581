//! An array of zeros.

use crate::atoms::{Atom, Call, Group, Refusal, Row, sizes};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};

/// An array of zeros.
#[derive(Debug)]
pub struct Zeros;

static ROW: Row = Row {
    name: "zeros",
    aliases: &[],
    signature: "zeros(m, n)",
    arguments: (0, 2),
    options: &[],
    group: Group::Constructor,
    curvature: Curvature::Constant,
    summary: "an array of zeros",
    formula: "0.0",
    graph: "affine",
};

impl Atom for Zeros {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        sizes(call, 0)
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::point(0.0)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        lower.context.bounded(call.shape, call.span)?;
        Ok(Affine::fill(call.shape, 0.0))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        Ok(tape.fill(0.0, call.shape))
    }
}

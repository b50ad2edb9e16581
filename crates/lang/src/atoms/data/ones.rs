//! An array of ones.

use crate::atoms::{Atom, Call, Group, Refusal, Row, sizes};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};

/// An array of ones.
#[derive(Debug)]
pub struct Ones;

static ROW: Row = Row {
    name: "ones",
    aliases: &[],
    signature: "ones(m, n)",
    arguments: (0, 2),
    options: &[],
    group: Group::Constructor,
    curvature: Curvature::Constant,
    summary: "an array of ones",
    formula: "1.0",
    graph: "affine",
};

impl Atom for Ones {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        sizes(call, 0)
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::point(1.0)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        lower.context.bounded(call.shape, call.span)?;
        Ok(Affine::fill(call.shape, 1.0))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        Ok(tape.fill(1.0, call.shape))
    }
}

//! Consecutive integers, from 0 or a start up to an end that does not count.

use crate::atoms::{Atom, Call, Group, Refusal, Row, size};
use crate::check::curvature::Curvature;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Context, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Op;

/// Consecutive integers, from 0 or a start up to an end that does not count.
#[derive(Debug)]
pub struct Arange;

static ROW: Row = Row {
    name: "arange",
    aliases: &[],
    signature: "arange(start, stop)",
    arguments: (1, 2),
    options: &[],
    group: Group::Constructor,
    curvature: Curvature::Constant,
    summary: "consecutive integers",
    formula: "start + i",
    graph: "affine",
};

impl Atom for Arange {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let ends: Vec<Poly> = (0..call.arguments.len()).map(|k| size(call, k)).collect::<Result<_, _>>()?;
        let count = match &ends[..] {
            [stop] => stop.clone(),
            [start, stop, ..] => stop.sub(start).unwrap_or_default(),
            [] => Poly::default(),
        };
        Ok(vec![count])
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let values = entries(call, tape.context)?;
        Ok(tape.push(Op::Constant(values.into()), call.shape))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        Ok(Affine::numbers(call.shape, &entries(call, lower.context)?))
    }
}

fn entries(call: &Application<'_>, context: &Context<'_>) -> Lowered<Vec<f64>> {
    context.bounded(call.shape, call.span)?;
    let start = if call.arguments.len() > 1 { context.number(&call.arguments[0])? } else { 0.0 };
    Ok((0..call.shape.len()).map(|i| start + i as f64).collect())
}

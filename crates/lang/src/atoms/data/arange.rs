//! Consecutive integers, from 0 or a start up to an end that does not count.

use crate::atoms::prelude::*;

/// Consecutive integers, from 0 or a start up to an end that does not count.
#[derive(Debug)]
pub struct Arange;

static ROW: Row = Row {
    name: "arange",
    signature: "arange(stop), arange(start, stop)",
    arguments: (1, 2),
    summary: "consecutive integers, from 0 or a start up to an end that does not count",
    formula: "start + i",
    shape: "[stop - start]",
    sign: "nonneg from 0 on",
    example: "var x[4]; minimize norm1(x - arange(4));",
    ..Row::CONSTRUCTOR
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

    fn interval(&self, call: &Call<'_>) -> Interval {
        let from_zero = call.arguments.len() == 1 || call.interval(0).is_nonneg();
        if from_zero { Interval::NONNEG } else { Interval::ALL }
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let values = entries(call, tape.context)?;
        Ok(tape.push(Op::Constant(values.into()), call.shape))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        Ok(Affine::numbers(call.shape, entries(call, lower.context)?))
    }
}

fn entries(call: &Application<'_>, context: &Context<'_>) -> Lowered<Vec<f64>> {
    context.bounded(call.shape, call.span)?;
    let start = if call.arguments.len() > 1 { context.number(&call.arguments[0])? } else { 0.0 };
    Ok((0..call.shape.len()).map(|i| start + i as f64).collect())
}

//! Evenly spaced numbers, both ends included.

use crate::atoms::prelude::*;

/// Evenly spaced numbers, both ends included.
#[derive(Debug)]
pub struct Linspace;

static ROW: Row = Row {
    name: "linspace",
    signature: "linspace(a, b, n)",
    arguments: (3, 3),
    summary: "evenly spaced numbers, both ends included",
    formula: "a + i (b - a) / (n - 1)",
    shape: "[n]",
    sign: "where a and b agree",
    example: "var x[5]; minimize norm1(x - linspace(0, 1, 5));",
    ..Row::CONSTRUCTOR
};

impl Atom for Linspace {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        for k in 0..2 {
            if !call.shape(k).is_empty() || call.facts(k).level > Level::Constant {
                return Err(Refusal::argument("the ends of `linspace` are numbers").label(k, "this is none"));
            }
        }
        Ok(vec![size(call, 2)?])
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).hull(call.interval(1))
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
    let (a, b) = (context.number(&call.arguments[0])?, context.number(&call.arguments[1])?);
    let n = call.shape.len();
    let at = |i: usize| if i + 1 == n && n > 1 { b } else { a + (b - a) * i as f64 / (n.max(2) - 1) as f64 };
    Ok((0..n).map(at).collect())
}

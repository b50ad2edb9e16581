//! An array with the same value everywhere.

use crate::atoms::prelude::*;

/// An array with the same value everywhere.
#[derive(Debug)]
pub struct Full;

static ROW: Row = Row {
    name: "full",
    signature: "full([m, n], value)",
    arguments: (2, 3),
    summary: "an array with one value",
    formula: "v",
    shape: "[m, n]",
    sign: "that of the value",
    example: "param p; var x[3]; minimize norm1(x - full([3], p));",
    ..Row::CONSTRUCTOR
};

impl Atom for Full {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let last = call.arguments.len() - 1;
        if !call.shape(last).is_empty() {
            return Err(Refusal::shape("the value of `full` is a scalar")
                .label(last, format!("this is {}", call.show(last))));
        }
        sizes_between(call, 0, last)
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(call.arguments.len() - 1)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        lower.context.bounded(call.shape, call.span)?;
        let value = lower.affine(&call.arguments[call.arguments.len() - 1])?;
        Ok(expand_to(&value, call.shape).into_owned())
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let value = tape.value(&call.arguments[call.arguments.len() - 1])?;
        Ok(tape.expand(value, call.shape))
    }
}

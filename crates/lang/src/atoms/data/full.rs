//! An array with the same value everywhere.

use crate::atoms::{Atom, Call, Group, Refusal, Row, sizes_between};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::expand_to;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};

/// An array with the same value everywhere.
#[derive(Debug)]
pub struct Full;

static ROW: Row = Row {
    name: "full",
    aliases: &[],
    signature: "full([m, n], value)",
    arguments: (2, 3),
    options: &[],
    group: Group::Constructor,
    curvature: Curvature::Constant,
    summary: "an array with one value",
    formula: "v",
    graph: "affine",
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

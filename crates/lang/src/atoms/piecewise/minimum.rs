//! The smaller of arrays, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::Piece;
use crate::lower::affine::Affine;
use crate::lower::expand_to;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Binary;

/// The smaller of arrays, elementwise.
#[derive(Debug)]
pub struct Minimum;

static ROW: Row = Row {
    name: "minimum",
    aliases: &[],
    signature: "minimum(a, b, …)",
    arguments: (1, usize::MAX),
    options: &[],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Concave,
    summary: "elementwise smaller",
    formula: "min(aᵢ, bᵢ)",
    graph: "t with tᵢ ≤ aᵢ, tᵢ ≤ bᵢ",
};

impl Atom for Minimum {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.broadcast()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        (1..call.arguments.len()).fold(call.interval(0), |all, k| {
            let next = call.interval(k);
            Interval::new(all.lo.min(next.lo), all.hi.min(next.hi))
        })
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let mut all = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            let rows = expand_to(&*lower.affine(argument)?, call.shape).into_owned();
            all.push(Piece { rows, entry: (0..call.shape.len()).collect(), both_signs: false });
        }
        Ok(Some(all))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let mut rows = Vec::new();
        let mut number: Option<f64> = None;
        for argument in call.arguments {
            let part = lower.affine(argument)?;
            match part.to_numbers().as_deref() {
                Some([value]) => number = Some(number.map_or(*value, |n| n.min(*value))),
                _ => rows.push(expand_to(&part, call.shape).into_owned()),
            }
        }
        let bound = lower.auxiliary("minimum", call.shape, None);
        if let Some(number) = number {
            lower.bound_auxiliary(&bound, number, true);
        }
        for part in rows {
            lower.at_most_zero(&part.add(&bound.clone().scale(-1.0)).scale(-1.0), "minimum");
        }
        Ok(bound)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut all = tape.value(&call.arguments[0])?;
        for argument in &call.arguments[1..] {
            let next = tape.value(argument)?;
            all = tape.binary(Binary::Min, all, next, call.shape);
        }
        Ok(tape.expand(all, call.shape))
    }
}

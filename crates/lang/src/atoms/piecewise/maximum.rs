//! The larger of arrays, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::Piece;
use crate::lower::affine::Affine;
use crate::lower::expand_to;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Binary;

/// The larger of arrays, elementwise.
#[derive(Debug)]
pub struct Maximum;

static ROW: Row = Row {
    name: "maximum",
    aliases: &[],
    signature: "maximum(a, b, …)",
    arguments: (1, usize::MAX),
    options: &[],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Convex,
    summary: "elementwise larger",
    formula: "max(aᵢ, bᵢ)",
    graph: "t with aᵢ ≤ tᵢ, bᵢ ≤ tᵢ",
};

impl Atom for Maximum {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.broadcast()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        (1..call.arguments.len()).fold(call.interval(0), |all, k| {
            let next = call.interval(k);
            Interval::new(all.lo.max(next.lo), all.hi.max(next.hi))
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
                Some([value]) => number = Some(number.map_or(*value, |n| n.max(*value))),
                _ => rows.push(expand_to(&part, call.shape).into_owned()),
            }
        }
        let bound = lower.auxiliary("maximum", call.shape, None);
        if let Some(number) = number {
            lower.bound_auxiliary(&bound, number, false);
        }
        for part in rows {
            lower.at_most_zero(&part.add(&bound.clone().scale(-1.0)), "maximum");
        }
        Ok(bound)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut all = tape.value(&call.arguments[0])?;
        for argument in &call.arguments[1..] {
            let next = tape.value(argument)?;
            all = tape.binary(Binary::Max, all, next, call.shape);
        }
        Ok(tape.expand(all, call.shape))
    }
}

//! The absolute value, elementwise.

use crate::atoms::{Atom, Call, Group, Refusal, Row, affine_argument};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::Piece;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Unary;

/// The absolute value, elementwise.
#[derive(Debug)]
pub struct Abs;

static ROW: Row = Row {
    name: "abs",
    aliases: &[],
    signature: "abs(x)",
    arguments: (1, 1),
    options: &[],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Convex,
    summary: "absolute value",
    formula: "|xᵢ|",
    graph: "t with x ≤ t, -x ≤ t",
};

impl Atom for Abs {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).abs()
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let rows = (*lower.affine(&call.arguments[0])?).clone();
        let entry = (0..rows.shape.len()).collect();
        Ok(affine_argument(call, lower).then_some(vec![Piece { rows, entry, both_signs: true }]))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        Ok(lower.absolute(&a, call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Abs, a))
    }
}

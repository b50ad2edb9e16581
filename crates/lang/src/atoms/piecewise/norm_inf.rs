//! The largest absolute value, over all axes or one.

use crate::atoms::{Atom, Call, Group, Refusal, Row, affine_argument, group_of, groups, nonempty};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::Piece;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::{Reduction, Unary};

/// The largest absolute value, over all axes or one.
#[derive(Debug)]
pub struct NormInf;

static ROW: Row = Row {
    name: "norm_inf",
    aliases: &[],
    signature: "norm_inf(x, axis=, keepdims=)",
    arguments: (1, 1),
    options: &["axis", "keepdims"],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Convex,
    summary: "largest absolute value",
    formula: "maxᵢ |xᵢ|",
    graph: "t with -t ≤ xᵢ ≤ t",
};

impl Atom for NormInf {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).abs()
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let rows = (*lower.affine(&call.arguments[0])?).clone();
        let group = group_of(rows.shape, call.axis(rows.shape.rank()));
        let entry = (0..rows.shape.len()).map(group).collect();
        Ok(affine_argument(call, lower).then_some(vec![Piece { rows, entry, both_signs: true }]))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let group = group_of(a.shape, call.axis(a.shape.rank()));
        let bound = lower.auxiliary("norm_inf", call.shape, None);
        let repeated = bound.gather(a.shape, (0..a.shape.len()).map(group)).scale(-1.0);
        lower.at_most_zero(&a.add(&repeated), "norm_inf");
        lower.at_most_zero(&(*a).clone().scale(-1.0).add(&repeated), "norm_inf");
        Ok(bound)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        nonempty(call, groups(tape.shape(a), axis).size)?;
        let absolute = tape.unary(Unary::Abs, a);
        Ok(tape.reduce(Reduction::Max, absolute, axis, call.shape))
    }
}

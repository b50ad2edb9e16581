//! The sum of absolute values, over all axes or one.

use crate::atoms::{Atom, Call, Group, Refusal, Row, group_of};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::{Reduction, Unary};

/// The sum of absolute values, over all axes or one.
#[derive(Debug)]
pub struct Norm1;

static ROW: Row = Row {
    name: "norm1",
    aliases: &[],
    signature: "norm1(x, axis=, keepdims=)",
    arguments: (1, 1),
    options: &["axis", "keepdims"],
    group: Group::PiecewiseLinear,
    curvature: Curvature::Convex,
    summary: "sum of absolute values",
    formula: "Σᵢ |xᵢ|",
    graph: "Σ t with x ≤ t, -x ≤ t",
};

impl Atom for Norm1 {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).abs().sum(call.reduced_count())
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let group = group_of(a.shape, call.axis(a.shape.rank()));
        Ok(lower.absolute(&a, call).sum_into(call.shape, group))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        let absolute = tape.unary(Unary::Abs, a);
        Ok(tape.reduce(Reduction::Sum, absolute, axis, call.shape))
    }
}

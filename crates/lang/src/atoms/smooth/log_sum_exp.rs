//! The logarithm of a sum of exponentials, over all axes or one.

use crate::atoms::prelude::*;
use cvxlayer_program::SmoothFunction;

/// The logarithm of a sum of exponentials.
#[derive(Debug)]
pub struct LogSumExp;

static ROW: Row = Row {
    name: "log_sum_exp",
    aliases: &["logsumexp"],
    signature: "log_sum_exp(x, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "logarithm of the sum of exponentials",
    formula: "log Σᵢ exp xᵢ",
    shape: "a scalar, or without the axis",
    sign: "nonneg for nonneg x",
    example: "param p[3]; var x[3]; minimize log_sum_exp(x) + sum_squares(x - p);",
    ..Row::SMOOTH
};

impl Atom for LogSumExp {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        if call.interval(0).is_nonneg() { Interval::NONNEG } else { Interval::ALL }
    }

    /// The least value of `t - 1 + Σᵢ exp(xᵢ - t)` over t, which is reached at the logarithm itself: separable terms
    /// whose second derivatives stay sparse.
    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let x = lower.affine(&call.arguments[0])?;
        let axis = call.axis(x.shape.rank());
        nonempty(call, groups(x.shape, axis).size)?;
        let top = lower.auxiliary(ROW.name, call.shape, None)?;
        let group = group_of(x.shape, axis);
        let tops = top.gather(x.shape, (0..x.shape.len()).map(group));
        let terms = lower.smooth(SmoothFunction::Exp, &x.add(&tops.scale(-1.0)), ROW.name)?;
        let sums = terms.sum_into(call.shape, group);
        Ok(sums.add(&top).add(&Affine::fill(call.shape, -1.0)))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        nonempty(call, groups(tape.shape(a), axis).size)?;
        Ok(tape.reduce(Reduction::LogSumExp, a, axis, call.shape))
    }
}

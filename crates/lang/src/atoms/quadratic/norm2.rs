//! The Euclidean norm; its square is inside the class.

use crate::atoms::prelude::*;

/// The Euclidean norm; its square is inside the class.
#[derive(Debug)]
pub struct Norm2;

static ROW: Row = Row {
    name: "norm2",
    aliases: &["pnorm"],
    signature: "norm(x, 2), norm(X, \"fro\"), norm2(x, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "Euclidean norm; its square is inside the class",
    formula: "√Σᵢ xᵢ²",
    shape: "a scalar, or without the axis",
    example: "param p[2]; var x[2]; minimize norm(x - p, 2)**2 + norm(p, 2) * norm(x, 1);",
    instead: "`sum_squares(…)`, which is `norm(…, 2)**2`, in the objective, or `norm1` or `norm_inf`, are inside the class",
    ..Row::CONE
};

impl Atom for Norm2 {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        Ok(tape.reduce(Reduction::Norm2, a, axis, call.shape))
    }
}

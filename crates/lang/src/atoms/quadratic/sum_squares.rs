//! The sum of squares, over all axes or one.

use crate::atoms::prelude::*;

/// The sum of squares, over all axes or one.
#[derive(Debug)]
pub struct SumSquares;

static ROW: Row = Row {
    name: "sum_squares",
    signature: "sum_squares(x, axis=, keepdims=), norm(x, 2)**2",
    options: &["axis", "keepdims"],
    summary: "sum of squares",
    formula: "Σᵢ xᵢ²",
    shape: "a scalar, or without the axis",
    graph: "a quadratic block: AᵀA where that is smaller than A, else through auxiliary variables",
    example: "param A[4, 2]; param y[4]; var w[2]; minimize sum_squares(A @ w - y) + norm1(w);",
    ..Row::QUADRATIC
};

impl Atom for SumSquares {
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

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        if call.shape.len() == 1 {
            return Ok(lower.sum_of_squares(&a)?.with_shape(call.shape));
        }
        let group = group_of(a.shape, call.axis(a.shape.rank()));
        Ok(lower.squares(&a, "sum_squares")?.sum_into(call.shape, group))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        let squares = tape.unary(Unary::Square, a);
        Ok(tape.reduce(Reduction::Sum, squares, axis, call.shape))
    }
}

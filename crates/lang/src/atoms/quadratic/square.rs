//! The square, elementwise.

use crate::atoms::prelude::*;

/// The square, elementwise.
#[derive(Debug)]
pub struct Square;

static ROW: Row = Row {
    name: "square",
    signature: "square(x)",
    summary: "square",
    formula: "xᵢ²",
    graph: "a quadratic block; of a long expression through auxiliary variables",
    example: "var x[2]; minimize sum(square(x - [1, 2])) + norm1(x);",
    ..Row::QUADRATIC
};

impl Atom for Square {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let own = call.interval(0);
        Interval { nonzero: own.excludes_zero(), ..own.abs().map_increasing(|v| v * v) }
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::even(call.interval(0))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        lower.squares(&a, "square")
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Square, a))
    }
}

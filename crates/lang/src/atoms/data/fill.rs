//! Arrays of zeros and of ones.

use crate::atoms::prelude::*;

/// An array with one number everywhere.
#[derive(Debug)]
pub struct Fill {
    row: &'static Row,
    value: f64,
}

/// `zeros`
pub static ZEROS: Fill = Fill {
    row: &Row {
        name: "zeros",
        signature: "zeros(m, n)",
        arguments: (0, 2),
        summary: "an array of zeros",
        formula: "0",
        shape: "[m, n]",
        sign: "zero",
        example: "var x[3]; minimize sum_squares(x - 1); subject to low: x <= zeros(3);",
        ..Row::CONSTRUCTOR
    },
    value: 0.0,
};

/// `ones`
pub static ONES: Fill = Fill {
    row: &Row {
        name: "ones",
        signature: "ones(m, n)",
        arguments: (0, 2),
        summary: "an array of ones",
        formula: "1",
        shape: "[m, n]",
        sign: "nonneg",
        example: "var x[3]; minimize norm1(x - ones(3));",
        ..Row::CONSTRUCTOR
    },
    value: 1.0,
};

impl Atom for Fill {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        sizes(call, 0)
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::point(self.value)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        lower.context.bounded(call.shape, call.span)?;
        Ok(Affine::fill(call.shape, self.value))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        Ok(tape.fill(self.value, call.shape))
    }
}

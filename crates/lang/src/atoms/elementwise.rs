//! Atoms that apply one function to every entry and have no graph form of their own: one body, and for each its row, its
//! range and its function on the tape.

use super::prelude::*;

/// An elementwise function, of data or smooth.
pub struct Elementwise {
    /// Its line in the table.
    pub row: &'static Row,
    /// The function.
    pub function: Unary,
    /// The image of a range.
    pub image: fn(Interval) -> Interval,
    /// How it moves with its argument.
    pub monotonicity: fn(Interval) -> Monotonicity,
}

impl Atom for Elementwise {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        (self.image)(call.interval(0))
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        (self.monotonicity)(call.interval(0))
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(self.function, a))
    }
}

//! Smooth atoms: terms of the objective, and functions of data.

pub mod entropy;
pub mod exponential;
pub mod log_sum_exp;
pub mod roots;

use crate::atoms::prelude::*;
use cvxlayer_program::SmoothFunction;

/// A smooth function of every entry, concave if `negated`.
pub struct Smooth {
    /// Its rules, and its function on the tape.
    pub rules: Elementwise,
    /// The convex function of the objective that it is, or the negative of which it is.
    pub function: SmoothFunction,
    /// Whether it is the negative.
    pub negated: bool,
    /// What is added to the argument.
    pub offset: f64,
}

impl Atom for Smooth {
    fn row(&self) -> &'static Row {
        self.rules.row()
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        self.rules.shape(call)
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        self.rules.interval(call)
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        self.rules.monotonicity(call, argument)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let mut array = (*lower.affine(&call.arguments[0])?).clone();
        if self.offset != 0.0 {
            array = array.add(&Affine::fill(array.shape, self.offset));
        }
        let terms = lower.smooth(self.function, &array, self.row().name)?;
        Ok(if self.negated { terms.scale(-1.0) } else { terms })
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        self.rules.value(call, tape)
    }
}

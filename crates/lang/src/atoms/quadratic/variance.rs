//! Variance, standard deviation and mean square, over all axes or one.

use crate::atoms::prelude::*;

/// A moment of second order, or its root.
#[derive(Debug)]
pub struct Moment {
    row: &'static Row,
    /// Whether the mean is taken off.
    central: bool,
    /// Whether the root is taken, which needs a cone.
    root: bool,
}

/// `variance`
pub static VARIANCE: Moment = Moment {
    row: &Row {
        name: "variance",
        signature: "variance(x, ddof=0, axis=, keepdims=)",
        options: &["ddof", "axis", "keepdims"],
        summary: "variance",
        formula: "Σᵢ (xᵢ - mean(x))² / (n - ddof)",
        shape: "a scalar, or without the axis",
        monotone: "not monotone",
        graph: "a quadratic block, with an auxiliary variable for the mean of many entries",
        example: "var x[4]; minimize variance(x) + norm1(x - [1, 2, 3, 5]);",
        ..Row::QUADRATIC
    },
    central: true,
    root: false,
};

/// `mean_squares`
pub static MEAN_SQUARES: Moment = Moment {
    row: &Row {
        name: "mean_squares",
        aliases: &["mean_square"],
        signature: "mean_squares(x, axis=, keepdims=)",
        options: &["axis", "keepdims"],
        summary: "mean of squares",
        formula: "Σᵢ xᵢ² / n",
        shape: "a scalar, or without the axis",
        example: "param A[4, 2]; param y[4]; var w[2]; minimize mean_squares(A @ w - y);",
        ..Row::QUADRATIC
    },
    central: false,
    root: false,
};

/// `std`
pub static STD: Moment = Moment {
    row: &Row {
        name: "std",
        signature: "std(x, ddof=0, axis=, keepdims=)",
        options: &["ddof", "axis", "keepdims"],
        summary: "standard deviation",
        formula: "√variance(x)",
        shape: "a scalar, or without the axis",
        monotone: "not monotone",
        instead: "`variance(…)` in the objective is inside the class",
        example: "param p[3]; var x[3]; minimize variance(x - p) + std(p) * norm1(x);",
        ..Row::CONE
    },
    central: true,
    root: true,
};

impl Moment {
    /// How many entries a result combines, and what their squares are divided by.
    fn divisor(call: &Application<'_>, size: usize) -> Lowered<f64> {
        nonempty(call, size)?;
        let divisor = size as f64 - call.number_option("ddof").unwrap_or(0.0);
        if divisor > 0.0 || call.shape.is_empty() {
            return Ok(divisor);
        }
        let message = format!("`{}` of {size} entries divides by {divisor}", call.name);
        Err(crate::lower::refuse(
            crate::diagnostics::Diagnostic::error(crate::diagnostics::codes::DIVISION_BY_ZERO, message)
                .at(call.span, "`ddof` is taken off their number"),
        ))
    }
}

impl Atom for Moment {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.integer_option("ddof")?;
        call.reduced()
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, call: &Call<'_>, _argument: usize) -> Monotonicity {
        if self.central { Monotonicity::Neither } else { Monotonicity::even(call.interval(0)) }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        if self.root {
            return Err(outside(call));
        }
        let a = lower.affine(&call.arguments[0])?;
        let axis = call.axis(a.shape.rank());
        let (size, group) = (groups(a.shape, axis).size, group_of(a.shape, axis));
        let divisor = Self::divisor(call, size)?;
        if !self.central {
            let squares = if call.shape.len() == 1 {
                lower.sum_of_squares(&a)?.with_shape(call.shape)
            } else {
                lower.squares(&a, call.name)?.sum_into(call.shape, group)
            };
            return Ok(squares.scale(1.0 / divisor));
        }
        let mut mean = a.sum_into(call.shape, group).scale(1.0 / size as f64);
        if size > LONGEST_MEAN {
            mean = lower.as_variable(&mean, call.name)?;
        }
        let mean = mean.gather(a.shape, (0..a.shape.len()).map(group));
        let squares = lower.squares(&a.add(&mean.scale(-1.0)), call.name)?;
        Ok(squares.sum_into(call.shape, group).scale(1.0 / divisor))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut a = tape.value(&call.arguments[0])?;
        let shape = tape.shape(a);
        let axis = call.axis(shape.rank());
        let size = groups(shape, axis).size;
        let divisor = Self::divisor(call, size)?;
        if self.central {
            let sum = tape.reduce(Reduction::Sum, a, axis, call.shape);
            let count = tape.number(size as f64);
            let mean = tape.binary(Binary::Div, sum, count, call.shape);
            let group = group_of(shape, axis);
            let mean = tape.gather(mean, shape, (0..shape.len()).map(group));
            a = tape.binary(Binary::Sub, a, mean, shape);
        }
        let root = tape.number(divisor.sqrt());
        if self.root {
            let norm = tape.reduce(Reduction::Norm2, a, axis, call.shape);
            return Ok(tape.binary(Binary::Div, norm, root, call.shape));
        }
        let squares = tape.unary(Unary::Square, a);
        let sum = tape.reduce(Reduction::Sum, squares, axis, call.shape);
        let divisor = tape.number(divisor);
        Ok(tape.binary(Binary::Div, sum, divisor, call.shape))
    }
}

/// The mean of more entries is a variable of its own, since every square would hold all of them.
const LONGEST_MEAN: usize = 4;

//! A sum of squares over positive data.

use crate::atoms::prelude::*;

/// A sum of squares over positive data.
#[derive(Debug)]
pub struct QuadOverLin;

static ROW: Row = Row {
    name: "quad_over_lin",
    signature: "quad_over_lin(x, y, axis=, keepdims=)",
    arguments: (2, 2),
    options: &["axis", "keepdims"],
    summary: "sum of squares over positive data",
    formula: "Σᵢ xᵢ² / y",
    shape: "a scalar, or without the axis",
    monotone: "by the sign of x; nonincreasing in y",
    graph: "a quadratic block times 1 / y, which is lifted",
    example: "param p pos; var x[2]; minimize quad_over_lin(x - [1, 2], p) + norm1(x);",
    instead: "with data below the line, in the objective, it is inside the class",
    ..Row::QUADRATIC
};

impl Atom for QuadOverLin {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if !call.shape(1).is_empty() {
            return Err(Refusal::shape("the divisor of `quad_over_lin` is a scalar")
                .label(1, format!("this is {}", call.show(1))));
        }
        if call.facts(1).variable_free() && !call.interval(1).is_nonneg() {
            return Err(Refusal::argument("the divisor of `quad_over_lin` must be positive")
                .label(1, "its sign is not known")
                .help("declare it `pos`"));
        }
        call.reduced()
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn group(&self, call: &Call<'_>) -> Group {
        if call.facts(1).variable_free() { Group::Quadratic } else { Group::Cone }
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 0 { Monotonicity::even(call.interval(0)) } else { Monotonicity::Decreasing }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let inverse = lower.reciprocal(&call.arguments[1])?;
        let squares = if call.shape.len() == 1 {
            lower.sum_of_squares(&a)?.with_shape(call.shape)
        } else {
            let group = group_of(a.shape, call.axis(a.shape.rank()));
            lower.squares(&a, "quad_over_lin")?.sum_into(call.shape, group)
        };
        Ok(lower.multiply(&squares, &inverse, call.shape))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, y) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let axis = call.axis(tape.shape(a).rank());
        let squares = tape.unary(Unary::Square, a);
        let sum = tape.reduce(Reduction::Sum, squares, axis, call.shape);
        Ok(tape.binary(Binary::Div, sum, y, call.shape))
    }
}

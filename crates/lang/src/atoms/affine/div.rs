//! Division by data, elementwise, with broadcasting.

use crate::atoms::prelude::*;

/// Division by data, elementwise, with broadcasting.
#[derive(Debug)]
pub struct Div;

static ROW: Row = Row {
    name: "divide",
    signature: "x / p",
    arguments: (2, 2),
    summary: "elementwise quotient by data",
    formula: "aᵢ / bᵢ",
    shape: "broadcast",
    sign: "the quotient of the signs",
    monotone: "by the sign of p",
    graph: "affine; a parametric divisor is lifted to its reciprocal",
    example: "param p pos; var x[2]; minimize sum_squares(x / p - 1);",
    ..Row::AFFINE
};

impl Atom for Div {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.broadcast()
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).times(call.interval(1).recip())
    }

    fn curvature(&self, call: &Call<'_>) -> Curvature {
        if call.facts(1).variable_free() { Curvature::Affine } else { Curvature::Unknown }
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 0 { Monotonicity::of_factor(call.interval(1).recip()) } else { Monotonicity::Neither }
    }

    fn linear(&self, call: &Call<'_>) -> bool {
        call.facts(1).level < Level::Parameter
    }

    fn is_product(&self) -> bool {
        true
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        match call.facts(0).definite {
            same @ (Definite::Psd | Definite::Nsd)
                if call.shape(1).is_empty() && call.interval(1).is_pos() =>
            {
                same
            }
            _ => Definite::No,
        }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.affine(&call.arguments[0])?, lower.reciprocal(&call.arguments[1])?);
        Ok(lower.multiply(&a, &b, call.shape))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        Ok(tape.binary(Binary::Div, a, b, call.shape))
    }
}

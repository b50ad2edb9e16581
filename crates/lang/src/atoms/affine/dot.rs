//! The sum of elementwise products.

use crate::atoms::prelude::*;

/// The sum of elementwise products.
#[derive(Debug)]
pub struct Dot;

static ROW: Row = Row {
    name: "dot",
    aliases: &["vdot", "inner", "scalar_product"],
    signature: "dot(a, b)",
    summary: "inner product, one factor data",
    formula: "Σᵢ aᵢ bᵢ",
    shape: "a scalar",
    example: "param c[2]; var x[2] in [-1, 1]; minimize dot(c, x);",
    ..Row::PRODUCT
};

impl Atom for Dot {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let (a, b) = (call.shape(0), call.shape(1));
        if a.len() == b.len() && a.iter().zip(b).all(|(x, y)| call.agree(x, y)) {
            return Ok(Vec::new());
        }
        Err(Refusal::shape(format!("`dot` of {} and {}", call.show(0), call.show(1)))
            .label(0, format!("this is {}", call.show(0)))
            .label(1, format!("this is {}", call.show(1))))
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).times(call.interval(1)).sum(call.count(0))
    }

    product_rules!();

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.compact(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        Ok(lower.multiply(&a, &b, a.shape).sum_into(Shape::Scalar, |_| 0))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let shape = tape.shape(a);
        let product = tape.binary(Binary::Mul, a, b, shape);
        Ok(tape.reduce(Reduction::Sum, product, None, call.shape))
    }
}

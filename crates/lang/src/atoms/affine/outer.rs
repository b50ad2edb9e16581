//! The outer product.

use crate::atoms::prelude::*;

/// The outer product.
#[derive(Debug)]
pub struct Outer;

static ROW: Row = Row {
    name: "outer",
    signature: "outer(a, b)",
    summary: "outer product, one factor data",
    formula: "aᵢ bⱼ",
    shape: "[m, n], the numbers of entries of a and b",
    example: "param p[2]; var x[3]; minimize sum(abs(outer(p, x) - 1));",
    ..Row::PRODUCT
};

impl Atom for Outer {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        (0..2)
            .map(|k| match call.shape(k) {
                [] => Ok(Poly::constant(1)),
                [n] => Ok(n.clone()),
                _ => {
                    Err(Refusal::shape("`outer` is of vectors").label(k, format!("this is {}", call.show(k))))
                }
            })
            .collect()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        product::interval(call)
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        if call.tree.same(call.arguments[0], call.arguments[1]) { Definite::Psd } else { Definite::No }
    }

    product_rules!();

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.compact(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        lower.context.bounded(call.shape, call.span)?;
        let n = b.shape.len();
        let (left, right) = positions(a.shape.len(), n);
        let (a, b) = (a.gather(call.shape, left), b.gather(call.shape, right));
        Ok(lower.multiply(&a, &b, call.shape))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let (left, right) = positions(tape.shape(a).len(), tape.shape(b).len());
        let (a, b) = (tape.gather(a, call.shape, left), tape.gather(b, call.shape, right));
        Ok(tape.binary(Binary::Mul, a, b, call.shape))
    }
}

/// The factors of each entry.
fn positions(m: usize, n: usize) -> (Vec<usize>, Vec<usize>) {
    ((0..m * n).map(|k| k / n).collect(), (0..m * n).map(|k| k % n).collect())
}

//! The full discrete convolution.

use crate::atoms::prelude::*;

/// The full discrete convolution.
#[derive(Debug)]
pub struct Conv;

static ROW: Row = Row {
    name: "conv",
    aliases: &["convolve"],
    signature: "conv(c, x)",
    summary: "convolution of vectors, one of them data",
    formula: "Σᵢ cᵢ xₖ₋ᵢ",
    shape: "[m + n - 1]",
    example: "var x[4]; minimize sum_squares(conv([1, 2, 1], x) - 1);",
    ..Row::PRODUCT
};

impl Atom for Conv {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let mut total = Poly::constant(-1);
        for k in 0..2 {
            let size = match call.shape(k) {
                [] => Poly::constant(1),
                [n] => n.clone(),
                _ => {
                    return Err(
                        Refusal::shape("`conv` is of vectors").label(k, format!("this is {}", call.show(k)))
                    );
                }
            };
            total = total.add(&size).unwrap_or_default();
        }
        Ok(vec![total])
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        product::interval(call).sum(None)
    }

    product_rules!();

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.compact(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        let (c, x) = if a.has_variable() { (b, a) } else { (a, b) };
        let n = x.shape.len();
        let banded = Shape::Matrix(call.shape.len(), n);
        let toeplitz = pick(&c, banded, toeplitz(c.shape.len(), n, call.shape.len()));
        Ok(toeplitz.matmul(&x, (call.shape.len(), n, 1), call.shape, &mut lower.products))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (c, x) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let (m, n) = (tape.shape(c).len(), tape.shape(x).len());
        let x = tape.reshape(x, Shape::Vector(n));
        let banded = Shape::Matrix(call.shape.len(), n);
        tape.context.bounded(banded, call.span)?;
        let positions: Vec<u32> = toeplitz(m, n, call.shape.len()).collect();
        let matrix = tape.push(Op::Gather(c, positions.into()), banded);
        Ok(tape.push(Op::MatMul(matrix, x), call.shape))
    }
}

/// The banded matrix `T` of the first factor: `Tₖⱼ = cₖ₋ⱼ`.
fn toeplitz(m: usize, n: usize, rows: usize) -> impl Iterator<Item = u32> {
    (0..rows).flat_map(move |k| {
        (0..n).map(move |j| match k.checked_sub(j) {
            Some(i) if i < m => i as u32,
            _ => ZERO_ENTRY,
        })
    })
}

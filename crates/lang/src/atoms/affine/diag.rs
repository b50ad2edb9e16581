//! The diagonal of a matrix, or the matrix with a diagonal.

use crate::atoms::prelude::*;

/// The diagonal of a matrix, or the matrix with a diagonal.
#[derive(Debug)]
pub struct Diag;

static ROW: Row = Row {
    name: "diag",
    signature: "diag(x)",
    summary: "diagonal of a matrix, or matrix of a diagonal",
    formula: "Xᵢᵢ, or the matrix with xᵢ at (i, i)",
    shape: "[n] of [n, n], [n, n] of [n]",
    sign: "that of x, with 0",
    example: "var X[2, 2]; minimize sum_squares(X) + norm1(diag(X) - 1);",
    ..Row::AFFINE
};

impl Atom for Diag {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        match call.shape(0) {
            [n] => Ok(vec![n.clone(), n.clone()]),
            [m, n] if call.agree(m, n) => Ok(vec![m.clone()]),
            _ => Err(Refusal::shape("`diag` is of a vector or a square matrix")
                .label(0, format!("this is {}", call.show(0)))),
        }
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        if call.shape(0).len() == 1 { call.interval(0).hull(Interval::point(0.0)) } else { call.interval(0) }
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        match (call.shape(0).len(), call.interval(0)) {
            (1, i) if i.is_nonneg() => Definite::Psd,
            (1, i) if i.is_nonpos() => Definite::Nsd,
            (1, _) => Definite::Symmetric,
            _ => Definite::No,
        }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        if let Shape::Vector(n) = a.shape {
            return Ok(a.scatter(call.shape, |i| i * n + i));
        }
        let n = a.shape.as_rows().0;
        Ok(a.gather(call.shape, (0..n).map(|i| i * n + i)))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        if let Shape::Vector(n) = tape.shape(a) {
            let index: Vec<u32> =
                (0..n * n).map(|k| if k / n == k % n { (k / n) as u32 } else { ZERO_ENTRY }).collect();
            return Ok(tape.push(Op::Gather(a, index.into()), call.shape));
        }
        let n = tape.shape(a).as_rows().0;
        Ok(tape.gather(a, call.shape, (0..n).map(|i| i * n + i)))
    }
}

//! The transpose; a vector is its own.

use crate::atoms::prelude::*;

/// The transpose; a vector is its own.
#[derive(Debug)]
pub struct Transpose;

static ROW: Row = Row {
    name: "transpose",
    signature: "X.T",
    summary: "transpose; a vector is its own",
    formula: "Xⱼᵢ",
    shape: "[n, m]",
    example: "var X[2, 3]; minimize sum_squares(X.T @ [1, 2] - 1);",
    ..Row::AFFINE
};

impl Atom for Transpose {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).iter().rev().cloned().collect())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        call.facts(0).definite
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let (m, n) = a.shape.as_rows();
        Ok(a.scatter(call.shape, |i| (i % n) * m + i / n))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let (m, n) = tape.shape(a).as_rows();
        Ok(tape.gather(a, call.shape, (0..m * n).map(|i| (i % m) * n + i / m)))
    }
}

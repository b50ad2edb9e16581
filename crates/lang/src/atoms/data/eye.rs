//! The identity matrix.

use crate::atoms::prelude::*;

/// The identity matrix.
#[derive(Debug)]
pub struct Eye;

static ROW: Row = Row {
    name: "eye",
    aliases: &["identity"],
    signature: "eye(n)",
    summary: "identity matrix",
    formula: "1 at (i, i), 0 elsewhere",
    shape: "[n, n]",
    sign: "nonneg",
    example: "var X[2, 2]; minimize sum(abs(X - eye(2)));",
    ..Row::CONSTRUCTOR
};

impl Atom for Eye {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        match &sizes(call, 0)?[..] {
            [n] => Ok(vec![n.clone(), n.clone()]),
            _ => Err(Refusal::argument("an identity matrix has one size").label(0, "this is not one size")),
        }
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::new(0.0, 1.0)
    }

    fn definite(&self, _call: &Call<'_>) -> Definite {
        Definite::Psd
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        let n = call.shape.as_rows().0;
        let one = Term { column: Column::ONE, parameter: 0, coefficient: 1.0 };
        Ok(Affine::from_terms(call.shape, (0..n).map(|i| (i * n + i, one))))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let n = call.shape.as_rows().0;
        let values: Vec<f64> = (0..n * n).map(|k| f64::from(u8::from(k / n == k % n))).collect();
        Ok(tape.push(Op::Constant(values.into()), call.shape))
    }
}

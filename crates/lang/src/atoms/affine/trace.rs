//! The sum of the diagonal.

use crate::atoms::prelude::*;

/// The sum of the diagonal.
#[derive(Debug)]
pub struct Trace;

static ROW: Row = Row {
    name: "trace",
    signature: "trace(X)",
    summary: "sum of the diagonal",
    formula: "Σᵢ Xᵢᵢ",
    shape: "a scalar",
    example: "var X[2, 2]; minimize square(trace(X) - 1) + sum(abs(X));",
    ..Row::AFFINE
};

impl Atom for Trace {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        match call.shape(0) {
            [m, n] if call.agree(m, n) => Ok(Vec::new()),
            _ => {
                Err(Refusal::shape("`trace` is of a square matrix")
                    .label(0, format!("this is {}", call.show(0))))
            }
        }
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        if call.facts(0).definite == Definite::Psd {
            return Interval::NONNEG;
        }
        call.interval(0).sum(call.shape(0)[0].as_constant())
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let n = a.shape.as_rows().0;
        Ok(a.gather(Shape::Vector(n), (0..n).map(|i| i * n + i)).sum_into(call.shape, |_| 0))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let n = tape.shape(a).as_rows().0;
        let diagonal = tape.gather(a, Shape::Vector(n), (0..n).map(|i| i * n + i));
        Ok(tape.reduce(Reduction::Sum, diagonal, None, call.shape))
    }
}

//! The total variation of a vector.

use crate::atoms::prelude::*;

/// The total variation of a vector.
#[derive(Debug)]
pub struct Tv;

static ROW: Row = Row {
    name: "tv",
    aliases: &["total_variation"],
    signature: "tv(x)",
    summary: "total variation of a vector",
    formula: "Σᵢ |xᵢ₊₁ - xᵢ|",
    shape: "a scalar",
    monotone: "not monotone",
    graph: "Σ t with ±(xᵢ₊₁ - xᵢ) ≤ tᵢ",
    example: "var x[4]; minimize sum_squares(x - [1, 1, 3, 3]) + tv(x);",
    ..Row::PIECEWISE
};

impl Atom for Tv {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if call.shape(0).len() == 1 {
            return Ok(Vec::new());
        }
        let refusal = Refusal::shape("`tv` is of a vector").label(0, format!("this is {}", call.show(0)));
        Err(if call.shape(0).len() == 2 {
            refusal.help(
                "in two dimensions it needs a second-order cone; by axes, \
                 `norm1(diff(X, axis=0)) + norm1(diff(X, axis=1))` is inside the class",
            )
        } else {
            refusal
        })
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Neither
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let flat = Shape::Vector(a.shape.len().saturating_sub(1));
        let steps = a.gather(flat, 1..a.shape.len()).add(&a.gather(flat, 0..flat.len()).scale(-1.0));
        let piece = Piece { both_signs: true, ..Piece::entries(steps) };
        Ok(lower.epigraph(&[piece], flat, "tv", true)?.sum_into(call.shape, |_| 0))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let n = tape.shape(a).len();
        let flat = Shape::Vector(n.saturating_sub(1));
        let (next, own) = (tape.gather(a, flat, 1..n), tape.gather(a, flat, 0..flat.len()));
        let steps = tape.binary(Binary::Sub, next, own, flat);
        let absolute = tape.unary(Unary::Abs, steps);
        Ok(tape.reduce(Reduction::Sum, absolute, None, call.shape))
    }
}

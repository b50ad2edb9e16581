//! The elementwise product, with broadcasting.

use crate::atoms::prelude::*;

/// The elementwise product, with broadcasting.
#[derive(Debug)]
pub struct Mul;

static ROW: Row = Row {
    name: "multiply",
    signature: "a * b",
    summary: "elementwise product, one factor data",
    formula: "aᵢ bᵢ",
    shape: "broadcast",
    example: "param w[2] nonneg; var x[2]; minimize sum(w * square(x - 1));",
    ..Row::PRODUCT
};

impl Atom for Mul {
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
        call.interval(0).times(call.interval(1))
    }

    product_rules!();

    fn definite(&self, call: &Call<'_>) -> Definite {
        for (scalar, matrix) in [(0, 1), (1, 0)] {
            if call.shape(scalar).is_empty() {
                let (sign, definite) = (call.interval(scalar), call.facts(matrix).definite);
                return match definite {
                    Definite::Psd | Definite::Nsd if sign.is_nonneg() => definite,
                    Definite::Psd if sign.is_nonpos() => Definite::Nsd,
                    Definite::Nsd if sign.is_nonpos() => Definite::Psd,
                    Definite::No => Definite::No,
                    _ => Definite::Symmetric,
                };
            }
        }
        Definite::No
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.compact(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        Ok(lower.multiply(&a, &b, call.shape))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let facts = |k: usize| lower.context.model.tree.facts(call.arguments[k].node);
        let (factor, curved) = if facts(0).variable_free() { (0, 1) } else { (1, 0) };
        let convex = facts(curved).curvature.is_convex();
        let Some(inner) = lower.pieces(&call.arguments[curved], convex, call.shape)? else { return Ok(None) };
        let factor = expand_to(&*lower.compact(&call.arguments[factor])?, call.shape).into_owned();
        let scaled = |mut piece: Piece| {
            let by = factor.gather(piece.rows.shape, piece.entry.iter().copied());
            piece.rows = lower.multiply(&piece.rows, &by, piece.rows.shape);
            piece
        };
        Ok(Some(inner.into_iter().map(scaled).collect()))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        Ok(tape.binary(Binary::Mul, a, b, call.shape))
    }
}

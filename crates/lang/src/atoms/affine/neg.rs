//! Negation.

use crate::atoms::prelude::*;

/// Negation.
#[derive(Debug)]
pub struct Neg;

static ROW: Row = Row {
    name: "negative",
    signature: "-x",
    summary: "negation",
    formula: "-xᵢ",
    sign: "opposite",
    monotone: "nonincreasing",
    example: "var x in [0, 1]; minimize -x;",
    ..Row::AFFINE
};

impl Atom for Neg {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).negate()
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Decreasing
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        match call.facts(0).definite {
            Definite::Psd => Definite::Nsd,
            Definite::Nsd => Definite::Psd,
            other => other,
        }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        Ok((*lower.affine(&call.arguments[0])?).clone().scale(-1.0))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let inner = &call.arguments[0];
        let convex = lower.context.model.tree.facts(inner.node).curvature.is_convex();
        let pieces = lower.pieces(inner, convex, call.shape)?;
        Ok(pieces.map(|all| all.into_iter().map(Piece::negated).collect()))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.unary(Unary::Neg, a))
    }
}

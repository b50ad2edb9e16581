//! Sums, with broadcasting.

use crate::atoms::prelude::*;

/// Sums, with broadcasting.
#[derive(Debug)]
pub struct Add;

static ROW: Row = Row {
    name: "add",
    signature: "a + b - c",
    arguments: (1, usize::MAX),
    summary: "sum",
    formula: "aᵢ + bᵢ",
    shape: "broadcast",
    sign: "where all agree",
    example: "param p; var x[2]; minimize sum_squares(x + p - 1);",
    ..Row::AFFINE
};

impl Atom for Add {
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
        (0..call.arguments.len()).fold(Interval::point(0.0), |sum, k| sum.plus(call.interval(k)))
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        let all: Vec<_> = (0..call.arguments.len()).map(|k| call.facts(k).definite).collect();
        if all.contains(&Definite::No) {
            Definite::No
        } else if all.iter().all(|d| *d == Definite::Psd) {
            Definite::Psd
        } else if all.iter().all(|d| *d == Definite::Nsd) {
            Definite::Nsd
        } else {
            Definite::Symmetric
        }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let mut parts = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            let part = lower.affine(argument)?;
            parts.push(expand_to(&part, call.shape).into_owned());
        }
        Ok(Affine::sum(call.shape, &parts))
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let curvature = |a: &Operand| lower.context.model.tree.facts(a.node).curvature;
        let curved: Vec<_> = call.arguments.iter().filter(|a| !curvature(a).is_affine()).collect();
        let [curved] = curved[..] else { return Ok(None) };
        let Some(inner) = lower.pieces(curved, curvature(curved).is_convex(), call.shape)? else {
            return Ok(None);
        };
        let mut rest = Affine::zeros(call.shape);
        for argument in call.arguments.iter().filter(|a| a.node != curved.node || a.env != curved.env) {
            rest = rest.add(&expand_to(&*lower.affine(argument)?, call.shape));
        }
        Ok(Some(inner.into_iter().flat_map(|piece| piece.plus(&rest)).collect()))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut sum = tape.value(&call.arguments[0])?;
        for argument in &call.arguments[1..] {
            let next = tape.value(argument)?;
            sum = tape.binary(Binary::Add, sum, next, call.shape);
        }
        Ok(tape.expand(sum, call.shape))
    }
}

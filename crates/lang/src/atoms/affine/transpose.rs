//! The transpose; a vector is its own.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::check::tree::Definite;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};

/// The transpose; a vector is its own.
#[derive(Debug)]
pub struct Transpose;

static ROW: Row = Row {
    name: "transpose",
    aliases: &[],
    signature: "X.T",
    arguments: (1, 1),
    options: &[],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "transpose",
    formula: "Xⱼᵢ",
    graph: "affine",
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

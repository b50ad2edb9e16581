//! The determinant of a square matrix.

use crate::atoms::{Atom, Call, Group, Refusal, Row, outside};
use crate::check::curvature::Curvature;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Op;

/// The determinant of a square matrix.
#[derive(Debug)]
pub struct Det;

static ROW: Row = Row {
    name: "det",
    aliases: &[],
    signature: "det(S)",
    arguments: (1, 1),
    options: &[],
    group: Group::Data,
    curvature: Curvature::Constant,
    summary: "the determinant of a square matrix",
    formula: "det S",
    graph: "lifted",
};

impl Atom for Det {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        match call.shape(0) {
            [m, n] if call.agree(m, n) => Ok(Vec::new()),
            _ => {
                Err(Refusal::shape("this is of a square matrix")
                    .label(0, format!("this is {}", call.show(0))))
            }
        }
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.push(Op::Determinant(a), call.shape))
    }
}

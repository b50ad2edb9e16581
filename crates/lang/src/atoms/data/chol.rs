//! The lower Cholesky factor of a positive definite matrix.

use crate::atoms::{Atom, Call, Group, Refusal, Row, outside};
use crate::check::curvature::Curvature;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Op;

/// The lower Cholesky factor of a positive definite matrix.
#[derive(Debug)]
pub struct Chol;

static ROW: Row = Row {
    name: "chol",
    aliases: &[],
    signature: "chol(S)",
    arguments: (1, 1),
    options: &[],
    group: Group::Data,
    curvature: Curvature::Constant,
    summary: "the lower cholesky factor of a positive definite matrix",
    formula: "L with L Lᵀ = S",
    graph: "lifted",
};

impl Atom for Chol {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        match call.shape(0) {
            [m, n] if call.agree(m, n) => Ok(call.shape(0).to_vec()),
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
        Ok(tape.push(Op::Cholesky(a), call.shape))
    }
}

//! Asserts that a matrix of data is positive semidefinite, which is verified when it has values.

use crate::atoms::prelude::*;
use cvxlayer_program::CheckKind;

/// Asserts that a matrix of data is positive semidefinite, which is verified when it has values.
#[derive(Debug)]
pub struct PsdWrap;

static ROW: Row = Row {
    name: "psd_wrap",
    aliases: &["assume_psd"],
    signature: "psd_wrap(P)",
    summary: "asserts positive semidefinite data, which is verified when it has values",
    formula: "P",
    sign: "that of P",
    monotone: "of data only",
    example: "param P[2, 2]; var x[2]; minimize quad_form(x - 1, psd_wrap(P));",
    ..Row::AFFINE
};

impl Atom for PsdWrap {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        match call.shape(0) {
            [m, n] if call.agree(m, n) => Ok(call.shape(0).to_vec()),
            _ => Err(Refusal::shape("`psd_wrap` is of a square matrix")
                .label(0, format!("this is {}", call.show(0)))),
        }
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn definite(&self, _call: &Call<'_>) -> Definite {
        Definite::Psd
    }

    fn data_argument(&self, _argument: usize) -> Option<&'static str> {
        Some("only data can be asserted")
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let node = lower.lift.value(&call.arguments[0])?;
        let text = lower.context.model.text(call.span);
        lower.check(node, CheckKind::Psd, &text);
        Ok((*lower.affine(&call.arguments[0])?).clone())
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        tape.value(&call.arguments[0])
    }
}

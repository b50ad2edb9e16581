//! The elementwise product, with broadcasting.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::check::tree::{Definite, Level};
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Binary;

/// The elementwise product, with broadcasting.
#[derive(Debug)]
pub struct Mul;

static ROW: Row = Row {
    name: "multiply",
    aliases: &[],
    signature: "a * b",
    arguments: (2, 2),
    options: &[],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "elementwise product, one factor data",
    formula: "aᵢ bᵢ",
    graph: "affine",
};

impl Atom for Mul {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.broadcast()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).times(call.interval(1))
    }

    fn curvature(&self, call: &Call<'_>) -> Curvature {
        let varying = (0..2).filter(|&k| !call.facts(k).variable_free()).count();
        if varying < 2 { Curvature::Affine } else { Curvature::Unknown }
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        Monotonicity::of_factor(call.interval(1 - argument))
    }

    fn linear(&self, call: &Call<'_>) -> bool {
        (0..2).filter(|&k| call.facts(k).level == Level::Parameter).count() < 2
    }

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

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        Ok(tape.binary(Binary::Mul, a, b, call.shape))
    }
}

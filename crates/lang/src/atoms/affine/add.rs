//! Sums, with broadcasting.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::check::tree::Definite;
use crate::lower::affine::Affine;
use crate::lower::expand_to;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::{Binary, Shape};

/// Sums, with broadcasting.
#[derive(Debug)]
pub struct Add;

static ROW: Row = Row {
    name: "add",
    aliases: &[],
    signature: "a + b - c",
    arguments: (1, usize::MAX),
    options: &[],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "sum",
    formula: "aᵢ + bᵢ",
    graph: "affine",
};

impl Atom for Add {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.broadcast()
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
        if let [a, b] = &parts[..] {
            return Ok(a.add(b));
        }
        let len = call.shape.len().max(1);
        let all = Affine::concat(Shape::Vector(len * parts.len()), &parts);
        Ok(all.sum_into(call.shape, |i| i % len))
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

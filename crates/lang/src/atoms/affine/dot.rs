//! The sum of elementwise products.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::check::tree::Level;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::{Binary, Reduction, Shape};

/// The sum of elementwise products.
#[derive(Debug)]
pub struct Dot;

static ROW: Row = Row {
    name: "dot",
    aliases: &["vdot", "inner", "scalar_product"],
    signature: "dot(a, b)",
    arguments: (2, 2),
    options: &[],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "inner product, one factor data",
    formula: "Σᵢ aᵢ bᵢ",
    graph: "affine",
};

impl Atom for Dot {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let (a, b) = (call.shape(0), call.shape(1));
        if a.len() == b.len() && a.iter().zip(b).all(|(x, y)| call.agree(x, y)) {
            return Ok(Vec::new());
        }
        Err(Refusal::shape(format!("`dot` of {} and {}", call.show(0), call.show(1)))
            .label(0, format!("this is {}", call.show(0)))
            .label(1, format!("this is {}", call.show(1))))
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).times(call.interval(1)).sum(call.count(0))
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

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.compact(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        Ok(lower.multiply(&a, &b, a.shape).sum_into(Shape::Scalar, |_| 0))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let shape = tape.shape(a);
        let product = tape.binary(Binary::Mul, a, b, shape);
        Ok(tape.reduce(Reduction::Sum, product, None, call.shape))
    }
}

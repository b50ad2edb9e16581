//! Arrays on top of each other; a vector is one row.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::{Op, Shape};

/// Arrays on top of each other; a vector is one row.
#[derive(Debug)]
pub struct VStack;

static ROW: Row = Row {
    name: "vstack",
    aliases: &[],
    signature: "vstack(a, b, …)",
    arguments: (1, usize::MAX),
    options: &[],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "arrays on top of each other",
    formula: "[a; b]",
    graph: "affine",
};

impl Atom for VStack {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let one = Poly::constant(1);
        let width = |k: usize| call.shape(k).last().cloned().unwrap_or_else(|| one.clone());
        let mut height = Poly::default();
        for k in 0..call.arguments.len() {
            if !call.agree(&width(k), &width(0)) {
                return Err(Refusal::shape("`vstack` joins arrays with equally long rows")
                    .label(0, format!("this is {}", call.show(0)))
                    .label(k, format!("this is {}", call.show(k))));
            }
            let rows = if call.shape(k).len() == 2 { call.shape(k)[0].clone() } else { one.clone() };
            height = height.add(&rows).unwrap_or_default();
        }
        Ok(vec![height, width(0)])
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        (1..call.arguments.len()).fold(call.interval(0), |hull, k| hull.hull(call.interval(k)))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let mut parts = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            parts.push((*lower.affine(argument)?).clone());
        }
        let order = order(&parts.iter().map(|p| p.shape).collect::<Vec<_>>());
        let all = Affine::concat(Shape::Vector(call.shape.len()), &parts);
        Ok(match order {
            None => all.with_shape(call.shape),
            Some(order) => all.gather(call.shape, order),
        })
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut parts = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            parts.push(tape.value(argument)?);
        }
        let order = order(&parts.iter().map(|&p| tape.shape(p)).collect::<Vec<_>>());
        let all = tape.push(
            Op::Concat(parts.into()),
            if order.is_some() { Shape::Vector(call.shape.len()) } else { call.shape },
        );
        Ok(match order {
            None => all,
            Some(order) => tape.gather(all, call.shape, order),
        })
    }
}

/// Rows by rows is the order of the entries already.
fn order(_shapes: &[Shape]) -> Option<Vec<usize>> {
    None
}

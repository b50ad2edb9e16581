//! Arrays side by side: vectors end to end, matrices by columns.

use crate::atoms::{Atom, Call, Group, Refusal, Row};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::{Op, Shape};

/// Arrays side by side: vectors end to end, matrices by columns.
#[derive(Debug)]
pub struct HStack;

static ROW: Row = Row {
    name: "hstack",
    aliases: &[],
    signature: "hstack(a, b, …)",
    arguments: (1, usize::MAX),
    options: &[],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "arrays side by side",
    formula: "[a, b]",
    graph: "affine",
};

impl Atom for HStack {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let matrix = call.shape(0).len() == 2;
        let mut width = Poly::default();
        for k in 0..call.arguments.len() {
            let shape = call.shape(k);
            let fits = (shape.len() == 2) == matrix && (!matrix || call.agree(&shape[0], &call.shape(0)[0]));
            if !fits {
                return Err(Refusal::shape("`hstack` joins vectors, or matrices with equally many rows")
                    .label(0, format!("this is {}", call.show(0)))
                    .label(k, format!("this is {}", call.show(k))));
            }
            let size = shape.last().cloned().unwrap_or_else(|| Poly::constant(1));
            width = width.add(&size).unwrap_or_default();
        }
        Ok(if matrix { vec![call.shape(0)[0].clone(), width] } else { vec![width] })
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

/// Positions in the concatenated entries, row by row of the result; `None` if they are in order already.
pub(crate) fn order(shapes: &[Shape]) -> Option<Vec<usize>> {
    let Some(Shape::Matrix(rows, _)) = shapes.first() else { return None };
    let mut out = Vec::new();
    for i in 0..*rows {
        let mut start = 0;
        for shape in shapes {
            let n = shape.as_rows().1;
            out.extend((0..n).map(|j| start + i * n + j));
            start += shape.len();
        }
    }
    Some(out)
}

//! The same entries in another shape.

use crate::atoms::{Atom, Call, Group, Refusal, Row, sizes};
use crate::check::curvature::Curvature;
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};
use cvxlayer_program::Shape;

/// The same entries in another shape.
#[derive(Debug)]
pub struct Reshape;

static ROW: Row = Row {
    name: "reshape",
    aliases: &[],
    signature: "reshape(x, [m, n], order=\"C\")",
    arguments: (2, 3),
    options: &["order"],
    group: Group::Affine,
    curvature: Curvature::Affine,
    summary: "the same entries in another shape",
    formula: "entries by rows (order \"C\") or by columns (\"F\")",
    graph: "affine",
};

impl Atom for Reshape {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let shape = sizes(call, 1)?;
        let product =
            |shape: &[Poly]| shape.iter().try_fold(Poly::constant(1), |p, s| p.mul(s)).unwrap_or_default();
        if !call.agree(&product(&shape), &product(call.shape(0))) {
            return Err(Refusal::shape(format!(
                "{} does not have the entries of {}",
                call.tree.show_shape(&shape),
                call.show(0)
            ))
            .label(0, format!("this has {} entries", call.tree.show(&product(call.shape(0))))));
        }
        let matrix = |shape: &[Poly]| shape.len() == 2 && !shape.iter().any(|s| s.is(1));
        match call.text_option("order") {
            Some("C" | "F") => Ok(shape),
            Some(_) => Err(Refusal::argument("the order is \"C\" (by rows) or \"F\" (by columns)")),
            None if matrix(&shape) || matrix(call.shape(0)) => Err(Refusal::argument(
                "`reshape` of a matrix must say its order, since NumPy and CVXPY differ",
            )
            .help("`order=\"C\"` goes by rows as NumPy does, `order=\"F\"` by columns as CVXPY does")),
            None => Ok(shape),
        }
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        Ok(match order(call, a.shape) {
            None => (*a).clone().with_shape(call.shape),
            Some(order) => a.gather(call.shape, order),
        })
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(match order(call, tape.shape(a)) {
            None => tape.reshape(a, call.shape),
            Some(order) => tape.gather(a, call.shape, order),
        })
    }
}

/// The position of each entry of the result by columns; `None` by rows.
fn order(call: &Application<'_>, from: Shape) -> Option<Vec<usize>> {
    if call.text_option("order") != Some("F") {
        return None;
    }
    let axes = |shape: Shape| match shape {
        Shape::Matrix(m, n) => (m, n),
        other => (other.len(), 1),
    };
    let ((m, n), (p, q)) = (axes(call.shape), axes(from));
    Some(
        (0..m * n)
            .map(|k| {
                let by_columns = (k % n) * m + k / n;
                (by_columns % p.max(1)) * q + by_columns / p.max(1)
            })
            .collect(),
    )
}

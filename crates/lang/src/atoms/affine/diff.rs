//! Differences of neighbours, of any order, along an axis.

use crate::atoms::prelude::*;
use crate::lower::affine::Walk;

/// Differences of neighbours, of any order, along an axis.
#[derive(Debug)]
pub struct Diff;

static ROW: Row = Row {
    name: "diff",
    signature: "diff(x, k=1, axis=0)",
    options: &["k", "axis"],
    summary: "differences of neighbours",
    formula: "xᵢ₊₁ - xᵢ, k times",
    shape: "the axis k shorter",
    sign: "any",
    monotone: "not monotone",
    example: "var x[5]; minimize sum_squares(x - [1, 2, 2, 1, 0]) + norm1(diff(x, k=2));",
    ..Row::AFFINE
};

impl Atom for Diff {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let k = call.integer_option("k")?.unwrap_or(1);
        if k < 0 {
            return Err(Refusal::argument("the order of `diff` is at least 0"));
        }
        let mut shape = call.shape(0).to_vec();
        let axis = call.axis(shape.len())?.unwrap_or(0);
        let Some(size) = shape.get_mut(axis) else {
            return Err(Refusal::shape("`diff` of a scalar").label(0, "this is a scalar"));
        };
        *size = size.sub(&Poly::constant(k)).unwrap_or_default();
        if size.as_constant().is_some_and(|n| n < 0) {
            return Err(Refusal::shape(format!("`diff` of order {k} needs more entries"))
                .label(0, format!("this is {}", call.show(0))));
        }
        Ok(shape)
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let own = call.interval(0);
        own.plus(own.negate())
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Neither
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        if a.blocks().is_none() {
            return Ok(a.linear(call.shape, &map(call, a.shape)));
        }
        let (stencil, stride, n) = stencil(call, a.shape);
        let (rows, cols) = call.shape.as_rows();
        let shifted = |(i, &c): (usize, &f64)| {
            let walk = Walk::grid(i * stride, (rows, n as i64), (cols, 1));
            a.pick(call.shape, &walk).scale(c)
        };
        // The later entry first, so that the rows of each column ascend.
        let parts: Vec<_> = stencil.iter().enumerate().rev().map(shifted).collect();
        Ok(Affine::sum(call.shape, &parts))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let map = map(call, tape.shape(a));
        Ok(tape.push(Op::Linear(a, map), call.shape))
    }
}

/// The binomial stencil of the differences.
/// The coefficients of a difference, how far apart its entries are, and the length of a row.
fn stencil(call: &Application<'_>, from: Shape) -> (Vec<f64>, usize, usize) {
    let k = call.number_option("k").unwrap_or(1.0) as usize;
    let axis = call.axis(from.rank()).unwrap_or(0);
    let (_, n) = from.as_rows();
    let stride = if from.rank() == 2 && axis == 0 { n } else { 1 };
    let mut stencil = vec![1.0];
    for order in 0..k {
        let mut next = vec![0.0; order + 2];
        for (i, &c) in stencil.iter().enumerate() {
            next[i] -= c;
            next[i + 1] += c;
        }
        stencil = next;
    }
    (stencil, stride, n)
}

fn map(call: &Application<'_>, from: Shape) -> SparseMap {
    let (stencil, stride, n) = stencil(call, from);
    let (rows, cols) = call.shape.as_rows();
    let mut triplets = Vec::with_capacity(call.shape.len() * stencil.len());
    for out in 0..rows * cols {
        let start = (out / cols.max(1)) * n + out % cols.max(1);
        triplets
            .extend(stencil.iter().enumerate().map(|(i, &c)| (out as u32, (start + i * stride) as u32, c)));
    }
    SparseMap::from_triplets(call.shape.len(), from.len(), triplets)
}

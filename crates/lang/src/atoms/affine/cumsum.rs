//! Running sums along an axis.

use crate::atoms::prelude::*;
use crate::lower::column::Basis;

/// Running sums along an axis.
#[derive(Debug)]
pub struct CumSum;

static ROW: Row = Row {
    name: "cumsum",
    signature: "cumsum(x, axis=0)",
    options: &["axis"],
    summary: "running sums",
    formula: "Σⱼ≤ᵢ xⱼ",
    graph: "affine; long ones by auxiliary variables yᵢ - yᵢ₋₁ = xᵢ",
    example: "var x[4]; minimize sum_squares(cumsum(x) - 1);",
    ..Row::AFFINE
};

impl Atom for CumSum {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.axis(call.shape(0).len())?;
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let own = call.interval(0);
        Interval::new(
            if own.is_nonneg() { own.lo } else { f64::NEG_INFINITY },
            if own.is_nonpos() { own.hi } else { f64::INFINITY },
        )
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let (rows, n) = a.shape.as_rows();
        let down = runs_down(call, a.shape);
        let length = if down { rows } else { n };
        let affine = a.terms().iter().all(|t| !matches!(t.column.basis(), Basis::Product(..)));
        if length <= LONGEST_EXPANDED || !a.has_variable() || !affine {
            return Ok(a.linear(call.shape, &map(call, a.shape)));
        }
        let sums = lower.auxiliary("cumsum", a.shape, None)?;
        let shifted: Vec<_> = (0..a.shape.len()).map(|i| previous(i, n, down)).collect();
        let mut before = Affine::zeros(a.shape);
        for (i, from) in shifted.into_iter().enumerate() {
            before.push_row(i, from.map_or(&[][..], |from| sums.row(from)).iter().copied());
        }
        let definition = sums.add(&before.scale(-1.0)).add(&(*a).clone().scale(-1.0));
        lower.equal_zero(&definition, "cumsum")?;
        Ok(sums)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let map = map(call, tape.shape(a));
        Ok(tape.push(Op::Linear(a, map), call.shape))
    }
}

/// Longer sums get auxiliary variables, since writing them out takes quadratically many terms.
const LONGEST_EXPANDED: usize = 16;

/// Whether the sums run down the columns, and not along the rows.
fn runs_down(call: &Application<'_>, from: Shape) -> bool {
    from.rank() == 2 && call.axis(from.rank()).unwrap_or(0) == 0
}

/// The entry before one, of rows of n entries.
fn previous(i: usize, n: usize, down: bool) -> Option<usize> {
    if down { i.checked_sub(n) } else { (!i.is_multiple_of(n)).then(|| i - 1) }
}

fn map(call: &Application<'_>, from: Shape) -> SparseMap {
    let (_, n) = from.as_rows();
    let down = runs_down(call, from);
    let mut triplets = Vec::new();
    for out in 0..from.len() {
        let mut at = Some(out);
        while let Some(i) = at {
            triplets.push((out as u32, i as u32, 1.0));
            at = previous(i, n, down);
        }
    }
    SparseMap::from_triplets(from.len(), from.len(), triplets)
}

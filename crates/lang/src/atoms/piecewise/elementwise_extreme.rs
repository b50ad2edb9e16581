//! The larger and the smaller of arrays, elementwise.

use crate::atoms::prelude::*;

/// The larger or the smaller of arrays, elementwise.
#[derive(Debug)]
pub struct ElementwiseExtreme {
    row: &'static Row,
    larger: bool,
}

/// `maximum`
pub static MAXIMUM: ElementwiseExtreme = ElementwiseExtreme {
    row: &Row {
        name: "maximum",
        signature: "maximum(a, b, …)",
        arguments: (1, usize::MAX),
        summary: "elementwise larger",
        formula: "max(aᵢ, bᵢ)",
        shape: "broadcast",
        sign: "nonneg if one is, nonpos if all are",
        monotone: "nondecreasing",
        graph: "t with aᵢ ≤ tᵢ, bᵢ ≤ tᵢ; a number is a bound of t; what is never the larger is left out",
        example: "var x[3]; minimize sum(maximum(x, 1 - 2 * x, 0.2));",
        ..Row::PIECEWISE
    },
    larger: true,
};

/// `minimum`
pub static MINIMUM: ElementwiseExtreme = ElementwiseExtreme {
    row: &Row {
        name: "minimum",
        signature: "minimum(a, b, …)",
        arguments: (1, usize::MAX),
        curvature: Curvature::Concave,
        summary: "elementwise smaller",
        formula: "min(aᵢ, bᵢ)",
        shape: "broadcast",
        sign: "nonpos if one is, nonneg if all are",
        monotone: "nondecreasing",
        graph: "t with tᵢ ≤ aᵢ, tᵢ ≤ bᵢ; a number is a bound of t; what is never the smaller is left out",
        example: "var x[3]; maximize sum(minimum(x, 1 - 2 * x, 0.2));",
        ..Row::PIECEWISE
    },
    larger: false,
};

impl ElementwiseExtreme {
    /// The arguments that may decide: those whose range is not beaten everywhere by another's.
    fn deciding<'a>(&self, call: &'a Application<'_>, lower: &Lower<'_>) -> Vec<&'a Operand> {
        let range = |k: usize| {
            let own = lower.range(&call.arguments[k]);
            if self.larger { own } else { own.negate() }
        };
        let beaten = |k: usize| {
            (0..call.arguments.len()).any(|other| {
                let (own, by) = (range(k), range(other));
                other != k && by.lo >= own.hi && (by.lo > own.hi || own.lo < by.hi || other < k)
            })
        };
        (0..call.arguments.len()).filter(|&k| !beaten(k)).map(|k| &call.arguments[k]).collect()
    }
}

impl Atom for ElementwiseExtreme {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.broadcast()
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        (1..call.arguments.len()).fold(call.interval(0), |all, k| {
            let next = call.interval(k);
            let (lo, hi) = if self.larger {
                (all.lo.max(next.lo), all.hi.max(next.hi))
            } else {
                (all.lo.min(next.lo), all.hi.min(next.hi))
            };
            let nonzero = if self.larger {
                all.is_pos() || next.is_pos() || (all.is_neg() && next.is_neg())
            } else {
                all.is_neg() || next.is_neg() || (all.is_pos() && next.is_pos())
            };
            Interval { nonzero, ..Interval::new(lo, hi) }
        })
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let mut all = Vec::with_capacity(call.arguments.len());
        for argument in self.deciding(call, lower) {
            if lower.context.shape(argument)? == call.shape {
                all.extend(lower.inner_pieces(argument, self.larger)?);
            } else {
                let rows = expand_to(&*lower.affine(argument)?, call.shape).into_owned();
                all.push(Piece::entries(rows));
            }
        }
        Ok(Some(all))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        if let [only] = self.deciding(call, lower)[..] {
            return Ok(expand_to(&*lower.affine(only)?, call.shape).into_owned());
        }
        let pieces = self.pieces(call, lower)?.unwrap_or_default();
        lower.epigraph(&pieces, call.shape, self.row.name, self.larger)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let function = if self.larger { Binary::Max } else { Binary::Min };
        let mut all = tape.value(&call.arguments[0])?;
        for argument in &call.arguments[1..] {
            let next = tape.value(argument)?;
            all = tape.binary(function, all, next, call.shape);
        }
        Ok(tape.expand(all, call.shape))
    }
}

//! The sum of the k largest or smallest entries, over all axes or one.

use crate::atoms::prelude::*;

/// The sum of the k largest or smallest entries.
#[derive(Debug)]
pub struct SumExtreme {
    row: &'static Row,
    largest: bool,
}

/// `sum_largest`
pub static SUM_LARGEST: SumExtreme = SumExtreme {
    row: &Row {
        name: "sum_largest",
        signature: "sum_largest(x, k, axis=, keepdims=)",
        arguments: (2, 2),
        options: &["axis", "keepdims"],
        summary: "sum of the k largest entries",
        formula: "x₍₁₎ + … + x₍ₖ₎ in descending order; of a fraction of k the share of the next",
        shape: "a scalar, or without the axis",
        sign: "that of x",
        monotone: "nondecreasing",
        graph: "Σ u + k q with x ≤ u + q, u ≥ 0; Σ x where k is at least their number",
        example: "var x[5]; minimize sum_largest(x - [1, 2, 3, 4, 5], 2) + sum_squares(x);",
        ..Row::PIECEWISE
    },
    largest: true,
};

/// `sum_smallest`
pub static SUM_SMALLEST: SumExtreme = SumExtreme {
    row: &Row {
        name: "sum_smallest",
        signature: "sum_smallest(x, k, axis=, keepdims=)",
        arguments: (2, 2),
        options: &["axis", "keepdims"],
        curvature: Curvature::Concave,
        summary: "sum of the k smallest entries",
        formula: "-sum_largest(-x, k)",
        shape: "a scalar, or without the axis",
        sign: "that of x",
        monotone: "nondecreasing",
        graph: "k q - Σ u with q - u ≤ x, u ≥ 0; Σ x where k is at least their number",
        example: "var x[5] in [0, 1]; maximize sum_smallest(x, 2) - 0.1 * sum_squares(x);",
        ..Row::PIECEWISE
    },
    largest: false,
};

impl SumExtreme {
    fn number(call: &Application<'_>, context: &Context<'_>) -> Lowered<f64> {
        let k = context.number(&call.arguments[1])?;
        if k >= 0.0 {
            return Ok(k);
        }
        let message = format!("`{}` takes at least 0 entries, and {k} are asked for", call.name);
        let span = context.model.tree.span(call.arguments[1].node);
        Err(crate::lower::refuse(
            crate::diagnostics::Diagnostic::error(crate::diagnostics::codes::BAD_ARGUMENT, message)
                .at(span, ""),
        ))
    }
}

impl Atom for SumExtreme {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if call.facts(1).level > Level::Constant || !call.shape(1).is_empty() {
            return Err(Refusal::argument(
                "how many entries count is a number that is fixed at compile time",
            )
            .label(1, format!("this is {}", if call.shape(1).is_empty() { "not" } else { "an array" }))
            .help("declare it as a size, `dim k;`, or as a `const`"));
        }
        if call.number(1).is_some_and(|k| k < 0.0) {
            return Err(Refusal::argument("at least 0 entries count").label(1, "this is negative"));
        }
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        Interval { nonzero: false, ..call.interval(0).sum(None) }
    }

    fn monotonicity(&self, _call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 0 { Monotonicity::Increasing } else { Monotonicity::Neither }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let axis = call.axis(a.shape.rank());
        let (size, group) = (groups(a.shape, axis).size, group_of(a.shape, axis));
        let k = Self::number(call, lower.context)?;
        if k >= size as f64 {
            return Ok(a.sum_into(call.shape, group));
        }
        if k == 0.0 {
            return Ok(Affine::zeros(call.shape));
        }
        if k == 1.0 {
            let inner = lower.inner_pieces(&call.arguments[0], self.largest)?;
            let pieces: Vec<_> = inner.into_iter().map(|piece| piece.regrouped(group)).collect();
            return lower.epigraph(&pieces, call.shape, call.name, self.largest);
        }
        let sign = if self.largest { 1.0 } else { -1.0 };
        let level = lower.auxiliary(call.name, call.shape, None)?;
        let excess = lower.auxiliary(call.name, a.shape, Some(0.0))?;
        let at = level.gather(a.shape, (0..a.shape.len()).map(group));
        let rows = (*a).clone().scale(sign).add(&at.scale(-1.0)).add(&excess.clone().scale(-1.0));
        lower.at_most_zero(&rows, call.name)?;
        Ok(excess.sum_into(call.shape, group).add(&level.scale(k)).scale(sign))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut a = tape.value(&call.arguments[0])?;
        let k = Self::number(call, tape.context)?;
        let axis = call.axis(tape.shape(a).rank());
        if self.largest {
            return Ok(tape.reduce(Reduction::SumLargest(k), a, axis, call.shape));
        }
        a = tape.unary(Unary::Neg, a);
        let sum = tape.reduce(Reduction::SumLargest(k), a, axis, call.shape);
        Ok(tape.unary(Unary::Neg, sum))
    }
}

//! A power with a constant exponent, elementwise.

use crate::atoms::prelude::*;
use cvxlayer_program::SmoothFunction;

/// A power with a constant exponent, elementwise.
#[derive(Debug)]
pub struct Power;

static ROW: Row = Row {
    name: "power",
    aliases: &["pow"],
    signature: "x ** p, power(x, p)",
    arguments: (2, 2),
    summary: "power with a constant exponent",
    formula: "xᵢᵖ",
    shape: "broadcast",
    sign: "nonneg for even p, else that of x",
    monotone: "even p: by the sign of x; p < 0: nonincreasing; 0 ≤ p ≤ 1, and x ≥ 0: nondecreasing",
    graph: "p = 2: a quadratic block; p = 0, 1: affine; else a smooth term, on x ≥ 0 unless p is an even integer",
    example: "param g; var x[2]; minimize sum((x - [1, 2])**2) + g**2 * norm1(x);",
    cone: "a power cone",
    ..Row::QUADRATIC
};

impl Atom for Power {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if !call.facts(0).variable_free() && call.number(1).is_none() {
            return Err(Refusal::argument(
                "the exponent of an expression with variables must be a number in the text",
            )
            .label(1, "this is not known when the model is checked")
            .help("write the number, or declare it with its value: `const p = 2;`"));
        }
        call.broadcast()
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let base = call.interval(0);
        let nonzero = base.excludes_zero();
        match call.number(1) {
            Some(p) if p % 2.0 == 0.0 && p > 0.0 => {
                Interval { nonzero, ..base.abs().map_increasing(|v| v.powf(p)) }
            }
            Some(p) if p % 2.0 == 0.0 => Interval { nonzero: true, ..Interval::NONNEG },
            Some(p) if base.is_nonneg() && p > 0.0 => {
                Interval { nonzero, ..base.map_increasing(|v| v.powf(p)) }
            }
            _ if base.is_pos() => Interval { nonzero: true, ..Interval::NONNEG },
            _ if base.is_nonneg() => Interval::NONNEG,
            _ => Interval::ALL,
        }
    }

    fn group(&self, call: &Call<'_>) -> Group {
        match call.number(1) {
            Some(0.0 | 1.0) => Group::Affine,
            Some(2.0) => Group::Quadratic,
            _ => Group::Smooth,
        }
    }

    fn curvature(&self, call: &Call<'_>) -> Curvature {
        match call.number(1) {
            Some(0.0 | 1.0) => Curvature::Affine,
            Some(2.0) => Curvature::Convex,
            Some(p) if !(0.0..=1.0).contains(&p) => Curvature::Convex,
            Some(_) => Curvature::Concave,
            None => Curvature::Unknown,
        }
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        match call.number(1) {
            _ if argument == 1 => Monotonicity::Neither,
            Some(p) if p > 0.0 && p % 2.0 == 0.0 => Monotonicity::even(call.interval(0)),
            Some(p) if p < 0.0 => Monotonicity::Decreasing,
            // Infinite below 0, and so not increasing there.
            Some(p) if p > 1.0 && !call.interval(0).is_nonneg() => Monotonicity::Neither,
            _ => Monotonicity::Increasing,
        }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let a = expand_to(&a, call.shape);
        match lower.context.number(&call.arguments[1])? {
            0.0 => Ok(Affine::fill(call.shape, 1.0)),
            1.0 => Ok(a.into_owned()),
            2.0 => lower.squares(&a, "square"),
            p => {
                let terms = lower.smooth(SmoothFunction::Power(p), &a, ROW.name)?;
                Ok(if p > 0.0 && p < 1.0 { terms.scale(-1.0) } else { terms })
            }
        }
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        if let Ok(exponent) = tape.context.number(&call.arguments[1]) {
            let a = tape.expand(a, call.shape);
            return Ok(tape.push(Op::Power(a, exponent), call.shape));
        }
        let b = tape.value(&call.arguments[1])?;
        Ok(tape.binary(Binary::Pow, a, b, call.shape))
    }
}

//! Absolute values with different slopes on the two sides, elementwise.

use crate::atoms::prelude::*;

/// `α pos(x) + β neg(x)`, elementwise, with `β = 1 - α` for a quantile loss.
#[derive(Debug)]
pub struct Tilted {
    row: &'static Row,
    quantile: bool,
}

/// `quantile_loss`
pub static QUANTILE_LOSS: Tilted = Tilted {
    row: &Row {
        name: "quantile_loss",
        aliases: &["tilted", "pinball", "pinball_loss"],
        signature: "quantile_loss(x, tau)",
        arguments: (2, 2),
        summary: "pinball loss, whose minimizer is a quantile",
        formula: "max(τ xᵢ, (τ - 1) xᵢ)",
        sign: "nonneg for τ in [0, 1]",
        monotone: "by the sign of x for τ in [0, 1]",
        graph: "τ x + t with -x ≤ t, t ≥ 0",
        example: "param tau in [0, 1]; param y[5]; var q; minimize sum(quantile_loss(y - q, tau));",
        ..Row::PIECEWISE
    },
    quantile: true,
};

/// `scalene`
pub static SCALENE: Tilted = Tilted {
    row: &Row {
        name: "scalene",
        signature: "scalene(x, alpha, beta)",
        arguments: (3, 3),
        summary: "weighted positive and negative parts",
        formula: "α max(xᵢ, 0) + β max(-xᵢ, 0), α and β nonneg data",
        graph: "α x + (α + β) t with -x ≤ t, t ≥ 0",
        example: "var x[3]; minimize sum(scalene(x - [1, 2, 3], 2, 0.5)) + sum_squares(x);",
        ..Row::PIECEWISE
    },
    quantile: false,
};

impl Tilted {
    /// Ranges of the two weights.
    fn weights(&self, call: &Call<'_>) -> (Interval, Interval) {
        if self.quantile {
            let tau = call.interval(1);
            (tau, Interval::point(1.0).plus(tau.negate()))
        } else {
            (call.interval(1), call.interval(2))
        }
    }
}

impl Atom for Tilted {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        for k in 1..call.arguments.len() {
            if !call.shape(k).is_empty() || !call.facts(k).variable_free() {
                return Err(Refusal::argument(format!(
                    "the weights of `{}` are scalars of data",
                    self.row.name
                ))
                .label(k, format!("this is {}", call.show(k))));
            }
        }
        let (up, down) = self.weights(call);
        if !up.is_nonneg() || !down.is_nonneg() {
            let refusal = Refusal::argument(if self.quantile {
                "the level of `quantile_loss` lies between 0 and 1"
            } else {
                "the weights of `scalene` are nonnegative"
            });
            let guilty = if self.quantile || !up.is_nonneg() { 1 } else { 2 };
            let help = if self.quantile { "declare it `in [0, 1]`" } else { "declare it `nonneg`" };
            return Err(refusal.label(guilty, "this is not known to be").help(help));
        }
        Ok(call.shape(0).to_vec())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 0 { Monotonicity::even(call.interval(0)) } else { Monotonicity::Neither }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let x = lower.affine(&call.arguments[0])?;
        let range = lower.range(&call.arguments[0]);
        let up = (*lower.compact(&call.arguments[1])?).clone();
        let both = if self.quantile {
            Affine::fill(Shape::Scalar, 1.0)
        } else {
            let down = lower.compact(&call.arguments[2])?;
            expand_to(&up, call.shape).add(&expand_to(&down, call.shape))
        };
        // pos(x) = x + neg(x) leaves one auxiliary variable; a convex or concave x has a known sign.
        let linear = lower.multiply(&x, &up, call.shape);
        let below = lower.positive(&(*x).clone().scale(-1.0), range.negate(), call.name)?;
        if range.is_nonpos() && !self.quantile {
            let down = (*lower.compact(&call.arguments[2])?).clone();
            return Ok(lower.multiply(&below, &down, call.shape));
        }
        Ok(linear.add(&lower.multiply(&below, &both, call.shape)))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let x = tape.value(&call.arguments[0])?;
        let up = tape.value(&call.arguments[1])?;
        let down = if self.quantile {
            let one = tape.number(1.0);
            tape.binary(Binary::Sub, one, up, tape.shape(up))
        } else {
            tape.value(&call.arguments[2])?
        };
        let minus = tape.unary(Unary::Neg, x);
        let (above, below) = (tape.unary(Unary::Pos, x), tape.unary(Unary::Pos, minus));
        let above = tape.binary(Binary::Mul, above, up, call.shape);
        let below = tape.binary(Binary::Mul, below, down, call.shape);
        Ok(tape.binary(Binary::Add, above, below, call.shape))
    }
}

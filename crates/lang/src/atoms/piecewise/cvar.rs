//! Conditional value at risk: the mean of the worst outcomes.

use crate::atoms::prelude::*;
use cvxlayer_program::CheckKind;

/// Conditional value at risk: the mean of the worst outcomes.
#[derive(Debug)]
pub struct Cvar;

static ROW: Row = Row {
    name: "cvar",
    signature: "cvar(x, beta)",
    arguments: (2, 2),
    summary: "mean of the worst 1 - beta of the entries",
    formula: "sum_largest(x, k) / k with k = (1 - beta) n",
    shape: "a scalar",
    sign: "that of x",
    monotone: "nondecreasing",
    graph: "q + Σ u / k with x ≤ u + q, u ≥ 0",
    example: "param loss[5, 2]; var w[2] nonneg; minimize cvar(loss @ w, 0.6); subject to all: sum(w) == 1;",
    ..Row::PIECEWISE
};

impl Atom for Cvar {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if !call.shape(1).is_empty() || !call.facts(1).variable_free() {
            return Err(Refusal::argument("the level of `cvar` is a scalar of data")
                .label(1, format!("this is {}", call.show(1))));
        }
        let level = call.interval(1);
        if level.lo < 0.0 || level.hi > 1.0 || level.lo >= 1.0 {
            return Err(Refusal::argument("the level of `cvar` is at least 0 and below 1")
                .label(1, "this may be outside")
                .help("declare it `in [0, 0.99]`"));
        }
        Ok(Vec::new())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn monotonicity(&self, _call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 0 { Monotonicity::Increasing } else { Monotonicity::Neither }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        nonempty(call, a.shape.len())?;
        let weight = weight(call, lower, a.shape.len())?;
        let level = lower.auxiliary("cvar", Shape::Scalar, None)?;
        let excess = lower.auxiliary("cvar", a.shape, Some(0.0))?;
        let minus = expand_to(&level, a.shape).into_owned().add(&excess).scale(-1.0);
        lower.at_most_zero(&a.add(&minus), "cvar")?;
        let mean = lower.multiply(&excess.sum_into(Shape::Scalar, |_| 0), &weight, Shape::Scalar);
        Ok(level.add(&mean))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let n = tape.shape(a).len();
        nonempty(call, n)?;
        let k = counted(call, tape, n)?;
        // The weight of the i-th largest entry is what of k is left there, at most 1.
        let ranks: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let flat = Shape::Vector(n);
        let ranks = tape.push(Op::Constant(ranks.into()), flat);
        let left = tape.binary(Binary::Sub, k, ranks, flat);
        let one = tape.number(1.0);
        let left = tape.binary(Binary::Min, left, one, flat);
        let weights = tape.unary(Unary::Pos, left);
        let a = tape.reshape(a, flat);
        let sum = tape.push(Op::SortedDot(a, weights), Shape::Scalar);
        Ok(tape.binary(Binary::Div, sum, k, Shape::Scalar))
    }
}

/// The tape's node of `(1 - beta) n`.
fn counted(call: &Application<'_>, tape: &mut TapeBuilder<'_>, n: usize) -> Lowered<u32> {
    let beta = tape.value(&call.arguments[1])?;
    let one = tape.number(1.0);
    let rest = tape.binary(Binary::Sub, one, beta, Shape::Scalar);
    let n = tape.number(n as f64);
    Ok(tape.binary(Binary::Mul, rest, n, Shape::Scalar))
}

/// `1 / ((1 - beta) n)`, lifted where beta is no number.
fn weight(call: &Application<'_>, lower: &mut Lower<'_>, n: usize) -> Lowered<Affine> {
    if let Ok(beta) = lower.context.number(&call.arguments[1])
        && beta < 1.0
    {
        return Ok(Affine::fill(Shape::Scalar, 1.0 / ((1.0 - beta) * n as f64)));
    }
    let k = counted(call, &mut lower.lift, n)?;
    let mut text = lower.context.model.text(lower.context.model.tree.span(call.arguments[1].node));
    if !text.chars().all(char::is_alphanumeric) {
        text = format!("({text})");
    }
    lower.check(k, CheckKind::NonZero, &format!("1 - {text}"));
    let weight = lower.lift.unary(Unary::Reciprocal, k);
    lower.lift_node(weight, format!("1 / ((1 - {text}) * {n})"), "a division by a parameter")
}

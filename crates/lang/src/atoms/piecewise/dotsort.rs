//! The inner product of two arrays in sorted order.

use super::network::Network;
use crate::atoms::prelude::*;

/// The inner product of two arrays in sorted order.
#[derive(Debug)]
pub struct DotSort;

static ROW: Row = Row {
    name: "dotsort",
    signature: "dotsort(x, w)",
    arguments: (2, 2),
    summary: "inner product of the sorted entries, w data",
    formula: "⟨sort(x), sort(w)⟩, w filled up with zeros",
    shape: "a scalar",
    sign: "the product of the signs",
    monotone: "by the sign of w",
    graph: "Σ t + Σ nₖ qₖ with wₖ xᵢ ≤ tᵢ + qₖ for each value wₖ, which stands nₖ times; of many entries with many \
            weights Σ wₖ zₖ, w in descending order and z what a sorting network makes of x",
    example: "var x[4]; minimize dotsort(x, [1, 0.5, 0.25]) + sum_squares(x - [1, 2, 3, 4]);",
    ..Row::PIECEWISE
};

impl Atom for DotSort {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if let (Some(x), Some(w)) = (call.count(0), call.count(1))
            && w > x
        {
            return Err(Refusal::shape("`dotsort` has more weights than entries")
                .label(0, format!("{x} entries"))
                .label(1, format!("{w} weights")));
        }
        Ok(Vec::new())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0).times(call.interval(1).hull(Interval::point(0.0))).sum(None)
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 0 { Monotonicity::of_factor(call.interval(1)) } else { Monotonicity::Neither }
    }

    fn data_argument(&self, argument: usize) -> Option<&'static str> {
        (argument == 1).then_some("the weights of `dotsort` are data")
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (x, w) = (lower.affine(&call.arguments[0])?, lower.affine(&call.arguments[1])?);
        let (n, given) = (x.shape.len(), w.shape.len());
        too_many(call, n, given)?;
        if n == 0 {
            return Ok(Affine::zeros(Shape::Scalar));
        }
        // Numbers that are equal share their rows; parameters count as distinct.
        let numbers = w.to_numbers().map(|mut numbers| {
            numbers.resize(n, 0.0);
            numbers.sort_by(f64::total_cmp);
            numbers
        });
        let distinct = match &numbers {
            Some(numbers) => numbers.chunk_by(|a, b| a == b).filter(|run| run[0] != 0.0).count(),
            None => given,
        };
        if 4.0 * Network::comparators(n) < n as f64 * distinct as f64 {
            return by_network(call, &x, numbers, lower);
        }
        let w = lower.compact(&call.arguments[1])?;
        let mut weights: Vec<(Affine, f64)> = Vec::new();
        if let Some(numbers) = numbers {
            for run in numbers.chunk_by(|a, b| a == b) {
                weights.push((Affine::fill(Shape::Scalar, run[0]), run.len() as f64));
            }
        } else {
            weights.extend((0..given).map(|k| (w.gather(Shape::Scalar, [k]), 1.0)));
            if given < n {
                weights.push((Affine::zeros(Shape::Scalar), (n - given) as f64));
            }
        }
        if let [(weight, _)] = &weights[..] {
            return Ok(lower.multiply(&x.sum_into(Shape::Scalar, |_| 0), weight, Shape::Scalar));
        }
        // Moving all t up and all q down changes nothing, so one q is 0: that of the weight 0 if there is one, whose rows
        // then are bounds.
        let zero = weights.iter().position(|(weight, _)| weight.nnz() == 0);
        let fixed = zero.unwrap_or(0);
        let flat = Shape::Vector(n);
        let level = lower.auxiliary("dotsort", flat, zero.map(|_| 0.0))?;
        let offsets = lower.auxiliary("dotsort", Shape::Vector(weights.len() - 1), None)?;
        let mut total = level.sum_into(Shape::Scalar, |_| 0);
        let x = (*x).clone().with_shape(flat);
        for (k, (weight, count)) in weights.iter().enumerate() {
            let mut rows = lower.multiply(&x, weight, flat).add(&level.clone().scale(-1.0));
            if k == fixed {
                if zero.is_some() {
                    continue;
                }
            } else {
                let offset = offsets.gather(Shape::Scalar, [k - usize::from(k > fixed)]);
                total = total.add(&offset.clone().scale(*count));
                rows = rows.add(&expand_to(&offset.scale(-1.0), flat));
            }
            lower.at_most_zero(&rows, "dotsort")?;
        }
        Ok(total)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (x, w) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let (n, given) = (tape.shape(x).len(), tape.shape(w).len());
        too_many(call, n, given)?;
        let x = tape.reshape(x, Shape::Vector(n));
        let w = filled(w, n, tape);
        Ok(tape.push(Op::SortedDot(x, w), Shape::Scalar))
    }
}

/// Weights as a vector, filled up with zeros.
fn filled(w: u32, n: usize, tape: &mut TapeBuilder<'_>) -> u32 {
    let (given, flat) = (tape.shape(w).len(), Shape::Vector(n));
    if given == n {
        return tape.reshape(w, flat);
    }
    let positions: Vec<u32> = (0..n).map(|i| if i < given { i as u32 } else { ZERO_ENTRY }).collect();
    tape.push(Op::Gather(w, positions.into()), flat)
}

/// The sum of weights, largest first, times what a sorting network makes of the entries: n log² n rows instead of n².
fn by_network(
    call: &Application<'_>,
    x: &Affine,
    numbers: Option<Vec<f64>>,
    lower: &mut Lower<'_>,
) -> Lowered<Affine> {
    let n = x.shape.len();
    // Two auxiliaries and three rows for each comparator.
    lower.room((5.0 * Network::comparators(n)) as usize, "auxiliary variables and rows", call.span)?;
    let network = Network::new(n);
    let weights = if let Some(numbers) = numbers {
        Affine::numbers(Shape::Vector(n), numbers.into_iter().rev().collect::<Vec<_>>())
    } else {
        let given = lower.lift.value(&call.arguments[1])?;
        let given = filled(given, n, &mut lower.lift);
        let sorted = network.sort(given, &mut lower.lift);
        let text = lower.context.model.text(lower.context.model.tree.span(call.arguments[1].node));
        lower.lift_node(sorted, format!("sort({text})"), "the weights in descending order")?
    };
    let outputs = network.outputs(x, "dotsort", lower)?;
    Ok(lower.multiply(&outputs, &weights, Shape::Vector(n)).sum_into(Shape::Scalar, |_| 0))
}

fn too_many(call: &Application<'_>, n: usize, given: usize) -> Lowered<()> {
    if given <= n {
        return Ok(());
    }
    let message = format!("`dotsort` has {given} weights for {n} entries");
    Err(crate::lower::refuse(
        crate::diagnostics::Diagnostic::error(crate::diagnostics::codes::SHAPE_MISMATCH, message)
            .at(call.span, ""),
    ))
}

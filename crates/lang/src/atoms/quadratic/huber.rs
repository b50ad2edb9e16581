//! The Huber function, elementwise.

use crate::atoms::prelude::*;

/// The Huber function, elementwise.
#[derive(Debug)]
pub struct Huber;

static ROW: Row = Row {
    name: "huber",
    signature: "huber(x, M)",
    arguments: (1, 2),
    summary: "quadratic near 0, linear beyond M, which is 1 if not given",
    formula: "xᵢ² for |xᵢ| ≤ M, else 2 M |xᵢ| - M²",
    graph: "(x - p + q)² + 2 M (p + q) with p, q ≥ 0",
    example: "param A[4, 2]; param y[4]; var w[2]; minimize sum(huber(A @ w - y, 0.5));",
    ..Row::QUADRATIC
};

impl Atom for Huber {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if call.arguments.len() > 1 && (!call.shape(1).is_empty() || !call.facts(1).variable_free()) {
            return Err(Refusal::argument("the threshold of `huber` is a scalar of data")
                .label(1, format!("this is {}", call.show(1))));
        }
        if call.arguments.len() > 1 && !call.interval(1).is_nonneg() {
            let refusal = Refusal::argument("the threshold of `huber` must be nonnegative");
            return Err(if call.interval(1).hi < 0.0 {
                refusal.label(1, "this is negative")
            } else {
                refusal.label(1, "its sign is not known").help("declare it `nonneg`")
            });
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
        if argument == 0 { Monotonicity::even(call.interval(0)) } else { Monotonicity::Increasing }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let threshold = match call.arguments.get(1) {
            Some(argument) => (*lower.affine(argument)?).clone(),
            None => Affine::fill(Shape::Scalar, 1.0),
        };
        // What is beyond the threshold, above and below; where the sign of x is known, one of them is 0.
        let range = lower.range(&call.arguments[0]);
        let (mut inner, mut outer) = (expand_to(&a, call.shape).into_owned(), Affine::zeros(call.shape));
        for (needed, sign) in [(!range.is_nonpos(), -1.0), (!range.is_nonneg(), 1.0)] {
            if needed {
                let beyond = lower.auxiliary("huber", call.shape, Some(0.0))?;
                inner = inner.add(&beyond.clone().scale(sign));
                outer = outer.add(&beyond);
            }
        }
        let linear = lower.multiply(&outer, &threshold.scale(2.0), call.shape);
        Ok(lower.squares(&inner, "huber")?.add(&linear))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let threshold = match call.arguments.get(1) {
            Some(argument) => tape.value(argument)?,
            None => tape.number(1.0),
        };
        Ok(tape.binary(Binary::Huber, a, threshold, call.shape))
    }
}

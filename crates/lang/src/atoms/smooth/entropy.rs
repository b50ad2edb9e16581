//! Entropies, elementwise.

use crate::atoms::prelude::*;

/// `entr`
pub static ENTR: Elementwise = Elementwise {
    row: &Row {
        name: "entr",
        aliases: &["entropy"],
        signature: "entr(x)",
        curvature: Curvature::Concave,
        summary: "entropy",
        formula: "-xᵢ log xᵢ, 0 at 0",
        monotone: "not monotone",
        example: "param p pos; var x; minimize square(x - entr(p));",
        ..Row::SMOOTH
    },
    function: Unary::Entropy,
    image: |_| Interval::new(f64::NEG_INFINITY, 0.37),
    monotonicity: |_| Monotonicity::Neither,
};

/// Relative entropy, with or without the linear terms that make it nonnegative.
#[derive(Debug)]
pub struct RelativeEntropy {
    row: &'static Row,
    divergence: bool,
}

/// `rel_entr`
pub static REL_ENTR: RelativeEntropy = RelativeEntropy {
    row: &Row {
        name: "rel_entr",
        signature: "rel_entr(x, y)",
        arguments: (2, 2),
        summary: "relative entropy",
        formula: "xᵢ log(xᵢ / yᵢ)",
        shape: "broadcast",
        monotone: "not monotone in x, nonincreasing in y",
        example: "param p pos; param q pos; var x; minimize square(x - rel_entr(p, q));",
        ..Row::SMOOTH
    },
    divergence: false,
};

/// `kl_div`
pub static KL_DIV: RelativeEntropy = RelativeEntropy {
    row: &Row {
        name: "kl_div",
        signature: "kl_div(x, y)",
        arguments: (2, 2),
        summary: "Kullback–Leibler divergence",
        formula: "xᵢ log(xᵢ / yᵢ) - xᵢ + yᵢ",
        shape: "broadcast",
        sign: "nonneg",
        monotone: "not monotone",
        example: "param p pos; param q pos; var x; minimize square(x - kl_div(p, q));",
        ..Row::SMOOTH
    },
    divergence: true,
};

impl Atom for RelativeEntropy {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.broadcast()
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        if self.divergence { Interval::NONNEG } else { Interval::ALL }
    }

    fn monotonicity(&self, _call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 1 && !self.divergence { Monotonicity::Decreasing } else { Monotonicity::Neither }
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (x, y) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let (x, y) = (tape.expand(x, call.shape), tape.expand(y, call.shape));
        let entropy = tape.binary(Binary::RelativeEntropy, x, y, call.shape);
        if !self.divergence {
            return Ok(entropy);
        }
        let rest = tape.binary(Binary::Sub, y, x, call.shape);
        Ok(tape.binary(Binary::Add, entropy, rest, call.shape))
    }
}

//! Entropies, elementwise.

use super::Smooth;
use crate::atoms::prelude::*;
use cvxlayer_program::{CheckKind, SmoothFunction};

/// `entr`
pub static ENTR: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "entr",
            aliases: &["entropy"],
            signature: "entr(x)",
            curvature: Curvature::Concave,
            summary: "entropy",
            formula: "-xᵢ log xᵢ, 0 at 0",
            monotone: "not monotone",
            example: "param q[3]; var x[3]; maximize sum(entr(x)) + q @ x; subject to sum(x) == 1;",
            ..Row::SMOOTH
        },
        function: Unary::Entropy,
        image: |_| Interval::new(f64::NEG_INFINITY, 0.37),
        monotonicity: |_| Monotonicity::Neither,
    },
    function: SmoothFunction::NegativeEntropy,
    negated: true,
    offset: 0.0,
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
        example: "param p[3] pos; var x[3]; minimize sum(rel_entr(x, p)); subject to sum(x) == 1;",
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
        example: "param p[3] pos; var x[3]; minimize sum(kl_div(x, p)); subject to x[0] >= 2 * x[1];",
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

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        if self.divergence { Interval::NONNEG } else { Interval::ALL }
    }

    fn monotonicity(&self, _call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 1 && !self.divergence { Monotonicity::Decreasing } else { Monotonicity::Neither }
    }

    fn group(&self, call: &Call<'_>) -> Group {
        let varies = |k: usize| !call.facts(k).variable_free();
        if varies(0) && varies(1) { Group::Cone } else { Group::Smooth }
    }

    /// With y data `x log x - x log y`, with x data `x log x - x log y` as well: one of the products is a weight.
    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let free = |k: usize| lower.context.model.tree.facts(call.arguments[k].node).variable_free();
        let (shape, name) = (call.shape, self.row.name);
        let (x, y) = (lower.affine(&call.arguments[0])?, lower.affine(&call.arguments[1])?);
        let (x, y) = (expand_to(&x, shape).into_owned(), expand_to(&y, shape).into_owned());
        let entropy = if free(1) {
            let log = lower.lifted_unary(Unary::Log, &call.arguments[1], CheckKind::Pos, "log")?;
            let product = lower.multiply(&x, &log, shape);
            lower.smooth(SmoothFunction::NegativeEntropy, &x, name)?.add(&product.scale(-1.0))
        } else {
            let log = lower.smooth(SmoothFunction::NegativeLog, &y, name)?;
            let product = lower.multiply(&x, &log, shape);
            let own = lower.lifted_unary(Unary::Entropy, &call.arguments[0], CheckKind::Nonneg, "entr")?;
            product.add(&expand_to(&own, shape).into_owned().scale(-1.0))
        };
        Ok(if self.divergence { entropy.add(&y).add(&x.scale(-1.0)) } else { entropy })
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

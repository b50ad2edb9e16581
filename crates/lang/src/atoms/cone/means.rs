//! Means and products of positive entries.

use crate::atoms::prelude::*;

/// A mean or product of positive entries.
#[derive(Debug)]
pub struct Mean {
    row: &'static Row,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Geometric,
    Harmonic,
    InverseProduct,
}

/// `geo_mean`
pub static GEO_MEAN: Mean = Mean {
    row: &Row {
        name: "geo_mean",
        signature: "geo_mean(x)",
        curvature: Curvature::Concave,
        summary: "geometric mean",
        formula: "(Πᵢ xᵢ)^(1/n)",
        shape: "a scalar",
        monotone: "nondecreasing",
        cone: "second-order cones",
        example: "param p[2] pos; var x; minimize square(x - geo_mean(p));",
        ..Row::CONE
    },
    kind: Kind::Geometric,
};

/// `harmonic_mean`
pub static HARMONIC_MEAN: Mean = Mean {
    row: &Row {
        name: "harmonic_mean",
        signature: "harmonic_mean(x)",
        curvature: Curvature::Concave,
        summary: "harmonic mean",
        formula: "n / Σᵢ (1 / xᵢ)",
        shape: "a scalar",
        monotone: "nondecreasing",
        cone: "second-order cones",
        example: "param p[2] pos; var x; minimize square(x - harmonic_mean(p));",
        ..Row::CONE
    },
    kind: Kind::Harmonic,
};

/// `inv_prod`
pub static INV_PROD: Mean = Mean {
    row: &Row {
        name: "inv_prod",
        signature: "inv_prod(x)",
        summary: "reciprocal of the product",
        formula: "1 / Πᵢ xᵢ",
        shape: "a scalar",
        monotone: "nonincreasing",
        cone: "second-order cones",
        example: "param p[2] pos; var x; minimize square(x - inv_prod(p));",
        ..Row::CONE
    },
    kind: Kind::InverseProduct,
};

impl Atom for Mean {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, _call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(Vec::new())
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        if self.kind == Kind::InverseProduct { Monotonicity::Decreasing } else { Monotonicity::Increasing }
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let n = nonempty(call, tape.shape(a).len())? as f64;
        Ok(match self.kind {
            Kind::Geometric => {
                let product = tape.reduce(Reduction::Product, a, None, call.shape);
                tape.push(Op::Power(product, 1.0 / n), call.shape)
            }
            Kind::Harmonic => {
                let inverse = tape.unary(Unary::Reciprocal, a);
                let sum = tape.reduce(Reduction::Sum, inverse, None, call.shape);
                let n = tape.number(n);
                tape.binary(Binary::Div, n, sum, call.shape)
            }
            Kind::InverseProduct => {
                let product = tape.reduce(Reduction::Product, a, None, call.shape);
                tape.unary(Unary::Reciprocal, product)
            }
        })
    }
}

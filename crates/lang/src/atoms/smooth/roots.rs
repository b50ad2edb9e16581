//! Square root and reciprocal, elementwise.

use super::Smooth;
use crate::atoms::prelude::*;
use cvxlayer_program::SmoothFunction;

/// `sqrt`
pub static SQRT: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "sqrt",
            signature: "sqrt(x)",
            curvature: Curvature::Concave,
            summary: "square root; its slope at 0 is taken as 0",
            formula: "√xᵢ",
            sign: "nonneg",
            cone: "a second-order cone",
            example: "param p[3] nonneg; var x[3]; maximize sum(p * sqrt(x)); subject to sum(x) <= 1;",
            ..Row::SMOOTH
        },
        function: Unary::Sqrt,
        image: |x| Interval { nonzero: x.is_pos(), ..x.map_increasing(|v| v.max(0.0).sqrt()) },
        monotonicity: |_| Monotonicity::Increasing,
    },
    function: SmoothFunction::Power(0.5),
    negated: true,
    offset: 0.0,
};

/// `inv_pos`
pub static INV_POS: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "inv_pos",
            signature: "inv_pos(x)",
            summary: "reciprocal of positive entries",
            formula: "1 / xᵢ for xᵢ > 0",
            sign: "nonneg",
            monotone: "nonincreasing",
            cone: "a second-order cone",
            example: "param p[3] nonneg; var x[3]; minimize sum(p * inv_pos(x)); subject to sum(x) <= 1;",
            ..Row::SMOOTH
        },
        function: Unary::Reciprocal,
        image: |x| if x.is_pos() { x.recip() } else { Interval { nonzero: true, ..Interval::NONNEG } },
        monotonicity: |_| Monotonicity::Decreasing,
    },
    function: SmoothFunction::Power(-1.0),
    negated: false,
    offset: 0.0,
};

//! Exponentials and logarithms, elementwise.

use super::Smooth;
use crate::atoms::prelude::*;
use cvxlayer_program::SmoothFunction;

const INCREASING: fn(Interval) -> Monotonicity = |_| Monotonicity::Increasing;

/// `exp`
pub static EXP: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "exp",
            signature: "exp(x)",
            summary: "exponential",
            formula: "exp xᵢ",
            sign: "nonneg",
            example: "param p[3] pos; var x[3]; minimize sum(exp(x)) - p @ x;",
            ..Row::SMOOTH
        },
        function: Unary::Exp,
        image: |x| Interval { nonzero: true, ..x.map_increasing(f64::exp) },
        monotonicity: INCREASING,
    },
    function: SmoothFunction::Exp,
    negated: false,
    offset: 0.0,
};

/// `log`
pub static LOG: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "log",
            signature: "log(x)",
            curvature: Curvature::Concave,
            summary: "natural logarithm",
            formula: "log xᵢ",
            example: "param p[3] nonneg; var x[3]; maximize sum(p * log(x)); subject to sum(x) <= 1;",
            ..Row::SMOOTH
        },
        function: Unary::Log,
        image: |x| x.map_increasing(|v| if v > 0.0 { v.ln() } else { f64::NEG_INFINITY }),
        monotonicity: INCREASING,
    },
    function: SmoothFunction::NegativeLog,
    negated: true,
    offset: 0.0,
};

/// `log1p`
pub static LOG1P: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "log1p",
            signature: "log1p(x)",
            curvature: Curvature::Concave,
            summary: "logarithm of 1 + x, exact near 0",
            formula: "log(1 + xᵢ)",
            sign: "that of x",
            example: "param p[3] nonneg; var x[3] nonneg; maximize sum(p * log1p(x)); subject to sum(x) <= 1;",
            ..Row::SMOOTH
        },
        function: Unary::Log1p,
        image: |x| x.map_increasing(|v| if v > -1.0 { v.ln_1p() } else { f64::NEG_INFINITY }),
        monotonicity: INCREASING,
    },
    function: SmoothFunction::NegativeLog,
    negated: true,
    offset: 1.0,
};

/// `logistic`
pub static LOGISTIC: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "logistic",
            aliases: &["softplus"],
            signature: "logistic(x)",
            summary: "logistic loss",
            formula: "log(1 + exp xᵢ)",
            sign: "nonneg",
            example: "param X[4, 2]; var w[2]; minimize sum(logistic(X @ w)) + sum_squares(w);",
            ..Row::SMOOTH
        },
        function: Unary::Logistic,
        image: |_| Interval { nonzero: true, ..Interval::NONNEG },
        monotonicity: INCREASING,
    },
    function: SmoothFunction::Logistic,
    negated: false,
    offset: 0.0,
};

/// `xexp`
pub static XEXP: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "xexp",
            signature: "xexp(x)",
            summary: "x times its exponential, convex for x ≥ 0",
            formula: "xᵢ exp xᵢ",
            sign: "that of x",
            example: "param p; var x nonneg; minimize xexp(x) + square(x - p);",
            ..Row::SMOOTH
        },
        function: Unary::XExp,
        image: |x| if x.is_nonneg() { Interval::NONNEG } else { Interval::new(-1.0, f64::INFINITY) },
        monotonicity: |x| if x.is_nonneg() { Monotonicity::Increasing } else { Monotonicity::Neither },
    },
    function: SmoothFunction::XExp,
    negated: false,
    offset: 0.0,
};

/// `log_normcdf`
pub static LOG_NORMCDF: Smooth = Smooth {
    rules: Elementwise {
        row: &Row {
            name: "log_normcdf",
            signature: "log_normcdf(x)",
            curvature: Curvature::Concave,
            summary: "logarithm of the normal distribution function",
            formula: "log Φ(xᵢ)",
            sign: "nonpos",
            cone: "smooth constraints",
            example: "param X[4, 2]; var w[2]; maximize sum(log_normcdf(X @ w)) - sum_squares(w);",
            ..Row::SMOOTH
        },
        function: Unary::LogNormalCdf,
        image: |_| Interval::NONPOS,
        monotonicity: INCREASING,
    },
    function: SmoothFunction::NegativeLogNormalCdf,
    negated: true,
    offset: 0.0,
};

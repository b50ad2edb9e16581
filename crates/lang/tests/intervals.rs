//! Intervals are sound: whatever values the declarations allow, an expression lies in the range that the checker states.
//! The signs that convexity rests on, and the warnings about constraints, follow from these ranges.

use cvxlayer_lang::check::{Multipliers, check_expression};
use cvxlayer_lang::{CheckedModel, check};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The names of the model with their ranges.
const NAMES: [(&str, f64, f64); 7] = [
    ("x", -2.0, 3.0),
    ("y", 0.0, f64::INFINITY),
    ("z", f64::NEG_INFINITY, f64::INFINITY),
    ("w", f64::NEG_INFINITY, 0.0),
    ("p", 0.25, 1.0),
    ("q", f64::NEG_INFINITY, f64::INFINITY),
    ("r", 1e-3, f64::INFINITY),
];

const MODEL: &str =
    "var x in [-2, 3]; var y nonneg; var z; var w nonpos; param p in [0.25, 1]; param q; param r pos;
    minimize norm1([x, y, z, w]) + p + q + r;";

/// A scalar expression that can be written and computed.
#[derive(Clone, Debug)]
enum Term {
    Name(usize),
    Number(f64),
    Unary(&'static str, Box<Term>),
    Binary(&'static str, Box<Term>, Box<Term>),
}

impl Term {
    fn text(&self) -> String {
        match self {
            Self::Name(k) => NAMES[*k].0.to_owned(),
            Self::Number(v) => format!("({v})"),
            Self::Unary("-", a) => format!("(-{})", a.text()),
            Self::Unary("**2", a) => format!("({})**2", a.text()),
            Self::Unary(name, a) => format!("{name}({})", a.text()),
            Self::Binary(op @ ("+" | "-" | "*" | "/"), a, b) => format!("({} {op} {})", a.text(), b.text()),
            Self::Binary(name @ ("max" | "min" | "sum" | "norm1"), a, b) => {
                format!("{name}([{}, {}])", a.text(), b.text())
            }
            Self::Binary(name, a, b) => format!("{name}({}, {})", a.text(), b.text()),
        }
    }

    fn value(&self, point: &[f64]) -> f64 {
        match self {
            Self::Name(k) => point[*k],
            Self::Number(v) => *v,
            Self::Unary(name, a) => {
                let a = a.value(point);
                match *name {
                    _ if a.is_nan() => a,
                    "-" => -a,
                    "abs" => a.abs(),
                    "pos" => a.max(0.0),
                    "neg" => (-a).max(0.0),
                    "exp" => a.exp(),
                    _ => a * a,
                }
            }
            Self::Binary(name, a, b) => {
                let (a, b) = (a.value(point), b.value(point));
                match *name {
                    // What has no value has no range; `f64::max` would hide it.
                    _ if a.is_nan() || b.is_nan() => f64::NAN,
                    "+" | "sum" => a + b,
                    "-" => a - b,
                    "*" => a * b,
                    "/" => a / b,
                    "max" | "maximum" => a.max(b),
                    "min" | "minimum" => a.min(b),
                    _ => a.abs() + b.abs(),
                }
            }
        }
    }
}

fn terms() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        3 => (0..NAMES.len()).prop_map(Term::Name),
        1 => (-6_i32..=6).prop_map(|v| Term::Number(f64::from(v) / 2.0)),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let unary = prop::sample::select(vec!["-", "abs", "pos", "neg", "square", "**2", "exp"]);
        let binary = vec!["+", "-", "*", "/", "max", "min", "maximum", "minimum", "sum", "norm1"];
        prop_oneof![
            (unary, inner.clone()).prop_map(|(op, a)| Term::Unary(op, Box::new(a))),
            (prop::sample::select(binary), inner.clone(), inner).prop_map(|(op, a, b)| Term::Binary(
                op,
                Box::new(a),
                Box::new(b)
            )),
        ]
    })
}

/// A point of the declared ranges: often an end, or 0.
fn points() -> impl Strategy<Value = Vec<f64>> {
    let one = |(lo, hi): (f64, f64)| {
        let (low, high) = (lo.max(-20.0), hi.min(20.0));
        prop_oneof![Just(low), Just(high), Just(0.0_f64.clamp(low, high)), low..=high]
    };
    NAMES.map(|(_, lo, hi)| one((lo, hi))).to_vec()
}

static CHECKED: LazyLock<CheckedModel> = LazyLock::new(|| {
    let checked = check(MODEL);
    assert_eq!(checked.diagnostics, []);
    checked.model
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1000)))]

    #[test]
    fn values_lie_in_their_intervals(term in terms(), all in prop::collection::vec(points(), 8)) {
        let Ok((checked, node)) = check_expression(&CHECKED, Multipliers::default(), &term.text()) else { return Ok(()) };
        let interval = checked.tree.facts(node).interval;
        for point in all {
            let value = term.value(&point);
            if value.is_finite() {
                let slack = 1e-9 * value.abs().max(1.0);
                prop_assert!(
                    interval.lo - slack <= value && value <= interval.hi + slack,
                    "{} is {value} at {point:?}, outside {interval:?}", term.text()
                );
                // An exponential that is too small for a number is computed as 0.
                let lost = term.text().contains("exp");
                prop_assert!(
                    lost || !(interval.excludes_zero() && value == 0.0), "{} at {point:?}", term.text()
                );
            }
        }
    }
}

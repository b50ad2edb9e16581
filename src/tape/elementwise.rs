//! Values and slopes of the elementwise functions.

use cvxlayer_program::{Binary, Unary};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// How a derivative fails to exist at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Irregularity {
    /// One-sided slopes differ.
    Kink,
    /// The slope is infinite.
    InfiniteSlope,
}

/// Whether `a` is `point`, up to rounding that `tolerance` allows for.
fn near(a: f64, point: f64, tolerance: f64) -> bool {
    (a - point).abs() <= tolerance * point.abs().max(1.0)
}

/// The value of a function of one number.
pub(super) fn unary(f: Unary, a: f64) -> f64 {
    match f {
        Unary::Neg => -a,
        Unary::Abs => a.abs(),
        Unary::Pos => a.max(0.0),
        Unary::Sign => sign(a),
        Unary::Exp => a.exp(),
        Unary::Log => a.ln(),
        Unary::Log1p => a.ln_1p(),
        Unary::Sqrt => a.sqrt(),
        Unary::Square => a * a,
        Unary::Reciprocal => a.recip(),
        Unary::Sin => a.sin(),
        Unary::Cos => a.cos(),
        Unary::Tan => a.tan(),
        Unary::Tanh => a.tanh(),
        Unary::Floor => a.floor(),
        Unary::Ceil => a.ceil(),
        Unary::Round => a.round_ties_even(),
        Unary::Logistic => a.max(0.0) + (-a.abs()).exp().ln_1p(),
        Unary::Entropy => {
            if a == 0.0 {
                0.0
            } else {
                -a * a.ln()
            }
        }
        Unary::XExp => a * a.exp(),
        Unary::LogNormalCdf => log_normal_cdf(a),
        _ => f64::NAN,
    }
}

/// The slope of a function of one number; where it is infinite, 0.
pub(super) fn unary_slope(f: Unary, a: f64, value: f64) -> f64 {
    let slope = match f {
        Unary::Neg => -1.0,
        Unary::Abs => sign(a),
        Unary::Pos => f64::from(a > 0.0),
        Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round => 0.0,
        Unary::Exp => value,
        Unary::Log => a.recip(),
        Unary::Log1p => (1.0 + a).recip(),
        Unary::Sqrt => 0.5 / value,
        Unary::Square => 2.0 * a,
        Unary::Reciprocal => -value * value,
        Unary::Sin => a.cos(),
        Unary::Cos => -a.sin(),
        Unary::Tan => 1.0 + value * value,
        Unary::Tanh => 1.0 - value * value,
        Unary::Logistic => {
            if a >= 0.0 {
                (1.0 + (-a).exp()).recip()
            } else {
                let e = a.exp();
                e / (1.0 + e)
            }
        }
        Unary::Entropy => -a.ln() - 1.0,
        Unary::XExp => (1.0 + a) * a.exp(),
        Unary::LogNormalCdf => inverse_mills(a),
        _ => f64::NAN,
    };
    finite_or_zero(slope)
}

/// Where a function of one number has no derivative.
pub(super) fn unary_irregularity(f: Unary, a: f64, tolerance: f64) -> Option<Irregularity> {
    let kink = match f {
        Unary::Abs | Unary::Pos | Unary::Sign => near(a, 0.0, tolerance),
        Unary::Floor | Unary::Ceil => near(a, a.round(), tolerance),
        Unary::Round => near(a, a.floor() + 0.5, tolerance),
        Unary::Sqrt | Unary::Entropy => {
            return near(a, 0.0, tolerance).then_some(Irregularity::InfiniteSlope);
        }
        _ => false,
    };
    kink.then_some(Irregularity::Kink)
}

/// The value of a function of two numbers.
pub(super) fn binary(f: Binary, a: f64, b: f64) -> f64 {
    match f {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
        Binary::Pow => a.powf(b),
        Binary::RelativeEntropy => {
            if a == 0.0 && b >= 0.0 {
                0.0
            } else {
                a * (a / b).ln()
            }
        }
        Binary::Huber => {
            if a.abs() <= b {
                a * a
            } else {
                2.0 * b * a.abs() - b * b
            }
        }
        _ => f64::NAN,
    }
}

/// The slopes of a function of two numbers by the first and the second; where one is infinite, 0.
pub(super) fn binary_slopes(f: Binary, a: f64, b: f64, value: f64) -> (f64, f64) {
    let (by_a, by_b) = match f {
        Binary::Add => (1.0, 1.0),
        Binary::Sub => (1.0, -1.0),
        Binary::Mul => (b, a),
        Binary::Div => (b.recip(), -value / b),
        Binary::Max | Binary::Min if a == b => (0.5, 0.5),
        Binary::Max => (f64::from(a > b), f64::from(a < b)),
        Binary::Min => (f64::from(a < b), f64::from(a > b)),
        Binary::Pow => (power_slope(a, b), if a == 0.0 { 0.0 } else { value * a.ln() }),
        Binary::RelativeEntropy => ((a / b).ln() + 1.0, if a == 0.0 { 0.0 } else { -a / b }),
        Binary::Huber if a.abs() <= b => (2.0 * a, 0.0),
        Binary::Huber => (2.0 * b * sign(a), 2.0 * (a.abs() - b)),
        _ => (f64::NAN, f64::NAN),
    };
    (finite_or_zero(by_a), finite_or_zero(by_b))
}

/// Where a function of two numbers has no derivative.
pub(super) fn binary_irregularity(f: Binary, a: f64, b: f64, tolerance: f64) -> Option<Irregularity> {
    match f {
        Binary::Max | Binary::Min => near(a, b, tolerance).then_some(Irregularity::Kink),
        Binary::Pow => power_irregularity(a, b, tolerance),
        Binary::RelativeEntropy => near(a, 0.0, tolerance).then_some(Irregularity::InfiniteSlope),
        _ => None,
    }
}

/// `a ** exponent`.
pub(super) fn power(a: f64, exponent: f64) -> f64 {
    if exponent == 2.0 { a * a } else { a.powf(exponent) }
}

/// The slope of `a ** exponent`; where it is infinite, 0.
pub(super) fn power_slope(a: f64, exponent: f64) -> f64 {
    if exponent == 0.0 { 0.0 } else { finite_or_zero(exponent * power(a, exponent - 1.0)) }
}

/// Where `a ** exponent` has no derivative.
pub(super) fn power_irregularity(a: f64, exponent: f64, tolerance: f64) -> Option<Irregularity> {
    (exponent > 0.0 && exponent < 1.0 && near(a, 0.0, tolerance)).then_some(Irregularity::InfiniteSlope)
}

fn sign(a: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a.signum() }
}

fn finite_or_zero(slope: f64) -> f64 {
    if slope.is_infinite() { 0.0 } else { slope }
}

/// Below this the distribution function is computed from its tail's continued fraction.
const TAIL: f64 = -5.0;

/// `log Φ(a)`.
fn log_normal_cdf(a: f64) -> f64 {
    if a < TAIL {
        -0.5 * a * a - 0.5 * (2.0 * PI).ln() - mills_denominator(-a).ln()
    } else if a > 0.0 {
        (-0.5 * libm::erfc(a * FRAC_1_SQRT_2)).ln_1p()
    } else {
        (0.5 * libm::erfc(-a * FRAC_1_SQRT_2)).ln()
    }
}

/// `φ(a) / Φ(a)`, the slope of `log Φ`.
fn inverse_mills(a: f64) -> f64 {
    if a < TAIL {
        mills_denominator(-a)
    } else {
        (-0.5 * a * a).exp() / (2.0 * PI).sqrt() / (0.5 * libm::erfc(-a * FRAC_1_SQRT_2))
    }
}

/// `t + 1/(t + 2/(t + 3/(t + …)))`, which is `φ(t) / Φ(−t)`; converges fast for t ≥ 5.
fn mills_denominator(t: f64) -> f64 {
    (1..=80).rev().fold(t, |tail, k| t + f64::from(k) / tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_tail_is_continuous_and_matches_known_values() {
        let (left, right) = (log_normal_cdf(TAIL - 1e-12), log_normal_cdf(TAIL + 1e-12));
        assert!((left - right).abs() < 1e-10, "{left} {right}");
        assert!((inverse_mills(TAIL - 1e-12) - inverse_mills(TAIL + 1e-12)).abs() < 1e-10);
        assert!((log_normal_cdf(0.0) - 0.5_f64.ln()).abs() < 1e-15);
        assert!((log_normal_cdf(-40.0) + 804.608_442_013_754).abs() < 1e-9);
    }

    #[test]
    fn documented_choices_at_kinks() {
        assert_eq!(unary_slope(Unary::Abs, 0.0, 0.0), 0.0);
        assert_eq!(unary_slope(Unary::Pos, 0.0, 0.0), 0.0);
        assert_eq!(unary_slope(Unary::Sqrt, 0.0, 0.0), 0.0);
        assert_eq!(binary_slopes(Binary::Max, 2.0, 2.0, 2.0), (0.5, 0.5));
        assert_eq!(unary(Unary::Entropy, 0.0), 0.0);
        assert_eq!(unary(Unary::Round, 2.5), 2.0);
        assert_eq!(unary_irregularity(Unary::Sqrt, 0.0, 0.0), Some(Irregularity::InfiniteSlope));
        assert_eq!(unary_irregularity(Unary::Abs, 1e-300, 0.0), None);
    }
}

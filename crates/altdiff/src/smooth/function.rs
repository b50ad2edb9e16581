//! The functions of one variable that smooth terms are made of.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// A smooth convex function φ of one variable, with its domain.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Function {
    /// `−log z`, z > 0.
    NegativeLog,
    /// `z log z`, z ≥ 0, with the value 0 at 0.
    NegativeEntropy,
    /// `eᶻ`.
    Exp,
    /// `log(1 + eᶻ)`.
    Logistic,
    /// `zᵖ` for p > 1 (z ≥ 0, or every z where p is an even integer) and p < 0 (z > 0); `−zᵖ` for 0 < p < 1 (z ≥ 0).
    Power(f64),
    /// `z eᶻ`, z ≥ 0.
    XExp,
    /// `−log Φ(z)` with the standard normal distribution function Φ.
    NegativeLogNormalCdf,
}

/// Where a function is finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// Everywhere.
    All,
    /// On z ≥ 0, twice differentiable up to the end.
    Nonnegative,
    /// On z ≥ 0, with a slope or a curvature that is infinite at 0.
    SteepAtZero,
    /// On z > 0, with an infinite value at 0.
    Positive,
}

impl Function {
    pub(super) fn domain(self) -> Domain {
        match self {
            Self::Exp | Self::Logistic | Self::NegativeLogNormalCdf => Domain::All,
            Self::XExp => Domain::Nonnegative,
            Self::NegativeLog => Domain::Positive,
            Self::Power(p) if p < 0.0 => Domain::Positive,
            Self::Power(p) if even(p) => Domain::All,
            Self::Power(p) if p >= 2.0 => Domain::Nonnegative,
            Self::NegativeEntropy | Self::Power(_) => Domain::SteepAtZero,
        }
    }

    /// Whether a step upwards may leave the range of floating-point numbers.
    pub(super) fn explodes(self) -> bool {
        matches!(self, Self::Exp | Self::XExp)
    }

    /// φ(z); ∞ outside the domain.
    pub fn value(self, z: f64) -> f64 {
        let inside = match self.domain() {
            Domain::All => true,
            Domain::Nonnegative | Domain::SteepAtZero => z >= 0.0,
            Domain::Positive => z > 0.0,
        };
        if !inside {
            return f64::INFINITY;
        }
        match self {
            Self::NegativeLog => -z.ln(),
            Self::NegativeEntropy if z == 0.0 => 0.0,
            Self::NegativeEntropy => z * z.ln(),
            Self::Exp => z.exp(),
            Self::Logistic => z.max(0.0) + (-z.abs()).exp().ln_1p(),
            Self::Power(p) if p > 0.0 && p < 1.0 => -z.powf(p),
            Self::Power(p) if even(p) => z.abs().powf(p),
            Self::Power(p) => z.powf(p),
            Self::XExp => z * z.exp(),
            Self::NegativeLogNormalCdf => negative_log_normal_cdf(z),
        }
    }

    /// φ′(z) inside the domain.
    pub fn slope(self, z: f64) -> f64 {
        match self {
            Self::NegativeLog => -1.0 / z,
            Self::NegativeEntropy => z.ln() + 1.0,
            Self::Exp => z.exp(),
            Self::Logistic => sigmoid(z),
            Self::Power(p) if p > 0.0 && p < 1.0 => -p * z.powf(p - 1.0),
            Self::Power(p) if even(p) => p * z.signum() * z.abs().powf(p - 1.0),
            Self::Power(p) => p * z.powf(p - 1.0),
            Self::XExp => (1.0 + z) * z.exp(),
            Self::NegativeLogNormalCdf => -hazard(z),
        }
    }

    /// φ″(z) ≥ 0 inside the domain.
    pub fn curvature(self, z: f64) -> f64 {
        match self {
            Self::NegativeLog => 1.0 / (z * z),
            Self::NegativeEntropy => 1.0 / z,
            Self::Exp => z.exp(),
            Self::Logistic => sigmoid(z) * sigmoid(-z),
            Self::Power(p) if p > 0.0 && p < 1.0 => p * (1.0 - p) * z.powf(p - 2.0),
            Self::Power(p) if even(p) => p * (p - 1.0) * z.abs().powf(p - 2.0),
            Self::Power(p) => p * (p - 1.0) * z.powf(p - 2.0),
            Self::XExp => (2.0 + z) * z.exp(),
            Self::NegativeLogNormalCdf => {
                let h = hazard(z);
                (h * (z + h)).max(0.0)
            }
        }
    }
}

fn even(p: f64) -> bool {
    p > 0.0 && p % 2.0 == 0.0
}

fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 { 1.0 / (1.0 + (-z).exp()) } else { z.exp() / (1.0 + z.exp()) }
}

/// Below this Φ is computed through Mills' ratio, whose continued fraction converges fast there.
const TAIL: f64 = -5.0;

/// `(1 − Φ(t)) / φ(t)` for t ≥ 5, by the continued fraction `1/(t + 1/(t + 2/(t + 3/(t + …))))`.
fn mills(t: f64) -> f64 {
    let mut tail = t;
    for k in (1..=60).rev() {
        tail = t + f64::from(k) / tail;
    }
    1.0 / tail
}

fn negative_log_normal_cdf(z: f64) -> f64 {
    if z < TAIL {
        0.5 * z * z + 0.5 * (2.0 * PI).ln() - mills(-z).ln()
    } else {
        // Φ near 1 is told by its complement.
        let above = 0.5 * libm::erfc(z * FRAC_1_SQRT_2);
        if z > 0.0 { -(-above).ln_1p() } else { -(0.5 * libm::erfc(-z * FRAC_1_SQRT_2)).ln() }
    }
}

/// φ(z) / Φ(z), the density over the distribution function.
fn hazard(z: f64) -> f64 {
    if z < TAIL {
        1.0 / mills(-z)
    } else {
        (-0.5 * z * z).exp() / ((2.0 * PI).sqrt() * 0.5 * libm::erfc(-z * FRAC_1_SQRT_2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivatives against differences of the value and of each other, over each function's domain.
    #[test]
    fn derivatives_agree_with_differences() {
        let positive = [1e-3, 0.3, 1.0, 2.7, 9.0];
        let all = [-30.0, -6.0, -4.9, -1.0, -0.2, 0.0, 0.4, 1.0, 3.0, 8.0];
        let cases: [(Function, &[f64]); 11] = [
            (Function::NegativeLog, &positive),
            (Function::NegativeEntropy, &positive),
            (Function::Power(0.5), &positive),
            (Function::Power(1.5), &positive),
            (Function::Power(3.0), &positive),
            (Function::Power(-1.0), &positive),
            (Function::XExp, &positive),
            (Function::Power(4.0), &all),
            (Function::Exp, &all),
            (Function::Logistic, &all),
            (Function::NegativeLogNormalCdf, &all),
        ];
        for (f, points) in cases {
            for &z in points {
                let h = 1e-5 * z.abs().max(1e-2);
                let difference = |g: &dyn Fn(f64) -> f64| (g(z + h) - g(z - h)) / (2.0 * h);
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 * a.abs().max(b.abs()) + 1e-9;
                assert!(near(f.slope(z), difference(&|z| f.value(z))), "{f:?} at {z}: slope");
                assert!(near(f.curvature(z), difference(&|z| f.slope(z))), "{f:?} at {z}: curvature");
                assert!(f.curvature(z) >= 0.0);
            }
        }
    }

    #[test]
    fn values_outside_the_domain_are_infinite() {
        assert_eq!(Function::NegativeLog.value(0.0), f64::INFINITY);
        assert_eq!(Function::NegativeEntropy.value(0.0), 0.0);
        assert_eq!(Function::NegativeEntropy.value(-1e-300), f64::INFINITY);
        assert_eq!(Function::Power(1.5).value(-1.0), f64::INFINITY);
        assert_eq!(Function::Power(2.0).value(-3.0), 9.0);
        // Far in the tails nothing overflows and nothing is lost.
        assert_eq!(Function::Logistic.value(800.0), 800.0);
        assert!((Function::NegativeLogNormalCdf.value(-40.0) - 804.608_442_013_754).abs() < 1e-9);
        assert!((Function::NegativeLogNormalCdf.value(10.0) - 7.619_853_024_160_527e-24).abs() < 1e-35);
    }
}

//! Intervals: what is known of the values of an expression, and so its sign.

use serde::{Deserialize, Serialize};

/// Every entry lies in `[lo, hi]`; either end may be infinite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Whether 0 is excluded although an end is 0 (`pos`, `neg`).
    pub nonzero: bool,
}

impl Interval {
    /// Nothing is known.
    pub const ALL: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY, nonzero: false };
    /// At least 0.
    pub const NONNEG: Self = Self { lo: 0.0, hi: f64::INFINITY, nonzero: false };
    /// At most 0.
    pub const NONPOS: Self = Self { lo: f64::NEG_INFINITY, hi: 0.0, nonzero: false };

    /// Between two ends; nothing is known where an end is not a number.
    pub fn new(lo: f64, hi: f64) -> Self {
        if lo.is_nan() || hi.is_nan() || lo > hi { Self::ALL } else { Self { lo, hi, nonzero: false } }
    }

    /// One value.
    pub fn point(value: f64) -> Self {
        Self { nonzero: value != 0.0, ..Self::new(value, value) }
    }

    /// Whether every value is at least 0.
    pub fn is_nonneg(self) -> bool {
        self.lo >= 0.0
    }

    /// Whether every value is at most 0.
    pub fn is_nonpos(self) -> bool {
        self.hi <= 0.0
    }

    /// Whether every value is above 0.
    pub fn is_pos(self) -> bool {
        self.lo > 0.0 || (self.lo >= 0.0 && self.nonzero)
    }

    /// Whether every value is below 0.
    pub fn is_neg(self) -> bool {
        self.hi < 0.0 || (self.hi <= 0.0 && self.nonzero)
    }

    /// Whether no value is 0.
    pub fn excludes_zero(self) -> bool {
        self.is_pos() || self.is_neg()
    }

    /// The only value, if there is but one.
    pub fn as_point(self) -> Option<f64> {
        (self.lo == self.hi).then_some(self.lo)
    }

    /// Both ranges together.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        let nonzero = (self.is_pos() && other.is_pos()) || (self.is_neg() && other.is_neg());
        Self { nonzero, ..Self::new(self.lo.min(other.lo), self.hi.max(other.hi)) }
    }

    /// What both say.
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        if lo > hi { self } else { Self { nonzero: self.nonzero || other.nonzero, ..Self::new(lo, hi) } }
    }

    /// Values with the opposite sign.
    #[must_use]
    pub fn negate(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo, nonzero: self.nonzero }
    }

    /// Sums.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = Self::new(self.lo + other.lo, self.hi + other.hi);
        let nonzero = (self.is_pos() && other.is_nonneg())
            || (self.is_nonneg() && other.is_pos())
            || (self.is_neg() && other.is_nonpos())
            || (self.is_nonpos() && other.is_neg());
        Self { nonzero, ..sum }
    }

    /// Products.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        // An infinite end stands for arbitrarily large finite values, so 0 times it is 0.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let ends = [
            product(self.lo, other.lo),
            product(self.lo, other.hi),
            product(self.hi, other.lo),
            product(self.hi, other.hi),
        ];
        let nonzero = self.excludes_zero() && other.excludes_zero();
        let (lo, hi) =
            ends.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &e| (l.min(e), h.max(e)));
        Self { nonzero, ..Self::new(lo, hi) }
    }

    /// `1 / value`; nothing is known where 0 is possible.
    #[must_use]
    pub fn recip(self) -> Self {
        if !self.excludes_zero() {
            return Self::ALL;
        }
        let inverse = |end: f64, at_zero: f64| if end == 0.0 { at_zero } else { 1.0 / end };
        let out = if self.is_pos() {
            Self::new(inverse(self.hi, f64::INFINITY).max(0.0), inverse(self.lo, f64::INFINITY))
        } else {
            Self::new(inverse(self.hi, f64::NEG_INFINITY), inverse(self.lo, f64::NEG_INFINITY).min(0.0))
        };
        Self { nonzero: true, ..out }
    }

    /// Absolute values.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.is_nonneg() {
            self
        } else if self.is_nonpos() {
            self.negate()
        } else {
            Self::new(0.0, self.hi.max(-self.lo))
        }
    }

    /// The image under a nondecreasing function.
    #[must_use]
    pub fn map_increasing(self, f: impl Fn(f64) -> f64) -> Self {
        Self::new(f(self.lo), f(self.hi))
    }

    /// Sums of `count` values (`None`: of an unknown number of values).
    #[must_use]
    pub fn sum(self, count: Option<i64>) -> Self {
        match count {
            Some(n) if n >= 0 => self.times(Self::point(n as f64)),
            _ => Self::new(
                if self.is_nonneg() { 0.0 } else { f64::NEG_INFINITY },
                if self.is_nonpos() { 0.0 } else { f64::INFINITY },
            ),
        }
    }

    /// The sign in words, as messages say it.
    pub fn sign(self) -> &'static str {
        match (self.is_nonneg(), self.is_nonpos()) {
            (true, true) => "zero",
            (true, false) => "nonneg",
            (false, true) => "nonpos",
            (false, false) => "unknown sign",
        }
    }
}

impl std::hash::Hash for Interval {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.lo.to_bits(), self.hi.to_bits(), self.nonzero).hash(state);
    }
}

//! Sizes and indices: integer polynomials in the model's `dim`s and in loop indices.

use super::interval::Interval;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a size may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Unknown {
    /// A `dim` without a value, by position.
    Dim(u32),
    /// An index of a `for`, by position in the model.
    Index(u32),
}

/// A polynomial with integer coefficients; two sizes agree if they are equal as polynomials.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Poly {
    terms: BTreeMap<Vec<Unknown>, i64>,
}

/// Integer arithmetic left the range of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// How two sizes compare before the unknowns have values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Equal for every value.
    Always,
    /// Different for every value, or two different free sizes.
    Never,
    /// Equal if the polynomial is zero, to be checked when sizes are bound.
    If(Poly),
}

/// The most terms a size may have; beyond that it is no size that anybody meant.
const MAX_TERMS: usize = 64;

impl Poly {
    /// A number.
    pub fn constant(value: i64) -> Self {
        let mut terms = BTreeMap::new();
        if value != 0 {
            terms.insert(Vec::new(), value);
        }
        Self { terms }
    }

    /// One unknown.
    pub fn unknown(unknown: Unknown) -> Self {
        Self { terms: BTreeMap::from([(vec![unknown], 1)]) }
    }

    /// The value, if it does not depend on anything.
    pub fn as_constant(&self) -> Option<i64> {
        match self.terms.len() {
            0 => Some(0),
            1 => self.terms.get(&Vec::new()).copied(),
            _ => None,
        }
    }

    /// Whether this is the number.
    pub fn is(&self, value: i64) -> bool {
        self.as_constant() == Some(value)
    }

    /// The `dim`, if it is one and nothing else.
    pub fn as_dim(&self) -> Option<Unknown> {
        match self.terms.iter().collect::<Vec<_>>()[..] {
            [(monomial, 1)] => match monomial[..] {
                [dim @ Unknown::Dim(_)] => Some(dim),
                _ => None,
            },
            _ => None,
        }
    }

    /// The unknowns it depends on, ascending.
    pub fn unknowns(&self) -> Vec<Unknown> {
        let mut all: Vec<_> = self.terms.keys().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether it depends on an index of a `for`.
    pub fn has_index(&self) -> bool {
        self.terms.keys().flatten().any(|u| matches!(u, Unknown::Index(_)))
    }

    /// The sum.
    ///
    /// # Errors
    /// If a coefficient overflows or there are too many terms.
    pub fn add(&self, other: &Self) -> Result<Self, Overflow> {
        let mut terms = self.terms.clone();
        for (monomial, &coefficient) in &other.terms {
            let entry = terms.entry(monomial.clone()).or_insert(0);
            *entry = entry.checked_add(coefficient).ok_or(Overflow)?;
        }
        Self::checked(terms)
    }

    /// The difference.
    ///
    /// # Errors
    /// If a coefficient overflows or there are too many terms.
    pub fn sub(&self, other: &Self) -> Result<Self, Overflow> {
        self.add(&other.mul(&Self::constant(-1))?)
    }

    /// The product.
    ///
    /// # Errors
    /// If a coefficient overflows or there are too many terms.
    pub fn mul(&self, other: &Self) -> Result<Self, Overflow> {
        if self.terms.len() * other.terms.len() > MAX_TERMS * MAX_TERMS {
            return Err(Overflow);
        }
        let mut terms = BTreeMap::new();
        for (left, &a) in &self.terms {
            for (right, &b) in &other.terms {
                let mut monomial = left.clone();
                monomial.extend(right);
                monomial.sort_unstable();
                if monomial.len() > 16 {
                    return Err(Overflow);
                }
                let product = a.checked_mul(b).ok_or(Overflow)?;
                let entry = terms.entry(monomial).or_insert(0i64);
                *entry = entry.checked_add(product).ok_or(Overflow)?;
            }
        }
        Self::checked(terms)
    }

    fn checked(mut terms: BTreeMap<Vec<Unknown>, i64>) -> Result<Self, Overflow> {
        terms.retain(|_, coefficient| *coefficient != 0);
        if terms.len() > MAX_TERMS { Err(Overflow) } else { Ok(Self { terms }) }
    }

    /// The value once every unknown has one; `None` if one is missing or arithmetic overflows.
    pub fn evaluate(&self, value_of: &dyn Fn(Unknown) -> Option<i64>) -> Option<i64> {
        let mut sum = 0i64;
        for (monomial, &coefficient) in &self.terms {
            let mut product = coefficient;
            for &unknown in monomial {
                product = product.checked_mul(value_of(unknown)?)?;
            }
            sum = sum.checked_add(product)?;
        }
        Some(sum)
    }

    /// As [`evaluate`](Self::evaluate), `len` times at once: `each` gives the values of the unknowns that move.
    pub fn evaluate_each<'a>(
        &self,
        len: usize,
        value_of: impl Fn(Unknown) -> Option<i64>,
        each: impl Fn(Unknown) -> Option<&'a [i64]>,
    ) -> Option<Vec<i64>> {
        let mut sums = vec![0i64; len];
        for (monomial, &coefficient) in &self.terms {
            let (mut factor, mut moving) = (coefficient, Vec::new());
            for &unknown in monomial {
                match each(unknown) {
                    Some(values) => moving.push(values),
                    None => factor = factor.checked_mul(value_of(unknown)?)?,
                }
            }
            for (k, sum) in sums.iter_mut().enumerate() {
                let product =
                    moving.iter().try_fold(factor, |product, values| product.checked_mul(values[k]))?;
                *sum = sum.checked_add(product)?;
            }
        }
        Some(sums)
    }

    /// Replaces one unknown.
    ///
    /// # Errors
    /// If a coefficient overflows or there are too many terms.
    pub fn substitute(&self, unknown: Unknown, by: &Self) -> Result<Self, Overflow> {
        let mut out = Self::default();
        for (monomial, &coefficient) in &self.terms {
            let mut product = Self::constant(coefficient);
            for &factor in monomial {
                product = product.mul(&if factor == unknown { by.clone() } else { Self::unknown(factor) })?;
            }
            out = out.add(&product)?;
        }
        Ok(out)
    }

    /// Splits `a u + rest` where `u` enters linearly with a constant coefficient.
    pub fn linear_in(&self, unknown: Unknown) -> Option<(i64, Self)> {
        let mut rest = self.terms.clone();
        let coefficient = rest.remove(&vec![unknown]).unwrap_or(0);
        if rest.keys().flatten().any(|&u| u == unknown) {
            None
        } else {
            Some((coefficient, Self { terms: rest }))
        }
    }

    /// A range of the values, given ranges of the unknowns.
    pub fn interval(&self, of: &dyn Fn(Unknown) -> Interval) -> Interval {
        self.terms.iter().fold(Interval::point(0.0), |sum, (monomial, &coefficient)| {
            let product = monomial.iter().fold(Interval::point(coefficient as f64), |p, &u| p.times(of(u)));
            sum.plus(product)
        })
    }

    /// Divides by a number, if every coefficient is a multiple of it.
    pub fn divide_exactly(&self, divisor: i64) -> Option<Self> {
        let terms = self
            .terms
            .iter()
            .map(|(m, &c)| (divisor != 0 && c % divisor == 0).then(|| (m.clone(), c / divisor)));
        Some(Self { terms: terms.collect::<Option<_>>()? })
    }

    /// Compares with another size. A size against a number is a requirement, two different free sizes never agree.
    pub fn agrees(&self, other: &Self) -> Agreement {
        let Ok(difference) = self.sub(other) else { return Agreement::Never };
        match difference.as_constant() {
            Some(0) => Agreement::Always,
            None if self.as_constant().is_some()
                || other.as_constant().is_some()
                || self.has_index()
                || other.has_index() =>
            {
                Agreement::If(difference)
            }
            _ => Agreement::Never,
        }
    }

    /// The size in the user's words.
    pub fn display(&self, name_of: &dyn Fn(Unknown) -> String) -> String {
        if self.terms.is_empty() {
            return "0".into();
        }
        let mut out = String::new();
        // Highest degree first reads as people write it: `T + 1`, not `1 + T`.
        let mut terms: Vec<_> = self.terms.iter().collect();
        terms.sort_by_key(|(monomial, _)| (std::cmp::Reverse(monomial.len()), (*monomial).clone()));
        for (k, (monomial, &coefficient)) in terms.into_iter().enumerate() {
            let magnitude = coefficient.unsigned_abs();
            let sign = if coefficient < 0 { "-" } else { "+" };
            if k > 0 {
                let _ = write!(out, " {sign} ");
            } else if coefficient < 0 {
                out.push('-');
            }
            let names: Vec<_> = monomial.iter().map(|&u| name_of(u)).collect();
            match (magnitude, names.is_empty()) {
                (_, true) => {
                    let _ = write!(out, "{magnitude}");
                }
                (1, false) => out.push_str(&names.join("*")),
                (_, false) => {
                    let _ = write!(out, "{magnitude}*{}", names.join("*"));
                }
            }
        }
        out
    }
}

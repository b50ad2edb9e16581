//! Curvature and the composition rule of disciplined convex programming.

use serde::{Deserialize, Serialize};

/// The curvature of an expression in the variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Curvature {
    /// No variable enters.
    Constant,
    /// Affine in the variables.
    Affine,
    /// Convex.
    Convex,
    /// Concave.
    Concave,
    /// Not known to be either.
    Unknown,
}

impl Curvature {
    /// Whether it is convex, which the affine and the constant are.
    pub fn is_convex(self) -> bool {
        matches!(self, Self::Constant | Self::Affine | Self::Convex)
    }

    /// Whether it is concave, which the affine and the constant are.
    pub fn is_concave(self) -> bool {
        matches!(self, Self::Constant | Self::Affine | Self::Concave)
    }

    /// Whether it is affine, which the constant is.
    pub fn is_affine(self) -> bool {
        matches!(self, Self::Constant | Self::Affine)
    }

    /// The curvature of the negation.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Convex => Self::Concave,
            Self::Concave => Self::Convex,
            other => other,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Affine => "affine",
            Self::Convex => "convex",
            Self::Concave => "concave",
            Self::Unknown => "of unknown curvature",
        }
    }
}

/// How a function moves with one of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monotonicity {
    /// Nondecreasing.
    Increasing,
    /// Nonincreasing.
    Decreasing,
    /// Neither.
    Neither,
}

impl Monotonicity {
    /// Of an even convex function: it moves with the sign of its argument.
    pub fn even(interval: super::interval::Interval) -> Self {
        if interval.is_nonneg() {
            Self::Increasing
        } else if interval.is_nonpos() {
            Self::Decreasing
        } else {
            Self::Neither
        }
    }

    /// Of a product with a factor of this sign.
    pub fn of_factor(interval: super::interval::Interval) -> Self {
        Self::even(interval)
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Increasing => "nondecreasing",
            Self::Decreasing => "nonincreasing",
            Self::Neither => "not monotone",
        }
    }
}

/// The composition rule: the curvature of `f(arguments)` for an atom of the given own curvature.
///
/// `f` is convex if it is a convex atom and every argument is affine, or convex where `f` is nondecreasing, or concave
/// where `f` is nonincreasing; concave likewise (Grant, Boyd, Ye, *Disciplined Convex Programming*, 2006).
pub fn compose(own: Curvature, arguments: &[(Curvature, Monotonicity)]) -> Curvature {
    if arguments.iter().all(|(c, _)| *c == Curvature::Constant) {
        return Curvature::Constant;
    }
    let fits = |want_convex: bool| {
        arguments.iter().all(|(curvature, monotonicity)| {
            curvature.is_affine()
                || match monotonicity {
                    Monotonicity::Increasing if want_convex => curvature.is_convex(),
                    Monotonicity::Increasing => curvature.is_concave(),
                    Monotonicity::Decreasing if want_convex => curvature.is_concave(),
                    Monotonicity::Decreasing => curvature.is_convex(),
                    Monotonicity::Neither => false,
                }
        })
    };
    match (own.is_convex() && fits(true), own.is_concave() && fits(false)) {
        (true, true) => Curvature::Affine,
        (true, false) => Curvature::Convex,
        (false, true) => Curvature::Concave,
        (false, false) => Curvature::Unknown,
    }
}

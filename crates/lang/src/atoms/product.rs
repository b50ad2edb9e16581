//! Rules that all products share: one factor may vary, the other is data.

use super::prelude::*;

/// Affine in the factor that varies.
pub(super) fn curvature(call: &Call<'_>) -> Curvature {
    let varying = (0..call.arguments.len()).filter(|&k| !call.facts(k).variable_free()).count();
    if varying < 2 { Curvature::Affine } else { Curvature::Unknown }
}

/// By the sign of the other factors.
pub(super) fn monotonicity(call: &Call<'_>, argument: usize) -> Monotonicity {
    let others = (0..call.arguments.len()).filter(|&k| k != argument);
    Monotonicity::of_factor(others.fold(Interval::point(1.0), |all, k| all.times(call.interval(k))))
}

/// Whether affine algebra evaluates it: at most one factor has parameters.
pub(super) fn linear(call: &Call<'_>) -> bool {
    (0..call.arguments.len()).filter(|&k| call.facts(k).level == Level::Parameter).count() < 2
}

/// The range of a sum of an unknown number of products.
pub(super) fn interval(call: &Call<'_>) -> Interval {
    (0..call.arguments.len()).fold(Interval::point(1.0), |all, k| all.times(call.interval(k)))
}

/// The rules of the trait that a product implements with these functions.
macro_rules! product_rules {
    () => {
        fn curvature(&self, call: &Call<'_>) -> Curvature {
            product::curvature(call)
        }

        fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
            product::monotonicity(call, argument)
        }

        fn linear(&self, call: &Call<'_>) -> bool {
            product::linear(call)
        }

        fn is_product(&self) -> bool {
            true
        }
    };
}
pub(super) use product_rules;

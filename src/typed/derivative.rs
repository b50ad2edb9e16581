//! What a derivative is returned as.

use std::ops::Deref;

/// A derivative, shaped like the struct it belongs to, and whether it is proved to exist.
///
/// It dereferences to the struct, so that `gradient.mu` is the derivative by `mu`.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivative<T> {
    /// The derivative.
    pub value: T,
    /// Whether the derivative asked for is proved to exist. If not, what is given is a documented choice.
    pub well_defined: bool,
    /// Why it may not exist, naming constraint, variable and parameter.
    pub notes: Vec<String>,
}

impl<T> Deref for Derivative<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

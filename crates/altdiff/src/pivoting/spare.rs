//! Memory kept from one small problem to the next on the same thread: asking for it would take as long as the solve.

use super::eliminate::SMALL;
use std::cell::Cell;

/// A value to work in, while nobody else does; boxed, as it comes and goes.
pub(crate) struct Spare<T>(Cell<Option<Box<T>>>);

impl<T: Default> Spare<T> {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// The value kept, or a new one where there is none or it is in use.
    #[allow(clippy::unnecessary_box_returns, reason = "the box is what is kept, and goes back")]
    pub(crate) fn take(&self) -> Box<T> {
        self.0.take().unwrap_or_default()
    }

    /// Keeps the value, unless it has served a large problem.
    pub(crate) fn keep(&self, order: usize, value: Box<T>) {
        if order <= SMALL {
            self.0.set(Some(value));
        }
    }
}

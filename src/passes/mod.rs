//! Passes over programs that need numbers.

mod depends;
mod fold;
mod pin;
mod validate;

pub use depends::depends;
pub use pin::{fold, pin};
pub use validate::validate;

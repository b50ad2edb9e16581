//! Passes over programs that need numbers.

mod depends;
mod fold;
mod pin;
mod validate;

pub use depends::depends;
pub use pin::pin;
pub use validate::validate;

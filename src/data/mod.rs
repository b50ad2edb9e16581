//! Values: arrays, the files they come in, and what they must satisfy.

mod array;
mod domain;
mod value_error;

pub use array::{Array, Entries};
pub use value_error::{ValueError, ValueFault};

pub(crate) use domain::{check, check_node, expand, stored_entries};
pub(crate) use value_error::{declaration, place};

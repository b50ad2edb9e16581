//! Values: arrays, the files they come in, and what they must satisfy.

mod array;
mod bundle;
mod domain;
#[cfg(feature = "files")]
mod files;
mod json;
mod nested;
mod value_error;

pub use array::{Array, Entries};
pub use bundle::{Data, Datum};
#[cfg(feature = "files")]
pub use files::{Folder, read_archive, read_text, read_value};
pub use value_error::{ValueError, ValueFault};

pub(crate) use domain::{check, check_node, expand, stored_entries};
pub(crate) use value_error::{declaration, place};

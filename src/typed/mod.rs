//! Layers whose parameters and solutions are structs: what [`problem!`](crate::problem) generates stands on.
//!
//! A type that implements [`Problem`] tells where the program's parameters and outputs live in two structs of its
//! own; everything else is written once, here.

pub mod emit;

mod derivative;
mod field;
mod layer;
mod problem;
mod solved;
mod workspace;

pub use crate::derivative::Output;
pub use derivative::Derivative;
pub use field::{Field, array};
pub use layer::TypedLayer;
pub use problem::Problem;
pub use solved::Solved;
pub use workspace::Workspace;

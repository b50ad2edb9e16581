//! Derivatives of the solution map, at a solved problem.

mod alternating;
mod bpqp;
mod data;
mod degeneracy;
mod harm;
mod one_sided;
mod products;
mod reduced;
mod smoothed;
mod state;

pub use data::{Cause, Cotangent, DerivativeOptions, Gradient, Harm, Place, Route, SolutionTangent, Tangent};
pub use degeneracy::Degeneracy;
pub use one_sided::OneSided;
pub use smoothed::Smoothed;
pub(crate) use state::State;

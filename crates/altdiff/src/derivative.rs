//! Derivatives of the solution map, at a solved problem.

mod adjoint;
mod alternating;
mod bpqp;
mod data;
mod degeneracy;
mod harm;
mod outer;
mod products;
mod reduced;
mod state;

pub(crate) use adjoint::Adjoint;
pub use data::{Cause, Cotangent, DerivativeOptions, Gradient, Harm, Place, Route, SolutionTangent, Tangent};
pub use degeneracy::Degeneracy;
pub(crate) use outer::{ends, stacked, symmetric};
pub(crate) use products::check_cotangent;
pub(crate) use state::{State, at, signed};

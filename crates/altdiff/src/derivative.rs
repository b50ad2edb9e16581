//! Derivatives of the solution map, at a solved problem.

mod adjoint;
mod alternating;
mod bpqp;
mod data;
mod degeneracy;
mod factored;
mod harm;
mod null_space;
mod one_sided;
mod outer;
mod products;
mod reduced;
mod relief;
mod rounding;
mod smoothed;
mod state;
mod turning;

pub(crate) use adjoint::{Adjoint, block_len, block_of};
pub(crate) use data::in_doubt;
pub use data::{
    Cause, Cotangent, DerivativeOptions, Freedom, Gradient, Harm, Place, Route, SolutionTangent, Tangent,
};
pub use degeneracy::Degeneracy;
pub use factored::FactoredGradient;
pub use one_sided::OneSided;
pub(crate) use outer::{ends, stacked, symmetric};
pub(crate) use products::check_cotangent;
pub use smoothed::Smoothed;
pub(crate) use state::{State, at, signed};

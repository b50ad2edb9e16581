//! A language for parametrized convex problems, compiled to differentiable solvers.
//!
//! A [`Layer`] is a problem whose data depend on parameters: it is solved at any parameters, and its
//! [`Solution`] is differentiated by them.
//!
//! ```text
//! θ ──lift──► θ̂ ──affine──► (P, q, r, A, b, G, gl, gu, lo, hi) ──solve──► (x̃, λ, ν, μ) ──affine──► variables, duals ──tape──► lets
//! ```
//!
//! The program behind a layer is a [`program::Program`]; [`tape`] evaluates and differentiates its expressions, and
//! [`passes`] rewrite it.
#![forbid(unsafe_code)]

pub mod data;
pub mod passes;
pub mod tape;
pub mod typed;

mod batch;
mod certificate;
mod derivative;
mod engine;
mod error;
mod layer;
mod lifting;
#[cfg(feature = "lang")]
mod model;
mod named;
mod params;
mod serialized;
mod solution;

/// The programs in the readme compile and run.
#[cfg(all(doctest, feature = "macros", feature = "lang"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

pub use batch::vjp_batch;
pub use certificate::Certificate;
#[cfg(feature = "lang")]
pub use cvxlayer_lang as lang;
#[cfg(feature = "macros")]
#[doc = include_str!("problem.md")]
pub use cvxlayer_macros::problem;
pub use cvxlayer_program as program;
pub use data::{Array, Data, ValueError, ValueFault};
pub use derivative::{
    BatchGradients, Derivatives, Expression, Gradients, Jacobian, Question, Tangents, Verification,
    vjp_batch_sum,
};
pub use engine::{Control, Method, Plain, Progress, Residuals, Route, Settings, Status};
pub use error::Error;
pub use layer::Layer;
#[cfg(feature = "lang")]
pub use model::{Bound, Model, ModelError};
pub use nalgebra;
pub use named::Named;
pub use params::Params;
#[cfg(feature = "serde")]
pub use serde;
pub use serialized::{read_program, write_program};
pub use solution::{Info, Solution};
pub use typed::{Derivative, Solved};

#![doc = include_str!("../README.md")]
// Kernels are compiled for the machine's vectors by being inlined where those are switched on, and loops become vector
// loops by leaving no branch in them.
#![allow(clippy::inline_always, clippy::needless_bitwise_bool)]

mod csc;
mod error;
mod problem;
mod settings;

mod batch;
mod outside;
mod workspace;

mod progress;
mod solution;
mod solver;
mod status;

mod derivative;

mod active;
mod alternating;
mod certificate;
mod convexity;
mod core;
mod dual;
mod finish;
mod interior;
mod kernel;
mod kkt;
mod pivoting;
mod plain;
mod random;
mod scaling;
mod sizes;
mod smooth;

pub use batch::{Batch, BatchGradient, BatchSolution, Block, map_samples, vjp_batch};
pub use csc::Csc;
pub use derivative::{
    Cause, Cotangent, Degeneracy, DerivativeOptions, FactoredGradient, Freedom, Gradient, Harm, OneSided,
    Place, Route, Smoothed, SolutionTangent, Tangent,
};
pub use error::Error;
#[cfg(feature = "clarabel")]
pub use outside::Clarabel;
pub use outside::{Forward, ForwardSolver};
pub use problem::Problem;
pub use progress::{Callback, Control, Progress};
pub use settings::{Method, Plain, Settings};
pub use smooth::{Function, SmoothTerm};
pub use solution::{Solution, WarmStart};
pub use solver::Solver;
pub use status::{Certificate, Residuals, Status};
pub use workspace::Workspace;

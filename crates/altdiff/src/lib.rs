<<<<<<< HEAD
#![doc = include_str!("../README.md")]
=======
//! Solve a parametrized convex quadratic program and differentiate its solution.
//!
//! ```text
//! minimize ½xᵀPx + qᵀx + r   subject to   Ax = b,   gl ≤ Gx ≤ gu,   lo ≤ x ≤ hi
//! ```
//!
//! with P positive semidefinite and ±∞ for absent bounds. [`Solver::solve`] returns a [`Solution`] with multipliers,
//! residuals of the unscaled problem, and, where there is no solution, a verified [`Certificate`]. A solved problem is
//! differentiated by [`Solution::vjp`] (reverse) and [`Solution::jvp`] (forward), in all of its data and also for its
//! multipliers, by three routes that agree: the reduced KKT system, the alternating recursion of Alt-Diff (Sun et al.,
//! ICLR 2023) and BPQP's backward program (Pan et al., NeurIPS 2024). Where a derivative does not exist,
//! [`Gradient::harmful`] says which constraint or variable is to blame, and which data must not move.
//!
//! # Quick start
//! ```
//! use altdiff::{Cotangent, Csc, DerivativeOptions, Problem, Settings, Solver, Status};
//! # fn main() -> Result<(), altdiff::Error> {
//! // minimize ½‖x‖² − x₀ − 2x₁  subject to  x₀ + x₁ = 1,  x ≥ 0
//! let problem = Problem::new(2)
//!     .quadratic(Csc::identity(2), vec![-1.0, -2.0])
//!     .equalities(Csc::from_triplets(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)])?, vec![1.0])
//!     .bounds(vec![0.0; 2], vec![f64::INFINITY; 2]);
//! let solver = Solver::new(&problem, Settings::default())?;
//! let solution = solver.solve(&problem, None)?;
//! assert_eq!(solution.status, Status::Solved);
//! assert!((solution.x[1] - 1.0).abs() < 1e-12);
//!
//! // The derivative of x₁ by all data; x₀ = 0 is weakly active here, and that is said.
//! let gradient = solution.vjp(&Cotangent::x(vec![0.0, 1.0]), &DerivativeOptions::default())?;
//! assert!((gradient.q[1] + 0.5).abs() < 1e-12);
//! assert!(!gradient.harmful.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! A [`Solver`] is made for a sparsity pattern, is immutable and can be shared between threads; it reuses its analysis
//! for every problem with that pattern, and its scaling and factors while the matrices stay the same.
//!
//! # Many problems
//! [`Solver::solve_batch`] solves a [`Batch`], problems that share a pattern and any of their blocks, on threads;
//! [`BatchSolution::vjp`] differentiates it. [`Solver::solve_in`] and [`Solver::vjp_in`] solve and differentiate small
//! dense problems in a [`Workspace`] and leave the heap alone:
//! ```
//! # use altdiff::{Cotangent, Csc, Problem, Settings, Solver, Status};
//! # fn main() -> Result<(), altdiff::Error> {
//! // The projection of (0.3, 0.9) onto the simplex, and how its first entry moves.
//! let ones = Csc::from_triplets(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)])?;
//! let mut problem = Problem::new(2)
//!     .quadratic(Csc::identity(2), vec![0.0; 2])
//!     .equalities(ones, vec![1.0])
//!     .bounds(vec![0.0; 2], vec![f64::INFINITY; 2]);
//! let solver = Solver::new(&problem, Settings::default())?;
//! let mut workspace = solver.workspace();
//! problem.q.copy_from_slice(&[-0.3, -0.9]);
//! assert_eq!(solver.solve_in(&problem, &mut workspace)?, Status::Solved);
//! assert!((workspace.x[0] - 0.2).abs() < 1e-12);
//! let gradient = solver.vjp_in(&Cotangent::x(vec![1.0, 0.0]), &mut workspace)?;
//! assert!((gradient.q[1] - 0.5).abs() < 1e-12);
//! # Ok(())
//! # }
//! ```
//!
//! # Methods
//! [`Method::Auto`] takes the active-set method where the factor is dense and P is positive definite on the null space of
//! the equalities, the alternating method for other dense problems, and the interior-point method for the rest or where
//! one of these does not get there; [`Solution::method`] and [`Solution::notes`] tell.

// Kernels are compiled for the machine's vectors by being inlined where those are switched on, and loops become vector
// loops by leaving no branch in them.
#![allow(clippy::inline_always, clippy::needless_bitwise_bool)]
>>>>>>> speed

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
mod finish;
mod interior;
mod kernel;
mod kkt;
mod lazy;
mod pivoting;
mod plain;
mod scaling;
mod sizes;
mod smooth;

pub use batch::{Batch, BatchGradient, BatchSolution, Block, map_samples};
pub use csc::Csc;
pub use derivative::{
    Cause, Cotangent, Degeneracy, DerivativeOptions, FactoredGradient, Gradient, Harm, OneSided, Place,
    Route, Smoothed, SolutionTangent, Tangent,
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

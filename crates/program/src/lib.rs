//! The affine–solver–affine form of a parametrized convex problem, as data.
//!
//! ```text
//! θ ──lift──► θ̂ ──affine──► (P, q, r, A, b, G, gl, gu, lo, hi) ──solve──► (x̃, λ, ν, μ) ──affine──► variables, duals ──tape──► lets
//! ```
//!
//! A [`Program`] is what the compiler produces and what a layer runs. It states
//!
//! ```text
//! minimize    ½ x̃ᵀP x̃ + qᵀx̃ + r
//! subject to  A x̃ = b,   gl ≤ G x̃ ≤ gu,   lo ≤ x̃ ≤ hi
//! ```
//!
//! where every block is affine in the derived parameters θ̂ over a sparsity pattern that never changes
//! (Agrawal et al., *Differentiable Convex Optimization Layers*, 2019, §4). The crate holds data and the linear
//! maps between them; it solves nothing, and needs neither files nor `std`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod block;
mod lift;
mod list;
mod map;
mod parameter;
mod print;
mod program;
mod shape;
mod solution_map;
mod tape;

pub use block::{Blocks, MatrixBlock, SmoothFunction, SmoothTerm, VectorBlock};
pub use lift::{Derived, Lift, Products};
pub use list::{List, Text};
pub use map::SparseMap;
pub use parameter::{Attributes, DefaultValue, Parameter, Storage};
pub use program::{BlockKind, Check, CheckKind, Columns, Depends, FORMAT, Program, Role, Rows, Sense, Size};
pub use shape::Shape;
pub use solution_map::{SolutionMap, UserDual, UserVariable};
pub use tape::{Binary, Input, NamedNode, Node, NodeId, Op, Reduction, Tape, Unary, ZERO_ENTRY};

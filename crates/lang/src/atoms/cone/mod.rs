//! Atoms that need a cone the solver has not; of data they have their value.

pub mod means;
pub mod spectral;

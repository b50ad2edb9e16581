//! Piecewise-linear atoms.

pub mod abs;
pub mod cumulative;
pub mod cvar;
pub mod dotsort;
pub mod elementwise_extreme;
pub mod extreme;
pub mod matrix_norm;
pub mod network;
pub mod norm1;
pub mod norm_inf;
pub mod part;
pub mod ptp;
pub mod sum_largest;
pub mod tilted;
pub mod tv;

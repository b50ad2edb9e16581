//! Piecewise-linear atoms.

pub mod abs;
pub mod max;
pub mod maximum;
pub mod min;
pub mod minimum;
pub mod neg;
pub mod norm1;
pub mod norm_inf;
pub mod pos;

//! Quadratic atoms.

pub mod huber;
pub mod matrix_frac;
pub mod norm2;
pub mod power;
pub mod quad_form;
pub mod quad_over_lin;
pub mod square;
pub mod sum_squares;
pub mod variance;

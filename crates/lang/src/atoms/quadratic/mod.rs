//! Quadratic atoms.

pub mod huber;
pub mod norm2;
pub mod power;
pub mod quad_form;
pub mod square;
pub mod sum_squares;

//! Constructors, and functions of data only.

pub mod arange;
pub mod eye;
pub mod fill;
pub mod full;
pub mod functions;
pub mod linspace;
pub mod matrix;
pub mod psd_wrap;

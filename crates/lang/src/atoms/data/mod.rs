//! Constructors, and functions of data only.

pub mod arange;
pub mod chol;
pub mod det;
pub mod exp;
pub mod eye;
pub mod full;
pub mod inv;
pub mod linspace;
pub mod log;
pub mod ones;
pub mod psd_wrap;
pub mod sqrt;
pub mod zeros;

//! Smooth atoms: functions of data as yet; of variables they need a solver for smooth objectives.

pub mod entropy;
pub mod exponential;
pub mod log_sum_exp;
pub mod roots;

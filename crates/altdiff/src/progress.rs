//! Progress reports to the caller, and the caller's answer.

use crate::{Method, Residuals};

/// Where a solve stands; handed to the caller's callback once per iteration.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The method at work.
    pub method: Method,
    /// Its iterations so far.
    pub iteration: usize,
    /// Residuals, where they were evaluated in this iteration.
    pub residuals: Option<Residuals>,
}

/// The caller's answer to a progress report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// The caller's clock says that time is up: end with [`crate::Status::TimeLimit`].
    OutOfTime,
    /// End with [`crate::Status::Cancelled`].
    Cancel,
}

/// A callback, called once per iteration.
pub type Callback<'a> = &'a mut dyn FnMut(&Progress) -> Control;

//! How the command fails.

use crate::output;
use cvxlayer::{Error, Status};
use std::process::ExitCode;

/// Why the command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input is at fault.
    Input(Error),
    /// A message of the command's own.
    Message(String),
    /// Output could not be written.
    Output(std::io::Error),
}

/// Bad input.
const BAD_INPUT: u8 = 2;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Input(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Tells the user, and gives the exit status.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            // Whoever read the output has seen enough.
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Self::Output(error) => output::error(&format!("the output cannot be written: {error}")),
            Self::Message(message) => output::error(&message),
            Self::Input(Error::Model(error)) => output::diagnostics(&error.source, &error.diagnostics),
            Self::Input(Error::Values(errors)) => errors.iter().for_each(|e| output::error(&e.to_string())),
            Self::Input(error) => output::error(&error.to_string()),
        }
        ExitCode::from(BAD_INPUT)
    }
}

/// The exit status that tells how a solve ended.
pub(crate) fn exit(status: Status) -> ExitCode {
    ExitCode::from(match status {
        Status::Solved => 0,
        Status::Infeasible => 3,
        Status::Unbounded => 4,
        _ => 5,
    })
}

//! `cvx fmt`

use crate::failure::Failure;
use crate::file;
use crate::output;
use clap::Args;
use cvxlayer::lang::{Source, format};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Format models: one style, without options.
///
/// Comments stay where they are. A model with syntax errors is not touched.
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// The models (.cvx)
    #[arg(value_name = "MODEL", required_unless_present = "stdin")]
    models: Vec<PathBuf>,
    /// Change nothing; say which models are not formatted, with exit status 1
    #[arg(long)]
    check: bool,
    /// Read a model from standard input, and print it formatted
    #[arg(long, conflicts_with = "models")]
    stdin: bool,
}

/// What became of a model.
enum Outcome {
    /// It was formatted already, or is now.
    Fine,
    /// It is not formatted.
    Differs,
    /// It has errors, which were reported.
    Broken,
}

impl Fmt {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut outcomes = Vec::new();
        if self.stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| {
                Failure::Message(format!("standard input cannot be read as text: {error}"))
            })?;
            outcomes.push(self.format(None, &text)?);
        }
        for path in &self.models {
            let outcome = match file::read(path).map_err(Failure::from) {
                Ok(text) => self.format(Some(path), &text)?,
                Err(failure) => {
                    failure.report();
                    Outcome::Broken
                }
            };
            outcomes.push(outcome);
        }
        let any = |wanted: fn(&Outcome) -> bool| outcomes.iter().any(wanted);
        Ok(if any(|o| matches!(o, Outcome::Broken)) {
            ExitCode::from(2)
        } else if any(|o| matches!(o, Outcome::Differs)) {
            ExitCode::from(1)
        } else {
            ExitCode::SUCCESS
        })
    }

    fn format(&self, path: Option<&Path>, text: &str) -> Result<Outcome, Failure> {
        let name = path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
        let formatted = match format::format(text) {
            Ok(formatted) => formatted,
            Err(errors) => {
                output::diagnostics(&Source::new(name, text), &errors);
                return Ok(Outcome::Broken);
            }
        };
        match path {
            _ if self.check && formatted == text => Ok(Outcome::Fine),
            _ if self.check => {
                let line = text.lines().zip(formatted.lines()).take_while(|(a, b)| a == b).count() + 1;
                output::print(&format!("{name}:{line}: not formatted\n"))?;
                Ok(Outcome::Differs)
            }
            Some(path) => {
                if formatted != text {
                    file::replace(path, text, &formatted)?;
                    output::print(&format!("{name}: formatted\n"))?;
                }
                Ok(Outcome::Fine)
            }
            None => {
                output::plain(&formatted)?;
                Ok(Outcome::Fine)
            }
        }
    }
}

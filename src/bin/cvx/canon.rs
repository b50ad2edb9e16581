//! `cvx canon`

use crate::failure::Failure;
use crate::input::{Input, Loaded};
use crate::output;
use clap::Args;
use cvxlayer::program::Program;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Show what a model is compiled to, for review, and tell when that changes.
///
/// The printed form names every row by its constraint, every column by its variable and every coefficient by the
/// parameters it is made of. Keep it beside the model: `--check FILE` fails with a difference when it has changed, and
/// `--write` accepts the change.
#[derive(Debug, Args)]
pub(crate) struct Canon {
    #[command(flatten)]
    input: Input,
    /// Compare with the form kept in FILE; exit status 1 and a difference if it is another
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// With --check: write the form to FILE instead of complaining
    #[arg(long, requires = "check")]
    write: bool,
    /// Print the serialized program with its size; `cvx solve` runs it without the model
    #[arg(long)]
    json: bool,
}

impl Canon {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let program = self.program()?;
        let form = if self.json { cvxlayer::write_program(&program) + "\n" } else { program.to_string() };
        let Some(path) = &self.check else {
            output::plain(&form)?;
            return Ok(ExitCode::SUCCESS);
        };
        if self.write {
            std::fs::write(path, &form)
                .map_err(|e| Failure::Message(format!("{} cannot be written: {e}", path.display())))?;
            return Ok(ExitCode::SUCCESS);
        }
        let known = std::fs::read_to_string(path)
            .map_err(|e| Failure::Message(format!("{}: {e}; `--write` makes it", path.display())))?;
        if known == form {
            return Ok(ExitCode::SUCCESS);
        }
        output::print(&difference(&known, &form, path))?;
        output::error(&format!(
            "the compiled form differs from {}; `--write` accepts the new one",
            path.display()
        ));
        Ok(ExitCode::from(1))
    }

    fn program(&self) -> Result<Program, Failure> {
        match self.input.load()? {
            Loaded::Program(program) => Ok(*program),
            loaded @ Loaded::Model(_) => {
                loaded.warn();
                let Loaded::Model(model) = &loaded else { unreachable!("matched above") };
                let data = self.input.values.read()?;
                Ok(model.bind(&data)?.program()?)
            }
        }
    }
}

/// A difference with three lines of context.
fn difference(old: &str, new: &str, path: &Path) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut out = format!("--- {}\n+++ compiled now\n", path.display());
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let _ = writeln!(out, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let (code, sign) = match change.tag() {
                ChangeTag::Delete => ("31", '-'),
                ChangeTag::Insert => ("32", '+'),
                ChangeTag::Equal => ("0", ' '),
            };
            let _ = writeln!(out, "\x1b[{code}m{sign}{}\x1b[0m", change.value().trim_end_matches('\n'));
        }
    }
    out
}

//! `cvx atoms`

use crate::failure::Failure;
use crate::output;
use clap::Args;
use cvxlayer::lang::atoms::{ATOMS, page};
use cvxlayer::lang::diagnostics::suggest;
use std::process::ExitCode;

/// List the functions of the language, or tell all about one.
///
/// Without a name, a line for each function. With one, its definition, shape, curvature, sign and monotonicity, what it
/// becomes in the program, and an example.
#[derive(Debug, Args)]
pub(crate) struct Atoms {
    /// A function, by any of its names; `norm` shows them all
    name: Option<String>,
    /// Print the table as Markdown, as the language reference has it
    #[arg(long, conflicts_with = "name")]
    markdown: bool,
}

impl Atoms {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let Some(name) = &self.name else {
            if self.markdown {
                output::plain(&page::markdown())?;
            } else {
                output::print(&headed(&page::table()))?;
            }
            return Ok(ExitCode::SUCCESS);
        };
        let found = page::find(name);
        if found.is_empty() {
            let names = ATOMS.iter().flat_map(|a| std::iter::once(&a.row().name).chain(a.row().aliases));
            let near = suggest::nearest(name, names.copied());
            let near = near.map_or_else(
                || "`cvx atoms` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Failure::Message(format!("no function is called `{name}`; {near}")));
        }
        let pages: Vec<String> = found.into_iter().map(|atom| headed(&page::page(atom))).collect();
        output::print(&pages.join("\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Lines that begin at the margin are headings.
fn headed(text: &str) -> String {
    let line = |line: &str| match line.chars().next() {
        Some(first) if first != ' ' => output::bold(line),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

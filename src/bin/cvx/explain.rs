//! `cvx explain`

use crate::failure::Failure;
use crate::output::{self, bold, dim};
use clap::Args;
use cvxlayer::lang::diagnostics::codes::{ALL, find};
use cvxlayer::lang::diagnostics::suggest::nearest;
use std::process::ExitCode;

/// Explain an error or warning: the rule, why it is there, a model that breaks it, and the mended model.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A code such as E0301, or the name of a rule; all are listed without one
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Explain {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let Some(key) = self.code else {
            let lines = ALL.iter().map(|code| format!("{}  {}\n", bold(code.id), code.summary));
            output::print(&lines.collect::<String>())?;
            return Ok(ExitCode::SUCCESS);
        };
        let Some(code) = find(&key) else {
            let known = ALL.iter().flat_map(|code| [code.id, code.name]);
            let hint = nearest(&key, known).map_or_else(
                || "`cvx explain` lists them all".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Failure::Message(format!("there is no code `{key}`; {hint}")));
        };
        output::print(&page(code.page))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A page for a terminal: a heading, paragraphs, and programs set in by four columns. Where styles do not show it is
/// plain text.
fn page(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            inside = !inside;
            if let Some(how) = kind.strip_prefix("cvx broken") {
                let times = how.strip_prefix(" repeated ").map(|count| format!(", {count} times over"));
                out.push_str(&dim(&format!("    // wrong{}", times.unwrap_or_default())));
                out.push('\n');
            }
        } else if inside {
            out.push_str(if line.is_empty() { "" } else { "    " });
            out.push_str(line);
            out.push('\n');
        } else if let Some(title) = line.strip_prefix("# ") {
            out.push_str(&bold(title));
            out.push('\n');
        } else {
            out.push_str(&spans(line));
            out.push('\n');
        }
    }
    out
}

/// A line with the parts between backticks made bold.
fn spans(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts.map(|(k, part)| if k % 2 == 1 { bold(&format!("`{part}`")) } else { part.to_owned() }).collect()
}

//! The trees of an objective and constraints: `cvx check --tree`.

use crate::failure::Failure;
use crate::file;
use crate::output::{self, bold, dim};
use cvxlayer::lang::check;
use cvxlayer::lang::check::outline::{Branch, Outline};
use std::fmt::Write;
use std::path::Path;

/// Prints the trees of a model, as text or as one JSON object; says whether the model is fine.
pub(crate) fn print(path: &Path, json: bool) -> Result<bool, Failure> {
    let checked = check(&file::read(path)?);
    let outlines = checked.outlines();
    if json {
        output::json(&serde_json::json!({
            "model": path.display().to_string(),
            "ok": !checked.has_errors(),
            "trees": outlines,
        }))?;
    } else {
        output::print(&outlines.iter().map(text).collect::<String>())?;
    }
    Ok(!checked.has_errors())
}

fn text(outline: &Outline) -> String {
    let mut lines = Vec::new();
    let mut out =
        format!("{}{}\n", bold(&outline.title), if outline.ok { "" } else { "  \x1b[31;1m✗\x1b[0m" });
    for side in &outline.sides {
        gather(side, "  ", "", &mut lines);
    }
    let facts = |branch: &Branch| {
        let facts = format!("{}, {}", branch.curvature, branch.sign);
        let facts = if branch.shape.is_empty() { facts } else { format!("{facts}, {}", branch.shape) };
        if branch.ok { facts } else { format!("✗ {facts}") }
    };
    let middle = lines.iter().map(|(_, branch)| facts(branch).chars().count()).max().unwrap_or(0);
    let width = lines.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0).min(WIDEST);
    for (left, branch) in &lines {
        let facts = format!("{:middle$}", facts(branch));
        let facts = if branch.ok { facts } else { format!("\x1b[31;1m{facts}\x1b[0m") };
        let _ = writeln!(out, "{left:width$}  {facts}  {}", dim(&branch.rule));
    }
    out.push('\n');
    out
}

/// Wider texts push their facts to the right.
const WIDEST: usize = 60;
/// Longer texts are cut.
const LONGEST: usize = 56;

fn gather<'a>(branch: &'a Branch, lead: &str, below: &str, lines: &mut Vec<(String, &'a Branch)>) {
    let text = if branch.text.chars().count() > LONGEST {
        format!("{}…", branch.text.chars().take(LONGEST - 1).collect::<String>())
    } else {
        branch.text.clone()
    };
    lines.push((format!("{lead}{text}"), branch));
    let base = if below.is_empty() { "  " } else { below };
    for (k, child) in branch.parts.iter().enumerate() {
        let last = k + 1 == branch.parts.len();
        let (fork, trunk) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        gather(child, &format!("{base}{fork}"), &format!("{base}{trunk}"), lines);
    }
}

//! Applying the edits that diagnostics offer: `cvx check --fix`.

use crate::failure::Failure;
use crate::file;
use crate::number::count;
use cvxlayer::lang::diagnostics::edits::apply_safe;
use cvxlayer::lang::{Source, check};
use std::fmt::Write;
use std::path::Path;

/// Each round may uncover what the mistakes before it hid.
const ROUNDS: usize = 8;

/// Applies the edits that surely say what was meant, and says which. Everything else in the file stays as it is.
pub(crate) fn fix(path: &Path) -> Result<String, Failure> {
    let before = file::read(path)?;
    let (mut text, mut said, mut total) = (before.clone(), String::new(), 0);
    for _ in 0..ROUNDS {
        let diagnostics = check(&text).diagnostics;
        let (next, applied) = apply_safe(&text, &diagnostics);
        if applied == 0 {
            break;
        }
        let source = Source::new(path.display().to_string(), text);
        let edits = diagnostics.iter().filter_map(|d| Some((d, d.edits.iter().find(|edit| edit.safe)?)));
        for (diagnostic, edit) in edits {
            let place = source.position(edit.span.start);
            let (name, id) = (source.name(), diagnostic.code.id);
            let _ = writeln!(said, "{name}:{}:{}: {} ({id})", place.line, place.column, edit.message);
        }
        total += applied;
        text = next;
    }
    if total > 0 {
        file::replace(path, &before, &text)?;
        let _ = writeln!(said, "{}: {} applied", path.display(), count(total, "edit"));
    }
    Ok(said)
}

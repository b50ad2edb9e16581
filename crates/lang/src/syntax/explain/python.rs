//! Models written in Python: `x = cp.Variable(3)`.

use super::site::Failure;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// What an object of CVXPY is here.
enum Meant {
    /// A declaration that begins with this keyword.
    Declaration(&'static str),
    /// An objective.
    Objective(&'static str),
    /// The model itself.
    Model,
}

/// `x = cp.Variable(3)`, `obj = cp.Minimize(f)`, `prob = cp.Problem(…)`; the mistake is at the `=`.
pub(super) fn assignment(failure: &Failure<'_>) -> Option<Diagnostic> {
    let site = failure.site;
    let called = if site.word(failure.at + 2) == "." { failure.at + 3 } else { failure.at + 1 };
    let meant = match site.word(called) {
        "Variable" => Meant::Declaration("var"),
        "Parameter" => Meant::Declaration("param"),
        "Constant" => Meant::Declaration("const"),
        "Minimize" => Meant::Objective("minimize"),
        "Maximize" => Meant::Objective("maximize"),
        "Problem" => Meant::Model,
        _ => return None,
    };
    let (open, close) = (site.token(called + 1)?.span, site.token(site.closer(called + 1)?)?.span);
    let all = site.token(0)?.span.to(close);
    let inner = Span { start: open.end, end: close.start }.text(site.text).trim();
    let error = |message: &str| {
        Diagnostic::error(codes::FOREIGN_SPELLING, message).at(failure.place(), "nothing is assigned here")
    };
    Some(match meant {
        Meant::Declaration(keyword) => {
            let meant = declaration(keyword, site.word(0), inner);
            error(&format!("a declaration begins with `{keyword}`")).suggest(
                all,
                meant.clone(),
                format!("write `{meant}`"),
            )
        }
        Meant::Objective(keyword) => {
            let meant = format!("{keyword} {inner}");
            error("an objective is a statement").suggest(all, meant.clone(), format!("write `{meant}`"))
        }
        Meant::Model => error("a text is one problem, and need not say so")
            .help("the objective and, after `subject to`, the constraints are its statements"),
    })
}

/// `var x[3, 4] nonneg` for the arguments `(3, 4), nonneg=True`; of a constant the value.
fn declaration(keyword: &str, name: &str, arguments: &str) -> String {
    if keyword == "const" {
        return format!("const {name} = {arguments}");
    }
    let (mut shape, mut attributes) = (Vec::new(), String::new());
    for part in arguments.split(',').map(|part| part.trim().trim_start_matches("shape=")) {
        match part.split_once('=') {
            Some((word, "True")) if !matches!(word, "boolean" | "integer") => {
                attributes.push(' ');
                attributes.push_str(&word.to_lowercase());
            }
            Some(_) => {}
            None => shape.push(part.trim_matches(['(', ')', '[', ']'])),
        }
    }
    shape.retain(|size| !size.is_empty());
    let shape = if shape.is_empty() { String::new() } else { format!("[{}]", shape.join(", ")) };
    format!("{keyword} {name}{shape}{attributes}")
}

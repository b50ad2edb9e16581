//! Diagnostics as data for other programs, with places as lines and columns.

use serde::Serialize;

use super::Diagnostic;
use crate::source::{Position, Source, Span};

/// A diagnostic as `--json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report<'a> {
    /// `E0201`
    pub code: &'a str,
    /// `unknown-name`
    pub name: &'a str,
    /// `error` or `warning`
    pub severity: &'a str,
    /// What is wrong, in one line.
    pub message: &'a str,
    /// The file.
    pub file: &'a str,
    /// Where the mistake is, if it has a place.
    pub span: Option<Place>,
    /// Remarks on parts of the text.
    pub labels: Vec<LabelReport<'a>>,
    /// Facts that explain the mistake.
    pub notes: &'a [String],
    /// What to do about it.
    pub help: &'a [String],
    /// Changes that would mend it.
    pub edits: Vec<EditReport<'a>>,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The first character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

/// A remark on a part of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelReport<'a> {
    /// The part.
    pub span: Place,
    /// The remark.
    pub message: &'a str,
    /// Whether the mistake is here.
    pub primary: bool,
}

/// A change to the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditReport<'a> {
    /// The part to replace.
    pub span: Place,
    /// What to put there.
    pub replacement: &'a str,
    /// What the change does.
    pub message: &'a str,
    /// Whether it may be applied unasked.
    pub safe: bool,
}

/// The data form of a diagnostic.
pub fn report<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Report<'a> {
    let place = |span: Span| Place { start: source.position(span.start), end: source.position(span.end) };
    Report {
        code: diagnostic.code.id,
        name: diagnostic.code.name,
        severity: diagnostic.severity.word(),
        message: &diagnostic.message,
        file: source.name(),
        span: diagnostic.span().map(place),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| LabelReport {
                span: place(label.span),
                message: &label.message,
                primary: label.primary,
            })
            .collect(),
        notes: &diagnostic.notes,
        help: &diagnostic.help,
        edits: diagnostic
            .edits
            .iter()
            .map(|edit| EditReport {
                span: place(edit.span),
                replacement: &edit.replacement,
                message: &edit.message,
                safe: edit.safe,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn places_are_lines_and_columns() {
        let source = Source::new("m.cvx", "dim n;\nlet α = β;\n");
        let at = source.text().find('β').unwrap();
        let diagnostic =
            Diagnostic::error(codes::UNEXPECTED_TOKEN, "wrong").at(Span::new(at, at + 2), "here");
        let json = serde_json::to_value(report(&source, &diagnostic)).unwrap();
        assert_eq!(json["span"]["start"], serde_json::json!({"line": 2, "column": 9}));
        assert_eq!(json["span"]["end"], serde_json::json!({"line": 2, "column": 10}));
        assert_eq!(json["severity"], "error");
        assert_eq!(json["labels"][0]["message"], "here");
    }
}

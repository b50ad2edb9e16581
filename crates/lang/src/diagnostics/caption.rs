//! Diagnostics as text without excerpts, for a host that shows the place itself.

use super::Diagnostic;
use crate::source::{Source, Span};

/// What rustc shows under its own excerpt: the code and the message, then remarks, notes, help, and the lines that edits
/// would leave.
pub fn caption(source: &Source, diagnostic: &Diagnostic) -> String {
    let mut out = format!("[{}]: {}", diagnostic.code.id, diagnostic.message);
    let mut line = |text: String| {
        out.push('\n');
        out.push_str(&text);
    };
    for label in diagnostic.labels.iter().filter(|label| !label.message.is_empty()) {
        match quoted(source, label.span) {
            Some(part) => line(format!("  `{part}`: {}", label.message)),
            None => line(format!("  {}", label.message)),
        }
    }
    for note in &diagnostic.notes {
        line(format!("note: {note}"));
    }
    for help in &diagnostic.help {
        line(format!("help: {help}"));
    }
    for edit in &diagnostic.edits {
        line(format!("help: {}", edit.message));
        mended(source, edit.span, &edit.replacement)
            .lines()
            .for_each(|text| line(format!("          {text}")));
    }
    out
}

/// A part of the text on one line, unless it is empty or long.
fn quoted(source: &Source, span: Span) -> Option<String> {
    let part = span.text(source.text()).split_whitespace().collect::<Vec<_>>().join(" ");
    (!part.is_empty() && part.chars().count() <= 60).then_some(part)
}

/// The lines that an edit touches, after it, without what all of them are indented by.
fn mended(source: &Source, span: Span, replacement: &str) -> String {
    let text = source.text();
    let span = span.clamped(text).range();
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    let lines = [&text[start..span.start], replacement, &text[span.end..end]].concat();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let common = lines.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let lines = lines.lines().map(|line| line.get(common..).unwrap_or("").trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn all_parts_are_there() {
        let source = Source::new("m", "var x;\n  minimize x ^ 2;\n");
        let at = Span::new(20, 21);
        let diagnostic = Diagnostic::error(codes::FOREIGN_SPELLING, "`^` is no operator")
            .at(at, "here")
            .also(Span::new(0, 5), "declared")
            .note("a note")
            .help("some help")
            .fix(at, "**", "write `**`");
        let expected = "[E0102]: `^` is no operator\n  `^`: here\n  `var x`: declared\nnote: a note\nhelp: some help\n\
                        help: write `**`\n          minimize x ** 2;";
        assert_eq!(caption(&source, &diagnostic), expected);
        let nowhere = Diagnostic::error(codes::TEXT_TOO_LARGE, "large").fix(Span::new(90, 99), "", "cut");
        assert!(caption(&source, &nowhere).starts_with("[E0602]: large"));
    }
}

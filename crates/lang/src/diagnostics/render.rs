//! Diagnostics as text, the way rustc shows its own.
//!
//! The only module of the project that turns a diagnostic into words for humans.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::source::{Source, Span};

/// Whether the text is for a terminal that shows colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    #[default]
    Plain,
    /// With ANSI colours.
    Coloured,
}

/// Renders diagnostics one after another, each followed by an empty line, and at the end where more can be read.
pub fn render_all(source: &Source, diagnostics: &[Diagnostic], style: Style) -> String {
    let all = diagnostics.iter().map(|diagnostic| render(source, diagnostic, style) + "\n\n");
    all.chain(more(diagnostics)).collect()
}

/// The commands that say more about some diagnostics.
fn more(diagnostics: &[Diagnostic]) -> Option<String> {
    let mut codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
    codes.sort_unstable();
    codes.dedup();
    let first = codes.first()?;
    let mut out = match codes.len() {
        1 => format!("For more: `cvx explain {first}`"),
        2..=4 => format!("For more: `cvx explain CODE`, with {}", codes.join(", ")),
        _ => "For more: `cvx explain CODE`".to_owned(),
    };
    if codes.iter().any(|code| code.starts_with("E03")) {
        out.push_str("; the curvature of each part: `cvx check --tree`");
    }
    out.push('\n');
    Some(out)
}

/// Renders one diagnostic: what, where, why, and what to do.
pub fn render(source: &Source, diagnostic: &Diagnostic, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code.id);
    let mut groups = vec![cause(Group::with_title(title), source, diagnostic)];
    for edit in &diagnostic.edits {
        let window = Window::around(source, [edit.span].into_iter());
        if window.text.len() > LARGEST_WINDOW {
            groups.push(Group::with_title(Level::HELP.secondary_title(&edit.message)));
            continue;
        }
        let patch = Patch::new(window.relative(edit.span), &edit.replacement);
        let snippet = Snippet::source(window.text).line_start(window.line).path(source.name()).patch(patch);
        groups.push(Level::HELP.secondary_title(&edit.message).element(snippet));
    }
    renderer.render(&groups)
}

fn cause<'a>(group: Group<'a>, source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let window = Window::around(source, diagnostic.labels.iter().map(|label| label.span));
    let group = if diagnostic.labels.is_empty() || window.text.len() > LARGEST_WINDOW {
        let place = source.position(diagnostic.span().unwrap_or_default().start);
        let origin = Origin::path(source.name()).line(place.line).char_column(place.column);
        let labels = diagnostic.labels.iter().filter(|label| !label.message.is_empty());
        group.element(origin).elements(labels.map(|label| Level::NOTE.message(&label.message)))
    } else {
        let annotations = diagnostic.labels.iter().map(|label| {
            let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation: Annotation<'_> = kind.span(window.relative(label.span));
            if label.message.is_empty() { annotation } else { annotation.label(&label.message) }
        });
        let snippet = Snippet::source(window.text).line_start(window.line).path(source.name());
        group.element(snippet.annotations(annotations))
    };
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(note));
    let help = diagnostic.help.iter().map(|help| Level::HELP.message(help));
    group.elements(notes.chain(help))
}

/// The most text that is shown for one diagnostic, in bytes: some lines are longer than anybody would read.
const LARGEST_WINDOW: usize = 100_000;

/// The lines that some spans touch, so that a large text costs no more than what is shown of it.
struct Window<'a> {
    text: &'a str,
    start: usize,
    line: usize,
}

impl<'a> Window<'a> {
    fn around(source: &'a Source, spans: impl Iterator<Item = Span>) -> Self {
        let text = source.text();
        let all = spans.map(|span| span.clamped(text)).reduce(Span::to).unwrap_or_default();
        let start = text[..all.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let end = text[all.end as usize..].find('\n').map_or(text.len(), |at| all.end as usize + at);
        Self { text: &text[start..end], start, line: source.position(start as u32).line }
    }

    fn relative(&self, span: Span) -> std::ops::Range<usize> {
        let place = |offset: u32| (offset as usize).saturating_sub(self.start).min(self.text.len());
        let span = Span::new(place(span.start), place(span.end)).clamped(self.text);
        span.range()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn all_parts_are_shown() {
        let source = Source::new("model.cvx", "dim n;\nvar λ[n]\nvar y;\n");
        let at = Span::at(source.text().find(']').unwrap() + 1);
        let diagnostic = Diagnostic::error(codes::MISSING_SEMICOLON, "a statement ends with `;`")
            .at(at, "expected `;` here")
            .also(Span::new(0, 3), "another place")
            .note("a note")
            .help("some help")
            .fix(at, ";", "end the statement");
        insta::assert_snapshot!(render(&source, &diagnostic, Style::Plain));
        assert!(render(&source, &diagnostic, Style::Coloured).contains('\u{1b}'));
    }

    #[test]
    fn any_span_can_be_rendered() {
        let source = Source::new("m", "λ");
        for span in [Span::new(1, 1), Span::new(5, 9), Span::new(0, 2), Span::at(2)] {
            let diagnostic =
                Diagnostic::warning(codes::MISPLACED_DOC, "m").at(span, "").suggest(span, "x", "y");
            assert!(render(&source, &diagnostic, Style::Plain).contains("m:1:"));
        }
        let nowhere = Diagnostic::error(codes::TEXT_TOO_LARGE, "large");
        assert!(render(&source, &nowhere, Style::Plain).contains("large"));
    }
}

//! Applying the edits that diagnostics offer.

use super::{Diagnostic, Edit};

/// Applies the safe edits of some diagnostics to the text they are about. Returns the new text and how many edits
/// were applied.
///
/// The edits of one diagnostic are alternatives, so that only its first safe one counts; one that touches an earlier
/// one is left for the next run.
pub fn apply_safe(text: &str, diagnostics: &[Diagnostic]) -> (String, usize) {
    let edits = diagnostics.iter().filter_map(|diagnostic| diagnostic.edits.iter().find(|edit| edit.safe));
    apply(text, edits)
}

/// Applies edits in the order of the text, leaving out any that touches an earlier one.
pub fn apply<'a>(text: &str, edits: impl IntoIterator<Item = &'a Edit>) -> (String, usize) {
    let mut edits: Vec<_> = edits.into_iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let (mut result, mut at, mut applied) = (String::with_capacity(text.len() + 16), 0, 0);
    for edit in edits {
        let range = edit.span.range();
        let separate = applied == 0 || range.start > at;
        let Some(kept) = text.get(at..range.start).filter(|_| separate && text.is_char_boundary(range.end))
        else {
            continue;
        };
        result.push_str(kept);
        result.push_str(&edit.replacement);
        (at, applied) = (range.end, applied + 1);
    }
    result.push_str(&text[at..]);
    (result, applied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;
    use crate::source::Span;

    fn fix(start: usize, end: usize, replacement: &str) -> Diagnostic {
        Diagnostic::error(codes::FOREIGN_SPELLING, "m").fix(Span::new(start, end), replacement, "")
    }

    #[test]
    fn safe_edits_are_applied_once() {
        let fixes = [fix(2, 3, "**"), fix(5, 5, ";"), fix(5, 5, ";")];
        assert_eq!(apply_safe("x ^ 2", &fixes), ("x ** 2;".to_owned(), 2));
    }

    #[test]
    fn edits_outside_the_text_are_left_out() {
        assert_eq!(apply_safe("λ", &[fix(1, 1, "x"), fix(9, 9, "y")]), ("λ".to_owned(), 0));
        let unsafe_edit = Diagnostic::error(codes::FOREIGN_SPELLING, "m").suggest(Span::new(0, 1), "b", "");
        assert_eq!(apply_safe("a", &[unsafe_edit]), ("a".to_owned(), 0));
    }
}

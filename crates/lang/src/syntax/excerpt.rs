//! The text of one statement as pest reads it, and the way back to the places of the source.

use std::borrow::Cow;

use super::spelling::Patch;
use crate::source::Span;

/// A part of the source with patches applied. Without patches it borrows the source.
pub(super) struct Excerpt<'a> {
    /// What pest reads.
    pub(super) text: Cow<'a, str>,
    start: usize,
    /// Where each patch ended up, and what it replaced; in order.
    patched: Vec<(Span, Span)>,
}

impl<'a> Excerpt<'a> {
    /// Cuts `span` out of the source and applies those patches that lie inside it.
    pub(super) fn new<'p>(source: &'a str, span: Span, patches: impl Iterator<Item = &'p Patch>) -> Self {
        let mut patches: Vec<_> =
            patches.filter(|patch| span.start <= patch.span.start && patch.span.end <= span.end).collect();
        // An insertion goes before a replacement at the same place.
        patches.sort_by_key(|patch| patch.span);
        let start = span.start as usize;
        if patches.is_empty() {
            return Self { text: Cow::Borrowed(span.text(source)), start, patched: Vec::new() };
        }
        let (mut text, mut patched, mut at) = (String::with_capacity(span.len() + 16), Vec::new(), start);
        for patch in patches {
            // Patches of one place follow one another; none reaches over another.
            let from = (patch.span.start as usize).max(at);
            text.push_str(&source[at..from]);
            at = from.max(patch.span.end as usize);
            patched.push((Span::new(text.len(), text.len() + patch.text.len()), Span::new(from, at)));
            text.push_str(&patch.text);
        }
        text.push_str(&source[at..span.end as usize]);
        Self { text: Cow::Owned(text), start, patched }
    }

    /// The place in the source of a part of the excerpt.
    pub(super) fn source(&self, start: usize, end: usize) -> Span {
        let start =
            self.back(start, self.patched.partition_point(|(now, _)| now.start as usize <= start), false);
        let end = self.back(end, self.patched.partition_point(|(now, _)| (now.start as usize) < end), true);
        Span::new(start, end)
    }

    /// Takes an offset back, given the number of patches that begin before it.
    fn back(&self, offset: usize, before: usize, is_end: bool) -> usize {
        let Some((now, was)) = before.checked_sub(1).map(|index| self.patched[index]) else {
            return self.start + offset;
        };
        let (now, was) = (now.range(), was.range());
        match (offset < now.end, offset <= now.end, is_end) {
            (true, _, false) => was.start,
            (_, true, true) => was.end,
            _ => was.end + (offset - now.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_patches() {
        let source = "a; x ≤ 2y;";
        let at = |needle| source.find(needle).unwrap();
        let patch = |start, end, text: &'static str| Patch {
            owner: 0,
            span: Span::new(start, end),
            text: text.into(),
        };
        let patches = [patch(at("≤"), at(" 2"), "<="), patch(at("y"), at("y"), "*")];
        let span = Span::new(at("x"), source.len() - 1);
        let excerpt = Excerpt::new(source, span, patches.iter());
        assert_eq!(excerpt.text, "x <= 2*y");
        let shown = |needle: &str| {
            let start = excerpt.text.find(needle).unwrap();
            excerpt.source(start, start + needle.len()).text(source)
        };
        assert_eq!(shown("x"), "x");
        assert_eq!(shown("<="), "≤");
        assert_eq!(shown("2"), "2");
        assert_eq!(shown("y"), "y");
        assert_eq!(shown("x <= 2*y"), "x ≤ 2y");
        assert_eq!(shown("2*y"), "2y");
    }
}

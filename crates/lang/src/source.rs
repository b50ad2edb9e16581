//! Places in a text: byte spans, and the lines and columns that humans count.

use std::ops::Range;

use serde::Serialize;

/// A range of bytes in one source text.
///
/// Offsets are `u32`, since the parser bounds the size of a text far below 4 GiB. Spans are never serialized:
/// they say where something was written, not what it means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The empty span at `offset`: a place between two characters, where something is missing.
    pub fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span just before this one.
    #[must_use]
    pub fn before(self) -> Self {
        Self { start: self.start, end: self.start }
    }

    /// The empty span just after this one.
    #[must_use]
    pub fn after(self) -> Self {
        Self { start: self.end, end: self.end }
    }

    /// The number of bytes covered.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span is a place between two characters.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The span as an index range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The covered part of `text`, or nothing when the span does not belong to it.
    pub fn text(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }

    /// The nearest span that lies inside `text` and on character boundaries.
    ///
    /// A diagnostic may outlive its text or be made by hand, and rendering must not fail.
    #[must_use]
    pub fn clamped(self, text: &str) -> Self {
        let start = floor_boundary(text, self.start as usize);
        let mut end = (self.end as usize).clamp(start, text.len().max(start));
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Self::new(start, end)
    }
}

/// The last character boundary at or before `offset`.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A place as humans count it: lines and columns from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line, from one.
    pub line: usize,
    /// The column, from one, in characters.
    pub column: usize,
}

/// A named text with an index of its lines.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    /// The offset of each line's first byte; never empty.
    lines: Vec<usize>,
}

impl Source {
    /// Names a text; the name is what errors show in `name:line:column`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, lines }
    }

    /// The name shown in errors, usually a path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column of a byte offset; an offset past the end counts as the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = floor_boundary(&self.text, offset as usize);
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines[line - 1];
        Position { line, column: self.text[start..offset].chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("m.cvx", "dim n;\nparam λμ;\n");
        let at = |needle: &str| {
            let place = source.position(source.text().find(needle).unwrap() as u32);
            (place.line, place.column)
        };
        assert_eq!(at("dim"), (1, 1));
        assert_eq!(at("μ"), (2, 8));
        let end = source.position(u32::MAX);
        assert_eq!((end.line, end.column), (3, 1));
    }

    #[test]
    fn spans_are_brought_into_the_text() {
        let text = "aλb";
        assert_eq!(Span::new(2, 2).clamped(text), Span::new(1, 3));
        assert_eq!(Span::new(0, 2).clamped(text), Span::new(0, 3));
        assert_eq!(Span::new(90, 99).clamped(text), Span::at(4));
        assert_eq!(Span::new(1, 3).text(text), "λ");
        assert_eq!(Span::new(2, 9).text(text), "");
    }
}

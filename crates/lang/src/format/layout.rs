//! Breaking statements that are too long.
//!
//! A part that fits is written flat. Otherwise it is broken before its loosest operators, all of them; a part without
//! operators is broken inside its widest brackets, one item a line. A comment that ends a line keeps ending one, and one
//! that has a line of its own keeps it; so a part with such a comment inside does not fit.

use super::WIDTH;
use super::spacing::Piece;
use crate::syntax::token::TokenKind;

/// Writes a statement, beginning in column `indent`.
pub(super) fn lay_out(pieces: &[Piece<'_>], indent: usize, out: &mut String) {
    let (mut ends, mut ended, mut begun) = (vec![0], vec![0], vec![0]);
    for piece in pieces {
        // What ends the line may be as long as it likes.
        let width = if piece.ends_line { 0 } else { usize::from(piece.space) + piece.text.chars().count() };
        ends.push(ends.last().unwrap_or(&0) + width);
        ended.push(ended.last().unwrap_or(&0) + usize::from(piece.ends_line));
        begun.push(begun.last().unwrap_or(&0) + usize::from(piece.begins_line));
    }
    let (partners, indent_of_rest) = (partners(pieces), indent + 2);
    let mut layout =
        Layout { pieces, ends, ended, begun, partners, out, column: indent, indent: indent_of_rest };
    // The `;` must fit as well.
    layout.part(0, pieces.len(), indent, 1);
}

/// For each opening bracket the index of the closing one.
fn partners(pieces: &[Piece<'_>]) -> Vec<Option<usize>> {
    let (mut partners, mut open) = (vec![None; pieces.len()], Vec::new());
    for (at, piece) in pieces.iter().enumerate() {
        if piece.kind.closer().is_some() {
            open.push(at);
        } else if piece.kind.closes()
            && let Some(opener) = open.pop()
        {
            partners[opener] = Some(at);
        }
    }
    partners
}

struct Layout<'a, 'o> {
    pieces: &'a [Piece<'a>],
    /// Where each piece would end if all were written on one line.
    ends: Vec<usize>,
    /// How many pieces before each end their line, and how many begin one.
    ended: Vec<usize>,
    begun: Vec<usize>,
    partners: Vec<Option<usize>>,
    out: &'o mut String,
    column: usize,
    /// Where a line goes on that a comment broke.
    indent: usize,
}

impl Layout<'_, '_> {
    /// Writes the pieces from `start` up to `end`; `tail` more columns must fit after them.
    fn part(&mut self, start: usize, end: usize, indent: usize, tail: usize) {
        if start >= end {
            return;
        }
        if self.column + self.width(start, end) + tail <= WIDTH && !self.commented(start, end) {
            return self.flat(start, end);
        }
        let operators = self.loosest(start, end);
        if operators.is_empty() || self.ends_in_call(start, &operators, end) {
            return self.brackets(start, end, indent);
        }
        self.part(start, operators[0], indent, 0);
        for (index, &operator) in operators.iter().enumerate() {
            self.newline(indent + 2);
            match operators.get(index + 1) {
                Some(&next) => self.part(operator, next, indent + 2, 0),
                None => self.part(operator, end, indent + 2, tail),
            }
        }
    }

    /// The indices of the loosest operators outside the brackets of a part, its first piece apart.
    fn loosest(&self, start: usize, end: usize) -> Vec<usize> {
        let mut found: (u8, Vec<usize>) = (u8::MAX, Vec::new());
        let mut at = start;
        while at < end {
            if let Some(rank) = rank(&self.pieces[at]).filter(|_| at > start) {
                if rank < found.0 {
                    found = (rank, Vec::new());
                }
                if rank == found.0 {
                    found.1.push(at);
                }
            }
            at = self.partners[at].map_or(at, |close| close.min(end)) + 1;
        }
        found.1
    }

    /// Whether a part is short but for the call or array after its only operator, which is the better place to break.
    fn ends_in_call(&self, start: usize, operators: &[usize], end: usize) -> bool {
        match (operators, self.widest(start, end)) {
            (&[operator], Some((open, close))) => {
                let fits = self.column + self.width(start, open + 1) <= WIDTH;
                open > operator && close + 1 == end && fits && self.loosest(operator, end).is_empty()
            }
            _ => false,
        }
    }

    /// The widest brackets of a part that hold anything.
    fn widest(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let (mut widest, mut at): (Option<(usize, usize, usize)>, usize) = (None, start);
        while at < end {
            if let Some(close) = self.partners[at].filter(|&close| close > at + 1 && close < end) {
                let width = self.width(at, close);
                if widest.is_none_or(|(most, ..)| width > most) {
                    widest = Some((width, at, close));
                }
                at = close;
            }
            at += 1;
        }
        widest.map(|(_, open, close)| (open, close))
    }

    /// Breaks a part inside its widest brackets.
    fn brackets(&mut self, start: usize, end: usize, indent: usize) {
        // What is only broken for a comment is broken around that.
        let narrow = self.column + self.width(start, end) <= WIDTH;
        let around = |open: usize, close: usize| !narrow || self.commented(open, close + 1);
        let Some((open, close)) = self.widest(start, end).filter(|&(open, close)| around(open, close)) else {
            return self.flat(start, end);
        };
        let first = self.remark(open + 1);
        self.flat(start, first);
        let (mut from, mut at) = (first, first);
        let outer = std::mem::replace(&mut self.indent, indent + 2);
        while at < close {
            if self.pieces[at].kind == TokenKind::Comma {
                self.newline(indent + 2);
                self.part(from, at, indent + 2, 1);
                from = self.remark(at + 1);
                self.flat(at, from);
                at = from - 1;
            }
            at = self.partners[at].unwrap_or(at) + 1;
        }
        if from < close {
            self.newline(indent + 2);
            self.part(from, close, indent + 2, 0);
        }
        self.indent = outer;
        self.newline(indent);
        self.flat(close, close + 1);
        // What follows is no wider than the widest brackets were.
        self.flat(close + 1, end);
    }

    /// The index after the comments that end the line of the piece before.
    fn remark(&self, at: usize) -> usize {
        let stays = |piece: &&Piece<'_>| piece.ends_line && !piece.begins_line;
        at + self.pieces[at..].iter().take_while(stays).count()
    }

    /// Whether a comment inside some pieces breaks their line.
    fn commented(&self, start: usize, end: usize) -> bool {
        self.ended[end - 1] > self.ended[start] || self.begun[end] > self.begun[start + 1]
    }

    /// The width of some pieces on one line, without the space before the first.
    fn width(&self, start: usize, end: usize) -> usize {
        if start >= end {
            return 0;
        }
        self.ends[end] - self.ends[start] - usize::from(self.pieces[start].space)
    }

    fn flat(&mut self, start: usize, end: usize) {
        for at in start..end {
            let piece = &self.pieces[at];
            if piece.begins_line || (at > 0 && self.pieces[at - 1].ends_line) {
                let begun = self.out.rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
                if !begun {
                    self.newline(self.indent);
                }
            }
            let fresh = self.out.is_empty() || self.out.ends_with([' ', '\n']);
            if piece.space && !fresh {
                self.out.push(' ');
                self.column += 1;
            }
            self.out.push_str(piece.text);
            self.column += piece.text.chars().count();
        }
    }

    fn newline(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }
}

/// How loosely an operator binds, the loosest first; nothing for what is no place to break.
fn rank(piece: &Piece<'_>) -> Option<u8> {
    match piece.kind {
        TokenKind::For | TokenKind::If => Some(0),
        TokenKind::Or => Some(1),
        TokenKind::And => Some(2),
        kind if kind.compares() => Some(3),
        TokenKind::Plus | TokenKind::Minus if piece.infix => Some(4),
        TokenKind::Times | TokenKind::Divide | TokenKind::MatMul => Some(5),
        _ => None,
    }
}

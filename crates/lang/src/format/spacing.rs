//! Where spaces stand inside a statement.

use crate::syntax::token::{Token, TokenKind};

/// A token or comment as it is written.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question that the layout asks of a piece")]
pub(super) struct Piece<'a> {
    /// Its text.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) kind: TokenKind,
    /// Whether a space stands before it.
    pub(super) space: bool,
    /// Whether it is an operator between two operands.
    pub(super) infix: bool,
    /// Whether the line must end after it.
    pub(super) ends_line: bool,
    /// Whether it is a comment that began a line, and so must begin one again.
    pub(super) begins_line: bool,
}

/// What decides about spaces between brackets, or outside all of them.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Indices and shapes are written tight: `x[t+1]`.
    tight: bool,
    /// A `for` was seen, so that `in` begins a range.
    ranges: bool,
    /// The ends of ranges are written tight as well: `i+1..n`.
    range: bool,
}

/// The tokens of a statement, without the comma before a closing bracket.
pub(super) fn pieces<'a>(whole: &'a str, tokens: &[Token]) -> Vec<Piece<'a>> {
    let mut spacing = Spacing { levels: vec![Level::default()], before: None };
    let mut pieces = Vec::with_capacity(tokens.len());
    for (at, &token) in tokens.iter().enumerate() {
        let text = token.span.text(whole).trim_end();
        if token.kind == TokenKind::Whitespace {
            continue;
        }
        if token.kind.is_comment() {
            let ends_line = token.kind != TokenKind::BlockComment;
            let begins_line = at.checked_sub(1).is_some_and(|before| {
                let before = &tokens[before];
                before.kind == TokenKind::Whitespace && before.span.text(whole).contains('\n')
            });
            let (kind, infix) = (token.kind, false);
            pieces.push(Piece { text, kind, space: true, infix, ends_line, begins_line });
            continue;
        }
        let next = tokens[at + 1..].iter().find(|token| !token.kind.is_trivia());
        if token.kind == TokenKind::Comma && next.is_some_and(|next| next.kind.closes()) {
            continue;
        }
        let (space, infix) = spacing.step(token.kind);
        let kind = token.kind;
        pieces.push(Piece { text, kind, space, infix, ends_line: false, begins_line: false });
    }
    pieces
}

/// The token before, as far as spaces depend on it.
#[derive(Clone, Copy)]
struct Before {
    kind: TokenKind,
    /// Whether what follows it stands close.
    close: bool,
}

struct Spacing {
    levels: Vec<Level>,
    before: Option<Before>,
}

impl Spacing {
    /// Whether a space stands before a token of this kind, and whether it is an operator between operands.
    fn step(&mut self, kind: TokenKind) -> (bool, bool) {
        use TokenKind::{
            CloseBracket, CloseParen, Colon, Comma, Dot, Dots, Equals, For, If, In, Minus, OpenBracket,
            OpenParen, Plus, Power,
        };
        let operand = self.before.is_some_and(|before| before.kind.ends_operand());
        let inside = self.levels.len() > 1;
        let level = self.levels.last().copied().unwrap_or_default();
        let sign = matches!(kind, Plus | Minus) && !operand;
        let infix = kind.is_infix() && !sign;
        let word = kind.is_keyword();
        let tight = kind == Power
            || (kind == Equals && inside)
            || (infix && !word && !kind.compares() && (level.tight || level.range));
        let postfix = matches!(kind, OpenParen | OpenBracket) && operand;
        let close = matches!(kind, Comma | Colon | Dot | Dots | CloseParen | CloseBracket);
        let space = self.before.is_some_and(|before| !before.close) && !tight && !postfix && !close;
        match kind {
            OpenParen | OpenBracket => {
                self.levels.push(Level { tight: kind == OpenBracket && operand, ..Level::default() });
            }
            CloseParen | CloseBracket if inside => drop(self.levels.pop()),
            _ => {}
        }
        if let Some(level) = self.levels.last_mut() {
            match kind {
                For => level.ranges = true,
                In => level.range = level.ranges,
                If | Comma => level.range = false,
                _ => {}
            }
        }
        let close = tight
            || sign
            || matches!(kind, OpenParen | OpenBracket | Dot | Dots)
            || (kind == Colon && inside);
        self.before = Some(Before { kind, close });
        (space, infix)
    }
}

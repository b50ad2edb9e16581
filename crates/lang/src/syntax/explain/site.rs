//! The tokens of a statement, and the place in it where parsing stopped.

use std::ops::Range;

use crate::source::Span;
use crate::syntax::cut::Piece;
use crate::syntax::token::{Token, TokenKind};

/// The tokens of one statement.
pub(in crate::syntax) struct Site<'a> {
    /// The whole source.
    pub(in crate::syntax) text: &'a str,
    tokens: &'a [Token],
    /// The place of what follows the statement.
    next: Span,
}

impl<'a> Site<'a> {
    pub(in crate::syntax) fn new(text: &'a str, tokens: &'a [Token], piece: &Piece) -> Self {
        Self { text, tokens: &tokens[piece.tokens.clone()], next: piece.next }
    }

    /// From the first token to the last.
    pub(in crate::syntax) fn span(&self) -> Span {
        match self.tokens {
            [] => self.next.before(),
            [only] => only.span,
            [first, .., last] => first.span.to(last.span),
        }
    }

    pub(in crate::syntax) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(in crate::syntax) fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    pub(in crate::syntax) fn kind(&self, at: usize) -> Option<TokenKind> {
        self.token(at).map(|token| token.kind)
    }

    pub(super) fn kinds(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = TokenKind> {
        self.tokens.get(range).unwrap_or_default().iter().map(|token| token.kind)
    }

    /// The text of a token, or nothing past the end.
    pub(super) fn word(&self, at: usize) -> &'a str {
        self.token(at).map_or("", |token| token.span.text(self.text))
    }

    /// The token that closes the bracket at `at`.
    pub(super) fn closer(&self, at: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (index, token) in self.tokens.iter().enumerate().skip(at) {
            if token.kind.closer().is_some() {
                depth += 1;
            } else if token.kind.closes() {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
        }
        None
    }
}

/// What an open bracket means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BracketKind {
    /// The arguments of a call.
    Call,
    /// The parameters of a `fn`.
    Parameters,
    /// Parentheses around an expression.
    Group,
    /// The sizes after a declared name.
    Shape,
    /// An index.
    Index,
    /// An array.
    Array,
    /// The ends after `in`.
    Bounds,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bracket {
    pub(super) at: usize,
    pub(super) kind: BracketKind,
}

/// The clause after a `for` that is still going on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForClause {
    /// The `for`.
    pub(super) at: usize,
    /// The first token of the current loop.
    pub(super) start: usize,
    /// The `if`, once it was seen.
    pub(super) condition: Option<usize>,
}

/// The place where a statement stops making sense.
pub(super) struct Failure<'a> {
    pub(super) site: &'a Site<'a>,
    /// The token that does not fit; the number of tokens when it is what follows the statement.
    pub(super) at: usize,
    brackets: Vec<Bracket>,
}

impl<'a> Failure<'a> {
    pub(super) fn new(site: &'a Site<'a>, offset: usize) -> Self {
        let at = site.tokens.iter().position(|token| token.span.end as usize > offset).unwrap_or(site.len());
        let mut brackets: Vec<Bracket> = Vec::new();
        for index in 0..at {
            let token = site.tokens[index];
            if token.kind.closer().is_some() {
                let kind = bracket_kind(site, index, brackets.len());
                brackets.push(Bracket { at: index, kind });
            } else if token.kind.closes() {
                brackets.pop();
            }
        }
        Self { site, at, brackets }
    }

    /// The token that does not fit, unless the statement just ends too early.
    pub(super) fn found(&self) -> Option<Token> {
        self.site.token(self.at)
    }

    pub(super) fn found_kind(&self) -> Option<TokenKind> {
        self.site.kind(self.at)
    }

    pub(super) fn found_word(&self) -> &'a str {
        self.site.word(self.at)
    }

    /// The last token that fits.
    pub(super) fn before(&self) -> Option<Token> {
        self.site.token(self.at.checked_sub(1)?)
    }

    pub(super) fn before_kind(&self) -> Option<TokenKind> {
        self.before().map(|token| token.kind)
    }

    pub(super) fn before_word(&self) -> &'a str {
        self.before().map_or("", |token| token.span.text(self.site.text))
    }

    /// The token the statement begins with.
    pub(super) fn head(&self) -> Option<TokenKind> {
        self.site.kind(0)
    }

    /// The place of the mistake: the token that does not fit, or where one is missing.
    pub(super) fn place(&self) -> Span {
        self.found().map_or_else(|| self.end(), |token| token.span)
    }

    /// The place of what follows the statement, or of its end if that is on another line.
    fn end(&self) -> Span {
        let last = self.site.span();
        let between = self.site.text.get(last.end as usize..self.site.next.start as usize).unwrap_or("");
        if between.contains('\n') || self.site.next.is_empty() { last.after() } else { self.site.next }
    }

    /// The innermost open bracket.
    pub(super) fn bracket(&self) -> Option<Bracket> {
        self.brackets.last().copied()
    }

    pub(super) fn bracket_kind(&self) -> Option<BracketKind> {
        self.bracket().map(|bracket| bracket.kind)
    }

    pub(super) fn is_constraint(&self) -> bool {
        self.head().is_some_and(|head| !head.begins_statement())
    }

    /// Whether an operand ends just before.
    pub(super) fn after_operand(&self) -> bool {
        self.before_kind().is_some_and(TokenKind::ends_operand)
    }

    /// Whether the token that does not fit is the first on its line.
    pub(super) fn first_on_line(&self) -> bool {
        match (self.before(), self.found()) {
            (Some(before), Some(found)) => self.site.text
                [before.span.end as usize..found.span.start.max(before.span.end) as usize]
                .contains('\n'),
            _ => false,
        }
    }

    /// The indices of tokens directly inside the innermost open bracket, up to the mistake.
    pub(super) fn level(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let start = self.bracket().map_or(0, |bracket| bracket.at + 1);
        let mut depth = 0usize;
        let mut indices = Vec::new();
        for at in start..self.at {
            let kind = self.site.tokens[at].kind;
            if kind.closer().is_some() {
                depth += 1;
            }
            if depth == 0 {
                indices.push(at);
            }
            if kind.closes() {
                depth = depth.saturating_sub(1);
            }
        }
        indices.into_iter()
    }

    /// The `for` whose clause the mistake is in.
    pub(super) fn for_clause(&self) -> Option<ForClause> {
        let mut clause: Option<ForClause> = None;
        for at in self.level() {
            match (self.site.tokens[at].kind, &mut clause) {
                (TokenKind::For, _) => clause = Some(ForClause { at, start: at + 1, condition: None }),
                (TokenKind::Comma, Some(clause)) if clause.condition.is_none() => clause.start = at + 1,
                // After the condition a comma begins the next argument.
                (TokenKind::Comma, clause) => *clause = None,
                (TokenKind::If, Some(clause)) => clause.condition = Some(at),
                _ => {}
            }
        }
        clause
    }

    /// Whether what stands before the mistake could be a whole statement.
    pub(super) fn complete_before(&self) -> bool {
        if !self.after_operand() {
            return false;
        }
        let mut level = self.level();
        match self.head() {
            None => false,
            Some(TokenKind::Let | TokenKind::Fn) => {
                level.any(|at| self.site.kind(at) == Some(TokenKind::Equals))
            }
            Some(head) if head.begins_statement() => self.at > 1,
            Some(_) => level.any(|at| self.site.tokens[at].kind.compares()),
        }
    }

    /// Names the token that does not fit.
    pub(super) fn found_text(&self) -> String {
        match self.found() {
            Some(token) if token.kind.is_keyword() && token.kind != TokenKind::Inf => {
                format!("the keyword `{}`", self.found_word())
            }
            Some(_) => format!("`{}`", self.found_word()),
            None => match self.site.next.text(self.site.text) {
                "" => "the end of the text".to_owned(),
                ";" => "`;`".to_owned(),
                _ => "the next statement".to_owned(),
            },
        }
    }
}

fn bracket_kind(site: &Site<'_>, at: usize, depth: usize) -> BracketKind {
    let before = at.checked_sub(1).and_then(|before| site.kind(before));
    let head = site.kind(0);
    let operand = before.is_some_and(TokenKind::ends_operand);
    if site.kind(at) == Some(TokenKind::OpenParen) {
        match () {
            () if head == Some(TokenKind::Fn) && at == 2 => BracketKind::Parameters,
            () if operand => BracketKind::Call,
            () => BracketKind::Group,
        }
    } else if before == Some(TokenKind::In) {
        BracketKind::Bounds
    } else if head.is_some_and(TokenKind::declares) && at == 2 && depth == 0 {
        BracketKind::Shape
    } else if operand {
        BracketKind::Index
    } else {
        BracketKind::Array
    }
}

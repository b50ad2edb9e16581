//! Cuts tokens into statements, so that a broken one never hides the next.
//!
//! A statement ends at its `;`, at a keyword that can only begin a statement (the missing `;` is reported once), or
//! at the end of the text. Brackets pair up within a statement: one that stays open is reported where it opens, and
//! is closed for the parser.

use std::ops::Range;

use super::findings::Findings;
use super::limits::MAX_NESTING;
use super::spelling::{Patch, Scan};
use super::token::{Token, TokenKind};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// An array with more tokens is not searched for the bracket that closes it.
const LONGEST_ROWS: usize = 1000;

/// The tokens of one statement.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Indices into [`Scan::tokens`], without the `;`.
    pub(super) tokens: Range<usize>,
    /// What follows: the `;`, the keyword of the next statement, or the end of the text.
    pub(super) next: Span,
    /// Whether its mistake is reported already, so that what the parser says about it is no news.
    pub(super) reported: bool,
    /// Whether it nests too deep to be parsed.
    pub(super) too_deep: bool,
}

/// Cuts a text into statements, reporting missing `;` and brackets without partners.
pub(super) fn cut(text: &str, scan: &mut Scan, diagnostics: &mut Findings) -> Vec<Piece> {
    let tokens = std::mem::take(&mut scan.tokens);
    let mut cutter = Cutter {
        text,
        tokens: &tokens,
        patches: &mut scan.patches,
        diagnostics,
        pieces: Vec::new(),
        state: State::default(),
        torn: None,
    };
    cutter.run();
    let pieces = cutter.pieces;
    scan.tokens = tokens;
    pieces
}

/// An open bracket and what is pending inside it.
struct Open {
    at: usize,
    /// The first comparison seen directly inside, conditions apart.
    comparison: Option<usize>,
    /// Whether an `if` was seen directly inside.
    condition: bool,
    /// Signs and powers that wait for the operand this bracket begins.
    signs: usize,
    /// The same for `not`.
    nots: usize,
}

/// What is known about the statement at hand.
#[derive(Default)]
struct State {
    start: usize,
    open: Vec<Open>,
    /// How deep the open brackets nest, with what is pending before each.
    depth: usize,
    /// Signs and powers whose operand is still to come; they recurse like brackets.
    signs: usize,
    /// The same for `not`, which binds looser.
    nots: usize,
    reported: bool,
    too_deep: bool,
}

struct Cutter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    patches: &'a mut Vec<Patch>,
    diagnostics: &'a mut Findings,
    pieces: Vec<Piece>,
    state: State,
    /// What would have closed the bracket that the last `;` left open.
    torn: Option<TokenKind>,
}

impl Cutter<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let kind = self.tokens[at].kind;
            if kind == TokenKind::Semicolon {
                self.finish(at);
                at += 1;
                self.state = State { start: at, ..State::default() };
            } else if kind.begins_statement() && self.begins_here(at) {
                self.begin(at);
                at = if kind == TokenKind::Subject { self.heading(at) } else { at + 1 };
            } else {
                self.track(at);
                at += 1;
            }
        }
        if self.state.start < self.tokens.len() {
            let last = self.tokens.len() - 1;
            if self.state.open.is_empty() && self.can_end(last) {
                self.missing_semicolon(self.tokens[last].span);
            }
            self.finish(self.tokens.len());
        }
    }

    /// Whether the keyword at `at` begins a statement, rather than being misused as a name.
    fn begins_here(&self, at: usize) -> bool {
        let follows = |kind| self.tokens.get(at + 1).is_some_and(|next| next.kind == kind);
        // `var(x)`: nobody declares a parenthesis.
        if self.tokens[at].kind == TokenKind::Var && follows(TokenKind::OpenParen) {
            return false;
        }
        if at == self.state.start {
            return true;
        }
        let before = self.tokens[at - 1].kind;
        let first = self.tokens[self.state.start].kind;
        // `param var;`, `dim n, let;`, `let fn = 1;`, `for let in 0..n`
        let names = before.declares() || matches!(before, TokenKind::Let | TokenKind::Fn | TokenKind::For);
        let listed = first == TokenKind::Dim && before == TokenKind::Comma && self.state.open.is_empty();
        !names && !listed
    }

    /// Ends the statement before the keyword at `at`, if there is one, and begins another.
    fn begin(&mut self, at: usize) {
        if at > self.state.start {
            if self.state.open.is_empty() && self.can_end(at - 1) {
                self.missing_semicolon(self.tokens[at - 1].span);
            }
            self.finish(at);
        }
        self.state = State { start: at, ..State::default() };
    }

    /// Whether a statement may end with this token; if not, what is missing is more than a `;`.
    fn can_end(&self, at: usize) -> bool {
        let token = self.tokens[at];
        let transposes = self.tokens[self.state.start..at].last().is_some_and(|t| t.kind == TokenKind::Dot);
        token.kind.ends_operand()
            && (!transposes || token.span.text(self.text) == "T")
            && !self.state.reported
    }

    fn missing_semicolon(&mut self, last: Span) {
        self.diagnostics.push(
            Diagnostic::error(codes::MISSING_SEMICOLON, "a statement ends with `;`")
                .at(last.after(), "expected `;` here")
                .fix(last.after(), ";", "end the statement"),
        );
    }

    /// `subject to`, and what people write instead. Returns the index of the token after it.
    fn heading(&mut self, at: usize) -> usize {
        let mut next = at + 1;
        let subject = self.tokens[at].span;
        if self.tokens.get(next).is_some_and(|token| token.kind == TokenKind::To) {
            next += 1;
        } else {
            self.diagnostics.push(
                Diagnostic::error(codes::UNEXPECTED_TOKEN, "`subject` must be followed by `to`")
                    .at(subject.after(), "expected `to` here")
                    .fix(subject.after(), " to", "write `subject to`"),
            );
            self.patches.push(Patch { owner: at, span: subject.after(), text: " to".into() });
        }
        self.state.start = at;
        self.state.reported = next == at + 1;
        self.finish(next);
        if let Some(colon) = self.tokens.get(next).filter(|token| token.kind == TokenKind::Colon) {
            self.diagnostics.push(
                Diagnostic::error(codes::UNEXPECTED_TOKEN, "`subject to` takes no colon")
                    .at(colon.span, "")
                    .fix(colon.span, "", "remove the colon"),
            );
            next += 1;
        }
        self.state = State { start: next, ..State::default() };
        next
    }

    /// Follows brackets and nesting through one token.
    fn track(&mut self, at: usize) {
        let kind = self.tokens[at].kind;
        let operand_before = at > self.state.start && self.tokens[at - 1].kind.ends_operand();
        match kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => {
                let signs = std::mem::take(&mut self.state.signs);
                let nots = std::mem::take(&mut self.state.nots);
                self.state.depth += 1 + signs + nots;
                self.state.open.push(Open { at, comparison: None, condition: false, signs, nots });
            }
            TokenKind::CloseParen | TokenKind::CloseBracket => self.close(at),
            TokenKind::Power => self.state.signs += 1,
            TokenKind::Plus | TokenKind::Minus if !operand_before => self.state.signs += 1,
            TokenKind::Not => self.state.nots += 1,
            TokenKind::And | TokenKind::Or | TokenKind::Comma | TokenKind::Colon | TokenKind::Dots => {
                (self.state.signs, self.state.nots) = (0, 0);
            }
            TokenKind::If => {
                (self.state.signs, self.state.nots) = (0, 0);
                if let Some(open) = self.state.open.last_mut() {
                    open.condition = true;
                }
            }
            kind if kind.is_infix() => self.state.signs = 0,
            _ => {}
        }
        if kind.compares()
            && let Some(open) = self.state.open.last_mut()
            && !open.condition
        {
            open.comparison.get_or_insert(at);
        }
        if !self.state.too_deep && self.state.depth + self.state.signs + self.state.nots > MAX_NESTING {
            self.state.too_deep = true;
            self.diagnostics.push(
                Diagnostic::error(codes::NESTED_TOO_DEEP, "this expression is nested too deep")
                    .at(self.tokens[at].span, format!("more than {MAX_NESTING} levels down"))
                    .help("name the inner parts with `let`"),
            );
        }
    }

    fn close(&mut self, at: usize) {
        let kind = self.tokens[at].kind;
        let opens = |open: &Open| self.tokens[open.at].kind.closer() == Some(kind);
        let Some(top) = self.state.open.last() else {
            return self.stray(at);
        };
        // Nobody reads about partners where nobody can follow the nesting, and looking for them costs time.
        if opens(top) || self.state.too_deep {
            self.pop();
            return;
        }
        if self.state.open.iter().any(opens) {
            // `f(x[0)`: the brackets between stay open.
            while self.state.open.last().is_some_and(|open| !opens(open)) {
                self.unclosed(at);
            }
            self.pop();
        } else if !self.state.reported && self.closers_suffice(at) {
            self.stray(at);
        } else {
            self.wrong_closer(at);
        }
    }

    /// Leaves the innermost bracket.
    fn pop(&mut self) -> Option<Open> {
        let open = self.state.open.pop()?;
        self.state.depth -= 1 + open.signs + open.nots;
        (self.state.signs, self.state.nots) = (open.signs, open.nots);
        Some(open)
    }

    /// Whether every open bracket finds its partner after `at`, so that the one at `at` is one too many.
    fn closers_suffice(&self, at: usize) -> bool {
        let rest = self.tokens[at + 1..].iter().map(|token| token.kind);
        let rest = rest.take_while(|kind| *kind != TokenKind::Semicolon && !kind.begins_statement());
        let (opened, closed) = rest.fold((0, 0), |(opened, closed), kind| {
            (opened + usize::from(kind.closer().is_some()), closed + usize::from(kind.closes()))
        });
        closed >= opened + self.state.open.len()
    }

    /// `f(x]`: closed by the wrong kind.
    fn wrong_closer(&mut self, at: usize) {
        let Some(open) = self.pop() else { return };
        let opener = self.tokens[open.at];
        let closer = if opener.kind == TokenKind::OpenParen { ")" } else { "]" };
        let (left, right) = (opener.span.text(self.text), self.tokens[at].span.text(self.text));
        self.report(
            Diagnostic::error(codes::UNBALANCED_BRACKET, format!("`{left}` is closed by `{right}`"))
                .at(self.tokens[at].span, format!("expected `{closer}`"))
                .also(opener.span, "opened here")
                .suggest(self.tokens[at].span, closer, format!("close it with `{closer}`")),
        );
        self.patches.push(Patch { owner: at, span: self.tokens[at].span, text: closer.into() });
    }

    /// `sum(x))`
    fn stray(&mut self, at: usize) {
        let span = self.tokens[at].span;
        let shown = span.text(self.text);
        // `sum(x; y)`: its partner was reported already.
        self.state.reported |= self.torn == Some(self.tokens[at].kind);
        let opener = if shown == ")" { "(" } else { "[" };
        self.report(
            Diagnostic::error(codes::UNBALANCED_BRACKET, format!("this `{shown}` closes nothing"))
                .at(span, format!("no `{opener}` is open here"))
                .suggest(span, "", format!("remove the `{shown}`")),
        );
        self.patches.push(Patch { owner: at, span, text: "".into() });
    }

    /// The innermost bracket is still open at the token `at`; closes it for the parser.
    fn unclosed(&mut self, at: usize) {
        let Some(open) = self.pop() else { return };
        if self.state.too_deep {
            return;
        }
        let opener = self.tokens[open.at];
        let closer = if opener.kind == TokenKind::OpenParen { ")" } else { "]" };
        let last = self.tokens[at - 1].span;
        let shown = opener.span.text(self.text);
        let mut diagnostic =
            Diagnostic::error(codes::UNBALANCED_BRACKET, format!("this `{shown}` is never closed"))
                .at(opener.span, "opened here");
        diagnostic = match self.tokens.get(at) {
            Some(next) if next.kind.closes() => {
                diagnostic.also(next.span, format!("a `{closer}` must come before this"))
            }
            Some(next) if next.kind == TokenKind::Semicolon && self.rows(open.at, at) => {
                let diagnostic = Diagnostic::error(codes::UNBALANCED_BRACKET, "rows are lists in a list")
                    .at(next.span, "`;` ends the statement")
                    .also(opener.span, "the array begins here")
                    .help("as in `[[1, 2], [3, 4]]`");
                self.report(diagnostic);
                self.patches.push(Patch { owner: at - 1, span: last.after(), text: closer.into() });
                return;
            }
            Some(next) if next.kind == TokenKind::Semicolon => {
                diagnostic.also(next.span, "but the statement ends here")
            }
            Some(next) => diagnostic.also(next.span, "but another statement begins here"),
            None => diagnostic.also(last.after(), "but the text ends here"),
        };
        // `sum(x == 1`: what is compared is the sum.
        let place = match open.comparison {
            Some(comparison) => self.tokens[comparison - 1].span.after(),
            None => last.after(),
        };
        self.report(diagnostic.suggest(place, closer, format!("close it with `{closer}`")));
        self.patches.push(Patch { owner: at - 1, span: place, text: closer.into() });
    }

    /// `[1, 2; 3, 4]`: whether numbers follow the `;` as they stand before it, up to the bracket that closes the array.
    fn rows(&self, open: usize, at: usize) -> bool {
        let entry = |token: &&Token| {
            matches!(
                token.kind,
                TokenKind::Number | TokenKind::Comma | TokenKind::Minus | TokenKind::Semicolon
            )
        };
        let array = self.tokens[open].kind == TokenKind::OpenBracket
            && !self.tokens[..open].last().is_some_and(|before| before.kind.ends_operand());
        let rest = self.tokens[at..].iter().take(LONGEST_ROWS).find(|token| !entry(token));
        array
            && self.tokens[open + 1..at].iter().all(|token| entry(&token))
            && rest.is_some_and(|token| token.kind == TokenKind::CloseBracket)
    }

    /// Reports the first mistake with brackets of a statement; later ones follow from it.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.state.reported && !self.state.too_deep {
            self.diagnostics.push(diagnostic);
        }
        self.state.reported = true;
    }

    /// Ends the statement before the token `at`.
    fn finish(&mut self, at: usize) {
        self.torn = self.state.open.last().and_then(|open| self.tokens[open.at].kind.closer());
        while !self.state.open.is_empty() {
            self.unclosed(at);
        }
        if at > self.state.start {
            let next = self.tokens.get(at).map_or(Span::at(self.text.len()), |token| token.span);
            self.pieces.push(Piece {
                tokens: self.state.start..at,
                next,
                reported: self.state.reported,
                too_deep: self.state.too_deep,
            });
        }
    }
}

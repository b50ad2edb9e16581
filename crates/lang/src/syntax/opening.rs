//! Statements that begin with the word of another language: `s.t.`, `variable x`, `minimise f`.

use super::spelling::Mender;
use super::token::{Token, TokenKind};
use crate::diagnostics::{Diagnostic, codes, suggest};
use crate::source::Span;

/// Words that other languages use, and the keyword that is meant.
const ALIASES: [(&str, &str); 33] = [
    ("minimise", "minimize"),
    ("min", "minimize"),
    ("minimum", "minimize"),
    ("objective", "minimize"),
    ("maximise", "maximize"),
    ("max", "maximize"),
    ("maximum", "maximize"),
    ("st", "subject to"),
    ("subject_to", "subject to"),
    ("subjectto", "subject to"),
    ("constraints", "subject to"),
    ("suchthat", "subject to"),
    ("variable", "var"),
    ("variables", "var"),
    ("vars", "var"),
    ("decision", "var"),
    ("parameter", "param"),
    ("parameters", "param"),
    ("params", "param"),
    ("constant", "const"),
    ("constants", "const"),
    ("data", "const"),
    ("dims", "dim"),
    ("dimension", "dim"),
    ("dimensions", "dim"),
    ("size", "dim"),
    ("index", "dim"),
    ("def", "fn"),
    ("function", "fn"),
    ("func", "fn"),
    ("atom", "fn"),
    ("define", "let"),
    ("expr", "let"),
];

/// The keywords that begin statements, for slips of the finger.
const KEYWORDS: [&str; 9] = ["dim", "param", "const", "var", "let", "fn", "minimize", "maximize", "subject"];

/// An objective with more tokens is not searched for the constraints that follow it.
const LONGEST_OBJECTIVE: usize = 1000;

impl Mender<'_> {
    /// Reports and mends the word at `at` if a statement begins with it and it is not one of ours. Returns the index
    /// of the token after it.
    pub(super) fn opening(&mut self, at: usize) -> Option<usize> {
        let word = self.raw[at];
        let shown = word.span.text(self.text);
        if !self.at_start() {
            return self.after_objective(at, shown);
        }
        let next = self.following(at)?;
        if let Some(end) = self.subject_to(at, shown) {
            let span = word.span.to(self.raw[end].span);
            self.mend(span, "subject to");
            return Some(end + 1);
        }
        if shown == "import" && self.same_line(word.span, self.raw[next].span) {
            return Some(self.import(at));
        }
        let follower = self.raw[next];
        let opens_operand = follower.kind.begins_operand() && follower.kind != TokenKind::Text;
        let called = follower.kind == TokenKind::OpenParen;
        let lower = shown.to_lowercase();
        let alias = ALIASES.iter().find(|(known, _)| *known == lower).map(|found| found.1);
        let alias = alias.or_else(|| KEYWORDS.into_iter().find(|keyword| *keyword == lower));
        let meant = match alias {
            // `max(x) <= 1` and `data[0] <= 1` are constraints; `minimise (x)` is none.
            Some(meant @ ("minimize" | "maximize")) => {
                let call = matches!(lower.as_str(), "min" | "max" | "minimum" | "maximum");
                (opens_operand && follower.kind != TokenKind::OpenBracket && !(call && called))
                    .then_some(meant)?
            }
            Some(meant) => matches!(follower.kind, TokenKind::Name | TokenKind::Number).then_some(meant)?,
            None if follower.kind == TokenKind::Name && self.same_line(word.span, follower.span) => {
                match suggest::nearest(&lower, KEYWORDS)? {
                    "subject" => return None,
                    keyword => keyword,
                }
            }
            None => return None,
        };
        self.mend(word.span, meant);
        Some(at + 1)
    }

    /// `minimize f s.t. …`: the words stand after an objective that lacks its `;`.
    fn after_objective(&mut self, at: usize, word: &str) -> Option<usize> {
        let end = match word {
            "s" | "such" => self.subject_to(at, word)?,
            "st" | "where" | "subjectto" | "subject_to" => {
                let next = self.raw[self.following(at)?];
                next.kind.begins_operand().then_some(at)?
            }
            _ => return None,
        };
        let tokens = &self.scan.tokens;
        let follows = tokens.last().is_some_and(|last| last.kind.ends_operand());
        // An objective is short; a long text must not be searched for each of its words.
        let own = tokens.iter().rev().take(LONGEST_OBJECTIVE).take_while(|t| t.kind != TokenKind::Semicolon);
        let (mut head, mut closed, mut open) = (None, 0_usize, false);
        for token in own {
            head = Some(token.kind);
            if token.kind.closes() {
                closed += 1;
            } else if token.kind.closer().is_some() {
                open |= closed == 0;
                closed = closed.saturating_sub(1);
            }
        }
        // Inside a bracket the word begins a condition.
        if open || !follows || !matches!(head, Some(TokenKind::Minimize | TokenKind::Maximize)) {
            return None;
        }
        let span = self.raw[at].span.to(self.raw[end].span);
        let shown = span.text(self.text);
        self.diagnostics.push(
            Diagnostic::error(codes::FOREIGN_SPELLING, format!("`{shown}` is written `subject to`"))
                .at(span, "constraints begin here, it seems")
                .fix(span, "subject to", "write `subject to`"),
        );
        self.replace(span, "subject to");
        Some(end + 1)
    }

    /// `% comment`, where a statement might begin. Returns the index of the token after the line.
    pub(super) fn percent(&mut self, at: usize) -> Option<usize> {
        let sign = self.raw[at].span;
        let begins = self.scan.tokens.last().is_none_or(|last| {
            last.kind == TokenKind::Semicolon
                || (last.kind == TokenKind::To
                    && self.text[last.span.end as usize..sign.start as usize].contains('\n'))
        });
        if !begins || !sign.text(self.text).starts_with('%') {
            return None;
        }
        let breaks = |token: &Token| token.span.text(self.text).contains('\n');
        let end = self.raw[at..].iter().position(breaks).map_or(self.raw.len(), |length| at + length);
        self.diagnostics.push(
            Diagnostic::error(codes::FOREIGN_SPELLING, "a comment begins with `//`")
                .at(sign, "`%` means nothing here")
                .fix(sign, "//", "write the comment with `//`"),
        );
        self.skip(sign.to(self.raw[end - 1].span));
        Some(end)
    }

    /// `import cvxpy as cp` or `from cvxpy import *`, to the end of its line.
    pub(super) fn import(&mut self, at: usize) -> usize {
        let word = self.raw[at].span.text(self.text);
        let ends = |token: &Token| {
            token.kind == TokenKind::Semicolon
                || (token.kind.is_trivia() && token.span.text(self.text).contains('\n'))
        };
        let end = self.raw[at..].iter().position(ends).map_or(self.raw.len(), |length| at + length);
        let span = self.raw[at].span.to(self.raw[end - 1].span);
        self.diagnostics.push(
            Diagnostic::error(codes::UNKNOWN_STATEMENT, format!("no statement begins with `{word}`"))
                .at(span, "there are no modules: every function is known by its name")
                .fix(span, "", "remove it"),
        );
        self.skip(span);
        end
    }

    /// Whether the next token begins a statement.
    pub(super) fn at_start(&self) -> bool {
        match self.scan.tokens[..] {
            [] => true,
            [.., last] if matches!(last.kind, TokenKind::Semicolon | TokenKind::To) => true,
            [.., to, colon] => to.kind == TokenKind::To && colon.kind == TokenKind::Colon,
            _ => false,
        }
    }

    /// The index of the next token that is no trivia.
    fn following(&self, at: usize) -> Option<usize> {
        (at + 1..self.raw.len()).find(|&index| !self.raw[index].kind.is_trivia())
    }

    /// `s.t.` and `such that`: the index of the last token.
    fn subject_to(&self, at: usize, word: &str) -> Option<usize> {
        let next = self.following(at)?;
        let (after, text) = (self.following(next), |token: Token| token.span.text(self.text));
        match word {
            "such" | "Such" if text(self.raw[next]) == "that" => Some(next),
            "Subject" | "SUBJECT" if text(self.raw[next]).eq_ignore_ascii_case("to") => Some(next),
            "s" | "S" if self.raw[next].kind == TokenKind::Dot => {
                let t = after.filter(|&t| matches!(text(self.raw[t]), "t" | "T"))?;
                let dot = self.following(t).filter(|&dot| self.raw[dot].kind == TokenKind::Dot);
                // `s.T <= 1` is a constraint, were it not for the second point.
                if word == "s" && text(self.raw[t]) == "T" { dot } else { dot.or(Some(t)) }
            }
            _ => None,
        }
    }

    fn same_line(&self, one: Span, two: Span) -> bool {
        !self.text[one.end as usize..two.start as usize].contains('\n')
    }

    fn mend(&mut self, span: Span, meant: &'static str) {
        let shown = span.text(self.text);
        self.diagnostics.push(
            Diagnostic::error(codes::UNKNOWN_STATEMENT, format!("no statement begins with `{shown}`"))
                .at(span, format!("`{meant}` is meant here, it seems"))
                .fix(span, meant, format!("write `{meant}`")),
        );
        self.replace(span, meant);
    }
}

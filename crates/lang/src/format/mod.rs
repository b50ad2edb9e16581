//! The one style of a model, without options.
//!
//! One statement a line; constraints under `subject to` stand two spaces in; nothing is aligned; a statement that does
//! not fit into [`WIDTH`] columns is broken by its structure. Comments stay where they are, and at most one empty line
//! stays where there was one. The formatter works on tokens, so that it cannot change what a model says: formatting
//! again changes nothing, and the formatted text parses to the same tree.

mod layout;
mod spacing;

use crate::diagnostics::{Diagnostic, any_error};
use crate::syntax::parse;
use crate::syntax::token::{Token, TokenKind, tokenize};

/// The width that statements are broken to.
pub const WIDTH: usize = 100;

/// Formats a model.
///
/// # Errors
/// A text with syntax errors is not touched; the errors are returned.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let diagnostics = parse(text).diagnostics;
    if any_error(&diagnostics) {
        return Err(diagnostics);
    }
    let tokens = tokenize(text);
    let mut formatter = Formatter { text, out: String::with_capacity(text.len()), under_subject_to: false };
    formatter.run(&tokens);
    Ok(formatter.out)
}

struct Formatter<'a> {
    text: &'a str,
    out: String,
    /// Whether constraints are indented.
    under_subject_to: bool,
}

impl Formatter<'_> {
    fn run(&mut self, tokens: &[Token]) {
        let (mut at, mut solid) = (0, 0);
        while at < tokens.len() {
            let token = tokens[at];
            while solid < tokens.len() && (solid < at || passed_over(tokens[solid].kind)) {
                solid += 1;
            }
            at = match token.kind {
                TokenKind::Whitespace | TokenKind::Semicolon => at + 1,
                kind if kind.is_comment() => {
                    self.lone_comment(tokens, at, tokens.get(solid).map(|token| token.kind));
                    at + 1
                }
                _ => self.statement(tokens, at),
            };
        }
    }

    /// Begins a line for the token at `at`, after an empty one if the text has one there.
    fn line(&mut self, tokens: &[Token], at: usize, indent: usize) {
        let space = at.checked_sub(1).map(|before| tokens[before]);
        let space = space.filter(|token| token.kind == TokenKind::Whitespace);
        let empty = space.is_some_and(|space| space.span.text(self.text).matches('\n').count() > 1);
        if empty && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// A comment on lines of its own, before a statement that begins with the token `next`.
    fn lone_comment(&mut self, tokens: &[Token], at: usize, next: Option<TokenKind>) {
        let indent = match next {
            Some(kind) => self.indent(kind),
            // At the end nothing tells where it belongs but its own place.
            None if self.under_subject_to && self.is_indented(tokens, at) => 2,
            None => 0,
        };
        self.line(tokens, at, indent);
        self.out.push_str(tokens[at].span.text(self.text).trim_end());
        self.out.push('\n');
    }

    /// Whether anything but a line break stands before a token.
    fn is_indented(&self, tokens: &[Token], at: usize) -> bool {
        at > 0 && !tokens[at - 1].span.text(self.text).ends_with('\n')
    }

    fn indent(&self, first: TokenKind) -> usize {
        if self.under_subject_to && !first.begins_statement() { 2 } else { 0 }
    }

    /// Writes the statement that begins at `at`; returns the index of the token after it and its trailing comments.
    fn statement(&mut self, tokens: &[Token], at: usize) -> usize {
        let heading = tokens[at].kind == TokenKind::Subject;
        let last = if heading { TokenKind::To } else { TokenKind::Semicolon };
        let end = (at..tokens.len()).find(|&index| tokens[index].kind == last).unwrap_or(tokens.len() - 1);
        let stop = if heading { end + 1 } else { end };
        let solid =
            (at..stop).rev().find(|&index| !tokens[index].kind.is_trivia()).map_or(at, |index| index + 1);
        let indent = self.indent(tokens[at].kind);
        self.line(tokens, at, indent);
        let inner = &tokens[at..solid];
        let pieces = spacing::pieces(self.text, inner);
        layout::lay_out(&pieces, indent, &mut self.out);
        // Between the last token and the `;`: a comment goes after the `;`, unless that would make it document
        // the next statement.
        let (mut docs, mut comments) = (Vec::new(), Vec::new());
        for token in tokens[solid..stop].iter().filter(|token| token.kind.is_comment()) {
            let list = if token.kind == TokenKind::DocComment { &mut docs } else { &mut comments };
            list.push(*token);
        }
        for doc in docs {
            self.out.push(' ');
            self.out.push_str(doc.span.text(self.text).trim_end());
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent + 2));
        }
        if heading {
            self.under_subject_to = true;
        } else {
            self.out.push(';');
        }
        self.trailing(tokens, &comments, end + 1)
    }

    /// Writes the comments that end the line of a statement; returns the index of the token after them.
    fn trailing(&mut self, tokens: &[Token], moved: &[Token], mut at: usize) -> usize {
        let mut open = true;
        // What does not fit on the line stands before the next statement, and is indented as that is.
        let indent = match tokens.get(at..).unwrap_or(&[]).iter().find(|token| !passed_over(token.kind)) {
            Some(next) => self.indent(next.kind),
            None if self.under_subject_to => 2,
            None => 0,
        };
        for comment in moved {
            open = self.end_of_line(*comment, open, indent);
        }
        while let Some(token) = tokens.get(at) {
            let text = token.span.text(self.text);
            match token.kind {
                TokenKind::Whitespace if !text.contains('\n') => {}
                kind if kind.is_comment() => open = self.end_of_line(*token, open, indent),
                _ => break,
            }
            at += 1;
        }
        self.out.push('\n');
        at
    }

    /// Writes a comment after a statement, on a line of its own once a line comment went before; says whether the next may
    /// follow on the same line.
    fn end_of_line(&mut self, comment: Token, open: bool, indent: usize) -> bool {
        if open {
            self.out.push(' ');
        } else {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent));
        }
        self.out.push_str(comment.span.text(self.text).trim_end());
        // What stands on a line of its own is a comment of its own from then on.
        open && comment.kind == TokenKind::BlockComment
    }
}

/// Whether a token says nothing about where a comment before it belongs.
fn passed_over(kind: TokenKind) -> bool {
    kind.is_trivia() || kind == TokenKind::Semicolon
}

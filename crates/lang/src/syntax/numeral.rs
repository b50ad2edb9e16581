//! Numbers that are written as in other languages: `.5`, `1.`, `2x`, `0xFF`.

use super::spelling::Mender;
use super::token::{Token, TokenKind};
use crate::diagnostics::{Diagnostic, codes};

impl Mender<'_> {
    pub(super) fn number(&mut self, at: usize) -> usize {
        let token = self.raw[at];
        self.scan.tokens.push(token);
        if let Some(dot) = self.adjacent(at + 1, TokenKind::Dot) {
            let fraction = token.span.text(self.text).contains(['.', 'e', 'E']);
            if let Some(more) = self.adjacent(at + 2, TokenKind::Number) {
                let span = token.span.to(more.span);
                let shown = span.text(self.text);
                let message = format!("`{shown}` is not a number");
                self.diagnostics
                    .push(Diagnostic::error(codes::MALFORMED_NUMBER, message).at(span, "it has two points"));
                self.patch(self.scan.tokens.len() - 1, dot.span.to(more.span), "");
                return at + 3;
            }
            let transposed = self.raw.get(at + 2).is_some_and(|next| {
                let next = self.raw[at + 2 + usize::from(next.kind == TokenKind::Whitespace)..].first();
                next.is_some_and(|next| next.span.text(self.text) == "T")
            });
            if transposed || self.adjacent(at + 2, TokenKind::Name).is_some() {
                return at + 1;
            }
            let span = token.span.to(dot.span);
            let meant = if fraction { "" } else { ".0" };
            self.diagnostics.push(
                Diagnostic::error(codes::MALFORMED_NUMBER, "a number cannot end with a point")
                    .at(span, "")
                    .fix(dot.span, meant, format!("write `{}{meant}`", token.span.text(self.text))),
            );
            self.patch(self.scan.tokens.len() - 1, dot.span, meant);
            return at + 2;
        }
        match self.adjacent(at + 1, TokenKind::Name) {
            Some(word) => self.number_and_word(token, word, at + 2),
            None => at + 1,
        }
    }

    /// `2x`, `1e`, `0xFF`, `1f64`
    fn number_and_word(&mut self, number: Token, word: Token, next: usize) -> usize {
        let span = number.span.to(word.span);
        let (digits, suffix) = (number.span.text(self.text), word.span.text(self.text));
        let message = format!("`{digits}{suffix}` is not a number");
        let diagnostic = Diagnostic::error(codes::MALFORMED_NUMBER, message);
        let other_base = digits == "0" && suffix.starts_with(['x', 'b', 'o']) && suffix.len() > 1;
        let rust_suffix = matches!(suffix, "f64" | "f32" | "i32" | "i64" | "u32" | "u64" | "usize");
        if suffix.eq_ignore_ascii_case("e") || other_base || rust_suffix {
            let label = match suffix {
                "e" | "E" => "the exponent has no digits",
                _ if other_base => "numbers are decimal",
                _ => "numbers have no suffix",
            };
            self.diagnostics.push(diagnostic.at(span, label));
            self.patch(self.scan.tokens.len() - 1, word.span, "");
            return next;
        }
        // In `1/2x` the user may have meant either of two products.
        let before = self.scan.tokens.len().checked_sub(2).map(|index| self.scan.tokens[index].kind);
        if before.is_some_and(|kind| {
            kind.declares() || matches!(kind, TokenKind::Dim | TokenKind::Let | TokenKind::Fn)
        }) {
            let message = format!("`{digits}{suffix}` is not a name");
            self.diagnostics.push(
                Diagnostic::error(codes::MALFORMED_NUMBER, message)
                    .at(span, "a name begins with a letter")
                    .suggest(span, format!("{suffix}{digits}"), format!("`{suffix}{digits}` is one")),
            );
            self.scan.tokens.pop();
            self.replace(span, format!("{suffix}{digits}"));
            return next;
        }
        let sure = !matches!(before, Some(TokenKind::Divide | TokenKind::Power));
        let diagnostic = diagnostic.at(span, "a product needs its `*`");
        let (meant, message) = (format!("{digits}*{suffix}"), format!("write `{digits}*{suffix}`"));
        self.diagnostics.push(if sure {
            diagnostic.fix(span, meant, message)
        } else {
            let grouped = format!("({meant})");
            diagnostic.suggest(span, meant, message).suggest(span, grouped.clone(), format!("or `{grouped}`"))
        });
        let place = word.span.before();
        self.patch(self.scan.tokens.len(), place, "*");
        self.scan.tokens.push(Token { kind: TokenKind::Times, span: place });
        self.name(word);
        next
    }

    pub(super) fn dot(&mut self, at: usize) -> usize {
        let token = self.raw[at];
        let number = self.adjacent(at + 1, TokenKind::Number);
        let Some(number) = number.filter(|_| !self.touches_operand(token.span)) else {
            self.scan.tokens.push(token);
            return at + 1;
        };
        let span = token.span.to(number.span);
        let digits = number.span.text(self.text);
        self.diagnostics.push(
            Diagnostic::error(codes::MALFORMED_NUMBER, "a number cannot begin with a point")
                .at(span, "")
                .fix(token.span, "0.", format!("write `0.{digits}`")),
        );
        // What follows `.5` decides the rest (`.5x`), so it is left to the number; only the zero goes before it.
        let meant = if digits.contains('.') { "" } else { " 0." };
        self.patch(self.scan.tokens.len(), token.span, meant);
        at + 1
    }
}

//! Spellings of other languages: each is reported, and mended so that parsing goes on.
//!
//! Mending never changes the text. It yields the tokens that were meant, and [`Patch`]es that the parser applies to a
//! private copy of the statement.

use std::borrow::Cow;

use super::findings::Findings;
use super::token::{FOREIGN, Token, TokenKind, tokenize};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// A change to the text that pest is given.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    /// The token (an index into [`Scan::tokens`]) whose statement the patch belongs to.
    pub(super) owner: usize,
    /// The part of the text that is replaced.
    pub(super) span: Span,
    /// What pest reads instead.
    pub(super) text: Cow<'static, str>,
}

/// A doc comment, the token it stands before, and the statement it documents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doc {
    /// The index of the next token.
    pub(super) before: usize,
    /// The index of the first token of the next statement: a `;` that ends nothing is no statement.
    pub(super) statement: usize,
    /// The comment, slashes included.
    pub(super) span: Span,
}

/// The tokens of a text that mean something, as they were meant.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Tokens without white space and comments.
    pub(super) tokens: Vec<Token>,
    /// Doc comments, in order.
    pub(super) docs: Vec<Doc>,
    /// What must change before pest reads the text.
    pub(super) patches: Vec<Patch>,
}

/// Reads a text, reporting and mending what is misspelt.
pub(super) fn scan(text: &str, diagnostics: &mut Findings) -> Scan {
    let raw = tokenize(text);
    let mut mender = Mender { text, raw: &raw, scan: Scan::default(), diagnostics, open_bars: 0 };
    let mut at = 0;
    while at < raw.len() {
        at = mender.step(at);
    }
    let mut scan = mender.scan;
    settle_docs(&mut scan);
    scan
}

/// Lets doc comments pass over empty statements to the one they document.
fn settle_docs(scan: &mut Scan) {
    let ends = |at: usize| {
        let before = at.checked_sub(1).map(|before| scan.tokens[before].kind);
        scan.tokens[at].kind == TokenKind::Semicolon
            && matches!(before, None | Some(TokenKind::Semicolon | TokenKind::To))
    };
    // From the back, so that a run of `;` is walked over once.
    let (mut from, mut statement) = (scan.tokens.len(), scan.tokens.len());
    for doc in scan.docs.iter_mut().rev() {
        let settled = (doc.before..from).find(|&at| !ends(at));
        (from, statement) = (doc.before, settled.unwrap_or(statement));
        doc.statement = statement;
    }
}

/// The head of a function is shorter than this.
const LONGEST_HEAD: usize = 200;

/// Walks over the raw tokens. Statement openings are in [`super::opening`].
pub(super) struct Mender<'a> {
    pub(super) text: &'a str,
    pub(super) raw: &'a [Token],
    pub(super) scan: Scan,
    pub(super) diagnostics: &'a mut Findings,
    /// How many bars that open an absolute value were not closed.
    pub(super) open_bars: usize,
}

impl Mender<'_> {
    /// Takes the raw token at `at`, perhaps with some that follow it; returns the index of the next one.
    fn step(&mut self, at: usize) -> usize {
        let token = self.raw[at];
        match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment => {}
            TokenKind::DocComment => {
                let before = self.scan.tokens.len();
                self.scan.docs.push(Doc { before, statement: before, span: token.span });
            }
            TokenKind::UnterminatedComment => self.unterminated_comment(token),
            TokenKind::UnterminatedText => self.unterminated_text(token),
            TokenKind::Hash => self.hash(token),
            TokenKind::Unknown => {
                return self.percent(at).unwrap_or_else(|| {
                    self.unknown(token);
                    at + 1
                });
            }
            TokenKind::Foreign => return self.foreign(at),
            TokenKind::Quote => return self.quote(at),
            TokenKind::Number => return self.number(at),
            TokenKind::Dot => return self.dot(at),
            TokenKind::Text => self.string(token),
            TokenKind::From if self.at_start() => return self.import(at),
            TokenKind::Name => {
                if let Some(next) = self.opening(at) {
                    return next;
                }
                self.name(token);
            }
            _ => self.scan.tokens.push(token),
        }
        at + 1
    }

    /// Lets `span` be read as `meant`.
    pub(super) fn replace(&mut self, span: Span, meant: impl Into<Cow<'static, str>>) {
        let meant = meant.into();
        let owner = self.scan.tokens.len();
        let tokens = tokenize(&meant).into_iter().filter(|token| !token.kind.is_trivia());
        self.scan.tokens.extend(tokens.map(|token| Token { kind: token.kind, span }));
        self.patch(owner, span, meant);
    }

    pub(super) fn patch(&mut self, owner: usize, span: Span, text: impl Into<Cow<'static, str>>) {
        self.scan.patches.push(Patch { owner, span, text: text.into() });
    }

    /// Lets the parser pass over `span`.
    pub(super) fn skip(&mut self, span: Span) {
        self.patch(self.scan.tokens.len(), span, " ");
    }

    /// The raw token at `at`, if it follows its predecessor without a gap and is of this kind.
    pub(super) fn adjacent(&self, at: usize, kind: TokenKind) -> Option<Token> {
        self.raw.get(at).copied().filter(|token| token.kind == kind)
    }

    /// Whether an operand ends just before `span`, without a gap.
    pub(super) fn touches_operand(&self, span: Span) -> bool {
        self.scan.tokens.last().is_some_and(|last| last.kind.ends_operand() && last.span.end == span.start)
    }

    fn unterminated_comment(&mut self, token: Token) {
        let open = Span::new(token.span.start as usize, token.span.start as usize + 2);
        self.diagnostics.push(
            Diagnostic::error(codes::UNTERMINATED, "a comment is never closed")
                .at(open, "it begins here")
                .help("comments nest: each `/*` needs a `*/` of its own"),
        );
        self.patch(self.scan.tokens.len(), token.span, "");
    }

    fn unterminated_text(&mut self, token: Token) {
        let shown = token.span.text(self.text).trim_end().trim_end_matches(';').len();
        let end = token.span.start as usize + shown;
        self.diagnostics.push(
            Diagnostic::error(codes::UNTERMINATED, "a string is never closed")
                .at(Span::new(token.span.start as usize, end), "it must end on its line")
                .suggest(Span::at(end), "\"", "close the string"),
        );
        let inner = &self.text[token.span.start as usize..end];
        self.replace(Span::new(token.span.start as usize, end), format!("{inner}\""));
        if let Some(at) = token.span.text(self.text)[shown..].find(';') {
            let span = Span::new(end + at, end + at + 1);
            self.scan.tokens.push(Token { kind: TokenKind::Semicolon, span });
        }
    }

    fn hash(&mut self, token: Token) {
        let sign = Span::new(token.span.start as usize, token.span.start as usize + 1);
        self.diagnostics.push(
            Diagnostic::error(codes::FOREIGN_SPELLING, "a comment begins with `//`")
                .at(sign, "`#` means nothing here")
                .fix(sign, "//", "write the comment with `//`"),
        );
        self.patch(self.scan.tokens.len(), token.span, "");
    }

    fn unknown(&mut self, token: Token) {
        let shown = token.span.text(self.text);
        let plain = if shown == "\\" { shown.to_owned() } else { shown.escape_debug().to_string() };
        let message = match shown.chars().count() {
            1 => format!("the character `{plain}` means nothing here"),
            _ => format!("the characters `{plain}` mean nothing here"),
        };
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_CHARACTER, message).at(token.span, "");
        diagnostic = match shown {
            "{" if self.in_function(token.span) => {
                diagnostic.help("a function is one expression: `fn f(a) = …;`, without `return`")
            }
            "{" | "}" => diagnostic.help("there are no blocks: statements simply follow one another"),
            "%" => diagnostic.help("a comment begins with `//`; there is no remainder operator"),
            "\\" => diagnostic.help("a statement may run over several lines without any mark"),
            "~" => diagnostic.help("the negation of a condition is written `not`"),
            _ => diagnostic,
        };
        self.diagnostics.push(diagnostic);
        self.patch(self.scan.tokens.len(), token.span, " ");
    }

    /// Whether a brace opens what another language takes for the body of a function.
    fn in_function(&self, brace: Span) -> bool {
        let before = self.text[..brace.start as usize].chars().rev();
        let statement: String = before.take(LONGEST_HEAD).take_while(|c| !matches!(c, ';' | '}')).collect();
        // It is read from its end.
        statement.trim_end().ends_with(" nf") || statement.contains(" nf\n")
    }

    fn foreign(&mut self, at: usize) -> usize {
        let span = self.raw[at].span;
        match span.text(self.text) {
            "\u{A0}" => {
                self.diagnostics.push(
                    Diagnostic::error(codes::UNKNOWN_CHARACTER, "a non-breaking space separates nothing")
                        .at(span, "it looks like a space")
                        .fix(span, " ", "write an ordinary space"),
                );
                self.patch(self.scan.tokens.len(), span, " ");
            }
            "..=" | "…" => {
                self.diagnostics.push(
                    Diagnostic::error(codes::FOREIGN_SPELLING, "a range is written `from..to`")
                        .at(span, "")
                        .note("the end is not part of a range: `0..3` holds 0, 1 and 2"),
                );
                self.replace(span, "..");
            }
            "“" | "”" => return self.quoted(at, '”').unwrap_or(at + 1),
            "|" if self.absolute(span) => {}
            symbol => {
                let meant = FOREIGN.iter().find(|(known, _)| *known == symbol).map_or(" ", |found| found.1);
                self.diagnostics.push(
                    Diagnostic::error(codes::FOREIGN_SPELLING, format!("`{symbol}` is written `{meant}`"))
                        .at(span, "")
                        .fix(span, self.spaced(span, meant), format!("write `{meant}`")),
                );
                self.replace(span, format!(" {meant} "));
            }
        }
        at + 1
    }

    /// A replacement that does not grow together with its neighbours when it is a word.
    fn spaced(&self, span: Span, meant: &str) -> String {
        let word = meant.starts_with(char::is_alphabetic);
        let touches = |c: Option<char>| word && c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let before = touches(self.text[..span.start as usize].chars().next_back());
        let next = self.text[span.end as usize..].chars().next();
        let after = touches(next) || (meant == "not" && next.is_some_and(|c| !c.is_whitespace()));
        format!("{}{meant}{}", if before { " " } else { "" }, if after { " " } else { "" })
    }

    fn quote(&mut self, at: usize) -> usize {
        let span = self.raw[at].span;
        if self.touches_operand(span) {
            self.diagnostics.push(
                Diagnostic::error(codes::FOREIGN_SPELLING, "the transpose is written `.T`").at(span, "").fix(
                    span,
                    ".T",
                    "write `.T`",
                ),
            );
            self.replace(span, ".T ");
            return at + 1;
        }
        self.quoted(at, '\'').unwrap_or(at + 1)
    }

    /// A string between quotes that Rust would not read. Returns the index after its last token.
    fn quoted(&mut self, at: usize, close: char) -> Option<usize> {
        let open = self.raw[at].span;
        // Paths are short, and a text full of opening quotes must not be searched to its end for each.
        let near = self.text[open.end as usize..].char_indices().take(256).take_while(|(_, c)| *c != '\n');
        let end = { near }.find(|(_, c)| *c == close).map(|(length, _)| open.end as usize + length);
        // A token that reaches over the closing quote (a comment, say) shows that it is none.
        let after = |end: usize| self.raw.partition_point(|token| (token.span.start as usize) <= end);
        let end = end.filter(|&end| self.raw[after(end) - 1].span.end as usize == end + close.len_utf8());
        let Some(end) = end else {
            self.unknown(self.raw[at]);
            return None;
        };
        let inner = &self.text[open.end as usize..end];
        let span = Span::new(open.start as usize, end + close.len_utf8());
        self.diagnostics.push(
            Diagnostic::error(codes::FOREIGN_SPELLING, "a string stands between double quotes")
                .at(span, "")
                .fix(span, format!("\"{inner}\""), "write double quotes"),
        );
        self.replace(span, format!("\"{}\"", inner.replace('"', " ")));
        Some(after(end))
    }

    fn string(&mut self, token: Token) {
        let shown = token.span.text(self.text);
        if !shown.contains('\\') {
            self.scan.tokens.push(token);
            return;
        }
        let meant = shown.replace("\\\\", "/").replace('\\', "/");
        self.diagnostics.push(
            Diagnostic::error(codes::FOREIGN_SPELLING, "folders in a path are separated by `/`")
                .at(token.span, "a string has no escapes")
                .fix(token.span, meant.clone(), "write the path with `/`"),
        );
        self.replace(token.span, meant);
    }

    pub(super) fn name(&mut self, token: Token) {
        let shown = token.span.text(self.text);
        if shown.contains('·') {
            return self.middle_dot(token);
        }
        let Some(base) = shown.strip_suffix('ᵀ').filter(|base| !base.is_empty()) else {
            self.scan.tokens.push(token);
            return;
        };
        let sign = Span::new(token.span.start as usize + base.len(), token.span.end as usize);
        self.diagnostics.push(
            Diagnostic::error(codes::FOREIGN_SPELLING, "the transpose is written `.T`").at(sign, "").fix(
                sign,
                ".T",
                "write `.T`",
            ),
        );
        self.replace(token.span, format!("{base}.T"));
    }

    /// `x·y`, which Unicode takes for one word.
    fn middle_dot(&mut self, token: Token) {
        let shown = token.span.text(self.text);
        let meant = shown.replace('·', "*");
        self.diagnostics.push(
            Diagnostic::error(codes::FOREIGN_SPELLING, "`·` is written `*`").at(token.span, "").fix(
                token.span,
                meant.clone(),
                format!("write `{meant}`"),
            ),
        );
        self.replace(token.span, meant);
    }
}

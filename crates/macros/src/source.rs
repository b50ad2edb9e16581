//! From tokens to the text that the front end reads, and from places in the text back to tokens.
//!
//! rustc hands over tokens, not text. Each is written where it stands in its file, relative to the one before it, so
//! that lines are the user's; comments are gone. Tokens without a place, or from elsewhere (`macro_rules!`), follow
//! each other with one space.

use crate::interpolation::{self, Interpolation};
use crate::tokens::{doc_text, is_punct};
use cvxlayer_lang as lang;
use proc_macro2::{Delimiter, LineColumn, Spacing, Span, TokenStream, TokenTree};

/// The text of a model whose every byte knows its token.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) text: String,
    /// Byte range and token, ascending.
    pieces: Vec<(usize, usize, Span)>,
    /// Where mistakes without a place are reported, and all mistakes of a file.
    pub(crate) fallback: Span,
    /// The file's name, where it is one.
    pub(crate) file: Option<String>,
    pub(crate) interpolations: Vec<Interpolation>,
}

/// A token as the language sees it.
#[derive(Clone, Debug)]
pub(crate) struct Lexeme {
    pub(crate) text: String,
    pub(crate) span: Span,
    pub(crate) kind: LexemeKind,
    /// Where it begins and ends, if rustc says so.
    place: Option<(LineColumn, LineColumn)>,
    /// Whether the next token follows without a space, where places are not known.
    joint: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum LexemeKind {
    Plain,
    /// A doc comment, which ends its line.
    Doc,
    /// `{EXPR}`: the tokens of a Rust constant.
    Constant(TokenStream),
}

impl Lexeme {
    fn new(text: impl Into<String>, span: Span) -> Self {
        let (start, end) = (span.start(), span.end());
        // Lines count from 1; a compiler that does not tell places says 0.
        let place = (start.line > 0 && start != end).then_some((start, end));
        Self { text: text.into(), span, kind: LexemeKind::Plain, place, joint: false }
    }

    /// A token of the macro's own, blamed on one of the user's.
    pub(crate) fn artificial(text: impl Into<String>, span: Span) -> Self {
        Self { text: text.into(), span, kind: LexemeKind::Plain, place: None, joint: false }
    }

    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, LexemeKind::Plain) && self.text == text
    }

    pub(crate) fn is_word(&self) -> bool {
        matches!(self.kind, LexemeKind::Plain)
            && self.text.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_')
    }
}

impl Source {
    /// The text of a file; mistakes are reported where it is named.
    pub(crate) fn from_file(name: &str, text: String, span: Span) -> Self {
        let file = Some(name.to_owned());
        Self { text, pieces: Vec::new(), fallback: span, file, interpolations: Vec::new() }
    }

    /// The text that tokens stand for.
    pub(crate) fn from_tokens(tokens: Vec<TokenTree>, fallback: Span) -> Self {
        let mut lexemes = lexemes(tokens);
        let interpolations = interpolation::resolve(&mut lexemes);
        let mut out = Self { text: String::new(), pieces: Vec::new(), fallback, file: None, interpolations };
        let mut before: Option<&Lexeme> = None;
        let mut cursor: Option<LineColumn> = None;
        for lexeme in &lexemes {
            out.space(before, cursor, lexeme);
            let start = out.text.len();
            out.text.push_str(&lexeme.text);
            out.pieces.push((start, out.text.len(), lexeme.span));
            cursor = lexeme.place.map(|(_, end)| end);
            before = Some(lexeme);
        }
        out.text.push('\n');
        out
    }

    /// What separates two tokens: what separates them in the user's file, if that is known.
    fn space(&mut self, before: Option<&Lexeme>, cursor: Option<LineColumn>, next: &Lexeme) {
        let Some(before) = before else { return };
        let ends_line = matches!(before.kind, LexemeKind::Doc);
        let gap = match (cursor, next.place) {
            (Some(end), Some((start, _))) if start.line == end.line && start.column >= end.column => {
                Some((0, start.column - end.column))
            }
            (Some(end), Some((start, _))) if start.line > end.line => {
                // More than an empty line, and columns beyond what anybody reads, say nothing.
                Some(((start.line - end.line).min(2), start.column))
            }
            _ => None,
        };
        let (lines, columns) = gap.unwrap_or((0, usize::from(!before.joint)));
        let glued = lines == 0 && columns == 0 && before.is_word() && next.is_word();
        let lines = if ends_line { lines.max(1) } else { lines };
        self.text.extend(std::iter::repeat_n('\n', lines));
        self.text.extend(std::iter::repeat_n(' ', columns.min(120).max(usize::from(glued))));
    }

    /// The first and the last token of a part of the text; of a place between tokens, the one before it.
    pub(crate) fn tokens(&self, span: lang::Span) -> (Span, Span) {
        let (start, end) = (span.start as usize, span.end as usize);
        if self.pieces.is_empty() {
            return (self.fallback, self.fallback);
        }
        let inside = |at: usize| self.pieces[at].2;
        let first = self.pieces.partition_point(|&(_, piece_end, _)| piece_end <= start);
        let last = self.pieces.partition_point(|&(piece_start, _, _)| piece_start < end);
        if first < last {
            return (inside(first), inside(last - 1));
        }
        let before = self.pieces.partition_point(|&(_, piece_end, _)| piece_end <= start).max(1) - 1;
        (inside(before), inside(before))
    }

    /// The token that is a name, the first one at or after an offset; where there is none, the place of the macro.
    pub(crate) fn name(&self, name: &str, from: usize) -> Span {
        let start = self.pieces.partition_point(|&(start, _, _)| start < from);
        let mut pieces = self.pieces[start..].iter();
        let found = pieces.find(|&&(start, end, _)| self.text.get(start..end) == Some(name));
        found.map_or(self.fallback, |&(_, _, span)| span)
    }
}

/// Flattens groups, with brackets as tokens of their own. Does not recurse, since the text may be hostile.
fn lexemes(tokens: Vec<TokenTree>) -> Vec<Lexeme> {
    let mut out: Vec<Lexeme> = Vec::new();
    let mut open: Vec<(std::vec::IntoIter<TokenTree>, Option<Lexeme>)> = Vec::new();
    let mut current = tokens.into_iter();
    let mut closer: Option<Lexeme> = None;
    loop {
        let Some(token) = current.next() else {
            out.extend(closer.take());
            match open.pop() {
                Some(outer) => (current, closer) = outer,
                None => return out,
            }
            continue;
        };
        match token {
            TokenTree::Group(group) => {
                let brackets = match group.delimiter() {
                    Delimiter::Brace => {
                        let mut lexeme = Lexeme::new("", group.span());
                        lexeme.kind = LexemeKind::Constant(group.stream());
                        out.push(lexeme);
                        continue;
                    }
                    Delimiter::Parenthesis => Some(("(", ")")),
                    Delimiter::Bracket => Some(("[", "]")),
                    // An invisible group holds an expression together; a single token needs no holding.
                    Delimiter::None => (group.stream().into_iter().count() > 1).then_some(("(", ")")),
                };
                let visible = group.delimiter() != Delimiter::None;
                let bracket = |text: &str, span| {
                    if visible { Lexeme::new(text, span) } else { Lexeme::artificial(text, span) }
                };
                out.extend(brackets.map(|(text, _)| bracket(text, group.span_open())));
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                open.push((std::mem::replace(&mut current, inner.into_iter()), closer.take()));
                closer = brackets.map(|(_, text)| bracket(text, group.span_close()));
            }
            TokenTree::Ident(word) => {
                let text = word.to_string();
                out.push(Lexeme::new(text.strip_prefix("r#").unwrap_or(&text), word.span()));
            }
            TokenTree::Literal(literal) => out.push(Lexeme::new(literal.to_string(), literal.span())),
            TokenTree::Punct(punct) => {
                if punct.as_char() == '#'
                    && let Some(docs) = doc(&mut current, punct.span())
                {
                    out.extend(docs);
                    continue;
                }
                let mut lexeme = Lexeme::new(punct.as_char(), punct.span());
                lexeme.joint = punct.spacing() == Spacing::Joint;
                out.push(lexeme);
            }
        }
    }
}

/// The doc comment that a `#` begins, line by line; inner ones document nothing and vanish.
fn doc(rest: &mut std::vec::IntoIter<TokenTree>, span: Span) -> Option<Vec<Lexeme>> {
    let inner = is_punct(rest.as_slice().first(), '!');
    let TokenTree::Group(group) = rest.as_slice().get(usize::from(inner))? else { return None };
    let text = doc_text(group)?;
    rest.nth(usize::from(inner));
    if inner {
        return Some(Vec::new());
    }
    let line = |text: &str| Lexeme {
        kind: LexemeKind::Doc,
        // A fourth slash would make it an ordinary comment.
        text: if text.starts_with('/') { format!("/// {text}") } else { format!("///{text}") },
        ..Lexeme::new("", span)
    };
    Some(text.split('\n').map(line).collect())
}

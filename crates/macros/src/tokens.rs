//! Helpers around tokens: messages at places, and the values of string literals.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A mistake in how the macro is called, or one found in the model, at a range of tokens.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) message: String,
    pub(crate) start: Span,
    pub(crate) end: Span,
}

impl Complaint {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), start: span, end: span }
    }

    /// `::core::compile_error! { "message" }`, of which rustc underlines everything from the first token to the last.
    pub(crate) fn to_tokens(&self) -> TokenStream {
        let punct = |c, spacing| TokenTree::Punct(Punct::new(c, spacing));
        let path = [
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("core", self.start).into(),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("compile_error", self.start).into(),
            punct('!', Spacing::Alone),
        ];
        let mut message = Literal::string(&self.message);
        message.set_span(self.end);
        let mut group = Group::new(Delimiter::Brace, TokenTree::from(message).into());
        group.set_span(self.end);
        let mut out: TokenStream = path
            .into_iter()
            .map(|mut token| {
                token.set_span(self.start);
                token
            })
            .collect();
        out.extend([TokenTree::Group(group)]);
        out
    }
}

/// Whether a token is this punctuation.
pub(crate) fn is_punct(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == c)
}

/// The text of `#[doc = "…"]`, given what stands in the brackets.
pub(crate) fn doc_text(group: &Group) -> Option<String> {
    let mut inner = group.stream().into_iter();
    let word = matches!(inner.next(), Some(TokenTree::Ident(word)) if word == "doc");
    if group.delimiter() != Delimiter::Bracket || !word || !is_punct(inner.next().as_ref(), '=') {
        return None;
    }
    match inner.next() {
        Some(TokenTree::Literal(literal)) => string_value(&literal.to_string()),
        // A doc comment that went through `macro_rules!` sits in an invisible group.
        Some(TokenTree::Group(group)) => match group.stream().into_iter().next() {
            Some(TokenTree::Literal(literal)) => string_value(&literal.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The value of a string literal, cooked or raw; nothing for other literals.
pub(crate) fn string_value(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let inner = raw.get(hashes + 1..raw.len().checked_sub(hashes + 1)?)?;
        return raw[hashes..].starts_with('"').then(|| inner.to_owned());
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            '0' => out.push('\0'),
            'x' => {
                let digits: String = chars.by_ref().take(2).collect();
                out.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            'u' => {
                let digits: String =
                    chars.by_ref().take_while(|c| *c != '}').filter(|c| !matches!(c, '{' | '_')).collect();
                out.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            // A line that ends with `\` goes on with the next one's first word.
            '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            other => out.push(other),
        }
    }
    Some(out)
}

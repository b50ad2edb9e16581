//! The line that names the layer: `/// docs  pub Name;` or `pub Name from "file.cvx"`.

use crate::tokens::{Complaint, doc_text, is_punct, string_value};
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

/// What the macro is asked for.
pub(crate) struct Request {
    /// The lines of the doc comment.
    pub(crate) docs: Vec<String>,
    pub(crate) visibility: TokenStream,
    pub(crate) name: Ident,
    pub(crate) body: Body,
}

/// Where the model stands.
pub(crate) enum Body {
    /// In the macro's own tokens.
    Tokens(Vec<TokenTree>),
    /// In a file.
    File { path: String, span: Span },
}

const USAGE: &str = "a problem is `pub Name;` followed by a model, or `pub Name from \"models/name.cvx\"`";

pub(crate) fn read(input: TokenStream) -> Result<Request, Complaint> {
    let tokens: Vec<TokenTree> = input.into_iter().collect();
    let mut at = 0;
    let mut docs = Vec::new();
    while is_punct(tokens.get(at), '#') {
        let text = match tokens.get(at + 1) {
            Some(TokenTree::Group(group)) => doc_text(group),
            _ => None,
        };
        let Some(text) = text else {
            let span = tokens.get(at + 1).unwrap_or(&tokens[at]).span();
            let message = format!("only doc comments may stand before the name; {USAGE}");
            return Err(Complaint { message, start: tokens[at].span(), end: span });
        };
        docs.push(text);
        at += 2;
    }
    let start = at;
    if matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == "pub") {
        at += 1;
        if matches!(tokens.get(at), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Parenthesis) {
            at += 1;
        }
    }
    let visibility = tokens[start..at].iter().cloned().collect();
    // A visibility that comes from a fragment of `macro_rules!` is one invisible group, perhaps an empty one.
    let (visibility, at) = match tokens.get(at) {
        Some(TokenTree::Group(g)) if start == at && g.delimiter() == Delimiter::None => (g.stream(), at + 1),
        _ => (visibility, at),
    };
    let place = || tokens.get(at).or(tokens.last()).map_or_else(Span::call_site, TokenTree::span);
    let name = match (tokens.get(at), tokens.get(at + 1)) {
        (Some(TokenTree::Ident(name)), Some(_)) => name.clone(),
        (Some(TokenTree::Ident(name)), None) => {
            return Err(Complaint::new(name.span(), format!("`{name}` has no model; {USAGE}")));
        }
        _ => return Err(Complaint::new(place(), format!("a name is expected here; {USAGE}"))),
    };
    let body = match &tokens[at + 1] {
        semicolon if is_punct(Some(semicolon), ';') => Body::Tokens(tokens[at + 2..].to_vec()),
        TokenTree::Ident(word) if word == "from" => file(&tokens[at + 1..])?,
        other => {
            let message = format!("`;` or `from` is expected after the name of the layer; {USAGE}");
            return Err(Complaint { message, start: name.span(), end: other.span() });
        }
    };
    Ok(Request { docs, visibility, name, body })
}

/// `from "file.cvx"`, perhaps with `;`.
fn file(tokens: &[TokenTree]) -> Result<Body, Complaint> {
    let Some(token) = tokens.get(1) else {
        return Err(Complaint::new(tokens[0].span(), format!("the path of the model is missing; {USAGE}")));
    };
    // A literal that comes from a fragment of `macro_rules!` may sit in an invisible group.
    let literal = match token {
        TokenTree::Group(g) if g.delimiter() == Delimiter::None => g.stream().to_string(),
        token => token.to_string(),
    };
    let Some(path) = string_value(&literal) else {
        return Err(Complaint::new(
            token.span(),
            "the path of the model is a string, as in \"models/name.cvx\"",
        ));
    };
    let rest = &tokens[2..];
    if let Some(extra) = rest.iter().find(|t| !is_punct(Some(t), ';')) {
        let message = "nothing follows the path: the model is in the file";
        return Err(Complaint::new(extra.span(), message));
    }
    Ok(Body::File { path, span: token.span() })
}

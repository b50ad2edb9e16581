//! Where in the text a message points: the operator rather than the whole expression, the end of a declaration.

use super::build::Checker;
use super::model::CheckedModel;
use super::tree::{Facts, Kind, NodeId};
use crate::source::Span;
use crate::syntax::token::{Token, TokenKind, tokenize};

impl Checker {
    /// The operator or the name of the function of a call; the whole expression where neither can be told.
    pub(super) fn focus(&self, node: NodeId) -> Span {
        let operands = self.model.tree.operands(node);
        self.focus_of(self.model.tree.span(node), &operands)
    }

    /// As [`focus`](Self::focus), for an expression that has no node yet.
    pub(super) fn focus_of(&self, span: Span, operands: &[NodeId]) -> Span {
        focus(&self.model, span, operands)
    }

    /// What a call is called in the text: `norm`, `@`; the atom's own name where the text shows none.
    pub(super) fn written<'a>(&'a self, node: NodeId, otherwise: &'a str) -> &'a str {
        let text = self.focus(node).text(&self.model.source);
        let name = text.chars().all(|c| c.is_alphanumeric() || c == '_');
        if (name || text.len() <= 2) && !text.is_empty() { text } else { otherwise }
    }

    /// Just after a declared name and its shape, where an attribute may be added.
    pub(super) fn after_declaration(&self, name: Span) -> Span {
        let rest = self.model.source.get(name.end as usize..).unwrap_or("");
        let line = rest.find(';').map_or(rest, |end| &rest[..end]);
        let tokens = tokenize(line);
        let mut solid = tokens.iter().filter(|t| !t.kind.is_trivia());
        if solid.next().is_some_and(|t| t.kind == TokenKind::OpenBracket) {
            let mut depth = 1;
            for token in solid {
                match token.kind {
                    TokenKind::OpenBracket => depth += 1,
                    TokenKind::CloseBracket => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Span::at((name.end + token.span.end) as usize);
                }
            }
        }
        name.after()
    }

    /// The declaration behind an expression that is nothing but a name of data: what it is, its name, and its place.
    pub(super) fn data_name(&self, node: NodeId) -> Option<(&'static str, &str, Span)> {
        match self.model.tree[node].kind {
            Kind::Parameter(k) => {
                self.model.parameters.get(k as usize).map(|p| ("parameter", p.name.as_str(), p.span))
            }
            Kind::Constant(k) => {
                self.model.constants.get(k as usize).map(|c| ("constant", c.name.as_str(), c.span))
            }
            Kind::Index { base, .. } => self.data_name(base),
            _ => None,
        }
    }

    /// What is known of an expression, as labels say it: `convex, nonneg, [3]`.
    pub(super) fn about(&self, node: NodeId) -> String {
        let facts = self.model.tree.facts(node);
        let shape = self.model.tree.shape(node);
        let mut out = format!("{}, {}", facts.curvature.name(), sign(facts));
        if !shape.is_empty() {
            out = format!("{out}, {}", self.model.tree.show_shape(shape));
        }
        out
    }

    /// What is subtracted, where the text of a term leaves its minus to the operator.
    pub(super) fn subtracted(&self, term: NodeId) -> Option<NodeId> {
        let tree = &self.model.tree;
        match &tree[term].kind {
            Kind::Call { atom, arguments, .. } if atom.atom().row().name == "negative" => {
                let text = tree.span(term).text(&self.model.source);
                (!text.trim_start().starts_with('-')).then(|| arguments[0])
            }
            _ => None,
        }
    }
}

/// The operator or the name of the function in an expression over some operands; all of it where neither can be told.
pub(crate) fn focus(model: &CheckedModel, span: Span, operands: &[NodeId]) -> Span {
    let text = span.text(&model.source);
    let tokens: Vec<Token> = tokenize(text).into_iter().filter(|t| !t.kind.is_trivia()).collect();
    let shifted = |token: &Token| {
        let start = span.start as usize;
        Span::new(start + token.span.start as usize, start + token.span.end as usize)
    };
    // Between the operands of an operator stand it and perhaps brackets.
    if let [first, second, ..] = operands {
        let (a, b) = (model.tree.span(*first), model.tree.span(*second));
        let between = |place: &Span| place.start >= a.end && place.end <= b.start;
        if let Some(operator) = tokens.iter().filter(|t| t.kind.is_infix()).map(shifted).find(between) {
            return operator;
        }
    }
    if let [name, open, ..] = &tokens[..]
        && (name.kind, open.kind) == (TokenKind::Name, TokenKind::OpenParen)
    {
        return shifted(name);
    }
    // A sign stands before its operand.
    match (&tokens[..], operands) {
        ([sign, ..], [_]) if sign.kind == TokenKind::Minus => shifted(sign),
        _ => span,
    }
}

/// The sign of an expression in words.
pub(super) fn sign(facts: &Facts) -> &'static str {
    match facts.interval.sign() {
        "unknown sign" => "of unknown sign",
        known => known,
    }
}

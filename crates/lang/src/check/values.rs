//! Values that the text states, against what their declarations promise.

use super::attributes::attributes;
use super::build::Checker;
use super::tree::{Definite, Kind, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Attribute, AttributeKind};

/// The most entries that are looked at.
const MOST: usize = 10_000;

impl Checker {
    /// Checks the literal numbers of a value against the attributes beside it.
    pub(super) fn check_value(
        &mut self,
        node: NodeId,
        declared: &[Attribute],
        range: Option<(NodeId, NodeId)>,
        what: &str,
    ) {
        let mut entries = Vec::new();
        if !self.literals(node, &mut entries) {
            return;
        }
        let stated = self.range_interval(range, attributes(declared));
        let outside = |v: f64| v < stated.lo || v > stated.hi || (v == 0.0 && stated.nonzero);
        if let Some(&(value, at)) = entries.iter().find(|(v, _)| outside(*v)) {
            let rule = self.broken_rule(declared, range, value);
            let message = format!("{what} holds {value}, which is not {rule}");
            self.report(Diagnostic::error(codes::VALUE_DOMAIN, message).at(at, format!("not {rule}")));
        }
        for attribute in declared {
            let definite = self.model.tree.facts(node).definite;
            let zero = entries.iter().all(|(v, _)| *v == 0.0);
            let square = self.model.tree.shape(node).len() == 2;
            let holds = match attribute.kind {
                AttributeKind::Int => {
                    if let Some(&(value, at)) = entries.iter().find(|(v, _)| v.fract() != 0.0) {
                        let message = format!("{what} of an index vector holds {value}");
                        let error =
                            Diagnostic::error(codes::NOT_AN_INTEGER, message).at(at, "not an integer");
                        self.report(error.also(attribute.span, "declared so here"));
                    }
                    continue;
                }
                AttributeKind::Psd => definite == Definite::Psd || zero,
                AttributeKind::Nsd => definite == Definite::Nsd || zero,
                AttributeKind::Symmetric => definite != Definite::No,
                _ => continue,
            };
            if square && !holds {
                let word = attribute.span.text(&self.model.source).to_owned();
                let why = if definite == Definite::No {
                    "not symmetric"
                } else {
                    "with an eigenvalue of the wrong sign"
                };
                let error = Diagnostic::error(codes::VALUE_DOMAIN, format!("{what} is not `{word}`"))
                    .at(self.model.tree.span(node), why);
                self.report(error.also(attribute.span, "declared so here"));
            }
        }
    }

    /// The attribute that a number breaks, in words.
    fn broken_rule(&self, declared: &[Attribute], range: Option<(NodeId, NodeId)>, value: f64) -> String {
        let breaks = |kind: &AttributeKind| match kind {
            AttributeKind::Nonneg => value < 0.0,
            AttributeKind::Nonpos => value > 0.0,
            AttributeKind::Pos => value <= 0.0,
            AttributeKind::Neg => value >= 0.0,
            _ => false,
        };
        if let Some(attribute) = declared.iter().find(|a| breaks(&a.kind)) {
            return format!("`{}`", attribute.span.text(&self.model.source));
        }
        range.map_or_else(String::new, |(lo, hi)| {
            let text = |node| self.model.text(self.model.tree.span(node));
            format!("in [{}, {}]", text(lo), text(hi))
        })
    }

    /// Gathers the numbers of a literal with their places; says whether it is one.
    fn literals(&self, node: NodeId, out: &mut Vec<(f64, Span)>) -> bool {
        let tree = &self.model.tree;
        match &tree[node].kind {
            Kind::Number(bits) => {
                out.push((bits.get(), tree.span(node)));
                out.len() <= MOST
            }
            Kind::Array(items) => items.iter().all(|&item| self.literals(item, out)),
            _ => false,
        }
    }
}

//! Attributes of declarations, and what they say of values.

use super::build::Checker;
use super::interval::Interval;
use super::model::ParameterKind;
use super::size::Poly;
use super::tree::{Definite, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Attribute, AttributeKind, DeclKind, Declaration};

impl Checker {
    /// What range and sign attributes say of every entry.
    pub(super) fn range_interval(&self, range: Option<(NodeId, NodeId)>, kind: ParameterKind) -> Interval {
        let mut interval = Interval::ALL;
        if kind.nonneg || kind.pos {
            interval = interval.meet(Interval { nonzero: kind.pos, ..Interval::NONNEG });
        }
        if kind.nonpos || kind.neg {
            interval = interval.meet(Interval { nonzero: kind.neg, ..Interval::NONPOS });
        }
        if let Some((lo, hi)) = range {
            let (lo, hi) = (self.model.tree.facts(lo).interval.lo, self.model.tree.facts(hi).interval.hi);
            interval = interval.meet(Interval::new(lo, hi));
        }
        interval
    }

    /// The ends of `in [lo, hi]`.
    pub(super) fn range(&mut self, attributes: &[Attribute]) -> Option<(NodeId, NodeId)> {
        let mut out = None;
        for attribute in attributes {
            if let AttributeKind::In { lo, hi } = attribute.kind {
                let (lo, hi) = (self.expression(lo), self.expression(hi));
                if !self.is_error(lo) && !self.is_error(hi) {
                    out = Some((lo, hi));
                }
            }
        }
        out
    }

    /// Refuses attributes that a declaration of this kind and shape cannot have.
    pub(super) fn check_attributes(&mut self, declaration: &Declaration, shape: &[Poly]) {
        let square = shape.len() == 2 && shape[0] == shape[1];
        for attribute in &declaration.attributes {
            let kind = declaration.kind;
            let (bad, word): (Option<String>, &str) = match &attribute.kind {
                AttributeKind::Unknown(word) => {
                    self.unknown_attribute(word, attribute.span);
                    continue;
                }
                AttributeKind::Pos | AttributeKind::Neg if kind == DeclKind::Var => (
                    Some("a strict sign is for data; a variable can only be `nonneg` or `nonpos`".into()),
                    "strict",
                ),
                AttributeKind::Psd | AttributeKind::Nsd if kind == DeclKind::Var => (
                    Some(
                        "a semidefinite variable needs the semidefinite cone, which the solver has not yet"
                            .into(),
                    ),
                    "psd",
                ),
                AttributeKind::Symmetric | AttributeKind::Psd | AttributeKind::Nsd | AttributeKind::Diag
                    if !square =>
                {
                    (
                        Some(format!(
                            "this is for square matrices, and `{}` is {}",
                            declaration.name.text,
                            self.model.tree.show_shape(shape)
                        )),
                        "square",
                    )
                }
                AttributeKind::Sparse if kind == DeclKind::Var => {
                    (Some("only data are sparse".into()), "sparse")
                }
                AttributeKind::Sparse if shape.len() != 2 => {
                    (Some("only matrices are sparse".into()), "sparse")
                }
                AttributeKind::Int if kind != DeclKind::Const => (
                    Some("only a constant is an index vector; the class of problems is continuous".into()),
                    "int",
                ),
                _ => (None, ""),
            };
            let _ = word;
            if let Some(message) = bad {
                self.report(Diagnostic::error(codes::BAD_ATTRIBUTE, message).at(attribute.span, ""));
            }
        }
    }

    fn unknown_attribute(&mut self, word: &str, span: Span) {
        let error = if matches!(word, "bool" | "boolean" | "integer" | "binary") {
            Diagnostic::error(codes::BAD_ATTRIBUTE, "the class of problems is continuous")
                .at(span, "integer and boolean variables are outside it")
                .help("relax it: `in [0, 1]`")
        } else {
            let known = AttributeKind::WORDS.iter().map(|(w, _)| *w);
            let error =
                Diagnostic::error(codes::BAD_ATTRIBUTE, format!("unknown attribute `{word}`")).at(span, "");
            match crate::diagnostics::suggest::nearest(word, known) {
                Some(near) => error.suggest(span, near, format!("did you mean `{near}`?")),
                None => error.help("the attributes are nonneg nonpos pos neg symmetric psd nsd diag sparse int, and `in [lo, hi]`"),
            }
        };
        self.report(error);
    }
}

/// The attributes as flags.
pub(super) fn attributes(attributes: &[Attribute]) -> ParameterKind {
    let has = |kind: &AttributeKind| attributes.iter().any(|a| a.kind == *kind);
    ParameterKind {
        nonneg: has(&AttributeKind::Nonneg),
        nonpos: has(&AttributeKind::Nonpos),
        pos: has(&AttributeKind::Pos),
        neg: has(&AttributeKind::Neg),
        symmetric: has(&AttributeKind::Symmetric),
        psd: has(&AttributeKind::Psd),
        nsd: has(&AttributeKind::Nsd),
        diag: has(&AttributeKind::Diag),
        sparse: has(&AttributeKind::Sparse),
        int: has(&AttributeKind::Int),
    }
}

/// What the attributes say of definiteness.
pub(super) fn definite(kind: ParameterKind) -> Definite {
    if kind.psd || (kind.diag && (kind.nonneg || kind.pos)) {
        Definite::Psd
    } else if kind.nsd || (kind.diag && (kind.nonpos || kind.neg)) {
        Definite::Nsd
    } else if kind.symmetric || kind.diag {
        Definite::Symmetric
    } else {
        Definite::No
    }
}

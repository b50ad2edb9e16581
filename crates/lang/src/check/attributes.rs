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
        let unknown_shape = self.broken.contains(&declaration.name.text);
        let is = |a: &AttributeKind, kinds: &[AttributeKind]| kinds.contains(a);
        for attribute in &declaration.attributes {
            use AttributeKind::{Diag, Int, Neg, Nsd, Pos, Psd, Sparse, Symmetric, Unknown};
            let (variable, a) = (declaration.kind == DeclKind::Var, &attribute.kind);
            let (message, label, help) = if let Unknown(word) = a {
                self.unknown_attribute(word, attribute.span);
                continue;
            } else if variable && is(a, &[Pos, Neg]) {
                let word = if *a == Pos { "nonneg" } else { "nonpos" };
                let error = Diagnostic::error(codes::BAD_ATTRIBUTE, "a variable cannot have a strict sign")
                    .at(attribute.span, "strict signs are for data; an optimum may lie on the boundary");
                self.report(error.suggest(attribute.span, word, format!("write `{word}`")));
                continue;
            } else if variable && is(a, &[Psd, Nsd]) {
                (
                    "a semidefinite variable needs the semidefinite cone, which the solver has not yet"
                        .into(),
                    "a cone beyond the class of problems".to_owned(),
                    "declare it `symmetric`; data may be `psd`",
                )
            } else if is(a, &[Symmetric, Psd, Nsd, Diag]) && !square && !unknown_shape {
                let shape = self.model.tree.show_shape(shape);
                (
                    format!("only square matrices can be `{}`", attribute.span.text(&self.model.source)),
                    format!("`{}` is {shape}", declaration.name.text),
                    "",
                )
            } else if variable && *a == Sparse {
                (
                    "a variable cannot be `sparse`".into(),
                    "which entries are stored is a property of data".to_owned(),
                    "index vectors pick the entries that matter: `var v[k];` with `const row[k] int;`",
                )
            } else if *a == Sparse && shape.len() != 2 && !unknown_shape {
                (
                    "only matrices are `sparse`".into(),
                    format!("`{}` is {}", declaration.name.text, self.model.tree.show_shape(shape)),
                    "leave it out; vectors are stored whole",
                )
            } else if *a == Int && variable {
                (
                    "the class of problems is continuous".into(),
                    "an integer variable is outside it".to_owned(),
                    "relax it: leave `int` out, and round the solution",
                )
            } else if *a == Int && declaration.kind == DeclKind::Param {
                self.broken.insert(declaration.name.text.clone());
                (
                    "a parameter cannot be an index vector".into(),
                    "what an index picks is fixed when the model is compiled".to_owned(),
                    "declare it with `const`",
                )
            } else {
                continue;
            };
            let error = Diagnostic::error(codes::BAD_ATTRIBUTE, message).at(attribute.span, label);
            self.report(if help.is_empty() { error } else { error.help(help) });
        }
        self.check_contradictions(&declaration.attributes);
    }

    /// Refuses attributes that leave no value, and warns of those that others imply.
    fn check_contradictions(&mut self, attributes: &[Attribute]) {
        use AttributeKind::{Diag, Neg, Nonneg, Nonpos, Nsd, Pos, Psd, Symmetric};
        let find = |kind: &AttributeKind| attributes.iter().find(|a| a.kind == *kind).map(|a| a.span);
        for (a, b) in [(Pos, Neg), (Pos, Nonpos), (Nonneg, Neg)] {
            if let (Some(first), Some(second)) = (find(&a), find(&b)) {
                let error = Diagnostic::error(codes::EMPTY_RANGE, "no number has both of these signs");
                self.report(error.at(first.max(second), "").also(first.min(second), ""));
            }
        }
        for (a, b, meaning) in [
            (Psd, Nsd, "only the zero matrix is positive and negative semidefinite"),
            (Nonneg, Nonpos, "only 0 is nonneg and nonpos"),
        ] {
            if let (Some(first), Some(second)) = (find(&a), find(&b)) {
                let error = Diagnostic::error(codes::BAD_ATTRIBUTE, meaning);
                self.report(error.at(first.max(second), "").also(first.min(second), ""));
            }
        }
        for (implied, by) in
            [(Nonneg, Pos), (Nonpos, Neg), (Symmetric, Psd), (Symmetric, Nsd), (Symmetric, Diag)]
        {
            if let (Some(at), Some(reason)) = (find(&implied), find(&by)) {
                self.redundant(at, reason);
            }
        }
    }

    /// Warns of an attribute that another one implies.
    fn redundant(&mut self, at: Span, reason: Span) {
        let source = &self.model.source;
        let word = at.text(source);
        let before = source
            .get(..at.start as usize)
            .map_or(at.start as usize, |text| text.trim_end_matches([' ', '\t']).len());
        let warning = Diagnostic::warning(codes::REDUNDANT_BOUND, format!("`{word}` says nothing new"))
            .at(at, "implied")
            .also(reason, "by this")
            .fix(Span::new(before, at.end as usize), "", format!("leave `{word}` out"));
        self.diagnostics.push(warning);
    }

    /// Refuses ranges that hold no value, and warns of signs that a range implies.
    pub(super) fn check_range(&mut self, declaration: &Declaration, range: Option<(NodeId, NodeId)>) {
        let Some((lo, hi)) = range else { return };
        let tree = &self.model.tree;
        let (low, high) = (tree.facts(lo).interval, tree.facts(hi).interval);
        let name = &declaration.name.text;
        if let Some(&end) = [lo, hi].iter().find(|&&end| !tree.facts(end).variable_free()) {
            let error = Diagnostic::error(codes::BAD_ATTRIBUTE, "the ends of a range contain no variable")
                .at(tree.span(end), "this depends on a variable")
                .help(format!(
                    "write it as a constraint: `{name} {} {}`",
                    if end == lo { ">=" } else { "<=" },
                    self.model.text(tree.span(end))
                ));
            return self.report(error);
        }
        if low.lo > high.hi {
            self.broken.insert(name.clone());
            let error =
                Diagnostic::error(codes::EMPTY_RANGE, format!("no value lies in the range of `{name}`"))
                    .at(tree.span(lo), "the lower end is above the upper end")
                    .also(tree.span(hi), "the upper end");
            return self.report(error);
        }
        for attribute in &declaration.attributes {
            let (empty, implied) = match attribute.kind {
                AttributeKind::Nonneg => (high.hi < 0.0, low.is_nonneg()),
                AttributeKind::Pos => (high.hi <= 0.0, low.is_pos()),
                AttributeKind::Nonpos => (low.lo > 0.0, high.is_nonpos()),
                AttributeKind::Neg => (low.lo >= 0.0, high.is_neg()),
                _ => continue,
            };
            let range = self.model.tree.span(lo).to(self.model.tree.span(hi));
            if empty {
                let word = attribute.span.text(&self.model.source);
                let message = format!("no value in the range of `{name}` is `{word}`");
                let error = Diagnostic::error(codes::EMPTY_RANGE, message);
                self.report(error.at(attribute.span, "").also(range, "the range"));
            } else if implied {
                self.redundant(attribute.span, range);
            }
        }
    }

    fn unknown_attribute(&mut self, word: &str, span: Span) {
        let synonym = ATTRIBUTES_ELSEWHERE.iter().find(|(other, _)| *other == word).map(|(_, own)| *own);
        let error = if matches!(word, "bool" | "boolean" | "integer" | "binary") {
            Diagnostic::error(codes::BAD_ATTRIBUTE, "the class of problems is continuous")
                .at(span, "integer and boolean variables are outside it")
                .help("relax it to a range, such as `in [0, 1]`")
        } else if let Some(own) = synonym {
            Diagnostic::error(codes::BAD_ATTRIBUTE, format!("unknown attribute `{word}`")).at(span, "").fix(
                span,
                own,
                format!("here it is `{own}`"),
            )
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

/// What attributes are called elsewhere, and here.
const ATTRIBUTES_ELSEWHERE: [(&str, &str); 8] = [
    ("nonnegative", "nonneg"),
    ("nonpositive", "nonpos"),
    ("positive", "pos"),
    ("negative", "neg"),
    ("PSD", "psd"),
    ("NSD", "nsd"),
    ("diagonal", "diag"),
    ("sym", "symmetric"),
];

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

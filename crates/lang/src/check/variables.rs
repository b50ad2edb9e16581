//! Decision variables.

use super::attributes::attributes;
use super::build::Checker;
use super::curvature::Curvature;
use super::model::{ParameterKind, Variable};
use super::tree::{Class, Definite, Facts, Kind, Level, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Declaration, Init};

impl Checker {
    /// The node of a variable.
    pub(super) fn variable(&mut self, k: usize, span: Span) -> NodeId {
        let kind = Kind::Variable(k as u32);
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let Some(variable) = self.model.variables.get(k) else { return self.error_node(span) };
        let flags =
            ParameterKind { nonneg: variable.nonneg, nonpos: variable.nonpos, ..ParameterKind::default() };
        let facts = Facts {
            curvature: Curvature::Affine,
            interval: self.range_interval(variable.range, flags),
            definite: if variable.symmetric || variable.diag { Definite::Symmetric } else { Definite::No },
            class: Class::Affine,
            level: Level::Variable,
            linear: true,
            size: None,
            indexed: false,
        };
        let shape = variable.shape.clone();
        self.leaf(kind, shape, facts, span)
    }

    /// Declares a variable; the ends of its range are free of variables.
    pub(super) fn declare_variable(&mut self, declaration: &Declaration, doc: Option<String>) {
        let shape = self.declared_shape(declaration);
        self.check_attributes(declaration, &shape);
        let flags = attributes(&declaration.attributes);
        let range = self.range(&declaration.attributes);
        if let Some((lo, hi)) = range {
            let tree = &self.model.tree;
            for end in [lo, hi] {
                if !tree.facts(end).variable_free() {
                    let error =
                        Diagnostic::error(codes::BAD_ATTRIBUTE, "the ends of a range contain no variable")
                            .at(tree.span(end), "this depends on a variable")
                            .help("write it as a constraint");
                    self.report(error);
                    return;
                }
            }
            let ends = [(lo, tree.span(lo)), (hi, tree.span(hi))];
            for (end, at) in ends {
                self.broadcasts(end, &shape, "this end of the range", at);
            }
            let tree = &self.model.tree;
            let (low, high) = (tree.facts(lo).interval, tree.facts(hi).interval);
            if low.lo > high.hi {
                let error = Diagnostic::error(
                    codes::EMPTY_RANGE,
                    format!("no value lies in the range of `{}`", declaration.name.text),
                )
                .at(tree.span(lo), "the lower end is above the upper end");
                self.report(error);
            }
        }
        if let Some(Init::Value(value)) = &declaration.init {
            let at = self.ast.exprs.span(*value);
            self.report(
                Diagnostic::error(codes::BAD_ATTRIBUTE, "a variable has no value of its own").at(at, ""),
            );
        }
        self.model.variables.push(Variable {
            name: declaration.name.text.clone(),
            shape,
            nonneg: flags.nonneg,
            nonpos: flags.nonpos,
            symmetric: flags.symmetric,
            diag: flags.diag,
            range,
            doc,
            span: declaration.name.span,
        });
    }
}

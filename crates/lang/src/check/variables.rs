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
        let Some(variable) = self.model.variables.get(k) else {
            let error = Diagnostic::error(codes::NOT_FIXED, "the size of an array depends on a variable");
            self.report(error.at(span, "this is not fixed when the model is compiled"));
            return self.error_node(span);
        };
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

    /// Declares a variable, its range apart.
    pub(super) fn declare_variable(&mut self, declaration: &Declaration, doc: Option<String>) {
        let shape = self.declared_shape(declaration);
        self.check_attributes(declaration, &shape);
        let flags = attributes(&declaration.attributes);
        self.model.variables.push(Variable {
            name: declaration.name.text.clone(),
            shape,
            nonneg: flags.nonneg,
            nonpos: flags.nonpos,
            symmetric: flags.symmetric,
            diag: flags.diag,
            range: None,
            doc,
            span: declaration.name.span,
        });
    }

    /// Reads the range of a variable, whose ends are free of variables.
    pub(super) fn variable_details(&mut self, k: usize, declaration: &Declaration) {
        if let Some(Init::Value(value)) = &declaration.init {
            let at = self.ast.exprs.span(*value);
            self.report(
                Diagnostic::error(codes::BAD_ATTRIBUTE, "a variable has no value of its own").at(at, ""),
            );
        }
        let Some((lo, hi)) = self.range(&declaration.attributes) else { return };
        self.check_range(declaration, Some((lo, hi)));
        let free = |end: NodeId| self.model.tree.facts(end).variable_free();
        if self.broken.contains(&declaration.name.text) || !free(lo) || !free(hi) {
            return;
        }
        let shape = self.model.variables[k].shape.clone();
        for end in [lo, hi] {
            self.broadcasts(end, &shape, "this end of the range", self.model.tree.span(end));
        }
        self.model.variables[k].range = Some((lo, hi));
    }
}

//! Parameters: values given at every solve.

use super::attributes::definite;
use super::build::Checker;
use super::model::Requirement;
use super::size::{Agreement, Poly};
use super::tree::{Facts, Kind, Level, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Declaration, Init};

impl Checker {
    /// Reads the range and default of a parameter before its first use, since its sign depends on them.
    pub(super) fn read_pending(&mut self, k: usize) {
        if let Some(declaration) = self.pending.get_mut(k).and_then(Option::take) {
            self.names.enter(Vec::new());
            self.parameter_details(k, &declaration);
            self.names.leave();
        }
    }

    /// The node of a parameter.
    pub(super) fn parameter(&mut self, k: usize, span: Span) -> NodeId {
        self.read_pending(k);
        let kind = Kind::Parameter(k as u32);
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let Some(parameter) = self.model.parameters.get(k) else {
            let error = Diagnostic::error(codes::NOT_FIXED, "the size of an array depends on a parameter");
            self.report(error.at(span, "this is not fixed when the model is compiled"));
            return self.error_node(span);
        };
        let (interval, definite) =
            (self.range_interval(parameter.range, parameter.kind), definite(parameter.kind));
        let shape = parameter.shape.clone();
        let facts = Facts { interval, definite, level: Level::Parameter, size: None, ..Facts::number(0.0) };
        self.leaf(kind, shape, facts, span)
    }

    fn parameter_details(&mut self, k: usize, declaration: &Declaration) {
        let shape = self.model.parameters[k].shape.clone();
        self.check_attributes(declaration, &shape);
        let range = self.range(&declaration.attributes);
        self.model.parameters[k].range = range;
        self.check_range(declaration, range);
        match &declaration.init {
            Some(Init::Value(value)) => {
                let node = self.expression(*value);
                if self.is_error(node) {
                    return;
                }
                let at = self.ast.exprs.span(*value);
                if self.model.tree.facts(node).level > Level::Constant {
                    let on =
                        if self.model.tree.facts(node).variable_free() { "parameter" } else { "variable" };
                    let error =
                        Diagnostic::error(codes::NOT_FIXED, "a default is a number or an array of numbers");
                    self.report(error.at(at, format!("this depends on a {on}")));
                    return;
                }
                self.fits(node, &shape, "the default", at);
                self.check_value(node, &declaration.attributes, range, "the default");
                self.model.parameters[k].default = Some(node);
            }
            Some(Init::File { span, .. }) => {
                let error = Diagnostic::error(
                    codes::BAD_ATTRIBUTE,
                    "a parameter is not read from a file of the model",
                );
                self.report(error.at(*span, "give it with the data, or declare a `const`"));
            }
            None => {}
        }
    }

    /// Checks that a value has the declared shape; a scalar fills. What only the values of sizes can tell becomes a
    /// requirement.
    pub(super) fn fits(&mut self, node: NodeId, shape: &[Poly], what: &str, at: Span) {
        let own = self.model.tree.shape(node).to_vec();
        let fits = own.is_empty() || (own.len() == shape.len() && self.agree(&own, shape, what, at));
        if !fits {
            self.misfit(&own, shape, what, at);
        }
    }

    /// Checks that an array broadcasts to the declared shape.
    pub(super) fn broadcasts(&mut self, node: NodeId, shape: &[Poly], what: &str, at: Span) {
        let own = self.model.tree.shape(node).to_vec();
        let fits = shape.len().checked_sub(own.len()).is_some_and(|lead| {
            let axes = own.iter().cloned().zip(shape[lead..].iter().cloned());
            let (own, shape): (Vec<_>, Vec<_>) = axes.filter(|(size, _)| !size.is(1)).unzip();
            self.agree(&own, &shape, what, at)
        });
        if !fits {
            self.misfit(&own, shape, what, at);
        }
    }

    fn agree(&mut self, own: &[Poly], shape: &[Poly], what: &str, at: Span) -> bool {
        for (given, declared) in own.iter().zip(shape) {
            match given.agrees(declared) {
                Agreement::Always => {}
                Agreement::Never => return false,
                Agreement::If(_) => self.model.requirements.push(Requirement {
                    what: what.to_owned(),
                    given: given.clone(),
                    declared: declared.clone(),
                    span: at,
                }),
            }
        }
        true
    }

    fn misfit(&mut self, own: &[Poly], shape: &[Poly], what: &str, at: Span) {
        let (own, shape) = (self.model.tree.show_shape(own), self.model.tree.show_shape(shape));
        let message = format!("{what} is {own}, and the declaration says {shape}");
        self.report(Diagnostic::error(codes::SHAPE_MISMATCH, message).at(at, format!("this is {own}")));
    }
}

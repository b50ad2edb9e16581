//! Parameters: values given at every solve.

use super::attributes::definite;
use super::build::Checker;
use super::size::Poly;
use super::tree::{Facts, Kind, Level, NodeId};
use crate::atoms::Call;
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
        let parameter = &self.model.parameters[k];
        let (interval, definite) =
            (self.range_interval(parameter.range, parameter.kind), definite(parameter.kind));
        let shape = parameter.shape.clone();
        let facts = Facts { interval, definite, level: Level::Parameter, size: None, ..Facts::number(0.0) };
        self.leaf(kind, shape, facts, span)
    }

    fn parameter_details(&mut self, k: usize, declaration: &Declaration) {
        let shape = self.model.parameters[k].shape.clone();
        self.check_attributes(declaration, &shape);
        self.model.parameters[k].range = self.range(&declaration.attributes);
        match &declaration.init {
            Some(Init::Value(value)) => {
                let node = self.expression(*value);
                if self.is_error(node) {
                    return;
                }
                let at = self.ast.exprs.span(*value);
                if self.model.tree.facts(node).level > Level::Constant {
                    let error =
                        Diagnostic::error(codes::NOT_FIXED, "a default is a number or an array of numbers");
                    self.report(error.at(at, "this depends on a parameter or variable"));
                    return;
                }
                self.fits(node, &shape, "the default", at);
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

    /// Checks that a value has the declared shape; a scalar fills.
    pub(super) fn fits(&mut self, node: NodeId, shape: &[Poly], what: &str, at: Span) {
        let tree = &self.model.tree;
        let own = tree.shape(node);
        if own.is_empty() {
            return;
        }
        let call = Call::new(tree, &[], &[]);
        if own.len() != shape.len() || !own.iter().zip(shape).all(|(a, b)| call.agree(a, b)) {
            let error = Diagnostic::error(
                codes::SHAPE_MISMATCH,
                format!(
                    "{what} is {}, and the declaration says {}",
                    tree.show_shape(own),
                    tree.show_shape(shape)
                ),
            );
            self.report(error.at(at, format!("this is {}", tree.show_shape(own))));
        }
    }
}

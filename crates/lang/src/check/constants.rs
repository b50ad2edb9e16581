//! Constants: values that are fixed when the model is compiled.

use super::attributes::{attributes, definite};
use super::build::Checker;
use super::declare::Progress;
use super::interval::Interval;
use super::model::{Constant, ParameterKind};
use super::tree::{Definite, Facts, Kind, Level, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Declaration, Init};

/// A `const` on its way to a node.
#[derive(Clone, Debug)]
pub(super) struct ConstantState {
    pub(super) declaration: Declaration,
    pub(super) doc: Option<String>,
    pub(super) found: Progress<NodeId>,
}

impl Checker {
    /// The node of a constant.
    pub(super) fn constant(&mut self, k: usize, span: Span) -> NodeId {
        let kind = Kind::Constant(k as u32);
        if self.at_solution {
            return match self.model.tree.find(&kind) {
                Some(known) => self.again(known, kind, span),
                None => self.error_node(span),
            };
        }
        match self.constants[k].found {
            Progress::Done(node) if self.is_error(node) => return node,
            Progress::Done(node) => return self.again(node, kind, span),
            Progress::Running => {
                let error = self.cycle("constant", &self.constants[k].declaration.name.text, span);
                self.report(error);
                return self.error_node(span);
            }
            Progress::Waiting => {}
        }
        self.constants[k].found = Progress::Running;
        self.names.enter(Vec::new());
        self.resolving.push(self.constants[k].declaration.name.text.clone());
        let node = self.declare_constant(k);
        self.resolving.pop();
        self.names.leave();
        self.constants[k].found = Progress::Done(node);
        node
    }

    fn declare_constant(&mut self, k: usize) -> NodeId {
        let state = self.constants[k].clone();
        let declaration = &state.declaration;
        let span = declaration.name.span;
        let mut shape = self.declared_shape(declaration);
        let flags = attributes(&declaration.attributes);
        let range = self.range(&declaration.attributes);
        let (mut init, mut file, mut file_span) = (None, None, Span::default());
        let mut facts =
            Facts { level: Level::Constant, size: None, interval: Interval::ALL, ..Facts::number(0.0) };
        match &declaration.init {
            Some(Init::Value(value)) => {
                let node = self.expression(*value);
                if self.is_error(node) {
                    return self.error_node(span);
                }
                let tree = &self.model.tree;
                if tree.facts(node).level > Level::Constant {
                    let on = if tree.facts(node).variable_free() { "parameter" } else { "variable" };
                    let message = format!("the constant `{}` depends on a {on}", declaration.name.text);
                    let error = Diagnostic::error(codes::NOT_FIXED, message);
                    let at = self.ast.exprs.span(*value);
                    self.report(
                        error
                            .at(at, "this is not fixed when the model is compiled")
                            .help("an expression gets a name with `let`"),
                    );
                    return self.error_node(span);
                }
                if declaration.shape.is_empty() {
                    shape = tree.shape(node).to_vec();
                }
                facts = Facts { level: Level::Constant, ..tree.facts(node).clone() };
                init = Some(node);
                self.fits(node, &shape, "the value", self.ast.exprs.span(*value));
                self.check_value(node, &declaration.attributes, range, "the value");
            }
            Some(Init::File { path, span }) => (file, file_span) = (Some(path.clone()), *span),
            None => {}
        }
        let stated = self.range_interval(range, flags);
        facts.interval = facts.interval.meet(stated);
        if definite(flags) != Definite::No && facts.definite == Definite::No {
            facts.definite = definite(flags);
        }
        if flags.diag && flags.nonneg {
            facts.definite = Definite::Psd;
        }
        self.model.constants[k] = Constant {
            name: declaration.name.text.clone(),
            shape: shape.clone(),
            kind: flags,
            range,
            init,
            file,
            doc: state.doc,
            span,
            file_span,
        };
        self.check_attributes(declaration, &shape);
        self.check_range(declaration, range);
        // A scalar of sizes keeps being one, so that it may stand where sizes do.
        if !shape.is_empty() {
            facts.size = None;
        }
        self.leaf(Kind::Constant(k as u32), shape, facts, span)
    }
}

/// A constant that is not read yet.
pub(super) fn placeholder() -> Constant {
    Constant {
        name: String::new(),
        shape: Vec::new(),
        kind: ParameterKind::default(),
        range: None,
        init: None,
        file: None,
        doc: None,
        span: Span::default(),
        file_span: Span::default(),
    }
}

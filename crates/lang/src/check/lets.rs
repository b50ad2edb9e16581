//! Named expressions, and the atoms that a model defines.

use super::build::Checker;
use super::declare::Progress;
use super::model::Let;
use super::tree::NodeId;
use crate::source::Span;
use crate::syntax::ast::{Ast, ExprId, Name};

/// A `let` on its way to a node.
#[derive(Clone, Debug)]
pub(super) struct LetState {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) value: ExprId,
    pub(super) doc: Option<String>,
    pub(super) found: Progress<NodeId>,
}

/// A user-written atom.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Its name.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<Name>,
    /// What a call expands to.
    pub body: ExprId,
    /// Whether it is being expanded.
    pub open: bool,
    /// Whether it was expanded, and so checked.
    pub expanded: bool,
    /// Whether it was declared in another text than the one that is checked.
    pub elsewhere: bool,
    /// The tree its body stands in, if that is not the checker's.
    pub own: Option<Ast>,
}

impl Checker {
    /// The node of a `let`.
    pub(super) fn let_value(&mut self, k: usize, span: Span) -> NodeId {
        if self.at_solution {
            return self.model.lets[k].node;
        }
        match self.lets[k].found {
            Progress::Done(node) => return node,
            Progress::Running => {
                let error = self.cycle("let", &self.lets[k].name, span);
                self.report(error);
                return self.error_node(span);
            }
            Progress::Waiting => {}
        }
        self.lets[k].found = Progress::Running;
        self.names.enter(Vec::new());
        let expansions = std::mem::take(&mut self.expansions);
        self.resolving.push(self.lets[k].name.clone());
        let node = self.expression(self.lets[k].value);
        self.resolving.pop();
        self.expansions = expansions;
        self.names.leave();
        self.lets[k].found = Progress::Done(node);
        node
    }

    /// The lets that are free of errors.
    pub(super) fn finished_lets(&self) -> Vec<Let> {
        let done = |l: &LetState| match l.found {
            Progress::Done(node) if !self.is_error(node) => {
                Some(Let { name: l.name.clone(), node, doc: l.doc.clone() })
            }
            _ => None,
        };
        self.lets.iter().filter_map(done).collect()
    }
}

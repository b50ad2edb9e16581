//! The tree of a model: statements over an arena of expressions.
//!
//! Expressions live in one vector and name each other by [`ExprId`], and a child always precedes its parent. So an
//! analysis is one forward loop with a side table, however deep the tree; nothing recurses, not even drop. Spans
//! stand beside the nodes and are never serialized.

mod expression;
mod statement;

use std::ops::Index;

use serde::{Deserialize, Serialize};

pub use expression::{BinaryOp, Comparison, Expr, IndexItem, Loop, Name, Ranges, UnaryOp};
pub use statement::{
    Attribute, AttributeKind, Constraint, DeclKind, Declaration, DimDecl, Init, Sense, Statement,
    StatementKind,
};

use crate::source::Span;

/// A whole model, in the order of its text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ast {
    /// The statements.
    pub statements: Vec<Statement>,
    /// The expressions of all statements.
    pub exprs: Exprs,
}

/// Names an expression in [`Exprs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExprId(u32);

impl ExprId {
    /// The position in the arena, for side tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The arena of expressions, with a parallel table of spans.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Exprs {
    nodes: Vec<Expr>,
    #[serde(skip)]
    spans: Vec<Span>,
}

impl Exprs {
    /// Adds an expression; its children must be in the arena already.
    pub fn push(&mut self, expr: Expr, span: Span) -> ExprId {
        let id = ExprId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(expr);
        // A deserialized arena has no spans; nodes added to it must not take over the places of older ones.
        self.spans.resize(id.index(), Span::default());
        self.spans.push(span);
        id
    }

    /// Where the expression was written, without the parentheses around it; empty after deserialization.
    pub fn span(&self, id: ExprId) -> Span {
        self.spans.get(id.index()).copied().unwrap_or_default()
    }

    /// The number of expressions.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no expression.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every expression, children before parents.
    pub fn iter(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.nodes.iter().enumerate().map(|(index, expr)| (ExprId(index as u32), expr))
    }

    /// Whether the expression is a hole, about which later passes stay silent.
    pub fn is_error(&self, id: ExprId) -> bool {
        matches!(self[id], Expr::Error)
    }
}

impl Index<ExprId> for Exprs {
    type Output = Expr;

    fn index(&self, id: ExprId) -> &Expr {
        &self.nodes[id.index()]
    }
}

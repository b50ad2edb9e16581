//! The checked model: declarations, objective and constraints over one tree of expressions.

use super::size::Poly;
use super::tree::{Loops, NodeId, Tree};
use crate::source::Span;
use crate::syntax::ast::Sense;
use serde::{Deserialize, Serialize};

/// A model that was read and checked; sizes are still symbolic.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckedModel {
    /// The text it was read from.
    pub source: String,
    /// The doc comment of the first statement.
    pub doc: Option<String>,
    /// Every expression.
    pub tree: Tree,
    /// The sizes without a value.
    pub dims: Vec<Dim>,
    /// The sizes with a value, by name.
    pub sizes: Vec<Size>,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// The constants.
    pub constants: Vec<Constant>,
    /// The decision variables.
    pub variables: Vec<Variable>,
    /// The named expressions.
    pub lets: Vec<Let>,
    /// The texts of the user-written atoms.
    pub functions: Vec<String>,
    /// The objective.
    pub objective: Option<(Sense, NodeId)>,
    /// The constraints.
    pub constraints: Vec<Constraint>,
    /// What declarations demand of sizes.
    pub requirements: Vec<Requirement>,
}

impl CheckedModel {
    /// What the user wrote at a place, on one line.
    pub fn text(&self, span: Span) -> String {
        self.source
            .get(span.range())
            .map_or_else(String::new, |t| t.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Where a name is declared.
    pub fn declaration_span(&self, name: &str) -> Option<Span> {
        let parameters = self.parameters.iter().map(|p| (&p.name, p.span));
        let constants = self.constants.iter().map(|c| (&c.name, c.span));
        let variables = self.variables.iter().map(|v| (&v.name, v.span));
        let dims = self.dims.iter().map(|d| (&d.name, d.span));
        let sizes = self.sizes.iter().map(|s| (&s.name, s.span));
        parameters
            .chain(constants)
            .chain(variables)
            .chain(dims)
            .chain(sizes)
            .find(|(n, _)| *n == name)
            .map(|(_, span)| span)
    }
}

/// Two sizes that a declaration needs to agree, which is known once sizes are bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Requirement {
    /// What stands in the declaration, such as `the default`.
    pub what: String,
    /// Its size.
    pub given: Poly,
    /// The size it must have.
    pub declared: Poly,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// A size without a value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dim {
    /// Its name.
    pub name: String,
    /// Of a size that stands in no declaration, but is the length of a slice with a step: what is divided by the number,
    /// rounded up.
    pub rounded: Option<(Poly, i64)>,
    /// Where it is declared.
    #[serde(skip)]
    pub span: Span,
}

/// A size with a value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Size {
    /// Its name.
    pub name: String,
    /// Its value, in terms of the sizes without one.
    pub size: Poly,
    /// Where it is declared.
    #[serde(skip)]
    pub span: Span,
}

/// The attributes of a parameter or constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, clippy::struct_excessive_bools, reason = "each flag is an attribute of the language")]
pub struct ParameterKind {
    pub nonneg: bool,
    pub nonpos: bool,
    pub pos: bool,
    pub neg: bool,
    pub symmetric: bool,
    pub psd: bool,
    pub nsd: bool,
    pub diag: bool,
    pub sparse: bool,
    pub int: bool,
}

/// A parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<Poly>,
    /// Its attributes.
    pub kind: ParameterKind,
    /// The ends of `in [lo, hi]`.
    pub range: Option<(NodeId, NodeId)>,
    /// The value when none is given.
    pub default: Option<NodeId>,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Where it is declared.
    #[serde(skip)]
    pub span: Span,
}

/// A constant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constant {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<Poly>,
    /// Its attributes.
    pub kind: ParameterKind,
    /// The ends of `in [lo, hi]`.
    pub range: Option<(NodeId, NodeId)>,
    /// The expression it stands for.
    pub init: Option<NodeId>,
    /// The file its value is read from, relative to the model.
    pub file: Option<String>,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Where it is declared.
    #[serde(skip)]
    pub span: Span,
    /// Where the file is named.
    #[serde(skip)]
    pub file_span: Span,
}

/// A decision variable.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each flag is an attribute of the language")]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<Poly>,
    /// Entries at least 0.
    pub nonneg: bool,
    /// Entries at most 0.
    pub nonpos: bool,
    /// A symmetric matrix.
    pub symmetric: bool,
    /// A diagonal matrix.
    pub diag: bool,
    /// The ends of `in [lo, hi]`.
    pub range: Option<(NodeId, NodeId)>,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Where it is declared.
    #[serde(skip)]
    pub span: Span,
}

/// A named expression.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Let {
    /// Its name.
    pub name: String,
    /// The expression.
    pub node: NodeId,
    /// Its doc comment.
    pub doc: Option<String>,
}

/// A comparison of two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

/// A constraint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constraint {
    /// The user's label, or `#` and its position from 1.
    pub label: String,
    /// The first side.
    pub first: NodeId,
    /// One further side, or the two of a chain in one direction.
    pub rest: Vec<(Relation, NodeId)>,
    /// The ranges of its `for`.
    pub loops: Option<Loops>,
    /// The shape that the sides broadcast to.
    pub shape: Vec<Poly>,
    /// Sizes that must turn out to be zero once they are bound.
    pub requirements: Vec<Poly>,
    /// Where it stands, its label and its `for` apart.
    #[serde(skip)]
    pub span: Span,
}

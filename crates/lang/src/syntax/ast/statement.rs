//! Statements and what they are made of.

use serde::{Deserialize, Serialize};

use super::expression::spanless;
use super::{Comparison, ExprId, Name, Ranges};
use crate::source::Span;

/// One statement, up to its `;`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// From its first token to its last, without the `;`.
    #[serde(skip)]
    pub span: Span,
    /// The text of the `///` lines before it, without the slashes and one leading space.
    pub doc: Option<String>,
}

/// What a statement says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StatementKind {
    /// `dim n, T = 24;`
    Dim(Vec<DimDecl>),
    /// `param`, `const` or `var`.
    Declare(Declaration),
    /// `let name = value;`
    Let {
        /// The name given to the expression.
        name: Name,
        /// The expression.
        value: ExprId,
    },
    /// `fn name(arguments) = body;`
    Fn {
        /// The name of the atom.
        name: Name,
        /// Its arguments, which shadow global names.
        arguments: Vec<Name>,
        /// What a call expands to.
        body: ExprId,
    },
    /// `minimize value;` or `maximize value;`
    Objective {
        /// Which of the two.
        sense: Sense,
        /// The objective.
        value: ExprId,
    },
    /// `subject to`: a heading without meaning of its own.
    SubjectTo,
    /// `label: e <= e for …;`
    Constraint(Constraint),
}

/// One size of a `dim` statement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DimDecl {
    /// The size's name.
    pub name: Name,
    /// Its value; without one it is found from data.
    pub value: Option<ExprId>,
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeclKind {
    /// Given at every solve.
    Param,
    /// Fixed when the model is compiled.
    Const,
    /// Chosen by the solver.
    Var,
}

impl DeclKind {
    /// The keyword that declares it.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Param => "param",
            Self::Const => "const",
            Self::Var => "var",
        }
    }
}

/// A `param`, `const` or `var` statement. A `var` never has an [`Init`]; only a `const` comes from a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Declaration {
    /// Which of the three.
    pub kind: DeclKind,
    /// The declared name.
    pub name: Name,
    /// The size of each axis; empty for a scalar. A single [`Expr::Error`](super::Expr::Error) stands for an unknown shape.
    pub shape: Vec<ExprId>,
    /// The brackets and what they hold; just after the name when there are none.
    #[serde(skip)]
    pub shape_span: Span,
    /// The attributes, in the order written.
    pub attributes: Vec<Attribute>,
    /// The value or default.
    pub init: Option<Init>,
}

/// A property of a declared name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attribute {
    /// Which property.
    pub kind: AttributeKind,
    /// Its place.
    #[serde(skip)]
    pub span: Span,
}

/// The attributes of the language, and whatever else stood in the place of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AttributeKind {
    /// `nonneg`: each entry ≥ 0.
    Nonneg,
    /// `nonpos`: each entry ≤ 0.
    Nonpos,
    /// `pos`: each entry > 0.
    Pos,
    /// `neg`: each entry < 0.
    Neg,
    /// `symmetric`: equal to its transpose.
    Symmetric,
    /// `psd`: positive semidefinite.
    Psd,
    /// `nsd`: negative semidefinite.
    Nsd,
    /// `diag`: zero off the diagonal.
    Diag,
    /// `sparse`: its pattern comes with the data.
    Sparse,
    /// `int`: an index vector.
    Int,
    /// `in [lo, hi]`: bounds, broadcast.
    In {
        /// The lower end.
        lo: ExprId,
        /// The upper end.
        hi: ExprId,
    },
    /// A name that is no attribute, left to the checker, which knows what was meant.
    Unknown(String),
}

impl AttributeKind {
    /// The attributes that are a single word.
    pub const WORDS: [(&'static str, Self); 10] = [
        ("nonneg", Self::Nonneg),
        ("nonpos", Self::Nonpos),
        ("pos", Self::Pos),
        ("neg", Self::Neg),
        ("symmetric", Self::Symmetric),
        ("psd", Self::Psd),
        ("nsd", Self::Nsd),
        ("diag", Self::Diag),
        ("sparse", Self::Sparse),
        ("int", Self::Int),
    ];

    /// The attribute a word names.
    pub fn from_word(word: &str) -> Self {
        let found = Self::WORDS.into_iter().find(|(known, _)| *known == word);
        found.map_or_else(|| Self::Unknown(word.to_owned()), |(_, kind)| kind)
    }
}

/// Where a declared name gets its value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Init {
    /// `= value`
    Value(ExprId),
    /// `from "path"`
    File {
        /// The path as written, without quotes.
        path: String,
        /// The place of the string, quotes included.
        #[serde(skip)]
        span: Span,
    },
}

/// The direction of an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sense {
    /// `minimize`
    Minimize,
    /// `maximize`
    Maximize,
}

/// A constraint: one comparison, or two in one direction.
///
/// The parser promises that `rest` holds one or two comparisons, all of them `<=`, `>=` or `==`, and that two point
/// the same way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constraint {
    /// The label; labels are a namespace of their own.
    pub label: Option<Name>,
    /// The leftmost side.
    pub first: ExprId,
    /// Each comparison, the place of its operator, and the side that follows it.
    #[serde(with = "spanless")]
    pub rest: Vec<(Comparison, Span, ExprId)>,
    /// The `for …` after it.
    pub ranges: Option<Ranges>,
}

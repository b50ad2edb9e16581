//! The tree of a model: statements over an arena of expressions.
//!
//! Expressions live in one vector and name each other by [`ExprId`], and a child always precedes its parent. So an
//! analysis is one forward loop with a side table, however deep the tree; nothing recurses, not even drop. Spans
//! stand beside the nodes and are never serialized.

use std::ops::Index;

use serde::{Deserialize, Serialize};

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

/// An identifier where it was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Name {
    /// The identifier.
    pub text: String,
    /// Its place.
    #[serde(skip)]
    pub span: Span,
}

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
    /// The size of each axis; empty for a scalar. A single [`Expr::Error`] stands for an unknown shape.
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

/// `for i in 0..n, j in i..n if i < j`: loops over half-open ranges, outermost first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ranges {
    /// The loops; a later one sees the indices of earlier ones.
    pub loops: Vec<Loop>,
    /// The condition after `if`: comparisons of arithmetic joined by `and`, `or`, `not`.
    pub condition: Option<ExprId>,
    /// From `for` to the end.
    #[serde(skip)]
    pub span: Span,
}

/// `name in from..to`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Loop {
    /// The index, which shadows global names.
    pub name: Name,
    /// Its first value.
    pub from: ExprId,
    /// One past its last value.
    pub to: ExprId,
}

/// A comparison. `Lt`, `Gt` and `Ne` occur in conditions only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `!=`
    Ne,
}

impl Comparison {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Le => "<=",
            Self::Ge => ">=",
            Self::Eq => "==",
            Self::Lt => "<",
            Self::Gt => ">",
            Self::Ne => "!=",
        }
    }
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnaryOp {
    /// `-e`
    Neg,
    /// `+e`
    Plus,
    /// `not e`, in conditions.
    Not,
}

impl UnaryOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Neg => "-",
            Self::Plus => "+",
            Self::Not => "not",
        }
    }
}

/// An operator between its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`, elementwise.
    Mul,
    /// `/`, elementwise.
    Div,
    /// `@`, the matrix product.
    MatMul,
    /// `**`, elementwise.
    Pow,
    /// `and`, in conditions.
    And,
    /// `or`, in conditions.
    Or,
}

impl BinaryOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::MatMul => "@",
            Self::Pow => "**",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

/// An expression.
///
/// The parser promises that truth values ([`Expr::Compare`], `and`, `or`, `not`) occur only as conditions of
/// [`Ranges`], and that conditions are truth values (or holes).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Expr {
    /// A finite literal.
    Number(f64),
    /// `inf`
    Infinity,
    /// A string, legal only where a file or a word like `order="F"` is meant.
    Text(String),
    /// A name.
    Name(String),
    /// An operator and its operand.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: ExprId,
    },
    /// An operator and its two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Its place.
        #[serde(skip)]
        op_span: Span,
        /// The left operand.
        lhs: ExprId,
        /// The right operand.
        rhs: ExprId,
    },
    /// A chain of comparisons, in conditions.
    Compare {
        /// The leftmost side.
        first: ExprId,
        /// Each comparison, the place of its operator, and the side that follows it.
        #[serde(with = "spanless")]
        rest: Vec<(Comparison, Span, ExprId)>,
    },
    /// `function(arguments, name=option)`
    Call {
        /// What is called.
        function: Name,
        /// Arguments by position.
        arguments: Vec<ExprId>,
        /// Arguments by name; each name once.
        options: Vec<(Name, ExprId)>,
    },
    /// `function(body for …, name=option)`
    Comprehension {
        /// What is called.
        function: Name,
        /// What is computed for each instance.
        body: ExprId,
        /// The instances.
        ranges: Ranges,
        /// Arguments by name; each name once.
        options: Vec<(Name, ExprId)>,
    },
    /// `base[items]`, with at least one item.
    Index {
        /// What is indexed.
        base: ExprId,
        /// One item for each axis written.
        items: Vec<IndexItem>,
    },
    /// `e.T`
    Transpose(ExprId),
    /// `[a, b, …]`, never empty; a matrix is an array of rows.
    Array(Vec<ExprId>),
    /// A hole left by a syntax error; later passes stay silent about it.
    Error,
}

/// What stands for one axis between index brackets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum IndexItem {
    /// A single index, or an `int` vector of them.
    At(ExprId),
    /// `start:stop:step`, each part optional.
    Slice {
        /// The first index; from the beginning without.
        start: Option<ExprId>,
        /// One past the last index; to the end without.
        stop: Option<ExprId>,
        /// The stride; one without.
        step: Option<ExprId>,
        /// The place of the whole item.
        #[serde(skip)]
        span: Span,
    },
}

impl IndexItem {
    /// The place of the item.
    pub fn span(&self, exprs: &Exprs) -> Span {
        match self {
            Self::At(id) => exprs.span(*id),
            Self::Slice { span, .. } => *span,
        }
    }
}

/// Serializes the comparisons of a chain without the places of their operators.
mod spanless {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Comparison, ExprId, Span};

    pub(super) fn serialize<S: Serializer>(
        rest: &[(Comparison, Span, ExprId)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        rest.iter().map(|&(op, _, side)| (op, side)).collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(Comparison, Span, ExprId)>, D::Error> {
        let rest = Vec::<(Comparison, ExprId)>::deserialize(deserializer)?;
        Ok(rest.into_iter().map(|(op, side)| (op, Span::default(), side)).collect())
    }
}

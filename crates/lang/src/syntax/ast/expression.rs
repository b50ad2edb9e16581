//! Expressions and what they are made of.

use serde::{Deserialize, Serialize};

use super::{ExprId, Exprs};
use crate::source::Span;

/// An identifier where it was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Name {
    /// The identifier.
    pub text: String,
    /// Its place.
    #[serde(skip)]
    pub span: Span,
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

/// Serializes the comparisons of a chain without the places of their operators.
pub(super) mod spanless {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Comparison, ExprId, Span};

    pub(in super::super) fn serialize<S: Serializer>(
        rest: &[(Comparison, Span, ExprId)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        rest.iter().map(|&(op, _, side)| (op, side)).collect::<Vec<_>>().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(Comparison, Span, ExprId)>, D::Error> {
        let rest = Vec::<(Comparison, ExprId)>::deserialize(deserializer)?;
        Ok(rest.into_iter().map(|(op, side)| (op, Span::default(), side)).collect())
    }
}

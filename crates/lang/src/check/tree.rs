//! The checked tree: every expression of a model, resolved, with its facts.

use super::curvature::Curvature;
use super::interval::Interval;
use super::size::{Poly, Unknown};
use crate::atoms::AtomId;
use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The position of a node in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u32);

/// A number that can be compared and hashed, by its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bits(u64);

impl Bits {
    /// Wraps a number.
    pub fn new(value: f64) -> Self {
        Self(value.to_bits())
    }

    /// The number.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A literal number.
    Number(Bits),
    /// A size or an index, as a number.
    Size(Poly),
    /// A parameter, by position.
    Parameter(u32),
    /// A constant, by position.
    Constant(u32),
    /// A variable, by position.
    Variable(u32),
    /// The dual of a constraint, by position; only in expressions asked for at the solution.
    Dual(u32),
    /// The dual of a variable's bounds, by position in the program; only in expressions asked for at the solution.
    BoundDual(u32),
    /// The objective's value; only in expressions asked for at the solution.
    Objective,
    /// A literal array: the entries of a vector, or the rows of a matrix.
    Array(Vec<NodeId>),
    /// An atom applied to arguments.
    Call {
        /// Which atom.
        atom: AtomId,
        /// Its arguments.
        arguments: Vec<NodeId>,
        /// Its options, by name.
        options: Vec<(String, OptionValue)>,
    },
    /// Entries picked out of an array.
    Index {
        /// The array.
        base: NodeId,
        /// One selector for each axis that is named.
        selectors: Vec<Selector>,
    },
    /// An atom applied to the instances of a body.
    Comprehension {
        /// Which atom.
        atom: AtomId,
        /// The expression for each instance.
        body: NodeId,
        /// The ranges, outermost first.
        loops: Loops,
    },
    /// Something that was wrong; reported already.
    Error,
}

/// The value of a named option.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OptionValue {
    /// A number.
    Number(Bits),
    /// A piece of text, such as `"F"`.
    Text(String),
    /// Any other expression.
    Node(NodeId),
}

/// How an axis is indexed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Selector {
    /// One position; the axis disappears. The flag says that a literal minus counts from the end.
    At(NodeId, bool),
    /// A slice with resolved ends and a step that is not 0.
    Slice {
        /// The first position.
        start: Poly,
        /// How many positions there are.
        count: Poly,
        /// From one position to the next.
        step: i64,
    },
    /// The positions that an integer vector lists.
    List(NodeId),
}

/// The ranges of a `for`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Loops {
    /// Index and half-open range, outermost first.
    pub ranges: Vec<(u32, Poly, Poly)>,
    /// Which instances count.
    pub condition: Option<Condition>,
}

impl Loops {
    /// Whether the instances fill a grid: there is no condition, and no range depends on another index. Only then has a
    /// dual an axis for each range.
    pub fn is_grid(&self) -> bool {
        let fixed = |(_, lo, hi): &(u32, Poly, Poly)| !lo.has_index() && !hi.has_index();
        self.condition.is_none() && self.ranges.iter().all(fixed)
    }
}

/// A condition on indices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Condition {
    /// A comparison of two sizes.
    Compare(Order, Poly, Poly),
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
    /// The opposite.
    Not(Box<Condition>),
}

/// Comparisons of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the usual abbreviations")]
pub enum Order {
    Le,
    Lt,
    Ge,
    Gt,
    Eq,
    Ne,
}

impl Order {
    /// Whether two sizes stand in this order.
    pub fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Self::Le => a <= b,
            Self::Lt => a < b,
            Self::Ge => a >= b,
            Self::Gt => a > b,
            Self::Eq => a == b,
            Self::Ne => a != b,
        }
    }
}

/// What is known of a square matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Definite {
    /// Nothing.
    #[default]
    No,
    /// It is symmetric.
    Symmetric,
    /// It is symmetric and positive semidefinite.
    Psd,
    /// It is symmetric and negative semidefinite.
    Nsd,
}

/// The smallest class of problems an expression needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// Affine in the variables.
    Affine,
    /// Piecewise linear.
    PiecewiseLinear,
    /// Quadratic, in the objective.
    Quadratic,
    /// Smooth convex, in the objective.
    Smooth,
    /// A cone that the solver has not.
    Beyond,
}

/// How a variable-free expression depends on data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Numbers, sizes and indices only.
    Number,
    /// Constants, which are known when the model is compiled.
    Constant,
    /// Parameters.
    Parameter,
    /// Variables: it is not variable-free.
    Variable,
}

/// What the checker found out about an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Curvature in the variables.
    pub curvature: Curvature,
    /// A range of all entries.
    pub interval: Interval,
    /// Definiteness, of a square matrix.
    pub definite: Definite,
    /// The class of problems it needs.
    pub class: Class,
    /// What it depends on.
    pub level: Level,
    /// Whether affine algebra alone evaluates it: no product of two parameters, no nonlinear function.
    pub linear: bool,
    /// The value, of a scalar that is an integer expression of sizes and indices.
    pub size: Option<Poly>,
    /// Whether it depends on an index of a `for`.
    pub indexed: bool,
}

impl Facts {
    /// The facts of a literal number.
    pub fn number(value: f64) -> Self {
        Self {
            curvature: Curvature::Constant,
            interval: Interval::point(value),
            definite: Definite::No,
            class: Class::Affine,
            level: Level::Number,
            linear: true,
            size: (value.fract() == 0.0 && value.abs() < 9.0e15).then(|| Poly::constant(value as i64)),
            indexed: false,
        }
    }

    /// Whether no variable enters.
    pub fn variable_free(&self) -> bool {
        self.level < Level::Variable
    }
}

/// An expression with its facts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Sizes of its axes, at most two.
    pub shape: Vec<Poly>,
    /// What is known about it.
    pub facts: Facts,
    /// Sizes that must turn out to be zero once they are bound.
    pub requirements: Vec<Poly>,
}

/// All expressions of a model, operands before results.
///
/// Every place in the text has a node of its own, so that messages point at it; equal expressions share one
/// [`canonical`](Tree::canonical) node, so that they are lowered once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tree {
    nodes: Vec<Node>,
    canonical: Vec<NodeId>,
    #[serde(skip)]
    spans: Vec<Span>,
    #[serde(skip)]
    known: HashMap<Kind, NodeId>,
    /// Names of the `dim`s without a value.
    pub dims: Vec<String>,
    /// Names of the indices of every `for`.
    pub indices: Vec<String>,
}

impl Tree {
    /// The canonical node for this kind, if there is one.
    pub fn find(&self, kind: &Kind) -> Option<NodeId> {
        self.known.get(&self.key(kind)).copied()
    }

    /// The node that stands for all expressions equal to this one.
    pub fn canonical(&self, id: NodeId) -> NodeId {
        self.canonical[id.0 as usize]
    }

    /// Whether two expressions are equal.
    pub fn same(&self, a: NodeId, b: NodeId) -> bool {
        self.canonical(a) == self.canonical(b)
    }

    /// Adds a node.
    pub fn push(&mut self, node: Node, span: Span) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let canonical =
            if node.kind == Kind::Error { id } else { *self.known.entry(self.key(&node.kind)).or_insert(id) };
        self.canonical.push(canonical);
        self.nodes.push(node);
        self.spans.resize(id.0 as usize, Span::default());
        self.spans.push(span);
        id
    }

    /// A kind with canonical operands.
    fn key(&self, kind: &Kind) -> Kind {
        let one = |id: &NodeId| self.canonical(*id);
        let all = |ids: &[NodeId]| ids.iter().map(one).collect();
        match kind {
            Kind::Array(items) => Kind::Array(all(items)),
            Kind::Call { atom, arguments, options } => Kind::Call {
                atom: *atom,
                arguments: all(arguments),
                options: options
                    .iter()
                    .map(|(name, value)| {
                        let value = match value {
                            OptionValue::Node(node) => OptionValue::Node(one(node)),
                            other => other.clone(),
                        };
                        (name.clone(), value)
                    })
                    .collect(),
            },
            Kind::Index { base, selectors } => Kind::Index {
                base: one(base),
                selectors: selectors
                    .iter()
                    .map(|selector| match selector {
                        Selector::At(node, from_end) => Selector::At(one(node), *from_end),
                        Selector::List(node) => Selector::List(one(node)),
                        slice @ Selector::Slice { .. } => slice.clone(),
                    })
                    .collect(),
            },
            Kind::Comprehension { atom, body, loops } => {
                Kind::Comprehension { atom: *atom, body: one(body), loops: loops.clone() }
            }
            leaf => leaf.clone(),
        }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Where the expression first stands in the source.
    pub fn span(&self, id: NodeId) -> Span {
        self.spans.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// The facts of a node.
    pub fn facts(&self, id: NodeId) -> &Facts {
        &self[id].facts
    }

    /// The shape of a node.
    pub fn shape(&self, id: NodeId) -> &[Poly] {
        &self[id].shape
    }

    /// The name of an unknown.
    pub fn name(&self, unknown: Unknown) -> String {
        let (list, k) = match unknown {
            Unknown::Dim(k) => (&self.dims, k),
            Unknown::Index(k) => (&self.indices, k),
        };
        list.get(k as usize).cloned().unwrap_or_else(|| "?".into())
    }

    /// A size in the user's words.
    pub fn show(&self, size: &Poly) -> String {
        size.display(&|u| self.name(u))
    }

    /// A shape in the user's words.
    pub fn show_shape(&self, shape: &[Poly]) -> String {
        if shape.is_empty() {
            "a scalar".into()
        } else {
            format!("[{}]", shape.iter().map(|p| self.show(p)).collect::<Vec<_>>().join(", "))
        }
    }

    /// The operands of a node.
    pub fn operands(&self, id: NodeId) -> Vec<NodeId> {
        match &self[id].kind {
            Kind::Array(items) => items.clone(),
            Kind::Call { arguments, options, .. } => arguments
                .iter()
                .copied()
                .chain(
                    options
                        .iter()
                        .filter_map(|(_, v)| if let OptionValue::Node(n) = v { Some(*n) } else { None }),
                )
                .collect(),
            Kind::Index { base, selectors } => {
                let mut all = vec![*base];
                all.extend(selectors.iter().filter_map(|s| match s {
                    Selector::At(node, _) | Selector::List(node) => Some(*node),
                    Selector::Slice { .. } => None,
                }));
                all
            }
            Kind::Comprehension { body, .. } => vec![*body],
            _ => Vec::new(),
        }
    }
}

impl std::ops::Index<NodeId> for Tree {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

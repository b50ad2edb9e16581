//! Expression tapes: straight-line programs over arrays, evaluated forward and in reverse.

use crate::list::{List, Text, floats};
use crate::map::SparseMap;
use crate::shape::Shape;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The position of a node on its tape.
pub type NodeId = u32;

/// In [`Op::Gather`], the index that stands for a zero.
pub const ZERO_ENTRY: u32 = u32::MAX;

/// A straight-line program: each node is computed from earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tape {
    /// The nodes, operands before results.
    pub nodes: List<Node>,
}

impl Tape {
    /// Appends a node and returns its position.
    pub fn push(&mut self, op: Op, shape: Shape) -> NodeId {
        let nodes = self.nodes.to_mut();
        nodes.push(Node { op, shape });
        nodes.len() as NodeId - 1
    }

    /// The shape of a node.
    pub fn shape(&self, node: NodeId) -> Shape {
        self.nodes[node as usize].shape
    }
}

/// A node of a tape with a name of the user's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedNode {
    /// The name it was declared with.
    pub name: Text,
    /// Its position on the tape.
    pub node: NodeId,
    /// The shape of its value.
    pub shape: Shape,
    /// Its doc comment.
    pub doc: Option<Text>,
}

/// One value: how it is computed, and its shape. Entries are row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// The shape of the result.
    pub shape: Shape,
}

/// What a tape reads from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Input {
    /// A parameter, by position in the program, expanded to its full array.
    Parameter(u32),
    /// A user variable at the solution, by position in the solution map.
    Variable(u32),
    /// The dual of a constraint, by position in the solution map.
    Dual(u32),
    /// The dual of a variable's bounds, by position in the solution map.
    BoundDual(u32),
    /// The objective in the user's sense.
    Objective,
}

/// A primitive. Unless said otherwise operands of one operation have the shape of the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// A literal array; one number fills the shape.
    Constant(#[serde(with = "floats")] List<f64>),
    /// A value from outside.
    Input(Input),
    /// An elementwise function of one operand.
    Unary(Unary, NodeId),
    /// An elementwise function of two operands; either may be a scalar that serves every entry.
    Binary(Binary, NodeId, NodeId),
    /// `operand ** exponent`, elementwise, for a constant exponent.
    Power(NodeId, f64),
    /// The matrix product, with NumPy's meaning for vectors.
    MatMul(NodeId, NodeId),
    /// `out[i] = operand[index[i]]`, or zero where the index is [`ZERO_ENTRY`].
    Gather(NodeId, List<u32>),
    /// The entries of all operands, one operand after the other.
    Concat(List<NodeId>),
    /// Reduces consecutive groups of `group` entries to one each; the operand has `group` times the result's entries.
    Reduce(Reduction, NodeId, usize),
    /// The running maximum of consecutive groups of the given size.
    CumulativeMax(NodeId, usize),
    /// A constant linear map of the operand's entries.
    Linear(NodeId, SparseMap),
    /// The inverse of a square matrix.
    Inverse(NodeId),
    /// The lower Cholesky factor L of a positive definite matrix, `L Lᵀ = operand`.
    Cholesky(NodeId),
    /// The determinant of a square matrix.
    Determinant(NodeId),
    /// `⟨sort(first), sort(second)⟩` over all entries (the value of `dotsort`).
    SortedDot(NodeId, NodeId),
}

impl Op {
    /// The nodes that this operation reads.
    pub fn operands(&self) -> Vec<NodeId> {
        match self {
            Self::Constant(_) | Self::Input(_) => Vec::new(),
            Self::Unary(_, a)
            | Self::Power(a, _)
            | Self::Gather(a, _)
            | Self::Reduce(_, a, _)
            | Self::CumulativeMax(a, _)
            | Self::Linear(a, _)
            | Self::Inverse(a)
            | Self::Cholesky(a)
            | Self::Determinant(a) => alloc::vec![*a],
            Self::Binary(_, a, b) | Self::MatMul(a, b) | Self::SortedDot(a, b) => alloc::vec![*a, *b],
            Self::Concat(all) => all.to_vec(),
        }
    }
}

/// Elementwise functions of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Unary {
    /// `-a`
    Neg,
    /// `|a|`; slope 0 at 0
    Abs,
    /// `max(a, 0)`; slope 0 at 0
    Pos,
    /// `1` above 0, `-1` below, `0` at 0
    Sign,
    /// `eᵃ`
    Exp,
    /// natural logarithm
    Log,
    /// `log(1 + a)`
    Log1p,
    /// `√a`
    Sqrt,
    /// `a²`
    Square,
    /// `1 / a`
    Reciprocal,
    /// `sin a`
    Sin,
    /// `cos a`
    Cos,
    /// `tan a`
    Tan,
    /// `tanh a`
    Tanh,
    /// largest integer below
    Floor,
    /// smallest integer above
    Ceil,
    /// nearest integer, halves to even
    Round,
    /// `log(1 + eᵃ)`
    Logistic,
    /// `-a log a`, 0 at 0
    Entropy,
    /// `a eᵃ`
    XExp,
    /// logarithm of the standard normal distribution function
    LogNormalCdf,
}

/// Elementwise functions of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a b`
    Mul,
    /// `a / b`
    Div,
    /// the larger; at a tie the slope is shared equally
    Max,
    /// the smaller; at a tie the slope is shared equally
    Min,
    /// `a ** b`
    Pow,
    /// `a log(a / b)`, 0 at `a = 0`
    RelativeEntropy,
    /// Huber's function of `a` with threshold `b`: `a²` within, `2 b |a| - b²` outside
    Huber,
}

/// Reductions of a group of entries to one number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reduction {
    /// the sum
    Sum,
    /// the product
    Product,
    /// the largest; at a tie the slope is shared equally
    Max,
    /// the smallest; at a tie the slope is shared equally
    Min,
    /// the sum of the `k` largest, `k` may be fractional
    SumLargest(f64),
    /// `√Σa²`; slope 0 at 0
    Norm2,
    /// `log Σ eᵃ`
    LogSumExp,
}

//! The program as a whole.

use crate::block::Blocks;
use crate::lift::Lift;
use crate::list::{List, Text};
use crate::parameter::Parameter;
use crate::solution_map::SolutionMap;
use crate::tape::{NamedNode, NodeId, Tape};
use serde::{Deserialize, Serialize};

/// The version of the serialized form that this crate writes.
pub const FORMAT: u32 = 2;

/// A problem in affine–solver–affine form. See the crate's documentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The version of the serialized form.
    pub format: u32,
    /// The model's own documentation.
    pub doc: Option<Text>,
    /// Whether the user minimizes or maximizes; the blocks always minimize.
    pub sense: Sense,
    /// The sizes, bound.
    pub sizes: List<Size>,
    /// The parameters, in order of θ.
    pub parameters: List<Parameter>,
    /// From θ to θ̂.
    pub lift: Lift,
    /// What must hold for values on the lift's tape.
    pub checks: List<Check>,
    /// From θ̂ to the solver's data.
    pub blocks: Blocks,
    /// Which parameters each block depends on.
    pub depends: Depends,
    /// What the solver's columns are, in order.
    pub columns: List<Columns>,
    /// What the rows of A are, in order.
    pub equality_rows: List<Rows>,
    /// What the rows of G are, in order.
    pub inequality_rows: List<Rows>,
    /// From the solver's solution to the user's variables and duals.
    pub solution: SolutionMap,
    /// Evaluates the lets.
    pub values: Tape,
    /// The lets, as nodes of [`values`](Self::values).
    pub lets: List<NamedNode>,
}

impl Program {
    /// The number of solver variables.
    pub fn variables(&self) -> usize {
        self.blocks.q.len()
    }

    /// The number of rows of A and of G.
    pub fn rows(&self) -> usize {
        self.blocks.b.len() + self.blocks.gl.len()
    }

    /// The stored entries of P, A and G together.
    pub fn nonzeros(&self) -> usize {
        self.blocks.p.nnz() + self.blocks.a.nnz() + self.blocks.g.nnz()
    }

    /// The length of the stacked multipliers `[λ | ν_lower | ν_upper | μ_lower | μ_upper]`.
    pub fn multipliers(&self) -> usize {
        self.blocks.b.len() + 2 * self.blocks.gl.len() + 2 * self.variables()
    }

    /// The entries of θ, from the parameters' full arrays.
    pub fn position(&self, parameter: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.name == parameter)
    }
}

/// The user's sense of the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sense {
    /// The objective is minimized.
    Minimize,
    /// The objective is maximized; the blocks hold its negation.
    Maximize,
    /// There is no objective.
    Feasibility,
}

/// A size and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: usize,
}

/// A condition on a node of the lift's tape, verified whenever values are given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The node.
    pub node: NodeId,
    /// The condition.
    pub kind: CheckKind,
    /// The expression as the user wrote it.
    pub text: Text,
}

/// Conditions on values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CheckKind {
    /// Symmetric without negative eigenvalues (λ_min ≥ −1e-8‖P‖).
    Psd,
    /// Symmetric without positive eigenvalues.
    Nsd,
    /// Entries at least 0.
    Nonneg,
    /// Entries above 0.
    Pos,
    /// No entry is 0.
    NonZero,
}

/// A run of solver variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// The variable's name, or the atom that introduced it.
    pub name: Text,
    /// Whose it is.
    pub role: Role,
    /// Where it starts.
    pub start: usize,
    /// How many columns it has.
    pub len: usize,
}

/// A run of rows of A or G.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// The constraint's label, or the atom that introduced the rows.
    pub name: Text,
    /// Whose they are.
    pub role: Role,
    /// Where they start.
    pub start: usize,
    /// How many rows there are.
    pub len: usize,
}

/// Whether something is the user's or the compiler's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The user wrote it.
    User,
    /// The compiler introduced it to express an atom.
    Auxiliary,
}

/// The blocks of the canonical program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the problem statement")]
pub enum BlockKind {
    P,
    Q,
    R,
    A,
    B,
    G,
    Gl,
    Gu,
    Lo,
    Hi,
    W,
}

/// The parameters, by position, that each block depends on; a block that no batched parameter reaches is shared by a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depends {
    /// One entry for each block that depends on any parameter.
    pub blocks: List<(BlockKind, List<u32>)>,
}

impl Depends {
    /// The parameters that a block depends on.
    pub fn of(&self, block: BlockKind) -> &[u32] {
        self.blocks.iter().find(|(kind, _)| *kind == block).map_or(&[], |(_, on)| on)
    }
}

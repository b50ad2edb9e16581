//! Atoms: everything the compiler knows of a function, one file each.
//!
//! An [`Atom`] states its row of the table (names, arguments, curvature, sign, documentation), its rules (shape,
//! interval, monotonicity), and two expansions: [`graph`](Atom::graph), into rows and columns of the program, and
//! [`value`](Atom::value), into nodes of a tape. A new atom is a file and its line in `list.rs`.

mod call;
mod elementwise;
mod list;
mod prelude;
mod product;
mod rearrange;
mod reduce;
mod shapes;
mod sizes;

pub mod affine;
pub mod cone;
pub mod data;
pub mod page;
pub mod piecewise;
pub mod quadratic;
pub mod smooth;

pub use call::{Call, Refusal};
pub use elementwise::Elementwise;
pub use list::ATOMS;
pub use rearrange::Rearrange;
pub use reduce::{Groups, group_of, groups, nonempty};
pub use shapes::{affine_argument, broadcast, broadcast_index, matmul_shape, outside, square_matrix};
pub use sizes::{size, sizes, sizes_between};

use crate::check::curvature::{Curvature, Monotonicity};
use crate::check::interval::Interval;
use crate::check::size::Poly;
use crate::check::tree::Definite;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, Piece, TapeBuilder};
use serde::{Deserialize, Serialize};

/// The position of an atom in [`ATOMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AtomId(pub u16);

impl AtomId {
    /// The atom.
    pub fn atom(self) -> &'static dyn Atom {
        ATOMS[self.0 as usize]
    }

    /// The atom of a name, canonical or not.
    pub fn named(name: &str) -> Option<Self> {
        ATOMS
            .iter()
            .position(|a| a.row().name == name || a.row().aliases.contains(&name))
            .map(|position| Self(position as u16))
    }
}

/// The kind of an atom, and with it what its own curvature demands of the solver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Affine in its arguments together or, for a product, in each.
    Affine,
    /// Piecewise linear: rows and auxiliary variables express it.
    PiecewiseLinear,
    /// Quadratic: a block of the objective expresses it.
    Quadratic,
    /// Smooth and convex or concave.
    Smooth,
    /// Needs a cone that the solver has not.
    Cone,
    /// Of data only: no variable may enter.
    Data,
    /// Makes an array out of sizes and numbers.
    Constructor,
}

/// An atom's line in the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// Its arguments and options as a user writes them.
    pub signature: &'static str,
    /// The fewest and the most arguments.
    pub arguments: (usize, usize),
    /// The options it takes by name.
    pub options: &'static [&'static str],
    /// Its kind.
    pub group: Group,
    /// Its own curvature.
    pub curvature: Curvature,
    /// One line for the table.
    pub summary: &'static str,
    /// Its definition as a formula.
    pub formula: &'static str,
    /// The shape of the result, in words.
    pub shape: &'static str,
    /// The sign of the result, in words.
    pub sign: &'static str,
    /// How it moves with its arguments, in words.
    pub monotone: &'static str,
    /// How it is expressed in the program, in a line of mathematics.
    pub graph: &'static str,
    /// A model that uses it.
    pub example: &'static str,
    /// The cone it would need outside its class; empty for what is never outside.
    pub cone: &'static str,
    /// What to write instead inside the class, where there is something.
    pub instead: &'static str,
}

impl Row {
    /// How a call by its name is written: `power(x, p)` of `x ** p, power(x, p)`.
    pub fn form(&self) -> &'static str {
        let start = self.signature.find(&format!("{}(", self.name)).unwrap_or(0);
        let form = &self.signature[start..];
        form.find(')').map_or(form, |end| &form[..=end])
    }

    /// What most affine atoms have in common; the rest of a row is said atom by atom.
    pub const AFFINE: Self = Self {
        name: "",
        aliases: &[],
        signature: "",
        arguments: (1, 1),
        options: &[],
        group: Group::Affine,
        curvature: Curvature::Affine,
        summary: "",
        formula: "",
        shape: "that of x",
        sign: "that of x",
        monotone: "nondecreasing",
        graph: "affine",
        example: "",
        cone: "",
        instead: "",
    };
    /// As [`AFFINE`](Self::AFFINE), for products of which one factor is data.
    pub const PRODUCT: Self = Self {
        arguments: (2, 2),
        sign: "the product of the factors' signs",
        monotone: "by the sign of the other factor",
        graph: "affine; products of parameters are lifted",
        ..Self::AFFINE
    };
    /// As [`AFFINE`](Self::AFFINE), for convex piecewise-linear atoms.
    pub const PIECEWISE: Self = Self {
        group: Group::PiecewiseLinear,
        curvature: Curvature::Convex,
        sign: "nonneg",
        monotone: "by the sign of x",
        ..Self::AFFINE
    };
    /// As [`AFFINE`](Self::AFFINE), for quadratic atoms.
    pub const QUADRATIC: Self = Self {
        group: Group::Quadratic,
        graph: "a quadratic block",
        cone: "a second-order cone",
        instead: "move it to the objective, with a weight, where quadratics are inside the class",
        ..Self::PIECEWISE
    };
    /// As [`AFFINE`](Self::AFFINE), for smooth atoms, elementwise.
    pub const SMOOTH: Self = Self {
        group: Group::Smooth,
        sign: "any",
        monotone: "nondecreasing",
        graph: "a smooth term of the objective; of data: lifted",
        cone: "an exponential cone",
        instead: "smooth atoms are inside the class in the objective itself, in sums, and times nonneg data",
        ..Self::PIECEWISE
    };
    /// As [`AFFINE`](Self::AFFINE), for atoms that need a cone.
    pub const CONE: Self = Self {
        group: Group::Cone,
        graph: "of data: lifted; of variables: outside the class",
        cone: "a second-order cone",
        ..Self::PIECEWISE
    };
    /// As [`AFFINE`](Self::AFFINE), for functions of data, elementwise.
    pub const DATA: Self = Self {
        group: Group::Data,
        curvature: Curvature::Constant,
        sign: "any",
        monotone: "of data only",
        graph: "lifted",
        ..Self::AFFINE
    };
    /// As [`AFFINE`](Self::AFFINE), for constructors.
    pub const CONSTRUCTOR: Self = Self {
        group: Group::Constructor,
        curvature: Curvature::Constant,
        monotone: "constant",
        graph: "numbers",
        ..Self::AFFINE
    };
}

/// A function of the language.
pub trait Atom: Sync {
    /// Its line in the table.
    fn row(&self) -> &'static Row;

    /// The shape of the result.
    ///
    /// # Errors
    /// If the arguments' shapes do not fit.
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal>;

    /// A range of the result's entries.
    fn interval(&self, call: &Call<'_>) -> Interval {
        let _ = call;
        Interval::ALL
    }

    /// Its kind for these arguments.
    fn group(&self, call: &Call<'_>) -> Group {
        let _ = call;
        self.row().group
    }

    /// Its own curvature for these arguments.
    fn curvature(&self, call: &Call<'_>) -> Curvature {
        let _ = call;
        self.row().curvature
    }

    /// How the result moves with an argument.
    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        let _ = (call, argument);
        Monotonicity::Increasing
    }

    /// Definiteness of the result, if it is a square matrix.
    fn definite(&self, call: &Call<'_>) -> Definite {
        let _ = call;
        Definite::No
    }

    /// Whether affine algebra evaluates it for these arguments, all of which it evaluates.
    fn linear(&self, call: &Call<'_>) -> bool {
        let _ = call;
        matches!(self.row().group, Group::Affine | Group::Constructor)
    }

    /// Whether it multiplies its arguments, so that only one of them may vary.
    fn is_product(&self) -> bool {
        false
    }

    /// Whether an entry of the result depends on the same entry of the arguments, broadcast, and on no other.
    fn is_elementwise(&self) -> bool {
        false
    }

    /// Why no variable may stand in an argument, if that is so.
    fn data_argument(&self, argument: usize) -> Option<&'static str> {
        let _ = argument;
        (self.row().group == Group::Data).then_some("it is a function of data only")
    }

    /// The affine expression that takes its place in the program, with the rows and columns that make it so.
    ///
    /// # Errors
    /// If sizes or values that became known now do not fit.
    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine>;

    /// The rows that a comparison bounds directly, of an atom that is the largest (convex) or smallest (concave) of them.
    ///
    /// # Errors
    /// If sizes or values that became known now do not fit.
    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let _ = (call, lower);
        Ok(None)
    }

    /// The tape node that computes it.
    ///
    /// # Errors
    /// If sizes or values that became known now do not fit.
    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32>;
}

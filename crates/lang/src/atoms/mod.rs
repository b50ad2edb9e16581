//! Atoms: everything the compiler knows of a function, one file each.
//!
//! An [`Atom`] states its row of the table (names, arguments, curvature, sign, documentation), its rules (shape,
//! interval, monotonicity), and two expansions: [`graph`](Atom::graph), into rows and columns of the program, and
//! [`value`](Atom::value), into nodes of a tape. A new atom is a file and its line in `list.rs`.

mod call;
mod list;
mod reduce;
mod shapes;
mod sizes;

pub mod affine;
pub mod data;
pub mod piecewise;
pub mod quadratic;

pub use call::{Call, Refusal};
pub use list::ATOMS;
pub use reduce::{Groups, group_of, groups, nonempty};
pub use shapes::{affine_argument, broadcast, broadcast_index, matmul_shape, outside};
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
    /// How it is expressed in the program, in a line of mathematics.
    pub graph: &'static str,
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

//! What a program says about its parameters.

use crate::list::{List, Text, floats};
use crate::shape::Shape;
use serde::{Deserialize, Serialize};

/// A parameter of the program: a value given at every solve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: Text,
    /// The shape of its value.
    pub shape: Shape,
    /// Which entries of the value are stored in θ.
    pub storage: Storage,
    /// Where its entries start in θ.
    pub start: usize,
    /// What its values must satisfy.
    pub attributes: Attributes,
    /// The value when none is given, row by row.
    pub default: Option<DefaultValue>,
    /// Whether ±∞ is a value: the parameter only ever bounds something.
    pub allows_infinity: bool,
    /// Its doc comment.
    pub doc: Option<Text>,
}

impl Parameter {
    /// How many entries it has in θ.
    pub fn len(&self) -> usize {
        match &self.storage {
            Storage::Dense => self.shape.len(),
            Storage::Diagonal => self.shape.as_rows().0,
            Storage::Sparse { rows, .. } => rows.len(),
        }
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The position, row by row in the full array, of each stored entry.
    pub fn positions(&self) -> alloc::vec::Vec<usize> {
        (0..self.len()).map(|entry| self.position(entry)).collect()
    }

    /// The position, row by row in the full array, of a stored entry.
    ///
    /// # Panics
    /// If a sparse parameter has not as many entries.
    pub fn position(&self, entry: usize) -> usize {
        let n = self.shape.as_rows().1;
        match &self.storage {
            Storage::Dense => entry,
            Storage::Diagonal => entry * n + entry,
            Storage::Sparse { rows, cols } => rows[entry] as usize * n + cols[entry] as usize,
        }
    }
}

/// A default value: one number that fills, or all entries row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DefaultValue(#[serde(with = "floats")] pub List<f64>);

/// Which entries of a parameter's array are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Storage {
    /// All, row by row.
    Dense,
    /// The diagonal of a square matrix.
    Diagonal,
    /// A fixed pattern of a matrix, sorted by row and then column.
    Sparse {
        /// The row of each stored entry.
        rows: List<u32>,
        /// The column of each stored entry.
        cols: List<u32>,
    },
}

/// What the values of a parameter must satisfy; attributes combine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each flag is an attribute of the language")]
pub struct Attributes {
    /// Entries at least 0.
    pub nonneg: bool,
    /// Entries at most 0.
    pub nonpos: bool,
    /// Entries above 0.
    pub pos: bool,
    /// Entries below 0.
    pub neg: bool,
    /// A symmetric matrix.
    pub symmetric: bool,
    /// A symmetric matrix without negative eigenvalues.
    pub psd: bool,
    /// A symmetric matrix without positive eigenvalues.
    pub nsd: bool,
    /// Entries within `[lo, hi]`, as nodes of the lift's tape (which may be parametric).
    pub range: Option<(u32, u32)>,
}

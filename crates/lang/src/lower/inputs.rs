//! What a caller gives at compile time.

use std::collections::BTreeMap;

/// Sizes, values of constants, and what compilation needs to know of the data.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Values of `dim`s.
    pub sizes: BTreeMap<String, usize>,
    /// The sizes of the axes of given parameters and constants, from which `dim`s are found.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Values of constants.
    pub constants: BTreeMap<String, Array>,
    /// The rows and columns of the stored entries of `sparse` parameters, sorted by row and then column.
    pub patterns: BTreeMap<String, (Vec<u32>, Vec<u32>)>,
    /// Where values come from, by name: a file, an argument. Only messages say it.
    pub origins: BTreeMap<String, String>,
}

/// A numeric array with at most two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// The entries.
    pub entries: Entries,
}

/// The entries of an [`Array`].
#[derive(Clone, Debug, PartialEq)]
pub enum Entries {
    /// All of them, row by row.
    Dense(Vec<f64>),
    /// Row, column and value of those that are stored, sorted by row and then column.
    Sparse(Vec<(u32, u32, f64)>),
}

impl Array {
    /// A dense array.
    pub fn dense_from(shape: Vec<usize>, values: Vec<f64>) -> Self {
        Self { shape, entries: Entries::Dense(values) }
    }

    /// All entries row by row; `None` if that would be far more than are stored.
    pub fn dense(&self) -> Option<Vec<f64>> {
        match &self.entries {
            Entries::Dense(values) => Some(values.clone()),
            Entries::Sparse(stored) => {
                let len: usize = self.shape.iter().product();
                (len <= 1 << 24 || len <= 16 * stored.len()).then(|| {
                    let n = self.shape.last().copied().unwrap_or(1);
                    let mut out = vec![0.0; len];
                    for &(i, j, value) in stored {
                        out[i as usize * n + j as usize] = value;
                    }
                    out
                })
            }
        }
    }

    /// Position, row by row, and value of each entry that is not zero.
    pub fn nonzeros(&self) -> Vec<(usize, f64)> {
        let n = self.shape.last().copied().unwrap_or(1);
        match &self.entries {
            Entries::Dense(values) => values.iter().copied().enumerate().filter(|&(_, v)| v != 0.0).collect(),
            Entries::Sparse(stored) => stored
                .iter()
                .map(|&(i, j, v)| (i as usize * n + j as usize, v))
                .filter(|&(_, v)| v != 0.0)
                .collect(),
        }
    }
}

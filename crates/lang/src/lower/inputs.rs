//! What a caller gives at compile time.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    Dense(Arc<[f64]>),
    /// Row, column and value of those that are stored, sorted by row and then column.
    #[allow(missing_docs, reason = "the line above says it")]
    Sparse { rows: Arc<[u32]>, cols: Arc<[u32]>, values: Arc<[f64]> },
}

impl Array {
    /// A dense array.
    pub fn dense_from(shape: Vec<usize>, values: impl Into<Arc<[f64]>>) -> Self {
        Self { shape, entries: Entries::Dense(values.into()) }
    }

    /// All entries row by row; `None` if that would be far more than are stored.
    pub fn dense(&self) -> Option<Vec<f64>> {
        match &self.entries {
            Entries::Dense(values) => Some(values.to_vec()),
            Entries::Sparse { rows, cols, values } => {
                let len: usize = self.shape.iter().product();
                (len <= 1 << 24 || len <= 16 * values.len()).then(|| {
                    let n = self.shape.last().copied().unwrap_or(1);
                    let mut out = vec![0.0; len];
                    for ((&i, &j), &value) in rows.iter().zip(cols.iter()).zip(values.iter()) {
                        out[i as usize * n + j as usize] = value;
                    }
                    out
                })
            }
        }
    }
}

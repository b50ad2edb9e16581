//! Arrays: what parameters are given as, and what solutions and gradients are returned as.

use cvxlayer_program::{List, Shape, Storage};
use nalgebra::{DMatrix, DVector};
use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};
use std::borrow::Cow;

/// A number, a vector, a matrix, or (a dual under `for`) an array with more axes; entries row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    axes: Vec<usize>,
    entries: Entries,
}

/// Which entries an array stores.
#[derive(Clone, Debug, PartialEq)]
pub enum Entries {
    /// All, row by row.
    Dense(Vec<f64>),
    /// The diagonal of a square matrix; the rest is zero.
    Diagonal(Vec<f64>),
    /// Some entries of a matrix, sorted by row and then column; the rest is zero.
    Sparse {
        /// The row of each entry.
        row: List<u32>,
        /// The column of each entry.
        col: List<u32>,
        /// The entries.
        value: Vec<f64>,
    },
}

impl Array {
    /// An array from all its entries, row by row; `None` if their number does not fit.
    pub fn dense(axes: Vec<usize>, entries: Vec<f64>) -> Option<Self> {
        let len = axes.iter().try_fold(1_usize, |len, &n| len.checked_mul(n))?;
        (len == entries.len()).then_some(Self { axes, entries: Entries::Dense(entries) })
    }

    /// A matrix from some of its entries; `None` if one lies outside or is given twice.
    pub fn sparse(rows: usize, cols: usize, mut triplets: Vec<(u32, u32, f64)>) -> Option<Self> {
        if triplets.iter().any(|&(i, j, _)| i as usize >= rows || j as usize >= cols) {
            return None;
        }
        triplets.sort_by_key(|&(i, j, _)| (i, j));
        if triplets.windows(2).any(|w| (w[0].0, w[0].1) == (w[1].0, w[1].1)) {
            return None;
        }
        let entries = Entries::Sparse {
            row: triplets.iter().map(|t| t.0).collect(),
            col: triplets.iter().map(|t| t.1).collect(),
            value: triplets.iter().map(|t| t.2).collect(),
        };
        Some(Self { axes: vec![rows, cols], entries })
    }

    /// A square matrix from its diagonal.
    pub fn diagonal(diagonal: Vec<f64>) -> Self {
        Self { axes: vec![diagonal.len(); 2], entries: Entries::Diagonal(diagonal) }
    }

    /// The entries of a parameter, as it is stored.
    pub(crate) fn stored(shape: Shape, storage: &Storage, value: Vec<f64>) -> Self {
        let entries = match storage {
            Storage::Dense => Entries::Dense(value),
            Storage::Diagonal => Entries::Diagonal(value),
            Storage::Sparse { rows, cols } => Entries::Sparse { row: rows.clone(), col: cols.clone(), value },
        };
        Self { axes: shape.axes(), entries }
    }

    /// The sizes of the axes, outermost first.
    pub fn axes(&self) -> &[usize] {
        &self.axes
    }

    /// The shape, if there are at most two axes.
    pub fn shape(&self) -> Option<Shape> {
        match self.axes[..] {
            [] => Some(Shape::Scalar),
            [n] => Some(Shape::Vector(n)),
            [m, n] => Some(Shape::Matrix(m, n)),
            _ => None,
        }
    }

    /// The entries that are stored.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// The stored entries' values.
    pub fn values(&self) -> &[f64] {
        match &self.entries {
            Entries::Dense(v) | Entries::Diagonal(v) | Entries::Sparse { value: v, .. } => v,
        }
    }

    /// The only entry of an array that has one.
    pub fn scalar(&self) -> Option<f64> {
        match self.all()[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    /// All entries, row by row.
    pub fn to_dense(&self) -> Vec<f64> {
        self.all().into_owned()
    }

    /// All entries, row by row, without a copy if all are stored.
    pub(crate) fn all(&self) -> Cow<'_, [f64]> {
        let cols = self.axes.last().copied().unwrap_or(1);
        match &self.entries {
            Entries::Dense(v) => v.into(),
            Entries::Diagonal(v) => {
                let mut out = vec![0.0; v.len() * v.len()];
                for (i, &x) in v.iter().enumerate() {
                    out[i * cols + i] = x;
                }
                out.into()
            }
            Entries::Sparse { row, col, value } => {
                let mut out = vec![0.0; self.axes.iter().product()];
                for ((&i, &j), &x) in row.iter().zip(col.iter()).zip(value) {
                    out[i as usize * cols + j as usize] = x;
                }
                out.into()
            }
        }
    }

    /// All entries as one vector, row by row.
    pub fn to_vector(&self) -> DVector<f64> {
        self.to_dense().into()
    }

    /// A value from a table in the rank that its declaration has: one row or column may be a vector.
    pub(crate) fn of_rank(&self, rank: usize) -> Cow<'_, Self> {
        match (rank, self.axes()) {
            (1, &[m, n]) if m == 1 || n == 1 => Cow::Owned(Self::from(self.to_dense())),
            (0, [1, 1]) => Cow::Owned(Self::from(self.all()[0])),
            _ => Cow::Borrowed(self),
        }
    }

    /// The matrix; a scalar is 1 × 1, and a vector is one column.
    ///
    /// # Panics
    /// If there are more than two axes.
    pub fn to_matrix(&self) -> DMatrix<f64> {
        let (rows, cols) = match self.axes[..] {
            [] => (1, 1),
            [n] => (n, 1),
            [m, n] => (m, n),
            _ => panic!("an array with {} axes is no matrix", self.axes.len()),
        };
        DMatrix::from_row_slice(rows, cols, &self.to_dense())
    }
}

impl From<f64> for Array {
    fn from(value: f64) -> Self {
        Self { axes: Vec::new(), entries: Entries::Dense(vec![value]) }
    }
}

impl From<Vec<f64>> for Array {
    fn from(values: Vec<f64>) -> Self {
        Self { axes: vec![values.len()], entries: Entries::Dense(values) }
    }
}

impl From<&[f64]> for Array {
    fn from(values: &[f64]) -> Self {
        values.to_vec().into()
    }
}

impl From<DVector<f64>> for Array {
    fn from(values: DVector<f64>) -> Self {
        Vec::from(values.data).into()
    }
}

impl From<DMatrix<f64>> for Array {
    fn from(matrix: DMatrix<f64>) -> Self {
        let axes = vec![matrix.nrows(), matrix.ncols()];
        Self { axes, entries: Entries::Dense(matrix.transpose().data.into()) }
    }
}

/// Nested lists row by row; a diagonal as its vector; a sparse matrix as `{"shape", "row", "col", "value"}`; what is
/// not a number as `null`, and the infinities as `"inf"` and `"-inf"`.
impl Serialize for Array {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.entries {
            Entries::Dense(values) => Nested { axes: &self.axes, values }.serialize(serializer),
            Entries::Diagonal(values) => Nested { axes: &self.axes[..1], values }.serialize(serializer),
            Entries::Sparse { row, col, value } => {
                let mut out = serializer.serialize_struct("Sparse", 4)?;
                out.serialize_field("shape", &self.axes)?;
                out.serialize_field("row", row)?;
                out.serialize_field("col", col)?;
                out.serialize_field("value", &Nested { axes: &[value.len()], values: value })?;
                out.end()
            }
        }
    }
}

struct Nested<'a> {
    axes: &'a [usize],
    values: &'a [f64],
}

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((&n, inner)) = self.axes.split_first() else {
            return number(self.values[0], serializer);
        };
        let step = inner.iter().product::<usize>();
        let mut out = serializer.serialize_seq(Some(n))?;
        for i in 0..n {
            out.serialize_element(&Nested { axes: inner, values: &self.values[i * step..(i + 1) * step] })?;
        }
        out.end()
    }
}

/// A number as JSON has it.
fn number<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        // A negative zero says nothing to a reader.
        serializer.serialize_f64(value + 0.0)
    } else if value.is_nan() {
        serializer.serialize_none()
    } else {
        serializer.serialize_str(if value > 0.0 { "inf" } else { "-inf" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(array: &Array) -> String {
        serde_json::to_string(array).unwrap()
    }

    #[test]
    fn arrays_are_written_as_they_are_read() {
        assert_eq!(json(&2.5.into()), "2.5");
        assert_eq!(json(&vec![1.0, f64::INFINITY].into()), r#"[1.0,"inf"]"#);
        assert_eq!(json(&Array::dense(vec![2, 1], vec![1.0, f64::NAN]).unwrap()), "[[1.0],[null]]");
        assert_eq!(json(&Array::dense(vec![2, 0], vec![]).unwrap()), "[[],[]]");
        assert_eq!(json(&Array::diagonal(vec![1.0, 2.0])), "[1.0,2.0]");
        let sparse = Array::sparse(2, 3, vec![(1, 2, 5.0), (0, 1, 4.0)]).unwrap();
        assert_eq!(json(&sparse), r#"{"shape":[2,3],"row":[0,1],"col":[1,2],"value":[4.0,5.0]}"#);
        assert_eq!(sparse.to_dense(), [0.0, 4.0, 0.0, 0.0, 0.0, 5.0]);
    }

    #[test]
    fn malformed_arrays_are_refused() {
        assert_eq!(Array::dense(vec![2, 2], vec![1.0]), None);
        assert_eq!(Array::dense(vec![usize::MAX, 2], vec![]), None);
        assert_eq!(Array::sparse(1, 1, vec![(0, 1, 1.0)]), None);
        assert_eq!(Array::sparse(2, 2, vec![(0, 1, 1.0), (0, 1, 2.0)]), None);
    }

    #[test]
    fn matrices_keep_their_rows() {
        let m = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let array = Array::from(m.clone());
        assert_eq!(array.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(array.to_matrix(), m);
    }
}

//! Sparse linear maps with their adjoints.

use crate::list::{List, floats};
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A sparse linear map `out = M in`, stored by output rows (CSR).
///
/// Every map of a program offers [`apply`](Self::apply) and [`apply_adjoint`](Self::apply_adjoint), which satisfy
/// `⟨M u, v⟩ = ⟨u, Mᵀ v⟩`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SparseMap {
    /// Length of the output.
    pub rows: usize,
    /// Length of the input.
    pub cols: usize,
    /// Where each row's entries start; `rows + 1` numbers.
    pub row_ptr: List<u32>,
    /// The input index of each entry, ascending within a row.
    pub col_idx: List<u32>,
    /// The coefficient of each entry.
    #[serde(with = "floats")]
    pub values: List<f64>,
}

impl SparseMap {
    /// The map that sends everything to zero.
    pub fn zero(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            row_ptr: vec![0; rows + 1].into(),
            col_idx: Vec::new().into(),
            values: Vec::new().into(),
        }
    }

    /// Builds a map from `(row, column, coefficient)`; entries that meet are added, and exact zeros are dropped.
    pub fn from_triplets(rows: usize, cols: usize, mut triplets: Vec<(u32, u32, f64)>) -> Self {
        let key = |t: &(u32, u32, f64)| (t.0, t.1);
        if triplets.is_empty() {
            return Self::zero(rows, cols);
        }
        if !triplets.is_sorted_by_key(key) {
            triplets.sort_by_key(key);
        }
        let mut row_ptr = vec![0; rows + 1];
        let (mut col_idx, mut values): (Vec<u32>, Vec<f64>) =
            (Vec::with_capacity(triplets.len()), Vec::with_capacity(triplets.len()));
        for same in triplets.chunk_by(|a, b| key(a) == key(b)) {
            let value: f64 = same.iter().map(|t| t.2).sum();
            if value != 0.0 {
                row_ptr[same[0].0 as usize + 1] += 1;
                col_idx.push(same[0].1);
                values.push(value);
            }
        }
        for row in 0..rows {
            row_ptr[row + 1] += row_ptr[row];
        }
        Self { rows, cols, row_ptr: row_ptr.into(), col_idx: col_idx.into(), values: values.into() }
    }

    /// The number of stored coefficients.
    pub fn nnz(&self) -> usize {
        self.values.len()
    }

    /// The entries `(input index, coefficient)` of one output row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.row_ptr[row] as usize..self.row_ptr[row + 1] as usize;
        self.col_idx[range.clone()]
            .iter()
            .zip(&self.values[range])
            .map(|(&col, &value)| (col as usize, value))
    }

    /// `out += M input`.
    ///
    /// # Panics
    /// If the lengths are not those of the map.
    pub fn apply(&self, input: &[f64], out: &mut [f64]) {
        assert_eq!((out.len(), input.len()), (self.rows, self.cols), "lengths of a linear map");
        if self.values.is_empty() {
            return;
        }
        for (row, value) in out.iter_mut().enumerate() {
            for (col, coefficient) in self.row(row) {
                *value += coefficient * input[col];
            }
        }
    }

    /// `input += Mᵀ out`.
    ///
    /// # Panics
    /// If the lengths are not those of the map.
    pub fn apply_adjoint(&self, out: &[f64], input: &mut [f64]) {
        assert_eq!((out.len(), input.len()), (self.rows, self.cols), "lengths of a linear map");
        if self.values.is_empty() {
            return;
        }
        for (row, &value) in out.iter().enumerate() {
            if value != 0.0 {
                for (col, coefficient) in self.row(row) {
                    input[col] += coefficient * value;
                }
            }
        }
    }
}

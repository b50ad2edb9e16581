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
        triplets.sort_by_key(|&(row, col, _)| (row, col));
        let mut row_ptr = Vec::with_capacity(rows + 1);
        let (mut col_idx, mut values): (Vec<u32>, Vec<f64>) =
            (Vec::with_capacity(triplets.len()), Vec::with_capacity(triplets.len()));
        row_ptr.push(0);
        let mut i = 0;
        for row in 0..rows {
            while i < triplets.len() && triplets[i].0 as usize == row {
                let col = triplets[i].1;
                let mut value = 0.0;
                while i < triplets.len() && triplets[i].0 as usize == row && triplets[i].1 == col {
                    value += triplets[i].2;
                    i += 1;
                }
                if value != 0.0 {
                    col_idx.push(col);
                    values.push(value);
                }
            }
            row_ptr.push(col_idx.len() as u32);
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
        for (row, &value) in out.iter().enumerate() {
            if value != 0.0 {
                for (col, coefficient) in self.row(row) {
                    input[col] += coefficient * value;
                }
            }
        }
    }
}

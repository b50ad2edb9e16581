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
    pub fn from_triplets(rows: usize, cols: usize, mut triplets: Vec<Triplet>) -> Self {
        if triplets.is_empty() {
            return Self::zero(rows, cols);
        }
        let mut row_ptr = row_starts(rows, &triplets);
        // Counted, which is faster than to stop at the first.
        let pairs = |triplets: &[Triplet], of: fn(&Triplet, &Triplet) -> bool| {
            triplets.iter().zip(&triplets[1..]).map(|(a, b)| usize::from(of(a, b))).sum::<usize>()
        };
        if pairs(&triplets, |a, b| a.0 > b.0) > 0 {
            let (mut next, mut placed) = (row_ptr.clone(), vec![(0, 0, 0.0); triplets.len()]);
            for triplet in triplets {
                let at = &mut next[triplet.0 as usize];
                placed[*at as usize] = triplet;
                *at += 1;
            }
            triplets = placed;
        }
        if pairs(&triplets, |a, b| a.0 == b.0 && a.1 > b.1) > 0 {
            for row in triplets.chunk_by_mut(|a, b| a.0 == b.0) {
                row.sort_by_key(|t| t.1);
            }
        }
        let key = |t: &Triplet| (t.0, t.1);
        let zeros: usize = triplets.iter().map(|t| usize::from(t.2 == 0.0)).sum();
        if zeros + pairs(&triplets, |a, b| (a.0, a.1) == (b.0, b.1)) > 0 {
            triplets.dedup_by(|next, kept| {
                let same = key(next) == key(kept);
                kept.2 += if same { next.2 } else { 0.0 };
                same
            });
            triplets.retain(|t| t.2 != 0.0);
            row_ptr = row_starts(rows, &triplets);
        }
        Self {
            rows,
            cols,
            row_ptr: row_ptr.into(),
            col_idx: triplets.iter().map(|t| t.1).collect(),
            values: triplets.iter().map(|t| t.2).collect(),
        }
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

/// Row, column and coefficient of an entry.
type Triplet = (u32, u32, f64);

/// Where the entries of each row start, by counting them.
fn row_starts(rows: usize, triplets: &[Triplet]) -> Vec<u32> {
    let mut ptr = vec![0; rows + 1];
    for &(row, ..) in triplets {
        ptr[row as usize + 1] += 1;
    }
    for row in 0..rows {
        ptr[row + 1] += ptr[row];
    }
    ptr
}

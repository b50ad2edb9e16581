//! Sparse matrices by columns.

mod compare;

pub(crate) use compare::before;

use crate::Error;
use crate::kernel::{self, kernel, vectorized};

/// A sparse matrix stored by columns (CSC): the entries of column `j` are `values[col_ptr[j]..col_ptr[j+1]]`, in rows
/// `row_idx[..]` that increase strictly.
///
/// Stored zeros are kept: they are part of the pattern, and derivatives are returned on the pattern.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Csc {
    /// Number of rows.
    pub nrows: usize,
    /// Number of columns.
    pub ncols: usize,
    /// Where each column starts in `row_idx` and `values`; `ncols + 1` entries.
    pub col_ptr: Vec<usize>,
    /// Row of each entry.
    pub row_idx: Vec<usize>,
    /// Value of each entry.
    pub values: Vec<f64>,
}

impl Csc {
    /// A checked matrix.
    ///
    /// # Errors
    /// [`Error::Pattern`] when the column pointers do not start at 0, decrease or do not end at the number of entries,
    /// or a column's rows do not increase strictly or lie outside the matrix.
    pub fn new(
        nrows: usize,
        ncols: usize,
        col_ptr: Vec<usize>,
        row_idx: Vec<usize>,
        values: Vec<f64>,
    ) -> Result<Self, Error> {
        let matrix = Self { nrows, ncols, col_ptr, row_idx, values };
        matrix.check("matrix")?;
        Ok(matrix)
    }

    /// The `nrows × ncols` matrix without entries.
    pub fn zeros(nrows: usize, ncols: usize) -> Self {
        Self { nrows, ncols, col_ptr: vec![0; ncols + 1], row_idx: Vec::new(), values: Vec::new() }
    }

    /// The identity of order `n`.
    pub fn identity(n: usize) -> Self {
        Self::diagonal(&vec![1.0; n])
    }

    /// The square matrix with `diagonal` on its diagonal (zeros are stored).
    pub fn diagonal(diagonal: &[f64]) -> Self {
        let n = diagonal.len();
        Self {
            nrows: n,
            ncols: n,
            col_ptr: (0..=n).collect(),
            row_idx: (0..n).collect(),
            values: diagonal.to_vec(),
        }
    }

    /// The matrix with the given (row, column, value) entries; entries at one place are added.
    ///
    /// # Errors
    /// [`Error::Pattern`] when an entry lies outside the matrix.
    pub fn from_triplets(
        nrows: usize,
        ncols: usize,
        triplets: &[(usize, usize, f64)],
    ) -> Result<Self, Error> {
        if triplets.iter().any(|&(i, j, _)| i >= nrows || j >= ncols) {
            return Err(Error::Pattern { block: "matrix", reason: "an entry lies outside the matrix" });
        }
        let mut sorted: Vec<_> = triplets.to_vec();
        sorted.sort_by_key(|&(i, j, _)| (j, i));
        let mut matrix = Self::zeros(nrows, ncols);
        let mut last = None;
        for (i, j, v) in sorted {
            if last == Some((i, j)) {
                *matrix.values.last_mut().unwrap_or(&mut 0.0) += v;
            } else {
                matrix.row_idx.push(i);
                matrix.values.push(v);
                matrix.col_ptr[j + 1] += 1;
                last = Some((i, j));
            }
        }
        for j in 0..ncols {
            matrix.col_ptr[j + 1] += matrix.col_ptr[j];
        }
        Ok(matrix)
    }

    /// The non-zero entries of a dense matrix.
    pub fn from_dense(dense: &nalgebra::DMatrix<f64>) -> Self {
        Self::from_columns(dense, |_, _| true)
    }

    /// The non-zero entries of the upper triangle of a dense symmetric matrix, as [`crate::Problem`] stores P.
    pub fn upper_from_dense(dense: &nalgebra::DMatrix<f64>) -> Self {
        Self::from_columns(dense, |i, j| i <= j)
    }

    fn from_columns(dense: &nalgebra::DMatrix<f64>, keep: impl Fn(usize, usize) -> bool) -> Self {
        let mut matrix = Self::zeros(dense.nrows(), dense.ncols());
        for j in 0..dense.ncols() {
            for (i, &v) in dense.column(j).iter().enumerate() {
                if v != 0.0 && keep(i, j) {
                    matrix.row_idx.push(i);
                    matrix.values.push(v);
                }
            }
            matrix.col_ptr[j + 1] = matrix.values.len();
        }
        matrix
    }

    /// The same matrix, dense.
    pub fn to_dense(&self) -> nalgebra::DMatrix<f64> {
        let mut dense = nalgebra::DMatrix::zeros(self.nrows, self.ncols);
        for (i, j, v) in self.iter() {
            dense[(i, j)] += v;
        }
        dense
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.values.len()
    }

    /// The stored entries as (row, column, value), by columns.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        (0..self.ncols).flat_map(move |j| self.column(j).map(move |(i, v)| (i, j, v)))
    }

    /// The stored entries of column `j` as (row, value).
    pub fn column(&self, j: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.col_ptr[j]..self.col_ptr[j + 1];
        self.row_idx[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// `M v`, for `v` of length `ncols`.
    pub fn mul_vec(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.nrows];
        self.mul_add(1.0, v, &mut out);
        out
    }

    /// `Mᵀ v`, for `v` of length `nrows`.
    pub fn mul_transpose_vec(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.ncols];
        self.mul_transpose_add(1.0, v, &mut out);
        out
    }

    /// `S v` where this matrix is the upper triangle of the symmetric S.
    pub fn mul_symmetric_vec(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.nrows];
        self.mul_symmetric_add(1.0, v, &mut out);
        out
    }

    /// `out += scale · M v`.
    pub fn mul_add(&self, scale: f64, v: &[f64], out: &mut [f64]) {
        vectorized::<Mul, _>((self, scale, v, out));
    }

    /// `out += scale · Mᵀ v`.
    pub fn mul_transpose_add(&self, scale: f64, v: &[f64], out: &mut [f64]) {
        vectorized::<MulTranspose, _>((self, scale, v, out));
    }

    /// `out += scale · S v` where this matrix is the upper triangle of the symmetric S.
    pub fn mul_symmetric_add(&self, scale: f64, v: &[f64], out: &mut [f64]) {
        vectorized::<MulSymmetric, _>((self, scale, v, out));
    }

    #[inline(always)]
    fn mul_kernel((this, scale, v, out): (&Self, f64, &[f64], &mut [f64])) {
        for j in 0..this.ncols {
            let vj = scale * v[j];
            if vj != 0.0 {
                this.add_column(j, vj, out);
            }
        }
    }

    #[inline(always)]
    fn transpose_kernel((this, scale, v, out): (&Self, f64, &[f64], &mut [f64])) {
        for j in 0..this.ncols {
            out[j] += scale * this.dot_column(j, v);
        }
    }

    /// `out += M v` and `transposed += Mᵀ w`, in one pass.
    #[inline(always)]
    fn mul_both((this, v, w, out, transposed): (&Self, &[f64], &[f64], &mut [f64], &mut [f64])) {
        let rows = this.nrows;
        let mut j = 0;
        while j < this.ncols {
            let start = this.col_ptr[j];
            if rows >= RUN && j + 4 <= this.ncols && this.col_ptr[j + 4] - start == 4 * rows {
                let column = |c: usize| &this.values[start + c * rows..start + (c + 1) * rows];
                let columns = [column(0), column(1), column(2), column(3)];
                kernel::axpy4([v[j], v[j + 1], v[j + 2], v[j + 3]], columns, &mut out[..rows]);
                let sums = kernel::dot4(columns, &w[..rows]);
                for c in 0..4 {
                    transposed[j + c] += sums[c];
                }
                j += 4;
                continue;
            }
            transposed[j] += this.dot_column(j, w);
            if v[j] != 0.0 {
                this.add_column(j, v[j], out);
            }
            j += 1;
        }
    }

    #[inline(always)]
    fn symmetric_kernel((this, scale, v, out): (&Self, f64, &[f64], &mut [f64])) {
        let mut j = 0;
        while j < this.ncols {
            // Rows increase, so that their number and the last one tell whether a column is full.
            let full = |j: usize| {
                let (start, end) = (this.col_ptr[j], this.col_ptr[j + 1]);
                end - start == j + 1 && this.row_idx[end - 1] == j
            };
            if j >= RUN && j + 4 <= this.ncols && full(j) && full(j + 1) && full(j + 2) && full(j + 3) {
                let column = |c: usize| {
                    let start = this.col_ptr[j + c];
                    &this.values[start..start + j]
                };
                let columns = [column(0), column(1), column(2), column(3)];
                let factors = [scale * v[j], scale * v[j + 1], scale * v[j + 2], scale * v[j + 3]];
                let (above, own) = out.split_at_mut(j);
                kernel::axpy4(factors, columns, above);
                let sums = kernel::dot4(columns, &v[..j]);
                for c in 0..4 {
                    own[c] += scale * sums[c];
                    let rest = &this.values[this.col_ptr[j + c] + j..];
                    for i in 0..c {
                        own[i] += rest[i] * factors[c];
                        own[c] += rest[i] * factors[i];
                    }
                    own[c] += rest[c] * factors[c];
                }
                j += 4;
                continue;
            }
            let vj = scale * v[j];
            let column = this.col_ptr[j]..this.col_ptr[j + 1];
            let (rows, values) = (&this.row_idx[column.clone()], &this.values[column]);
            let (above, diagonal) = match rows.last() {
                Some(&i) if i == j => (rows.len() - 1, values[rows.len() - 1]),
                _ => (rows.len(), 0.0),
            };
            let (rows, values) = (&rows[..above], &values[..above]);
            let mut sum = 0.0;
            if let Some(first) = run(rows) {
                kernel::axpy(vj, values, &mut out[first..first + above]);
                sum = kernel::dot(values, &v[first..first + above]);
            } else {
                for (&i, value) in rows.iter().zip(values) {
                    out[i] += value * vj;
                    sum += value * v[i];
                }
            }
            out[j] += diagonal * vj + scale * sum;
            j += 1;
        }
    }

    /// `out += scale ·` column j.
    #[inline(always)]
    fn add_column(&self, j: usize, scale: f64, out: &mut [f64]) {
        let range = self.col_ptr[j]..self.col_ptr[j + 1];
        let (rows, values) = (&self.row_idx[range.clone()], &self.values[range]);
        if let Some(first) = run(rows) {
            kernel::axpy(scale, values, &mut out[first..first + rows.len()]);
        } else {
            for (&i, value) in rows.iter().zip(values) {
                out[i] += value * scale;
            }
        }
    }

    /// The inner product with column j.
    #[inline(always)]
    fn dot_column(&self, j: usize, v: &[f64]) -> f64 {
        let range = self.col_ptr[j]..self.col_ptr[j + 1];
        let (rows, values) = (&self.row_idx[range.clone()], &self.values[range]);
        if let Some(first) = run(rows) {
            kernel::dot(values, &v[first..first + rows.len()])
        } else {
            gather(rows, values, v)
        }
    }

    /// The transpose.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let mut out = Self::zeros(self.ncols, self.nrows);
        for &i in &self.row_idx {
            out.col_ptr[i + 1] += 1;
        }
        for i in 0..self.nrows {
            out.col_ptr[i + 1] += out.col_ptr[i];
        }
        let mut next = out.col_ptr.clone();
        out.row_idx = vec![0; self.nnz()];
        out.values = vec![0.0; self.nnz()];
        for (i, j, v) in self.iter() {
            out.row_idx[next[i]] = j;
            out.values[next[i]] = v;
            next[i] += 1;
        }
        out
    }

    /// This matrix on top of `below`, both with the same number of columns.
    pub(crate) fn stack(&self, below: &Self) -> Self {
        let mut out = Self::zeros(self.nrows + below.nrows, self.ncols);
        out.row_idx.reserve(self.nnz() + below.nnz());
        out.values.reserve(self.nnz() + below.nnz());
        for j in 0..self.ncols {
            let (above, under) =
                (self.col_ptr[j]..self.col_ptr[j + 1], below.col_ptr[j]..below.col_ptr[j + 1]);
            out.row_idx.extend_from_slice(&self.row_idx[above.clone()]);
            out.row_idx.extend(below.row_idx[under.clone()].iter().map(|i| i + self.nrows));
            out.values.extend_from_slice(&self.values[above]);
            out.values.extend_from_slice(&below.values[under]);
            out.col_ptr[j + 1] = out.values.len();
        }
        out
    }

    /// The first `above` rows, and the others.
    pub(crate) fn split(&self, above: usize) -> (Self, Self) {
        let (mut a, mut g) = (Self::zeros(above, self.ncols), Self::zeros(self.nrows - above, self.ncols));
        for j in 0..self.ncols {
            for (i, v) in self.column(j) {
                let (part, row) = if i < above { (&mut a, i) } else { (&mut g, i - above) };
                part.row_idx.push(row);
                part.values.push(v);
            }
            a.col_ptr[j + 1] = a.values.len();
            g.col_ptr[j + 1] = g.values.len();
        }
        (a, g)
    }

    /// Whether the other matrix has the same shape and the same stored places.
    pub fn same_pattern(&self, other: &Self) -> bool {
        self.nrows == other.nrows
            && self.ncols == other.ncols
            && self.col_ptr == other.col_ptr
            && self.row_idx == other.row_idx
    }

    /// Checks the invariants stated on the type.
    pub(crate) fn check(&self, block: &'static str) -> Result<(), Error> {
        let bad = |reason| Err(Error::Pattern { block, reason });
        if self.col_ptr.len() != self.ncols + 1 || self.col_ptr[0] != 0 {
            return bad("column pointers must start at 0 and have one more entry than there are columns");
        }
        if self.row_idx.len() != self.values.len() || self.col_ptr[self.ncols] != self.values.len() {
            return bad("the last column pointer must be the number of rows indices and of values");
        }
        for j in 0..self.ncols {
            let (start, end) = (self.col_ptr[j], self.col_ptr[j + 1]);
            if start > end || end > self.row_idx.len() {
                return bad("column pointers must not decrease");
            }
        }
        if !vectorized::<compare::Increases, _>(self) {
            return bad("the rows of a column must increase strictly");
        }
        for range in self.col_ptr.windows(2) {
            if self.row_idx[range[0]..range[1]].last().is_some_and(|&i| i >= self.nrows) {
                return bad("an entry lies outside the matrix");
            }
        }
        Ok(())
    }
}

kernel!(Mul = Csc::mul_kernel, (&Csc, f64, &[f64], &mut [f64]) -> ());
kernel!(MulTranspose = Csc::transpose_kernel, (&Csc, f64, &[f64], &mut [f64]) -> ());
kernel!(MulSymmetric = Csc::symmetric_kernel, (&Csc, f64, &[f64], &mut [f64]) -> ());
kernel!(pub(crate) MulBoth = Csc::mul_both, (&Csc, &[f64], &[f64], &mut [f64], &mut [f64]) -> ());

/// The inner product of a sparse column with a vector, in four sums that need not wait for each other.
#[inline(always)]
fn gather(rows: &[usize], values: &[f64], v: &[f64]) -> f64 {
    let ((fours, rows), (numbers, values)) = (rows.as_chunks::<4>(), values.as_chunks::<4>());
    let mut sums = [0.0; 4];
    for (i, value) in fours.iter().zip(numbers) {
        for lane in 0..4 {
            sums[lane] += value[lane] * v[i[lane]];
        }
    }
    let rest: f64 = rows.iter().zip(values).map(|(&i, value)| value * v[i]).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Shorter runs are not worth a loop of their own.
const RUN: usize = 8;

/// The first of rows that follow each other without a gap, as those of a dense column do; rows increase.
#[inline(always)]
pub(crate) fn run(rows: &[usize]) -> Option<usize> {
    let (first, last) = (*rows.first()?, *rows.last()?);
    (rows.len() >= RUN && last - first + 1 == rows.len()).then_some(first)
}

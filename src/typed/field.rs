//! Numbers, vectors and matrices as fields of structs.

use crate::data::Array;
use cvxlayer_program::Shape;
use nalgebra::{DMatrix, DVector, SMatrix};

/// A number, vector or matrix that a field of a generated struct holds. Entries are passed row by row.
pub trait Field {
    /// Zeros where the type says how many; nothing where the length is only known at run time, which stands for
    /// zeros as well.
    fn zeros() -> Self
    where
        Self: Sized;

    /// Sizes of the axes, outermost first.
    fn axes(&self) -> Vec<usize>;

    /// Whether the entries are those of an array of this shape.
    fn fits(&self, shape: Shape) -> bool;

    /// Copies the entries out.
    ///
    /// # Panics
    /// If there are not as many places as entries.
    fn write(&self, out: &mut [f64]);

    /// Takes the entries of an array with these axes.
    ///
    /// # Panics
    /// If the type fixes another number of entries.
    fn read(&mut self, axes: &[usize], entries: &[f64]);

    /// Sets every entry.
    fn fill(&mut self, value: f64);
}

/// The array that a field holds, with as many axes as its declaration has.
pub fn array(field: &dyn Field, rank: usize) -> Array {
    let mut axes = field.axes();
    let mut entries = vec![0.0; axes.iter().product()];
    field.write(&mut entries);
    // A matrix with one column is declared as `[n, 1]`.
    axes.resize(rank.max(axes.len()), 1);
    Array::dense(axes, entries.clone()).unwrap_or_else(|| entries.into())
}

impl Field for f64 {
    fn zeros() -> Self {
        0.0
    }

    fn axes(&self) -> Vec<usize> {
        Vec::new()
    }

    fn fits(&self, shape: Shape) -> bool {
        shape == Shape::Scalar
    }

    fn write(&self, out: &mut [f64]) {
        out[0] = *self;
    }

    fn read(&mut self, _axes: &[usize], entries: &[f64]) {
        *self = entries[0];
    }

    fn fill(&mut self, value: f64) {
        *self = value;
    }
}

impl<const N: usize> Field for [f64; N] {
    fn zeros() -> Self {
        [0.0; N]
    }

    fn axes(&self) -> Vec<usize> {
        vec![N]
    }

    fn fits(&self, shape: Shape) -> bool {
        shape == Shape::Vector(N)
    }

    fn write(&self, out: &mut [f64]) {
        out.copy_from_slice(self);
    }

    fn read(&mut self, _axes: &[usize], entries: &[f64]) {
        self.copy_from_slice(entries);
    }

    fn fill(&mut self, value: f64) {
        *self = [value; N];
    }
}

impl<const M: usize, const N: usize> Field for [[f64; N]; M] {
    fn zeros() -> Self {
        [[0.0; N]; M]
    }

    fn axes(&self) -> Vec<usize> {
        vec![M, N]
    }

    fn fits(&self, shape: Shape) -> bool {
        shape == Shape::Matrix(M, N)
    }

    fn write(&self, out: &mut [f64]) {
        out.copy_from_slice(self.as_flattened());
    }

    fn read(&mut self, _axes: &[usize], entries: &[f64]) {
        self.as_flattened_mut().copy_from_slice(entries);
    }

    fn fill(&mut self, value: f64) {
        *self = [[value; N]; M];
    }
}

/// A vector is one column.
impl<const M: usize, const N: usize> Field for SMatrix<f64, M, N> {
    fn zeros() -> Self {
        Self::zeros()
    }

    fn axes(&self) -> Vec<usize> {
        if N == 1 { vec![M] } else { vec![M, N] }
    }

    fn fits(&self, shape: Shape) -> bool {
        shape == Shape::Matrix(M, N) || (N == 1 && shape == Shape::Vector(M))
    }

    fn write(&self, out: &mut [f64]) {
        assert_eq!(out.len(), M * N, "entries of a matrix");
        for i in 0..M {
            for j in 0..N {
                out[i * N + j] = self[(i, j)];
            }
        }
    }

    fn read(&mut self, _axes: &[usize], entries: &[f64]) {
        assert_eq!(entries.len(), M * N, "entries of a matrix");
        for i in 0..M {
            for j in 0..N {
                self[(i, j)] = entries[i * N + j];
            }
        }
    }

    fn fill(&mut self, value: f64) {
        self.fill(value);
    }
}

impl Field for DVector<f64> {
    fn zeros() -> Self {
        Self::zeros(0)
    }

    fn axes(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn fits(&self, shape: Shape) -> bool {
        shape == Shape::Vector(self.len())
    }

    fn write(&self, out: &mut [f64]) {
        out.copy_from_slice(self.as_slice());
    }

    fn read(&mut self, _axes: &[usize], entries: &[f64]) {
        if self.len() == entries.len() {
            self.copy_from_slice(entries);
        } else {
            *self = Self::from_column_slice(entries);
        }
    }

    fn fill(&mut self, value: f64) {
        self.as_mut_slice().fill(value);
    }
}

impl Field for DMatrix<f64> {
    fn zeros() -> Self {
        Self::zeros(0, 0)
    }

    fn axes(&self) -> Vec<usize> {
        vec![self.nrows(), self.ncols()]
    }

    fn fits(&self, shape: Shape) -> bool {
        shape == Shape::Matrix(self.nrows(), self.ncols())
    }

    fn write(&self, out: &mut [f64]) {
        let n = self.ncols();
        assert_eq!(out.len(), self.len(), "entries of a matrix");
        for i in 0..self.nrows() {
            for j in 0..n {
                out[i * n + j] = self[(i, j)];
            }
        }
    }

    fn read(&mut self, axes: &[usize], entries: &[f64]) {
        let (rows, cols) = match *axes {
            [rows, cols] => (rows, cols),
            _ => (entries.len(), 1),
        };
        if self.shape() != (rows, cols) {
            *self = Self::zeros(rows, cols);
        }
        for i in 0..rows {
            for j in 0..cols {
                self[(i, j)] = entries[i * cols + j];
            }
        }
    }

    fn fill(&mut self, value: f64) {
        self.as_mut_slice().fill(value);
    }
}

/// Duals with more than two axes.
impl Field for Array {
    fn zeros() -> Self {
        Self::from(Vec::new())
    }

    fn axes(&self) -> Vec<usize> {
        self.axes().to_vec()
    }

    fn fits(&self, shape: Shape) -> bool {
        self.axes() == shape.axes()
    }

    fn write(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.to_dense());
    }

    fn read(&mut self, axes: &[usize], entries: &[f64]) {
        *self = Self::dense(axes.to_vec(), entries.to_vec()).unwrap_or_else(|| entries.to_vec().into());
    }

    fn fill(&mut self, value: f64) {
        let axes = self.axes().to_vec();
        self.read(&axes, &vec![value; axes.iter().product()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_row_by_row_both_ways() {
        let entries = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        fn both<F: Field>(mut field: F, axes: &[usize], entries: &[f64]) {
            field.read(axes, entries);
            assert_eq!(field.axes(), axes);
            let mut out = vec![0.0; entries.len()];
            field.write(&mut out);
            assert_eq!(out, entries);
            field.fill(f64::NAN);
            field.write(&mut out);
            assert!(out.iter().all(|v| v.is_nan()));
        }
        both(f64::zeros(), &[], &entries[..1]);
        both(<[f64; 6]>::zeros(), &[6], &entries);
        both(<[[f64; 2]; 3]>::zeros(), &[3, 2], &entries);
        both(SMatrix::<f64, 3, 2>::zeros(), &[3, 2], &entries);
        both(SMatrix::<f64, 6, 1>::zeros(), &[6], &entries);
        both(<DVector<f64> as Field>::zeros(), &[6], &entries);
        both(<DMatrix<f64> as Field>::zeros(), &[3, 2], &entries);
        both(Array::zeros(), &[3, 1, 2], &entries);
    }

    #[test]
    fn matrices_are_not_transposed() {
        let mut a = SMatrix::<f64, 2, 3>::zeros();
        a.read(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!((a[(0, 2)], a[(1, 0)]), (3.0, 4.0));
        let mut b = <DMatrix<f64> as Field>::zeros();
        b.read(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!((b[(0, 2)], b[(1, 0)]), (3.0, 4.0));
        assert!(b.fits(Shape::Matrix(2, 3)) && !b.fits(Shape::Matrix(3, 2)));
    }
}

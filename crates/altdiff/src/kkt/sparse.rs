//! Sparse LDLᵀ of a quasi-definite matrix: simplicial or supernodal by predicted work.

use super::Numeric;
use super::order::Order;
use crate::{Csc, Error};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::ldlt::factor::LdltRegularization;
use faer::perm::PermRef;
use faer::sparse::linalg::cholesky::{
    LdltRef, SymbolicCholesky, SymmetricOrdering, factorize_symbolic_cholesky,
};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use faer::{Conj, MatMut, Par, Side};

/// As in the dense kernel.
const EPSILON: f64 = 1e-13;
const DELTA: f64 = 2e-7;

/// Upper triangle of the KKT matrix, where each datum goes in it, and its symbolic factorization.
#[derive(Debug)]
pub(crate) struct Analysis {
    n: usize,
    m: usize,
    col_ptr: Vec<usize>,
    row_idx: Vec<usize>,
    p_at: Vec<usize>,
    c_at: Vec<usize>,
    diagonal: Vec<usize>,
    signs: Vec<i8>,
    symbolic: SymbolicCholesky<usize>,
}

impl Analysis {
    pub(crate) fn new(p: &Csc, c: &Csc) -> Result<Self, Error> {
        let (n, m) = (c.ncols, c.nrows);
        let order = n + m;
        let mut col_ptr = vec![0; order + 1];
        let mut row_idx = Vec::with_capacity(p.nnz() + c.nnz() + order);
        let mut p_at = vec![0; p.nnz()];
        let mut c_at = vec![0; c.nnz()];
        let mut diagonal = vec![0; order];
        for j in 0..n {
            for k in p.col_ptr[j]..p.col_ptr[j + 1] {
                if p.row_idx[k] == j {
                    continue;
                }
                p_at[k] = row_idx.len();
                row_idx.push(p.row_idx[k]);
            }
            diagonal[j] = row_idx.len();
            if let Some(k) = (p.col_ptr[j]..p.col_ptr[j + 1]).find(|&k| p.row_idx[k] == j) {
                p_at[k] = row_idx.len();
            }
            row_idx.push(j);
            col_ptr[j + 1] = row_idx.len();
        }
        // Column n + i of the upper triangle is row i of C.
        let mut count = vec![0; m + 1];
        for &i in &c.row_idx {
            count[i + 1] += 1;
        }
        for i in 0..m {
            count[i + 1] += count[i];
        }
        let start = row_idx.len();
        row_idx.resize(start + c.nnz() + m, 0);
        let mut next: Vec<usize> = (0..m).map(|i| start + count[i] + i).collect();
        for j in 0..n {
            for k in c.col_ptr[j]..c.col_ptr[j + 1] {
                let i = c.row_idx[k];
                c_at[k] = next[i];
                row_idx[next[i]] = j;
                next[i] += 1;
            }
        }
        for i in 0..m {
            diagonal[n + i] = next[i];
            row_idx[next[i]] = n + i;
            col_ptr[n + i + 1] = next[i] + 1;
        }
        let elimination = Order::new(&col_ptr, &row_idx)?;
        if !elimination.links.is_empty() {
            let moved = link(&mut col_ptr, &mut row_idx, &elimination.links);
            for place in p_at.iter_mut().chain(&mut c_at).chain(&mut diagonal) {
                *place = moved[*place];
            }
        }
        let symbolic = factorize_symbolic_cholesky(
            SymbolicSparseColMatRef::new_checked(order, order, &col_ptr, None, &row_idx),
            Side::Upper,
            SymmetricOrdering::Custom(PermRef::new_checked(
                &elimination.forward,
                &elimination.inverse,
                order,
            )),
            faer::sparse::linalg::cholesky::CholeskySymbolicParams::default(),
        )
        .map_err(|_| Error::OutOfMemory { order })?;
        let signs = (0..order).map(|k| if k < n { 1 } else { -1 }).collect();
        Ok(Self { n, m, col_ptr, row_idx, p_at, c_at, diagonal, signs, symbolic })
    }

    /// Entries of the factor.
    pub(crate) fn fill(&self) -> usize {
        self.symbolic.len_val()
    }

    pub(crate) fn factor(&self, numeric: &Numeric<'_>) -> Result<Vec<f64>, Error> {
        let (n, m) = (self.n, self.m);
        let free = |i: usize| numeric.free.is_none_or(|f| f[i]);
        let on = |i: usize| numeric.rows.is_none_or(|r| r[i]);
        let mut values = vec![0.0; self.row_idx.len()];
        for j in 0..n {
            values[self.diagonal[j]] = if free(j) { numeric.hx[j] } else { 1.0 };
            if !free(j) {
                continue;
            }
            for k in numeric.p.col_ptr[j]..numeric.p.col_ptr[j + 1] {
                if free(numeric.p.row_idx[k]) {
                    values[self.p_at[k]] += numeric.p.values[k];
                }
            }
            for k in numeric.c.col_ptr[j]..numeric.c.col_ptr[j + 1] {
                if on(numeric.c.row_idx[k]) {
                    values[self.c_at[k]] = numeric.c.values[k];
                }
            }
        }
        for i in 0..m {
            values[self.diagonal[n + i]] = if on(i) { -numeric.dr[i] } else { -1.0 };
        }
        let order = n + m;
        let matrix = SparseColMatRef::new(
            SymbolicSparseColMatRef::new_checked(order, order, &self.col_ptr, None, &self.row_idx),
            &values,
        );
        let par = Par::Seq;
        let need = self.symbolic.factorize_numeric_ldlt_scratch::<f64>(par, faer::Spec::default());
        let mut memory = MemBuffer::try_new(need).map_err(|_| Error::OutOfMemory { order })?;
        let mut factor = vec![0.0; self.symbolic.len_val()];
        let regularization = LdltRegularization {
            dynamic_regularization_signs: Some(&self.signs),
            dynamic_regularization_delta: DELTA,
            dynamic_regularization_epsilon: EPSILON,
        };
        // With dynamic regularization no pivot can be zero; a NaN surfaces in the residuals.
        let _ = self.symbolic.factorize_numeric_ldlt(
            &mut factor,
            matrix,
            Side::Upper,
            regularization,
            par,
            MemStack::new(&mut memory),
            faer::Spec::default(),
        );
        Ok(factor)
    }

    /// Whether P + δI (the analysis is of P alone) has a Cholesky factorization.
    pub(crate) fn is_positive(&self, p: &Csc, delta: f64) -> bool {
        let mut values = vec![0.0; self.row_idx.len()];
        for (k, v) in p.values.iter().enumerate() {
            values[self.p_at[k]] += v;
        }
        for &k in &self.diagonal {
            values[k] += delta;
        }
        let matrix = SparseColMatRef::new(
            SymbolicSparseColMatRef::new_checked(self.n, self.n, &self.col_ptr, None, &self.row_idx),
            &values,
        );
        let need = self.symbolic.factorize_numeric_llt_scratch::<f64>(Par::Seq, faer::Spec::default());
        let Ok(mut memory) = MemBuffer::try_new(need) else { return false };
        let mut factor = vec![0.0; self.symbolic.len_val()];
        self.symbolic
            .factorize_numeric_llt(
                &mut factor,
                matrix,
                Side::Upper,
                faer::linalg::cholesky::llt::factor::LltRegularization::default(),
                Par::Seq,
                MemStack::new(&mut memory),
                faer::Spec::default(),
            )
            .is_ok()
    }

    pub(crate) fn solve(&self, values: &[f64], x: &mut [f64], y: &mut [f64]) {
        let order = self.n + self.m;
        let mut v: Vec<f64> = x.iter().chain(y.iter()).copied().collect();
        let mut memory = MemBuffer::new(self.symbolic.solve_in_place_scratch::<f64>(1, Par::Seq));
        LdltRef::new(&self.symbolic, values).solve_in_place_with_conj(
            Conj::No,
            MatMut::from_column_major_slice_mut(&mut v, order, 1),
            Par::Seq,
            MemStack::new(&mut memory),
        );
        x.copy_from_slice(&v[..self.n]);
        y.copy_from_slice(&v[self.n..]);
    }
}

/// Stores the places `links` (row < column) as well, and returns where each stored place went.
fn link(col_ptr: &mut [usize], row_idx: &mut Vec<usize>, links: &[(usize, usize)]) -> Vec<usize> {
    let mut sorted: Vec<(usize, usize)> = links.iter().map(|&(i, j)| (j, i)).collect();
    sorted.sort_unstable();
    let mut waiting = sorted.into_iter().peekable();
    let mut rows = Vec::with_capacity(row_idx.len() + links.len());
    let mut moved = Vec::with_capacity(row_idx.len());
    let mut start = 0;
    for j in 0..col_ptr.len() - 1 {
        let end = col_ptr[j + 1];
        for &i in &row_idx[start..end] {
            while let Some((_, row)) = waiting.next_if(|&(column, row)| column == j && row < i) {
                rows.push(row);
            }
            moved.push(rows.len());
            rows.push(i);
        }
        start = end;
        col_ptr[j + 1] = rows.len();
    }
    *row_idx = rows;
    moved
}

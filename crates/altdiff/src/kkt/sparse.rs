//! Sparse LDLᵀ of a quasi-definite matrix by the multifrontal method.

use super::Numeric;
use super::front::{Guard, Numbers, Product, Receiver};
use super::tree::Tree;
use crate::kernel::{axpy, dot, kernel, vectorized};
use crate::{Csc, Error};

/// As in the dense kernel.
const GUARD: Guard = Guard { epsilon: 1e-13, delta: 2e-7 };

/// Where each datum of the KKT matrix goes in its factor, and the factor's fronts.
#[derive(Debug)]
pub(crate) struct Analysis {
    n: usize,
    m: usize,
    /// Places in the factor's columns of the entries of P, of C, and of the diagonal.
    p_at: Vec<usize>,
    c_at: Vec<usize>,
    diagonal: Vec<usize>,
    /// Signs of the pivots, in the order of elimination.
    signs: Vec<i8>,
    tree: Tree,
}

/// The numbers of a factor, and room to make them in.
#[derive(Debug, Default)]
pub(crate) struct Values {
    columns: Vec<f64>,
    stack: Vec<f64>,
    work: Vec<f64>,
    local: Vec<f64>,
}

impl Values {
    /// Gives back the room; the numbers stay.
    pub(crate) fn shrink(&mut self) {
        *self = Self { columns: std::mem::take(&mut self.columns), ..Self::default() };
    }
}

impl Analysis {
    pub(crate) fn new(p: &Csc, c: &Csc) -> Result<Self, Error> {
        let (n, m) = (c.ncols, c.nrows);
        let tree = {
            let (col_ptr, row_idx) = upper(p, c);
            Tree::new(&col_ptr, &row_idx)?
        };
        let owner = tree.front_of_pivots();
        let place = |i: usize, j: usize| {
            let (i, j) = (tree.inverse[i] as usize, tree.inverse[j] as usize);
            let (a, b) = (i.min(j), i.max(j));
            let front = &tree.fronts[owner[a] as usize];
            let column = a - front.first;
            let row = if b < front.first + front.pivots {
                front.pivot_row(b - front.first)
            } else {
                front.top() + tree.rows_of(front).partition_point(|&row| (row as usize) < b)
            };
            front.values + column * front.stride() + row
        };
        let p_at = p.iter().map(|(i, j, _)| place(i, j)).collect();
        let c_at = c.iter().map(|(i, j, _)| place(n + i, j)).collect();
        let diagonal = (0..n + m).map(|i| place(i, i)).collect();
        let signs = tree.forward.iter().map(|&i| if (i as usize) < n { 1 } else { -1 }).collect();
        Ok(Self { n, m, p_at, c_at, diagonal, signs, tree })
    }

    /// Entries of the factor.
    pub(crate) fn fill(&self) -> usize {
        self.tree.fill
    }

    /// Factors, in the memory there is.
    pub(crate) fn factor(&self, numeric: &Numeric<'_>, values: &mut Values) -> Result<(), Error> {
        let (n, m) = (self.n, self.m);
        let free = |i: usize| numeric.free.is_none_or(|f| f[i]);
        let on = |i: usize| numeric.rows.is_none_or(|r| r[i]);
        let columns = self.clear(values)?;
        for j in 0..n {
            columns[self.diagonal[j]] = if free(j) { numeric.hx[j] } else { 1.0 };
            if !free(j) {
                continue;
            }
            for k in numeric.p.col_ptr[j]..numeric.p.col_ptr[j + 1] {
                if free(numeric.p.row_idx[k]) {
                    columns[self.p_at[k]] += numeric.p.values[k];
                }
            }
            for k in numeric.c.col_ptr[j]..numeric.c.col_ptr[j + 1] {
                if on(numeric.c.row_idx[k]) {
                    columns[self.c_at[k]] = numeric.c.values[k];
                }
            }
        }
        for i in 0..m {
            columns[self.diagonal[n + i]] = if on(i) { -numeric.dr[i] } else { -1.0 };
        }
        self.eliminate(values, GUARD);
        Ok(())
    }

    /// Whether P + δI (the analysis is of P alone) has positive pivots only.
    pub(crate) fn is_positive(&self, p: &Csc, delta: f64) -> bool {
        let mut values = Values::default();
        let Ok(columns) = self.clear(&mut values) else { return false };
        for (k, v) in p.values.iter().enumerate() {
            columns[self.p_at[k]] += v;
        }
        for &k in &self.diagonal {
            columns[k] += delta;
        }
        self.eliminate(&mut values, Guard { epsilon: f64::MIN_POSITIVE, delta: 1.0 }) == 0
    }

    /// Zeros of the factor's size.
    fn clear<'a>(&self, values: &'a mut Values) -> Result<&'a mut [f64], Error> {
        let out_of_memory = |_| Error::OutOfMemory { order: self.n + self.m };
        for (room, len) in [(&mut values.columns, self.tree.len), (&mut values.stack, self.tree.stack)] {
            if room.len() != len {
                *room = Vec::new();
                room.try_reserve_exact(len).map_err(out_of_memory)?;
                room.resize(len, 0.0);
            }
        }
        values.columns.fill(0.0);
        Ok(&mut values.columns)
    }

    /// Eliminates front by front; returns how many pivots were replaced.
    fn eliminate(&self, values: &mut Values, guard: Guard) -> usize {
        let Values { columns, stack, work, local } = values;
        let tree = &self.tree;
        let mut replaced = 0;
        // Updates that wait lie in the stack one after another; `top` is its height.
        let mut top = 0;
        let mut begun = vec![false; tree.fronts.len()];
        for (k, front) in tree.fronts.iter().enumerate() {
            let size = front.room();
            if !begun[k] {
                stack[top..top + size].fill(0.0);
                top += size;
            }
            let start = top - size;
            let end = front.values + front.stride() * front.pivots;
            let (left, right) = columns.split_at_mut(end);
            let own = &mut left[front.values..];
            let numbers = Numbers {
                pivots: front.pivots,
                below: front.below,
                diagonal: front.diagonal,
                columns: own,
                update: &mut stack[start..top],
                signs: &self.signs[front.first..front.first + front.pivots],
                work,
            };
            replaced += numbers.eliminate(guard);
            let Some(parent) = tree.fronts.get(front.parent) else { continue };
            let theirs = parent.room();
            let (base, from) = if front.eldest {
                begun[front.parent] = true;
                stack[top..top + theirs].fill(0.0);
                (top, start)
            } else {
                (start - theirs, start)
            };
            let (update, receiving) = if front.eldest {
                let (low, high) = stack.split_at_mut(base);
                (&low[from..], &mut high[..theirs])
            } else {
                let (low, high) = stack.split_at_mut(start);
                (&high[..size], &mut low[base..])
            };
            let offset = parent.values - end;
            let mut receiver = Receiver {
                pivots: parent.pivots,
                below: parent.below,
                diagonal: parent.diagonal,
                columns: &mut right[offset..offset + parent.stride() * parent.pivots],
                update: receiving,
            };
            if front.direct {
                let (pivots, stride, top) = (front.pivots, front.stride(), front.top());
                let product =
                    Product { pivots, lower: &left[front.values + top..], scaled: &work[top..], stride };
                receiver.subtract(&product, tree.relative_of(front), local);
            } else {
                receiver.add(update, tree.relative_of(front));
            }
            if front.eldest {
                stack.copy_within(top..top + theirs, start);
                top = start + theirs;
            } else {
                top = start;
            }
        }
        replaced
    }

    pub(crate) fn solve(&self, values: &Values, x: &mut [f64], y: &mut [f64]) {
        let n = self.n;
        let get = |&i: &u32| if (i as usize) < n { x[i as usize] } else { y[i as usize - n] };
        let mut v: Vec<f64> = self.tree.forward.iter().map(get).collect();
        vectorized::<Solve, _>((self, &values.columns[..], &mut v[..]));
        for (v, &i) in v.iter().zip(&self.tree.forward) {
            if (i as usize) < n { x[i as usize] = *v } else { y[i as usize - n] = *v }
        }
    }

    /// Solves with the factor, in the order of elimination.
    #[inline(always)]
    fn substitute((this, columns, v): (&Self, &[f64], &mut [f64])) {
        let tree = &this.tree;
        let widest = tree.fronts.iter().map(|f| f.below).max().unwrap_or(0);
        let mut local = vec![0.0; widest];
        for front in &tree.fronts {
            let rows = tree.rows_of(front);
            let (head, tail) = v.split_at_mut(front.first + front.pivots);
            let (head, offset) = (&mut head[front.first..], front.first + front.pivots);
            let (stride, top) = (front.stride(), front.top());
            let gathered = &mut local[..rows.len()];
            let direct = front.pivots == 1;
            if !direct {
                gathered.fill(0.0);
            }
            for j in 0..front.pivots {
                let column = &columns[front.values + j * stride..front.values + (j + 1) * stride];
                let value = head[j];
                if value == 0.0 {
                    continue;
                }
                if !front.diagonal {
                    axpy(-value, &column[j + 1..top], &mut head[j + 1..]);
                }
                if direct {
                    for (&row, l) in rows.iter().zip(&column[top..]) {
                        tail[row as usize - offset] -= value * l;
                    }
                } else {
                    axpy(value, &column[top..], gathered);
                }
            }
            if !direct {
                for (&row, t) in rows.iter().zip(gathered.iter()) {
                    tail[row as usize - offset] -= t;
                }
            }
        }
        for front in tree.fronts.iter().rev() {
            let rows = tree.rows_of(front);
            let (head, tail) = v.split_at_mut(front.first + front.pivots);
            let (head, offset) = (&mut head[front.first..], front.first + front.pivots);
            let (stride, top) = (front.stride(), front.top());
            let gathered = &mut local[..rows.len()];
            for (t, &row) in gathered.iter_mut().zip(rows) {
                *t = tail[row as usize - offset];
            }
            for j in (0..front.pivots).rev() {
                let column = &columns[front.values + j * stride..front.values + (j + 1) * stride];
                let row = front.pivot_row(j);
                let mut value = head[j] / column[row] - dot(&column[top..], gathered);
                if !front.diagonal {
                    value -= dot(&column[j + 1..top], &head[j + 1..]);
                }
                head[j] = value;
            }
        }
    }
}

kernel!(Solve = Analysis::substitute, (&Analysis, &[f64], &mut [f64]) -> ());

/// Upper triangle of [P Cᵀ; C I] by columns.
fn upper(p: &Csc, c: &Csc) -> (Vec<usize>, Vec<usize>) {
    let (n, m) = (c.ncols, c.nrows);
    let mut col_ptr = Vec::with_capacity(n + m + 1);
    let mut row_idx = Vec::with_capacity(p.nnz() + c.nnz() + n + m);
    col_ptr.push(0);
    for j in 0..n {
        row_idx.extend(p.column(j).map(|(i, _)| i).filter(|&i| i != j));
        row_idx.push(j);
        col_ptr.push(row_idx.len());
    }
    // Column n + i is row i of C.
    let rows = c.transpose();
    for i in 0..m {
        row_idx.extend_from_slice(&rows.row_idx[rows.col_ptr[i]..rows.col_ptr[i + 1]]);
        row_idx.push(n + i);
        col_ptr.push(row_idx.len());
    }
    (col_ptr, row_idx)
}

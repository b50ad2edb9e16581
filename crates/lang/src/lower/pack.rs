//! Terms packed into blocks over fixed patterns, with parameters as positions in θ̂.

use super::affine::{Affine, Block, Loop, Pairs};
use super::column::{Basis, Column};
use super::ends::Ends;
use super::products::ProductTable;
use cvxlayer_program::{MatrixBlock, SparseMap, VectorBlock};

/// `(row, column, parameter, coefficient)`, where parameter 0 stands for 1.
pub(super) type Entry = (u32, u32, u32, f64);

/// Packs blocks for a program whose products start at `start`, and whose θ̂ has `theta_hat` entries.
pub(super) struct Pack {
    pub(super) start: usize,
    pub(super) theta_hat: usize,
}

impl Pack {
    /// A vector from its numbers and from `(row, parameter, coefficient)`.
    pub(super) fn vector(&self, constant: Vec<f64>, linear: Vec<(u32, u32, f64)>) -> VectorBlock {
        let mut linear = SparseMap::from_triplets(constant.len(), self.theta_hat, linear);
        ProductTable::positions(linear.col_idx.to_mut(), self.start);
        VectorBlock { linear, constant: constant.into() }
    }

    /// The ends of ranges.
    pub(super) fn ends(&self, ends: Ends) -> VectorBlock {
        self.vector(ends.constant, ends.linear)
    }

    /// A matrix from entries and from blocks of terms in single variables.
    pub(super) fn matrix(
        &self,
        rows: usize,
        cols: usize,
        entries: &[Entry],
        blocks: &[Block],
    ) -> MatrixBlock {
        let mut columns = Columns::new(cols, entries, blocks);
        if columns.ascends() || columns.sorted().ascends() {
            self.plain(rows, columns)
        } else {
            self.merged(rows, &columns)
        }
    }

    /// A matrix in which no place has two terms.
    fn plain(&self, rows: usize, columns: Columns) -> MatrixBlock {
        let Columns { ptr, row, mut parameter, mut coefficient } = columns;
        let nnz = row.len();
        let numbers = parameter.iter().map(|&p| usize::from(p == 0)).sum::<usize>();
        let entries = if parameter.is_empty() || numbers == nnz {
            VectorBlock { constant: coefficient.into(), linear: SparseMap::zero(nnz, self.theta_hat) }
        } else {
            let mut constant = vec![0.0; nnz];
            let mut row_ptr: Vec<u32> = (0..=nnz as u32).collect();
            if numbers > 0 {
                // What has a parameter moves up to what had one before it.
                let mut next = 0;
                for k in 0..nnz {
                    let (p, c) = (parameter[k], coefficient[k]);
                    constant[k] = if p == 0 { c } else { 0.0 };
                    (parameter[next], coefficient[next]) = (p, c);
                    next += usize::from(p != 0);
                    row_ptr[k + 1] = next as u32;
                }
                parameter.truncate(next);
                coefficient.truncate(next);
            }
            ProductTable::positions(&mut parameter, self.start);
            let linear = SparseMap {
                rows: nnz,
                cols: self.theta_hat,
                row_ptr: row_ptr.into(),
                col_idx: parameter.into(),
                values: coefficient.into(),
            };
            VectorBlock { constant: constant.into(), linear }
        };
        MatrixBlock { rows, cols: ptr.len() - 1, col_ptr: ptr.into(), row_idx: row.into(), entries }
    }

    /// A matrix in which terms meet: they are added, and places where nothing is left are dropped.
    fn merged(&self, rows: usize, columns: &Columns) -> MatrixBlock {
        let cols = columns.ptr.len() - 1;
        let mut col_ptr = vec![0u32; cols + 1];
        let (mut row_idx, mut constant, mut linear) = (Vec::new(), Vec::new(), Vec::new());
        for col in 0..cols {
            let mut terms = columns.of(col);
            terms.sort_by_key(|&(row, parameter, _)| (row, parameter));
            for place in terms.chunk_by(|a, b| a.0 == b.0) {
                let at = row_idx.len() as u32;
                let (mut number, before) = (0.0, linear.len());
                for same in place.chunk_by(|a, b| a.1 == b.1) {
                    let sum: f64 = same.iter().map(|t| t.2).sum();
                    match same[0].1 {
                        0 => number = sum,
                        parameter if sum != 0.0 => linear.push((at, parameter, sum)),
                        _ => {}
                    }
                }
                if number != 0.0 || linear.len() > before {
                    row_idx.push(place[0].0);
                    constant.push(number);
                }
            }
            col_ptr[col + 1] = row_idx.len() as u32;
        }
        let entries = self.vector(constant, linear);
        MatrixBlock { rows, cols, col_ptr: col_ptr.into(), row_idx: row_idx.into(), entries }
    }
}

/// Terms sorted by column.
struct Columns {
    ptr: Vec<u32>,
    row: Vec<u32>,
    /// Empty if there is no parameter.
    parameter: Vec<u32>,
    coefficient: Vec<f64>,
}

impl Columns {
    /// Counts, then places: each term is moved once.
    fn new(cols: usize, entries: &[Entry], blocks: &[Block]) -> Self {
        let mut ptr = vec![0u32; cols + 2];
        for &(_, col, _, _) in entries {
            ptr[col as usize + 2] += 1;
        }
        for block in blocks {
            count(block, &mut ptr[2..]);
        }
        for col in 2..cols + 2 {
            ptr[col] += ptr[col - 1];
        }
        let nnz = ptr[cols + 1] as usize;
        let parametric = entries.iter().any(|e| e.2 != 0) || blocks.iter().any(Block::is_parametric);
        let mut out = Self {
            ptr: Vec::new(),
            row: vec![0; nnz],
            parameter: vec![0; if parametric { nnz } else { 0 }],
            coefficient: vec![0.0; nnz],
        };
        // `ptr[col + 1]` is where the next entry of a column goes, and ends as where the next column starts.
        let next = &mut ptr[1..];
        for &(row, col, parameter, coefficient) in entries {
            out.place(next, row, col as usize, parameter, coefficient);
        }
        for block in blocks {
            if let Some(dense) = Dense::of(block) {
                out.place_dense(next, block, &dense);
            } else if let Some(sparse) = Sparse::of(block) {
                out.place_sparse(next, block, &sparse);
            } else {
                block.for_each(|row, column, parameter, coefficient| {
                    out.place(next, row as u32, column.index(), parameter, coefficient);
                });
            }
        }
        ptr.pop();
        out.ptr = ptr;
        out
    }

    fn place(&mut self, next: &mut [u32], row: u32, col: usize, parameter: u32, coefficient: f64) {
        let at = next[col] as usize;
        next[col] += 1;
        self.row[at] = row;
        self.coefficient[at] = coefficient;
        if parameter != 0 {
            self.parameter[at] = parameter;
        }
    }

    /// Places a dense matrix by tiles, so that what is read and what is written are both near.
    fn place_dense(&mut self, next: &mut [u32], block: &Block, Dense { down, across }: &Dense) {
        let near = down.factors.iter().all(|by| by.abs() <= 1);
        let tile = if near { down.extent.max(1) } else { 16 };
        for first in (0..down.extent).step_by(tile) {
            let rows = first as i64..(first + tile).min(down.extent) as i64;
            let len = rows.end as usize - first;
            for j in 0..across.extent as i64 {
                let col = block.column.moved(j * across.column).index();
                let at = next[col] as usize..next[col] as usize + len;
                next[col] += len as u32;
                for (row, i) in self.row[at.clone()].iter_mut().zip(rows.clone()) {
                    *row = (block.entry + i * down.entry) as u32;
                }
                if block.is_parametric() {
                    for (parameter, i) in self.parameter[at.clone()].iter_mut().zip(rows.clone()) {
                        *parameter = (block.parameter + i * down.parameter + j * across.parameter) as u32;
                    }
                }
                let coefficients = &mut self.coefficient[at];
                coefficients.fill(block.coefficient);
                for (k, factor) in block.factors.iter().enumerate() {
                    let start = factor.start + j * across.factors[k];
                    for (coefficient, i) in coefficients.iter_mut().zip(rows.clone()) {
                        *coefficient *= factor.values[(start + i * down.factors[k]) as usize];
                    }
                }
            }
        }
    }

    fn place_sparse(&mut self, next: &mut [u32], block: &Block, sparse: &Sparse<'_>) {
        let Sparse { pairs, down, across, values } = sparse;
        let first = block.column.index() as i64;
        for (k, (&i, &j)) in pairs.rows.iter().zip(pairs.cols.iter()).enumerate() {
            let (row, col) = (block.entry + i64::from(i) * down, first + i64::from(j) * across);
            let parameter = block.parameter + k as i64 * pairs.along.parameter;
            let coefficient = values.map_or(block.coefficient, |values| block.coefficient * values[k]);
            self.place(next, row as u32, col as usize, parameter as u32, coefficient);
        }
    }

    /// The same with each column sorted by row.
    fn sorted(&mut self) -> &Self {
        for col in 0..self.ptr.len() - 1 {
            let range = self.ptr[col] as usize..self.ptr[col + 1] as usize;
            if self.row[range.clone()].is_sorted() {
                continue;
            }
            let mut terms = self.of(col);
            terms.sort_by_key(|&(row, parameter, _)| (row, parameter));
            for (at, (row, parameter, coefficient)) in range.zip(terms) {
                self.row[at] = row;
                self.coefficient[at] = coefficient;
                if let Some(own) = self.parameter.get_mut(at) {
                    *own = parameter;
                }
            }
        }
        self
    }

    /// Whether each column has its rows in ascending order, so that no place has two terms.
    fn ascends(&self) -> bool {
        // Counted over all columns at once, which is faster; between columns rows may do as they like.
        let fall = |a: u32, b: u32| usize::from(a >= b);
        let rest = self.row.get(1..).unwrap_or_default();
        let all: usize = self.row.iter().zip(rest).map(|(&a, &b)| fall(a, b)).sum();
        let ends = self.ptr.windows(2).filter(|w| w[0] < w[1]).map(|w| w[1] as usize);
        let between: usize =
            ends.filter(|&end| end < self.row.len()).map(|end| fall(self.row[end - 1], self.row[end])).sum();
        all == between
    }

    /// `(row, parameter, coefficient)` of a column.
    fn of(&self, col: usize) -> Vec<(u32, u32, f64)> {
        let range = self.ptr[col] as usize..self.ptr[col + 1] as usize;
        range
            .map(|k| (self.row[k], self.parameter.get(k).copied().unwrap_or(0), self.coefficient[k]))
            .collect()
    }
}

/// A block whose terms are a matrix in which every place has a number that is not zero.
struct Dense {
    down: Loop,
    across: Loop,
}

impl Dense {
    fn of(block: &Block) -> Option<Self> {
        let [a, b] = block.loops[..] else { return None };
        let (down, across) = if a.column == 0 { (a, b) } else { (b, a) };
        let dense = block.pairs.is_none() && block.is_full() && down.column == 0 && across.entry == 0;
        dense.then_some(Self { down, across })
    }
}

/// A block whose terms are a sparse matrix, each pair of which has a number that is not zero.
struct Sparse<'a> {
    pairs: &'a Pairs,
    /// The step of the entry from row to row.
    down: i64,
    /// The step of the column from column to column.
    across: i64,
    /// The number of each pair, unless it is 1.
    values: Option<&'a [f64]>,
}

impl<'a> Sparse<'a> {
    fn of(block: &'a Block) -> Option<Self> {
        let ([], Some((pairs, [down, across]))) = block.real() else { return None };
        let plain = (
            Loop::over(down.extent, down.entry),
            Loop { column: across.column, ..Loop::over(across.extent, 0) },
        );
        if (down, across) != plain || !block.is_full() {
            return None;
        }
        let values = match (&block.factors[..], pairs.along.factors[0]) {
            ([], _) => None,
            ([one], 1) => Some(&one.values[one.start as usize..]),
            _ => return None,
        };
        Some(Self { pairs, down: down.entry, across: across.column, values })
    }
}

/// Counts the terms of each column.
fn count(block: &Block, counts: &mut [u32]) {
    if let Some(Sparse { pairs, across, .. }) = Sparse::of(block) {
        let first = block.column.index() as i64;
        pairs.cols.iter().for_each(|&j| counts[(first + i64::from(j) * across) as usize] += 1);
        return;
    }
    if block.pairs.is_some() || !block.is_full() {
        block.for_each(|_, column, _, _| counts[column.index()] += 1);
        return;
    }
    // What does not move the column is a number of terms each.
    let still = |l: &&Loop| l.column == 0;
    let each: usize = block.loops.iter().filter(still).map(|l| l.extent).product();
    let loops = block.loops.iter().filter(|l| l.column != 0).copied().collect();
    let columns = Block { loops, factors: Vec::new(), coefficient: 1.0, ..block.clone() };
    columns.for_each(|_, column, _, _| counts[column.index()] += each as u32);
}

/// A vector as it is added up.
pub(super) struct Sums {
    constant: Vec<f64>,
    linear: Vec<(u32, u32, f64)>,
}

impl Sums {
    fn new(len: usize) -> Self {
        Self { constant: vec![0.0; len], linear: Vec::new() }
    }

    fn add(&mut self, i: usize, parameter: u32, coefficient: f64) {
        if parameter == 0 {
            self.constant[i] += coefficient;
        } else {
            self.linear.push((i as u32, parameter, coefficient));
        }
    }

    pub(super) fn pack(self, pack: &Pack) -> VectorBlock {
        pack.vector(self.constant, self.linear)
    }
}

/// The objective's terms by kind.
pub(super) struct Objective {
    pub(super) entries: Vec<Entry>,
    pub(super) blocks: Vec<Block>,
    pub(super) q: Sums,
    pub(super) r: Sums,
    pub(super) w: Sums,
}

impl Objective {
    /// The terms of an objective in `n` variables and some smooth terms.
    pub(super) fn new(objective: &Affine, n: usize, smooth: usize) -> Self {
        let (q, r, w) = (Sums::new(n), Sums::new(1), Sums::new(smooth));
        let mut out = Self { entries: Vec::new(), blocks: Vec::new(), q, r, w };
        match objective.blocks() {
            Some(blocks) => blocks.iter().for_each(|block| out.push_block(block)),
            None => objective.terms().iter().for_each(|t| out.push(t.column, t.parameter, t.coefficient)),
        }
        out
    }

    fn push_block(&mut self, block: &Block) {
        match block.column.basis() {
            Basis::One => {
                self.r.linear.reserve(if block.is_parametric() { block.size() } else { 0 });
                block.for_each(|_, _, parameter, c| self.r.add(0, parameter, c));
            }
            Basis::Variable(_) if !block.is_parametric() => block.add_by_column(&mut self.q.constant),
            Basis::Variable(_) => {
                self.q.linear.reserve(block.size());
                block.for_each(|_, column, parameter, c| self.q.add(column.index(), parameter, c));
            }
            _ => match as_matrix(block) {
                Some(matrix) => self.blocks.push(matrix),
                None => block.for_each(|_, column, parameter, c| self.push(column, parameter, c)),
            },
        }
    }

    fn push(&mut self, column: Column, parameter: u32, coefficient: f64) {
        match column.basis() {
            Basis::One => self.r.add(0, parameter, coefficient),
            Basis::Smooth(k) => self.w.add(k, parameter, coefficient),
            Basis::Variable(j) => self.q.add(j, parameter, coefficient),
            // ½ xᵀP x has P_jj/2 at x_j² and P_jk at x_j x_k.
            Basis::Product(j, k) => {
                let factor = if j == k { 2.0 } else { 1.0 };
                self.entries.push((j as u32, k as u32, parameter, factor * coefficient));
            }
        }
    }
}

/// Products of variables as entries of P, if all of them are on the diagonal, or all above it.
fn as_matrix(block: &Block) -> Option<Block> {
    let Basis::Product(j, k) = block.column.basis() else { return None };
    let mut out = Block { entry: j as i64, column: Column::variable(k), ..block.clone() };
    let (mut diagonal, mut nearest) = (j == k, (k - j) as i64);
    for l in &mut out.loops {
        (l.entry, l.column) = Column::product_steps(l.column);
        diagonal &= l.entry == l.column || l.extent < 2;
        nearest += ((l.column - l.entry) * (l.extent as i64 - 1)).min(0);
    }
    if diagonal {
        out.coefficient *= 2.0;
    }
    (diagonal || nearest > 0).then_some(out)
}

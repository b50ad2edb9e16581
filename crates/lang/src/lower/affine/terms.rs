//! Terms entry by entry.

use super::Block;
use crate::lower::column::Column;
use crate::lower::products::{ProductTable, RawTerm};
use cvxlayer_program::SparseMap;
use std::cmp::Ordering;

/// `coefficient · θ̂[parameter − 1] · column`, where parameter 0 stands for the number 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// What it multiplies.
    pub column: Column,
    /// One more than the position in θ̂, or 0.
    pub parameter: u32,
    /// The number.
    pub coefficient: f64,
}

/// Sums of [`Term`]s in the entries of an array; entries that are structurally zero are not stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    len: usize,
    index: Vec<u64>,
    ptr: Vec<u32>,
    all: Vec<Term>,
}

impl Terms {
    /// All zeros.
    pub(super) fn zeros(len: usize) -> Self {
        Self { len, index: Vec::new(), ptr: vec![0], all: Vec::new() }
    }

    /// All zeros, with room for some terms.
    fn with_capacity(len: usize, terms: usize) -> Self {
        Self { all: Vec::with_capacity(terms), index: Vec::with_capacity(terms.min(len)), ..Self::zeros(len) }
    }

    /// The terms of blocks.
    pub(super) fn from_blocks(len: usize, blocks: &[Block]) -> Self {
        let size = blocks.iter().map(Block::size).sum();
        let mut all: Vec<(usize, Term)> = Vec::with_capacity(size);
        for block in blocks {
            block.for_each(|i, column, parameter, coefficient| {
                all.push((i, Term { column, parameter, coefficient }));
            });
        }
        if !all.is_sorted_by_key(|(i, _)| *i) {
            all.sort_by_key(|(i, _)| *i);
        }
        let mut out = Self::with_capacity(len, all.len());
        let mut row = Vec::new();
        for run in all.chunk_by(|a, b| a.0 == b.0) {
            if let [(i, term)] = run {
                out.push_row(*i, [*term]);
                continue;
            }
            row.clear();
            row.extend(run.iter().map(|(_, term)| *term));
            merge(&mut row);
            out.push_row(run[0].0, row.iter().copied());
        }
        out
    }

    /// Appends the terms of entry `i`, which must come after all entries there are.
    pub(super) fn push_row(&mut self, i: usize, terms: impl IntoIterator<Item = Term>) {
        self.push_with(i, |all| all.extend(terms));
    }

    /// As [`push_row`](Self::push_row), with the terms appended in place.
    fn push_with(&mut self, i: usize, append: impl FnOnce(&mut Vec<Term>)) {
        let before = self.all.len();
        append(&mut self.all);
        if self.all.len() > before {
            self.index.push(i as u64);
            self.ptr.push(self.all.len() as u32);
        }
    }

    /// The terms of entry `i`.
    pub(super) fn row(&self, i: usize) -> &[Term] {
        let position =
            if self.index.len() == self.len { Some(i) } else { self.index.binary_search(&(i as u64)).ok() };
        position.map_or(&[], |k| &self.all[self.ptr[k] as usize..self.ptr[k + 1] as usize])
    }

    /// The entries that are not structurally zero, ascending.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, &[Term])> {
        self.index
            .iter()
            .enumerate()
            .map(|(k, &i)| (i as usize, &self.all[self.ptr[k] as usize..self.ptr[k + 1] as usize]))
    }

    /// All terms.
    pub(super) fn all(&self) -> &[Term] {
        &self.all
    }

    /// Picks entries: `out[i] = self[index[i]]`.
    pub(super) fn gather(&self, len: usize, index: impl IntoIterator<Item = usize>) -> Self {
        let mut out = Self::zeros(len);
        for (i, from) in index.into_iter().enumerate() {
            out.push_row(i, self.row(from).iter().copied());
        }
        out
    }

    /// Sends entry `k` to position `to(k)`, where no two meet.
    pub(super) fn scatter(&self, len: usize, to: impl Fn(usize) -> usize) -> Self {
        let mut order: Vec<(usize, usize)> =
            (0..self.index.len()).map(|k| (to(self.index[k] as usize), k)).collect();
        order.sort_unstable();
        let mut out = Self::zeros(len);
        for (i, k) in order {
            out.push_row(i, self.all[self.ptr[k] as usize..self.ptr[k + 1] as usize].iter().copied());
        }
        out
    }

    /// The entries of arrays, each from its own start on.
    pub(super) fn concat<'a>(len: usize, parts: impl Iterator<Item = (usize, &'a Self)>) -> Self {
        let mut out = Self::zeros(len);
        for (offset, part) in parts {
            for (i, terms) in part.rows() {
                out.push_row(offset + i, terms.iter().copied());
            }
        }
        out
    }

    /// Every coefficient times a number that is not zero.
    pub(super) fn scale(&mut self, factor: f64) {
        for term in &mut self.all {
            term.coefficient *= factor;
        }
    }

    /// The sum of two arrays of one shape.
    pub(super) fn add(&self, other: &Self) -> Self {
        let mut out = Self::with_capacity(self.len, self.all.len() + other.all.len());
        let (mut a, mut b) = (self.rows().peekable(), other.rows().peekable());
        let mut buffer = Vec::new();
        loop {
            let i = match (a.peek(), b.peek()) {
                (Some(&(i, _)), Some(&(j, _))) => i.min(j),
                (Some(&(i, _)), None) | (None, Some(&(i, _))) => i,
                (None, None) => return out,
            };
            match (a.next_if(|&(j, _)| j == i), b.next_if(|&(j, _)| j == i)) {
                (Some((_, left)), Some((_, right))) => {
                    buffer.clear();
                    merge_two(left, right, &mut buffer);
                    out.push_row(i, buffer.iter().copied());
                }
                (Some((_, terms)), None) | (None, Some((_, terms))) => out.push_row(i, terms.iter().copied()),
                (None, None) => {}
            }
        }
    }

    /// Adds entries in groups: entry `i` goes to position `to(i)`.
    pub(super) fn sum_into(&self, len: usize, to: impl Fn(usize) -> usize) -> Self {
        let mut order: Vec<(usize, usize)> =
            (0..self.index.len()).map(|k| (to(self.index[k] as usize), k)).collect();
        order.sort_unstable();
        let mut out = Self::zeros(len);
        let mut buffer = Vec::new();
        let mut k = 0;
        while k < order.len() {
            let i = order[k].0;
            buffer.clear();
            while k < order.len() && order[k].0 == i {
                let from = order[k].1;
                buffer.extend_from_slice(&self.all[self.ptr[from] as usize..self.ptr[from + 1] as usize]);
                k += 1;
            }
            merge(&mut buffer);
            out.push_row(i, buffer.iter().copied());
        }
        out
    }

    /// A constant linear map of the entries.
    pub(super) fn linear(&self, map: &SparseMap) -> Self {
        let mut out = Self::zeros(map.rows);
        let mut buffer = Vec::new();
        for i in 0..map.rows {
            buffer.clear();
            for (from, factor) in map.row(i) {
                buffer.extend(
                    self.row(from).iter().map(|t| Term { coefficient: t.coefficient * factor, ..*t }),
                );
            }
            merge(&mut buffer);
            out.push_row(i, buffer.iter().copied());
        }
        out
    }

    /// The elementwise product; products of parameters become derived parameters, products of variables quadratic columns.
    pub(super) fn multiply(&self, other: &Self, products: &mut ProductTable) -> Self {
        let mut raw = Vec::new();
        let sparser = if self.index.len() <= other.index.len() { self } else { other };
        let fuller = if std::ptr::eq(sparser, self) { other } else { self };
        let mut out = Self::with_capacity(self.len, fuller.all.len());
        for (i, terms) in sparser.rows() {
            raw.clear();
            for a in terms {
                raw.extend(fuller.row(i).iter().map(|b| RawTerm::new(a, b)));
            }
            out.push_with(i, |terms| products.collect(&mut raw, terms));
        }
        out
    }

    /// The matrix product of `m × k` and `k × n` entries.
    pub(super) fn matmul(
        &self,
        other: &Self,
        (m, k, n): (usize, usize, usize),
        products: &mut ProductTable,
    ) -> Self {
        let mut out = Self::zeros(m * n);
        let mut by_row: Vec<Vec<RawTerm>> = vec![Vec::new(); n];
        let mut entries = self.rows().peekable();
        for i in 0..m {
            while let Some((position, terms)) = entries.next_if(|&(position, _)| position / k.max(1) == i) {
                let l = position % k;
                for (j, raw) in by_row.iter_mut().enumerate() {
                    for b in other.row(l * n + j) {
                        raw.extend(terms.iter().map(|a| RawTerm::new(a, b)));
                    }
                }
            }
            for (j, raw) in by_row.iter_mut().enumerate() {
                if !raw.is_empty() {
                    out.push_with(i * n + j, |terms| products.collect(raw, terms));
                    raw.clear();
                }
            }
        }
        out
    }
}

/// The sum of two merged lists of terms, appended to `out`.
fn merge_two(left: &[Term], right: &[Term], out: &mut Vec<Term>) {
    let key = |t: &Term| (t.column, t.parameter);
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        match key(a).cmp(&key(b)) {
            Ordering::Less => out.extend(left.next()),
            Ordering::Greater => out.extend(right.next()),
            Ordering::Equal => {
                let coefficient = a.coefficient + b.coefficient;
                if coefficient != 0.0 {
                    out.push(Term { coefficient, ..**a });
                }
                left.next();
                right.next();
            }
        }
    }
    out.extend(left.chain(right));
}

/// Sorts terms by column and parameter, adds those that meet, and drops exact zeros.
pub fn merge(terms: &mut Vec<Term>) {
    if terms.len() < 2 {
        terms.retain(|t| t.coefficient != 0.0);
        return;
    }
    let key = |t: &Term| (t.column, t.parameter);
    if !terms.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])) {
        terms.sort_by_key(key);
        let mut kept = 0;
        for k in 1..terms.len() {
            if key(&terms[k]) == key(&terms[kept]) {
                terms[kept].coefficient += terms[k].coefficient;
            } else {
                kept += 1;
                terms[kept] = terms[k];
            }
        }
        terms.truncate(kept + 1);
    }
    terms.retain(|t| t.coefficient != 0.0);
}

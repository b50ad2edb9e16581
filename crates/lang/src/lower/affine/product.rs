//! Products of blocks, elementwise and of matrices.

use super::Block;
use super::block::{FACTORS, Factor, Loop, Pairs};
use crate::lower::column::{Basis, Column};
use crate::lower::products::ProductTable;

impl Block {
    /// The step per entry, if there is one term in each of the entries of an array and in the order of the entries.
    pub fn by_entry(&self, len: usize) -> Option<Loop> {
        match self.loops[..] {
            _ if self.pairs.is_some() => None,
            [] => (len == 1).then(Loop::default),
            [along] => (self.entry == 0 && along.entry == 1 && along.extent == len).then_some(along),
            _ => None,
        }
    }

    /// Whether [`times`](Self::times) has a pattern, products of parameters aside.
    pub fn multiplies(&self, by: &Self, len: usize) -> bool {
        let Some(step) = by.by_entry(len) else { return false };
        let columns =
            !self.has_variable() || !by.has_variable() || self.times_variable(by, &step, len).is_some();
        let parameters = !(self.is_parametric() && by.is_parametric()) || self.pairs.is_none();
        columns && parameters && (self.factors.len() + by.factors.len() <= FACTORS || self.loops.len() <= 1)
    }

    /// The same terms with one factor at most, if there is one loop.
    fn folded(&self) -> Self {
        if self.factors.len() < 2 || self.loops.len() > 1 || self.pairs.is_some() {
            return self.clone();
        }
        let extent = self.size();
        let steps = self.loops.first().map_or([0; FACTORS], |l| l.factors);
        let number = |f: &Factor, by: i64, i: usize| f.values[(f.start + by * i as i64) as usize];
        let product =
            |i: usize| self.factors.iter().zip(steps).map(|(f, by)| number(f, by, i)).product::<f64>();
        let mut out = self.clone();
        out.factors = vec![Factor::new((0..extent).map(product).collect())];
        out.loops.iter_mut().for_each(|l| l.factors = [1, 0]);
        out
    }

    /// Two blocks with factors folded where they would have too many together.
    fn folded_pair(&self, other: &Self) -> (Self, Self) {
        let (mut a, mut b) = (self.clone(), other.clone());
        if a.factors.len() + b.factors.len() > FACTORS {
            (a, b) = (a.folded(), b.folded());
        }
        (a, b)
    }

    /// The elementwise product with a block that has one term in each entry of an array.
    pub fn times(&self, by: &Self, len: usize, products: &mut ProductTable) -> Option<Self> {
        let (mut out, by) = self.folded_pair(by);
        let step = by.by_entry(len)?;
        let data = !by.has_variable();
        if !data && self.has_variable() {
            (out.column, out.loops) = out.times_variable(&by, &step, len)?;
        } else if !data {
            out.column = by.column.moved(self.entry * step.column);
            out.loops.iter_mut().for_each(|l| l.column = step.column * l.entry);
        }
        if self.is_parametric() && by.is_parametric() {
            if self.pairs.is_some() {
                return None;
            }
            let right = (by.parameter + self.entry * step.parameter, |l: &Loop| step.parameter * l.entry);
            let runs: Vec<(usize, i64, i64)> =
                self.loops.iter().map(|l| (l.extent, l.parameter, (right.1)(l))).collect();
            out.parameter = products.grid(self.parameter, right.0, &runs);
            let mut along = 1;
            for l in out.loops.iter_mut().rev() {
                l.parameter = along;
                along *= l.extent as i64;
            }
        } else if by.is_parametric() {
            out.parameter = by.parameter + self.entry * step.parameter;
            out.loops.iter_mut().for_each(|l| l.parameter = step.parameter * l.entry);
        }
        out.coefficient *= by.coefficient;
        for (factor, along) in by.factors.iter().zip(step.factors) {
            if out.factors.len() == FACTORS {
                return None;
            }
            let k = out.factors.len();
            out.factors.push(Factor { start: factor.start + self.entry * along, ..factor.clone() });
            out.loops.iter_mut().for_each(|l| l.factors[k] = along * l.entry);
        }
        Some(out)
    }

    /// The columns of products of two variables in each entry.
    fn times_variable(&self, by: &Self, step: &Loop, len: usize) -> Option<(Column, Vec<Loop>)> {
        let own = self.by_entry(len)?;
        let (Basis::Variable(j), Basis::Variable(k)) = (self.column.basis(), by.column.basis()) else {
            return None;
        };
        if own.column != step.column {
            return None;
        }
        let column = Column::product(j, k);
        let next = Column::product(j + 1, k + 1);
        let along = own.column.wrapping_mul(column.distance(next));
        Some((column, self.loops.iter().map(|l| Loop { column: along, ..*l }).collect()))
    }

    /// The matrix product of `m × k` and `k × n` entries, one of which is data.
    pub fn matmul(&self, other: &Self, k: usize, n: usize) -> Option<Self> {
        let both = |is: fn(&Self) -> bool| is(self) && is(other);
        if both(Self::has_variable) || both(Self::is_parametric) || both(|b| b.pairs.is_some()) {
            return None;
        }
        let (mut a, mut b) = self.folded_pair(other);
        if a.factors.len() + b.factors.len() > FACTORS {
            return None;
        }
        let (left, right) = (a.as_matrix(k)?, b.as_matrix(n)?);
        // Where the columns of the one and the rows of the other meet.
        let (meet, a_inner, b_inner) = meet(left.inner, right.outer)?;
        let Some((extent, _)) = meet else {
            return Some(Self { loops: vec![Loop::over(0, 0)], pairs: None, ..a });
        };
        let (a_first, a_by, a_along) = a_inner;
        let (b_first, b_by, b_along) = b_inner;
        // The pairs are of all steps.
        let cut = |first: i64, by: i64, along: &Loop| (first, by, extent) != (0, 1, along.extent);
        if a.pairs.is_some() && cut(a_first, a_by, &a_along)
            || b.pairs.is_some() && cut(b_first, b_by, &b_along)
        {
            return None;
        }
        a.start_at(&a_along, a_first);
        b.start_at(&b_along, b_first);
        let shift = a.factors.len();
        let moved = |l: Loop, entry: i64| {
            let mut factors = [0; FACTORS];
            factors[shift..].copy_from_slice(&l.factors[..FACTORS - shift]);
            Loop { entry, factors, ..l }
        };
        let mut loops: Vec<Loop> = Vec::with_capacity(3);
        let (one, two) = (a_along.strided(a_by, extent), moved(b_along.strided(b_by, extent), 0));
        let inner = Loop {
            extent,
            entry: 0,
            column: one.column + two.column,
            parameter: one.parameter + two.parameter,
            factors: [one.factors[0] + two.factors[0], one.factors[1] + two.factors[1]],
        };
        let rows = left.outer.1.map(|(by, l)| Loop { entry: by * n as i64, ..l });
        let cols = right.inner.1.map(|(by, l)| moved(l, by));
        // The loops of pairs come last: those of the rows and columns of whichever matrix is sparse.
        if a.pairs.is_some() {
            loops.extend(cols.into_iter().chain([rows?, inner]));
        } else {
            loops.extend(rows.into_iter().chain([inner]).chain(cols));
        }
        let column = if a.has_variable() { a.column } else { b.column };
        let pairs = match (a.pairs, b.pairs) {
            (None, Some(pairs)) => Some(Box::new(Pairs { along: moved(pairs.along, 0), ..*pairs })),
            (pairs, _) => pairs,
        };
        if pairs.is_some() && loops.len() < 2 {
            return None;
        }
        let product = Self {
            entry: left.outer.0 * n as i64 + right.inner.0,
            column,
            parameter: a.parameter + b.parameter,
            coefficient: a.coefficient * b.coefficient,
            factors: [a.factors, b.factors].concat(),
            loops,
            pairs,
        };
        Some(product.tidy())
    }

    /// The block as a matrix with rows of `n` entries: where it starts and how it goes on along rows and along columns.
    fn as_matrix(&self, n: usize) -> Option<AsMatrix> {
        let n = n.max(1) as i64;
        let mut out = AsMatrix { outer: (self.entry / n, None), inner: (self.entry % n, None) };
        let mut place = |l: Loop, outer: bool| {
            let side = if outer { &mut out.outer } else { &mut out.inner };
            let by = if outer { l.entry / n } else { l.entry };
            if side.1.replace((by, l)).is_some() { None } else { Some(()) }
        };
        let inside = |l: &Loop| (0..n).contains(&(self.entry % n + l.entry * (l.extent as i64 - 1)));
        for l in &self.loops {
            if l.entry == 0 {
                return None;
            } else if l.entry % n == 0 {
                place(*l, true)?;
            } else if inside(l) {
                place(*l, false)?;
            } else if l.entry == 1 && self.entry % n == 0 && l.extent as i64 % n == 0 {
                place(l.strided(n, (l.extent as i64 / n) as usize), true)?;
                place(l.strided(1, n as usize), false)?;
            } else {
                return None;
            }
        }
        Some(out)
    }
}

/// Where a matrix starts and how it goes on, along its rows (`outer`) and columns: the step, and the loop.
struct AsMatrix {
    outer: (i64, Option<(i64, Loop)>),
    inner: (i64, Option<(i64, Loop)>),
}

/// A start, a stride and the loop they are of.
type Run = (i64, i64, Loop);

/// The common run of two progressions: its length and start, and the first step and the stride in each. `None` where they
/// meet irregularly.
#[allow(clippy::type_complexity, reason = "one caller")]
fn meet(
    a: (i64, Option<(i64, Loop)>),
    b: (i64, Option<(i64, Loop)>),
) -> Option<(Option<(usize, i64)>, Run, Run)> {
    let still = Loop { extent: 1, ..Loop::default() };
    let ((a_start, a), (b_start, b)) = ((a.0, a.1.unwrap_or((1, still))), (b.0, b.1.unwrap_or((1, still))));
    let ((a_by, a_along), (b_by, b_along)) = (a, b);
    let none = Some((None, (0, 1, still), (0, 1, still)));
    if a_by == 1 || b_by == 1 {
        // The coarser run decides; it is cut to where the finer one is.
        let fine_first = a_by == 1;
        let (fine, coarse) = if fine_first {
            ((a_start, a_along), (b_start, b_by, b_along))
        } else {
            ((b_start, b_along), (a_start, a_by, a_along))
        };
        let within = |i: i64| (0..fine.1.extent as i64).contains(&(coarse.0 + i * coarse.1 - fine.0));
        let mut hits = 0..coarse.2.extent as i64;
        while !hits.is_empty() && !within(hits.start) {
            hits.start += 1;
        }
        while !hits.is_empty() && !within(hits.end - 1) {
            hits.end -= 1;
        }
        if hits.is_empty() {
            return none;
        }
        let extent = (hits.end - hits.start) as usize;
        let start = coarse.0 + hits.start * coarse.1;
        let fine_run = (start - fine.0, coarse.1, fine.1);
        let coarse_run = (hits.start, 1, coarse.2);
        let (a, b) = if fine_first { (fine_run, coarse_run) } else { (coarse_run, fine_run) };
        return Some((Some((extent, start)), a, b));
    }
    if (a_start, a_by, a_along.extent) == (b_start, b_by, b_along.extent) {
        return Some((Some((a_along.extent, a_start)), (0, 1, a_along), (0, 1, b_along)));
    }
    None
}

//! Terms in a regular pattern, which are written out only when they are assembled.

use super::walk::Walk;
use crate::lower::column::{Basis, Column};
use crate::lower::products::ProductTable;
use std::sync::Arc;

/// Terms on a nest of loops, along each of which the entry, the column, the parameter and the place in the numbers move by
/// a fixed step: the columns of a variable, a dense matrix times a vector, a scaled or broadcast one.
///
/// What is zero among the numbers is no term.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The entry of the array that the first term belongs to.
    pub entry: i64,
    /// The column of the first term.
    pub column: Column,
    /// The parameter of the first term; 0 where there is none in any.
    pub parameter: i64,
    /// What every number is multiplied by.
    pub coefficient: f64,
    /// The numbers, the product of which a term has.
    pub factors: Vec<Factor>,
    /// The loops, outermost first.
    pub loops: Vec<Loop>,
    /// Where the last two loops are not over all pairs of their steps, over which.
    pub pairs: Option<Pairs>,
}

/// Pairs of steps: the rows and columns of the entries that a sparse matrix stores.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// The steps of the last loop but one.
    pub rows: Arc<[u32]>,
    /// The steps of the last loop.
    pub cols: Arc<[u32]>,
    /// What moves from one pair to the next; entries and columns do not.
    pub along: Loop,
}

/// How far everything moves at each step of a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loop {
    /// How many steps there are.
    pub extent: usize,
    /// The step of the entry.
    pub entry: i64,
    /// The step of the column.
    pub column: i64,
    /// The step of the parameter.
    pub parameter: i64,
    /// The step in each factor.
    pub factors: [i64; FACTORS],
}

/// The most factors a block has.
const FACTORS: usize = 2;

/// Numbers, shared with whoever gave them.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// All of them.
    pub values: Arc<[f64]>,
    /// The place of the first one used.
    pub start: i64,
    /// Whether none of them is zero.
    pub full: bool,
}

impl Factor {
    /// Numbers, from the first on.
    pub fn new(values: Arc<[f64]>) -> Self {
        let zero = |chunk: &[f64]| chunk.iter().fold(false, |zero, v| zero | (*v == 0.0));
        let full = !values.chunks(64).any(zero);
        Self { values, start: 0, full }
    }
}

#[derive(Clone, Copy)]
struct Place {
    entry: i64,
    column: Column,
    parameter: i64,
    factors: [i64; FACTORS],
}

impl Place {
    fn step(&mut self, by: &Loop, times: i64) {
        self.entry += times * by.entry;
        self.column = self.column.moved(times * by.column);
        self.parameter += times * by.parameter;
        self.factors[0] += times * by.factors[0];
        self.factors[1] += times * by.factors[1];
    }
}

impl Loop {
    /// A loop over entries, all else at rest.
    pub fn over(extent: usize, entry: i64) -> Self {
        Self { extent, entry, ..Self::default() }
    }

    /// The loop whose steps are `by` of this one's.
    pub(super) fn strided(&self, by: i64, extent: usize) -> Self {
        Self {
            extent,
            entry: by * self.entry,
            column: by * self.column,
            parameter: by * self.parameter,
            factors: self.factors.map(|f| by * f),
        }
    }
}

impl Block {
    /// One term in each of the entries from 0 on.
    pub fn range(len: usize, column: (Column, i64), parameter: (i64, i64), coefficient: f64) -> Self {
        let along =
            Loop { extent: len, entry: 1, column: column.1, parameter: parameter.1, factors: [0; FACTORS] };
        Self {
            entry: 0,
            column: column.0,
            parameter: parameter.0,
            coefficient,
            factors: Vec::new(),
            loops: vec![along],
            pairs: None,
        }
    }

    /// A sparse matrix with rows of `n` entries: numbers, or entries of θ̂ from `parameter` on.
    pub fn sparse(
        (m, n): (usize, usize),
        (rows, cols): (Arc<[u32]>, Arc<[u32]>),
        values: Option<Arc<[f64]>>,
        parameter: i64,
    ) -> Self {
        let along = Loop {
            extent: rows.len(),
            parameter: i64::from(values.is_none()),
            factors: [i64::from(values.is_some()), 0],
            ..Loop::default()
        };
        Self {
            entry: 0,
            column: Column::ONE,
            parameter,
            coefficient: 1.0,
            factors: values.map(Factor::new).into_iter().collect(),
            loops: vec![Loop::over(m, n as i64), Loop::over(n, 1)],
            pairs: Some(Pairs { rows, cols, along }),
        }
    }

    /// Numbers in the entries from 0 on.
    pub fn numbers(values: Arc<[f64]>) -> Self {
        let mut out = Self::range(values.len(), (Column::ONE, 0), (0, 0), 1.0);
        out.loops[0].factors[0] = 1;
        out.factors.push(Factor::new(values));
        out
    }

    /// How many terms there are, zeros counted.
    pub fn size(&self) -> usize {
        let (real, pairs) = self.real();
        real.iter().map(|l| l.extent).product::<usize>() * pairs.map_or(1, |(p, _)| p.rows.len())
    }

    /// The loops over all of their steps, and the pairs with the two loops that these are of.
    fn real(&self) -> (&[Loop], Option<(&Pairs, [Loop; 2])>) {
        match (&self.pairs, &self.loops[..]) {
            (Some(pairs), [real @ .., a, b]) => (real, Some((pairs, [*a, *b]))),
            _ => (&self.loops, None),
        }
    }

    /// Whether no number is zero.
    pub fn is_full(&self) -> bool {
        self.coefficient != 0.0 && self.factors.iter().all(|f| f.full)
    }

    /// Whether no parameter enters.
    pub fn is_parametric(&self) -> bool {
        self.parameter != 0
    }

    /// Whether a variable enters.
    pub fn has_variable(&self) -> bool {
        self.column != Column::ONE
    }

    /// Visits the terms that are not zero: entry, column, parameter, coefficient.
    pub fn for_each(&self, mut visit: impl FnMut(usize, Column, u32, f64)) {
        let start = |k: usize| self.factors.get(k).map_or(0, |f| f.start);
        let place = Place {
            entry: self.entry,
            column: self.column,
            parameter: self.parameter,
            factors: [start(0), start(1)],
        };
        if self.coefficient != 0.0 {
            self.nest(self.real().0, place, &mut visit);
        }
    }

    /// The terms of all pairs.
    fn pairs(&self, at: Place, visit: &mut impl FnMut(usize, Column, u32, f64)) {
        let Some((pairs, [down, across])) = self.real().1 else { return };
        for (k, (&i, &j)) in pairs.rows.iter().zip(pairs.cols.iter()).enumerate() {
            let mut at = at;
            at.step(&pairs.along, k as i64);
            at.step(&down, i64::from(i));
            at.step(&across, i64::from(j));
            let number = |(f, place): (&Factor, i64)| f.values[place as usize];
            let value = self.factors.iter().zip(at.factors).map(number).fold(self.coefficient, |a, b| a * b);
            if value != 0.0 {
                visit(at.entry as usize, at.column, at.parameter as u32, value);
            }
        }
    }

    fn nest(&self, loops: &[Loop], mut at: Place, visit: &mut impl FnMut(usize, Column, u32, f64)) {
        match loops {
            [] if self.pairs.is_some() => self.pairs(at, visit),
            [] => self.nest(&[Loop::over(1, 0)], at, visit),
            [inner] if self.pairs.is_none() => {
                let mut emit = |at: &Place, value: f64| {
                    if value != 0.0 {
                        visit(at.entry as usize, at.column, at.parameter as u32, value);
                    }
                };
                match &self.factors[..] {
                    [] => {
                        for _ in 0..inner.extent {
                            emit(&at, self.coefficient);
                            at.step(inner, 1);
                        }
                    }
                    [f] => {
                        for _ in 0..inner.extent {
                            emit(&at, self.coefficient * f.values[at.factors[0] as usize]);
                            at.step(inner, 1);
                        }
                    }
                    [f, g, ..] => {
                        for _ in 0..inner.extent {
                            let value = f.values[at.factors[0] as usize] * g.values[at.factors[1] as usize];
                            emit(&at, self.coefficient * value);
                            at.step(inner, 1);
                        }
                    }
                }
            }
            [outer, rest @ ..] => {
                for _ in 0..outer.extent {
                    self.nest(rest, at, visit);
                    at.step(outer, 1);
                }
            }
        }
    }

    /// Starts some steps along a loop.
    pub(super) fn start_at(&mut self, along: &Loop, steps: i64) {
        self.entry += steps * along.entry;
        self.column = self.column.moved(steps * along.column);
        self.parameter += steps * along.parameter;
        for (factor, step) in self.factors.iter_mut().zip(along.factors) {
            factor.start += steps * step;
        }
    }

    /// Leaves out loops of one step, and joins loops that are one.
    fn tidy(mut self) -> Self {
        if self.pairs.is_some() {
            return self;
        }
        self.loops.retain(|l| l.extent != 1);
        let mut joined: Vec<Loop> = Vec::with_capacity(self.loops.len());
        for inner in self.loops {
            match joined.last_mut() {
                Some(outer) if *outer == inner.strided(inner.extent as i64, outer.extent) => {
                    *outer = Loop { extent: outer.extent * inner.extent, ..inner };
                }
                _ => joined.push(inner),
            }
        }
        self.loops = joined;
        self
    }

    /// The loops along which entries change.
    fn moving(&self) -> impl Iterator<Item = (usize, &Loop)> {
        self.loops.iter().enumerate().filter(|(_, l)| l.entry != 0)
    }

    /// Sends entry `i` to entry `to(i)`, if that keeps the pattern.
    pub fn map_entries(&self, to: impl Fn(usize) -> usize) -> Option<Self> {
        if self.size() == 0 {
            return Some(self.clone());
        }
        if self.pairs.is_some() {
            return self.map_pairs(to);
        }
        let at = |offset: i64| to((self.entry + offset) as usize) as i64;
        let (first, mut out) = (at(0), self.clone());
        out.entry = first;
        for l in out.loops.iter_mut().filter(|l| l.entry != 0 && l.extent > 1) {
            l.entry = at(l.entry) - first;
        }
        let moving: Vec<(Loop, i64)> =
            self.moving().map(|(k, l)| (*l, if l.extent > 1 { out.loops[k].entry } else { 0 })).collect();
        if linear(&moving, 0, 0, &|from, by| at(from) == first + by) {
            return Some(out.tidy());
        }
        // One loop that is two: along the rows and along the columns of a matrix.
        let (k, along) = self.moving().next().filter(|_| moving.len() == 1)?;
        let ends = |steps: usize| at(steps as i64 * along.entry);
        let inner = ends(1) - first;
        let length = (1..along.extent).find(|&s| ends(s) - ends(s - 1) != inner)?;
        let outer = ends(length) - first;
        let fits = |s: usize| ends(s) == first + (s / length) as i64 * outer + (s % length) as i64 * inner;
        if along.extent % length != 0 || !(0..along.extent).all(fits) {
            return None;
        }
        let mut pair = [along.strided(length as i64, along.extent / length), along.strided(1, length)];
        (pair[0].entry, pair[1].entry) = (outer, inner);
        out.loops.splice(k..=k, pair);
        Some(out.tidy())
    }

    /// As [`map_entries`](Self::map_entries), of a sparse matrix.
    fn map_pairs(&self, to: impl Fn(usize) -> usize) -> Option<Self> {
        let (real, pairs) = self.real();
        let (pairs, [down, across]) = pairs?;
        if real.iter().any(|l| l.entry != 0) {
            return None;
        }
        let at = |i: i64, j: i64| to((self.entry + i * down.entry + j * across.entry) as usize) as i64;
        let (first, mut out) = (at(0, 0), self.clone());
        let k = real.len();
        let step = |l: &Loop, at: i64| if l.entry == 0 || l.extent < 2 { 0 } else { at - first };
        out.entry = first;
        out.loops[k].entry = step(&down, at(1, 0));
        out.loops[k + 1].entry = step(&across, at(0, 1));
        let (by_row, by_col) = (out.loops[k].entry, out.loops[k + 1].entry);
        let all = pairs.rows.iter().zip(pairs.cols.iter()).map(|(&i, &j)| (i64::from(i), i64::from(j)));
        all.into_iter().all(|(i, j)| at(i, j) == first + i * by_row + j * by_col).then_some(out)
    }

    /// The sum of all entries.
    #[must_use]
    pub fn total(&self) -> Self {
        let mut out = Self { entry: 0, ..self.clone() };
        out.loops.iter_mut().for_each(|l| l.entry = 0);
        out.tidy()
    }

    /// What is left where the entries of `walk` are picked out of an array of `len` entries; `None` if that breaks the
    /// pattern.
    pub fn gather(&self, walk: &Walk, len: usize) -> Option<Option<Self>> {
        if self.pairs.is_some() {
            return None;
        }
        let mut out = self.clone();
        let mut moving = self.moving();
        let Some((k, along)) = moving.next() else {
            if len != 1 {
                return None;
            }
            out.entry = 0;
            out.loops.splice(0..0, walk.steps().map(|(extent, _, step)| Loop::over(extent, step)));
            return Some(Some(out.tidy()));
        };
        if moving.next().is_some() {
            return None;
        }
        let along = *along;
        let offset = walk.start as i64 - self.entry;
        if walk.steps().any(|(_, by, _)| by % along.entry != 0) {
            return None;
        }
        if offset % along.entry != 0 {
            return Some(None);
        }
        let from = offset / along.entry;
        let steps: Vec<(usize, i64, i64)> =
            walk.steps().map(|(extent, by, step)| (extent, by / along.entry, step)).collect();
        let (mut low, mut high) = (from, from);
        for &(extent, by, _) in &steps {
            let reach = by * (extent as i64 - 1);
            (low, high) = (low + reach.min(0), high + reach.max(0));
        }
        let mut picked: Vec<Loop> = Vec::with_capacity(2);
        out.loops.remove(k);
        out.entry = 0;
        let at_rest = Loop { entry: 0, ..along };
        if low >= 0 && high < along.extent as i64 {
            out.start_at(&at_rest, from);
            for (extent, by, step) in steps {
                picked.push(Loop { entry: step, ..at_rest.strided(by, extent) });
            }
        } else {
            // A part of the walk lies outside the block.
            let [(extent, by, step)] = steps[..] else {
                return (high < 0 || low >= along.extent as i64).then_some(None);
            };
            if by == 0 {
                return Some(None);
            }
            // The steps that land inside are consecutive.
            let last = along.extent as i64 - 1;
            let (near, far, by_size) =
                if by > 0 { (-from, last - from, by) } else { (from - last, from, -by) };
            let first = (-(-near).div_euclid(by_size)).max(0);
            let last = far.div_euclid(by_size).min(extent as i64 - 1);
            if first > last {
                return Some(None);
            }
            out.start_at(&at_rest, from + first * by);
            out.entry = first * step;
            picked.push(Loop { entry: step, ..at_rest.strided(by, (last - first + 1) as usize) });
        }
        out.loops.splice(k..k, picked);
        Some(Some(out.tidy()))
    }

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
            (None, Some(pairs)) => Some(Pairs { along: moved(pairs.along, 0), ..pairs }),
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

    /// The range of entries that the block may reach.
    pub fn entries(&self) -> (i64, i64) {
        self.loops.iter().fold((self.entry, self.entry), |(low, high), l| {
            let reach = l.entry * (l.extent as i64 - 1);
            (low + reach.min(0), high + reach.max(0))
        })
    }

    /// The range of columns that the block may reach.
    fn columns(&self) -> (i64, i64) {
        let first = Column::ONE.distance(self.column);
        self.loops.iter().fold((first, first), |(low, high), l| {
            let reach = l.column * (l.extent as i64 - 1);
            (low + reach.min(0), high + reach.max(0))
        })
    }

    /// Whether it is certain that no two terms share entry and column.
    pub fn is_injective(&self) -> bool {
        // Digits of a mixed radix: what moves entries tells the steps of its loops, and so does what moves columns.
        let radix = |step: fn(&Loop) -> i64, of: &[Loop]| {
            let mut sorted: Vec<(i64, usize)> = of.iter().map(|l| (step(l).abs(), l.extent)).collect();
            sorted.sort_unstable();
            let mut reach = 0;
            sorted.into_iter().all(|(by, extent)| {
                let distinct = by > reach;
                reach += by * (extent as i64 - 1);
                distinct
            })
        };
        let (by_entry, by_column): (Vec<Loop>, Vec<Loop>) =
            self.loops.iter().filter(|l| l.extent > 1).partition(|l| l.entry != 0);
        radix(|l| l.entry, &by_entry) && radix(|l| l.column, &by_column)
    }

    /// Whether it is certain that no term shares entry and column with one of the other block.
    pub fn is_apart(&self, other: &Self) -> bool {
        let apart = |a: (i64, i64), b: (i64, i64)| a.1 < b.0 || b.1 < a.0;
        if apart(self.columns(), other.columns()) || apart(self.entries(), other.entries()) {
            return true;
        }
        let ([a], [b]) = (&self.loops[..], &other.loops[..]) else { return false };
        if self.pairs.is_some() || other.pairs.is_some() {
            return false;
        }
        let (rows, columns) = (other.entry - self.entry, self.column.distance(other.column));
        (a.entry, a.column) == (b.entry, b.column)
            && i128::from(rows) * i128::from(a.column) != i128::from(columns) * i128::from(a.entry)
    }

    /// How many terms an entry has at most, if no entry is met by several steps of the loops that move entries.
    pub fn most_per_entry(&self) -> usize {
        if self.pairs.is_some() {
            // Each pair is one entry of a matrix that is not summed.
            let whole = self.loops.iter().all(|l| l.entry != 0);
            return if whole && self.is_injective() { 1 } else { self.size() };
        }
        let still: usize = self.loops.iter().filter(|l| l.entry == 0).map(|l| l.extent).product();
        if self.is_injective() { still } else { self.size() }
    }

    /// How many terms each of `len` entries has for certain: 0 if some entry is missed or a number may be zero.
    pub fn least_per_entry(&self, len: usize) -> usize {
        if !self.is_full() {
            return 0;
        }
        if let ([], Some((pairs, [down, across]))) = self.real() {
            // The rows of a sparse matrix times a vector.
            let by_row = self.entry == 0 && (down.entry, across.entry) == (1, 0) && down.extent == len;
            let mut counts = vec![0_usize; if by_row { len } else { 0 }];
            if by_row {
                pairs.rows.iter().for_each(|&i| counts[i as usize] += 1);
            }
            return counts.into_iter().min().unwrap_or(0);
        }
        if self.pairs.is_some() {
            return 0;
        }
        let (mut by_entry, rest): (Vec<Loop>, Vec<Loop>) = self.loops.iter().partition(|l| l.entry != 0);
        by_entry.sort_by_key(|l| l.entry);
        let mut reach = 1;
        let covers = by_entry.iter().all(|l| {
            let next = l.entry == reach;
            reach *= l.extent as i64;
            next
        });
        if !covers || reach != len as i64 || self.entry != 0 {
            return 0;
        }
        rest.iter().map(|l| l.extent).product()
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

/// Whether a function of entries is linear along loops, given the step of the function for each.
fn linear(loops: &[(Loop, i64)], from: i64, by: i64, holds: &impl Fn(i64, i64) -> bool) -> bool {
    match loops {
        [] => holds(from, by),
        [(l, step), rest @ ..] => {
            (0..l.extent as i64).all(|i| linear(rest, from + i * l.entry, by + i * step, holds))
        }
    }
}

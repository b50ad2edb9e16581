//! Terms in a regular pattern, which are written out only when they are assembled.

use crate::lower::column::Column;
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
    pub pairs: Option<Box<Pairs>>,
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
pub(super) const FACTORS: usize = 2;

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
        // Counted by chunks, which is faster than to stop at the first zero.
        let zeros = |chunk: &[f64]| chunk.iter().map(|v| u64::from(*v == 0.0)).sum::<u64>();
        let full = values.chunks(64).all(|chunk| zeros(chunk) == 0);
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
            loops: if len == 1 { Vec::new() } else { vec![along] },
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
            pairs: Some(Box::new(Pairs { rows, cols, along })),
        }
    }

    /// Numbers in the entries from 0 on.
    pub fn numbers(values: Arc<[f64]>) -> Self {
        let mut out = Self::range(values.len(), (Column::ONE, 0), (0, 0), 1.0);
        out.loops.iter_mut().for_each(|along| along.factors[0] = 1);
        out.factors.push(Factor::new(values));
        out
    }

    /// How many terms there are, zeros counted.
    pub fn size(&self) -> usize {
        let (real, pairs) = self.real();
        real.iter().map(|l| l.extent).product::<usize>() * pairs.map_or(1, |(p, _)| p.rows.len())
    }

    /// The loops over all of their steps, and the pairs with the two loops that these are of.
    pub(in crate::lower) fn real(&self) -> (&[Loop], Option<(&Pairs, [Loop; 2])>) {
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

    /// Adds the coefficients of terms without parameters to the numbers of their variables.
    pub fn add_by_column(&self, numbers: &mut [f64]) {
        // The rows of a matrix are added whole.
        if let ([outer, inner], [f, rest @ ..]) = (&self.loops[..], &self.factors[..])
            && self.pairs.is_none()
            && (inner.column, inner.factors) == (1, [1, 0])
        {
            for i in 0..outer.extent as i64 {
                let number = |g: &Factor| g.values[(g.start + i * outer.factors[1]) as usize];
                let scale = rest.first().map_or(1.0, number);
                let first = self.column.moved(i * outer.column).index();
                let row = &f.values[(f.start + i * outer.factors[0]) as usize..][..inner.extent];
                for (sum, value) in numbers[first..][..inner.extent].iter_mut().zip(row) {
                    *sum += self.coefficient * (value * scale);
                }
            }
            return;
        }
        self.for_each(|_, column, _, coefficient| numbers[column.index()] += coefficient);
    }

    /// The terms of all pairs.
    fn pairs(&self, at: Place, visit: &mut impl FnMut(usize, Column, u32, f64)) {
        let Some((pairs, [down, across])) = self.real().1 else { return };
        let along = &pairs.along;
        for (k, (&i, &j)) in pairs.rows.iter().zip(pairs.cols.iter()).enumerate() {
            let (k, i, j) = (k as i64, i64::from(i), i64::from(j));
            let mut value = self.coefficient;
            for (f, factor) in self.factors.iter().enumerate() {
                let place =
                    at.factors[f] + k * along.factors[f] + i * down.factors[f] + j * across.factors[f];
                value *= factor.values[place as usize];
            }
            if value != 0.0 {
                let entry = at.entry + i * down.entry + j * across.entry;
                let column = at.column.moved(i * down.column + j * across.column);
                let parameter = if self.is_parametric() {
                    at.parameter + k * along.parameter + i * down.parameter + j * across.parameter
                } else {
                    0
                };
                visit(entry as usize, column, parameter as u32, value);
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
    pub(super) fn tidy(mut self) -> Self {
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
    pub(super) fn moving(&self) -> impl Iterator<Item = (usize, &Loop)> {
        self.loops.iter().enumerate().filter(|(_, l)| l.entry != 0)
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

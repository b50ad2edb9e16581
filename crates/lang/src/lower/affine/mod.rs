//! Arrays whose entries are affine in the solver's columns, with coefficients affine in the derived parameters.
//!
//! An array is kept in one of two forms: as [`Block`]s, patterns which cost nothing until they are assembled, or entry by
//! entry as `Terms`. Affine operations on blocks yield blocks wherever the result has a pattern; where it has none, and
//! where somebody asks for the terms of an entry, the blocks are written out.

mod block;
mod entries;
mod product;
mod quadratic;
mod terms;
#[cfg(test)]
mod tests;
mod walk;

pub use block::{Block, Factor, Loop, Pairs};
pub use terms::{Term, merge};
pub use walk::Walk;

use super::column::Column;
use super::products::ProductTable;
use cvxlayer_program::{Shape, SparseMap};
use std::cell::OnceCell;
use std::sync::Arc;
use terms::Terms;

/// An array of sums of [`Term`]s; entries that are structurally zero are not stored.
#[derive(Clone, Debug)]
pub struct Affine {
    /// The shape; entries are row by row.
    pub shape: Shape,
    /// The blocks whose sum the array is, if it has that form.
    blocks: Option<Vec<Block>>,
    /// The terms, which are there if the blocks are not.
    terms: OnceCell<Terms>,
}

/// More blocks than this, of few terms each, are terms.
const MANY_BLOCKS: usize = 32;

impl Affine {
    /// All zeros.
    pub fn zeros(shape: Shape) -> Self {
        Self::of_blocks(shape, Vec::new())
    }

    /// The sum of blocks.
    pub fn of_blocks(shape: Shape, mut blocks: Vec<Block>) -> Self {
        blocks.retain(|b| b.size() > 0 && b.coefficient != 0.0);
        let out = Self { shape, blocks: Some(blocks), terms: OnceCell::new() };
        let all = out.blocks.as_deref().unwrap_or_default();
        if all.len() > MANY_BLOCKS && out.size() < 8 * all.len() {
            return Self::of_terms(shape, out.written().clone());
        }
        out
    }

    fn of_terms(shape: Shape, terms: Terms) -> Self {
        Self { shape, blocks: None, terms: OnceCell::from(terms) }
    }

    /// A numeric array, entries row by row.
    pub fn numbers(shape: Shape, values: impl Into<Arc<[f64]>>) -> Self {
        let values = values.into();
        match values[..] {
            [value] => Self::fill(shape, value),
            _ => Self::of_blocks(shape, vec![Block::numbers(values)]),
        }
    }

    /// The same number everywhere.
    pub fn fill(shape: Shape, value: f64) -> Self {
        Self::of_blocks(shape, vec![Block::range(shape.len(), (Column::ONE, 0), (0, 0), value)])
    }

    /// The columns from `start` on.
    pub fn columns(shape: Shape, start: usize) -> Self {
        Self::of_blocks(shape, vec![Block::range(shape.len(), (Column::variable(start), 1), (0, 0), 1.0)])
    }

    /// The entries of θ̂ from `start` on.
    pub fn parameters(shape: Shape, start: usize) -> Self {
        Self::of_blocks(shape, vec![Block::range(shape.len(), (Column::ONE, 0), (start as i64 + 1, 1), 1.0)])
    }

    /// A scalar from its terms, merged.
    pub fn scalar(terms: Vec<Term>) -> Self {
        let block = |t: &Term| Block::range(1, (t.column, 0), (i64::from(t.parameter), 0), t.coefficient);
        if terms.len() <= MANY_BLOCKS {
            return Self::of_blocks(Shape::Scalar, terms.iter().map(block).collect());
        }
        let mut out = Terms::zeros(1);
        out.push_row(0, terms);
        Self::of_terms(Shape::Scalar, out)
    }

    /// One term in each of the given positions, ascending.
    pub fn from_terms(shape: Shape, entries: impl IntoIterator<Item = (usize, Term)>) -> Self {
        let mut out = Terms::zeros(shape.len());
        for (i, term) in entries {
            out.push_row(i, [term]);
        }
        Self::of_terms(shape, out)
    }

    /// Appends the terms of entry `i`, which must come after all entries there are.
    pub fn push_row(&mut self, i: usize, terms: impl IntoIterator<Item = Term>) {
        self.written();
        self.blocks = None;
        if let Some(own) = self.terms.get_mut() {
            own.push_row(i, terms);
        }
    }

    /// The blocks whose sum the array is, if it has that form.
    pub fn blocks(&self) -> Option<&[Block]> {
        self.blocks.as_deref()
    }

    /// The terms, written out.
    fn written(&self) -> &Terms {
        self.terms
            .get_or_init(|| Terms::from_blocks(self.shape.len(), self.blocks.as_deref().unwrap_or_default()))
    }

    /// The same array, entry by entry.
    #[must_use]
    pub fn into_terms(self) -> Self {
        self.written();
        Self { blocks: None, ..self }
    }

    /// The terms of entry `i`.
    pub fn row(&self, i: usize) -> &[Term] {
        self.written().row(i)
    }

    /// The entries that are not structurally zero, ascending.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &[Term])> {
        self.written().rows()
    }

    /// All terms.
    pub fn terms(&self) -> &[Term] {
        self.written().all()
    }

    /// How many terms there are.
    pub fn nnz(&self) -> usize {
        self.terms().len()
    }

    /// How many terms there are at most.
    pub fn size(&self) -> usize {
        match &self.blocks {
            Some(blocks) => blocks.iter().map(Block::size).sum(),
            None => self.nnz(),
        }
    }

    /// How many terms [`gather`](Self::gather) yields at most.
    pub fn gathered_size(&self, index: &[usize]) -> usize {
        match &self.blocks {
            Some(blocks) => {
                index.len().saturating_mul(blocks.iter().map(Block::most_per_entry).sum::<usize>())
            }
            None => index.iter().map(|&i| self.row(i).len()).sum(),
        }
    }

    /// Whether every entry is a number.
    pub fn is_numeric(&self) -> bool {
        !self.has_variable() && !self.is_parametric()
    }

    /// Whether a parameter enters anywhere.
    pub fn is_parametric(&self) -> bool {
        match &self.blocks {
            Some(blocks) => blocks.iter().any(Block::is_parametric),
            None => self.terms().iter().any(|t| t.parameter != 0),
        }
    }

    /// Whether a variable enters anywhere.
    pub fn has_variable(&self) -> bool {
        match &self.blocks {
            Some(blocks) => blocks.iter().any(Block::has_variable),
            None => self.terms().iter().any(|t| t.column != Column::ONE),
        }
    }

    /// The numbers, if every entry is one.
    pub fn to_numbers(&self) -> Option<Vec<f64>> {
        self.is_numeric().then(|| {
            let mut out = vec![0.0; self.shape.len()];
            match &self.blocks {
                Some(blocks) => blocks.iter().for_each(|b| b.for_each(|i, _, _, value| out[i] += value)),
                None => self.rows().for_each(|(i, terms)| out[i] = terms.iter().map(|t| t.coefficient).sum()),
            }
            out
        })
    }

    /// Whether it is certain that no two terms with a variable share entry and column.
    pub fn is_distinct(&self) -> bool {
        let Some(blocks) = &self.blocks else { return true };
        let open: Vec<&Block> = blocks.iter().filter(|b| b.has_variable()).collect();
        open.iter()
            .enumerate()
            .all(|(k, b)| b.is_injective() && open[..k].iter().all(|other| b.is_apart(other)))
    }

    /// Whether a parameter multiplies a variable anywhere.
    pub fn has_parametric_variable(&self) -> bool {
        match &self.blocks {
            Some(blocks) => blocks.iter().any(|b| b.has_variable() && b.is_parametric()),
            None => self.terms().iter().any(|t| t.column != Column::ONE && t.parameter != 0),
        }
    }

    /// Whether it is certain that no entry has more than two terms.
    pub fn is_short(&self) -> bool {
        let most = |blocks: &[Block]| blocks.iter().map(Block::most_per_entry).sum::<usize>();
        self.blocks.as_deref().is_some_and(|blocks| most(blocks) <= 2)
    }

    /// The most terms with a variable that an entry has.
    pub fn most_variables(&self) -> usize {
        if let Some(blocks) = &self.blocks {
            let most: usize = blocks.iter().filter(|b| b.has_variable()).map(Block::most_per_entry).sum();
            if most <= 1 || most == self.least_variables() {
                return most;
            }
        }
        let open = |terms: &[Term]| terms.iter().filter(|t| t.column != Column::ONE).count();
        self.rows().map(|(_, terms)| open(terms)).max().unwrap_or(0)
    }

    /// How many variables each entry has for certain.
    pub fn least_variables(&self) -> usize {
        let Some(blocks) = self.blocks.as_ref().filter(|_| self.is_distinct()) else { return 0 };
        let of = |b: &Block| b.least_per_entry(self.shape.len());
        blocks.iter().filter(|b| b.has_variable()).map(of).sum()
    }

    /// The same entries in another shape of the same length.
    #[must_use]
    pub fn with_shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Picks entries: `out[i] = self[index[i]]`.
    #[must_use]
    pub fn gather(&self, shape: Shape, index: impl IntoIterator<Item = usize>) -> Self {
        let index: Vec<usize> = index.into_iter().collect();
        match Walk::of(&index) {
            Some(walk) => self.pick(shape, &walk),
            None => Self::of_terms(shape, self.written().gather(shape.len(), index)),
        }
    }

    /// As [`gather`](Self::gather), of positions in a pattern.
    #[must_use]
    pub fn pick(&self, shape: Shape, walk: &Walk) -> Self {
        let len = self.shape.len();
        let picked = self.blocks.as_ref();
        match picked.and_then(|blocks| blocks.iter().map(|b| b.gather(walk, len)).collect::<Option<Vec<_>>>())
        {
            Some(blocks) => Self::of_blocks(shape, blocks.into_iter().flatten().collect()),
            None => Self::of_terms(shape, self.written().gather(shape.len(), walk.positions())),
        }
    }

    /// Each block with its entries elsewhere, if that keeps the pattern.
    fn moved(&self, to: impl Fn(usize) -> usize) -> Option<Vec<Block>> {
        self.blocks.as_ref()?.iter().map(|b| b.map_entries(&to)).collect()
    }

    /// Sends entry `k` to position `to(k)`, where no two meet.
    #[must_use]
    pub fn scatter(&self, shape: Shape, to: impl Fn(usize) -> usize) -> Self {
        match self.moved(&to) {
            Some(blocks) => Self::of_blocks(shape, blocks),
            None => Self::of_terms(shape, self.written().scatter(shape.len(), to)),
        }
    }

    /// All entries of one array after those of another.
    pub fn concat(shape: Shape, parts: &[Self]) -> Self {
        let starts = || {
            parts.iter().scan(0, |offset, part| {
                *offset += part.shape.len();
                Some((*offset - part.shape.len(), part))
            })
        };
        let blocks: Option<Vec<Block>> = starts()
            .map(|(offset, part)| {
                let moved = |b: &Block| Block { entry: b.entry + offset as i64, ..b.clone() };
                part.blocks.as_ref().map(|blocks| blocks.iter().map(moved).collect::<Vec<_>>())
            })
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat());
        if let Some(blocks) = blocks {
            return Self::of_blocks(shape, blocks);
        }
        let all = starts().map(|(offset, part)| (offset, part.written()));
        Self::of_terms(shape, Terms::concat(shape.len(), all))
    }

    /// Every coefficient times a number.
    #[must_use]
    pub fn scale(mut self, factor: f64) -> Self {
        if factor == 0.0 {
            return Self::zeros(self.shape);
        }
        if let Some(blocks) = &mut self.blocks {
            for block in blocks {
                block.coefficient *= factor;
            }
            self.terms = OnceCell::new();
        } else if let Some(terms) = self.terms.get_mut() {
            terms.scale(factor);
        }
        self
    }

    /// The sum of two arrays of one shape.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        match (&self.blocks, &other.blocks) {
            (Some(a), Some(b)) => Self::of_blocks(self.shape, [&a[..], &b[..]].concat()),
            _ => Self::of_terms(self.shape, self.written().add(other.written())),
        }
    }

    /// The sum of arrays of one shape.
    pub fn sum(shape: Shape, parts: &[Self]) -> Self {
        if let [a, b] = parts {
            return a.add(b);
        }
        let blocks = parts.iter().map(|part| part.blocks.as_deref()).collect::<Option<Vec<_>>>();
        if let Some(blocks) = blocks {
            return Self::of_blocks(shape, blocks.concat());
        }
        let len = shape.len().max(1);
        let all = Self::concat(Shape::Vector(len * parts.len()), parts);
        Self::of_terms(shape, all.written().sum_into(shape.len(), |i| i % len))
    }

    /// Adds entries in groups: entry `i` goes to position `to(i)`.
    #[must_use]
    pub fn sum_into(&self, shape: Shape, to: impl Fn(usize) -> usize) -> Self {
        if let (Some(blocks), 1) = (&self.blocks, shape.len()) {
            return Self::of_blocks(shape, blocks.iter().map(Block::total).collect());
        }
        match self.moved(&to) {
            Some(blocks) => Self::of_blocks(shape, blocks),
            None => Self::of_terms(shape, self.written().sum_into(shape.len(), to)),
        }
    }

    /// A constant linear map of the entries.
    #[must_use]
    pub fn linear(&self, shape: Shape, map: &SparseMap) -> Self {
        Self::of_terms(shape, self.written().linear(map))
    }

    /// The elementwise product; products of parameters become derived parameters, products of variables quadratic columns.
    #[must_use]
    pub fn multiply(&self, other: &Self, products: &mut ProductTable) -> Self {
        match self.times(other, products) {
            Some(blocks) => Self::of_blocks(self.shape, blocks),
            None => Self::of_terms(self.shape, self.written().multiply(other.written(), products)),
        }
    }

    /// The elementwise product block by block.
    fn times(&self, other: &Self, products: &mut ProductTable) -> Option<Vec<Block>> {
        let (a, b) = (self.blocks.as_ref()?, other.blocks.as_ref()?);
        let len = self.shape.len();
        let square = std::ptr::eq(self, other);
        let pairs =
            || (0..a.len()).flat_map(move |i| (if square { i } else { 0 }..b.len()).map(move |j| (i, j)));
        // Several products of parameters for one column would be one derived parameter.
        if pairs().filter(|&(i, j)| a[i].is_parametric() && b[j].is_parametric()).count() > 1 {
            return None;
        }
        // Nothing is named before it is certain that the result has the pattern.
        let fits = |i: usize, j: usize| a[i].multiplies(&b[j], len) || b[j].multiplies(&a[i], len);
        if !pairs().all(|(i, j)| fits(i, j)) {
            return None;
        }
        pairs()
            .map(|(i, j)| {
                let product =
                    a[i].times(&b[j], len, products).or_else(|| b[j].times(&a[i], len, products))?;
                let twice = if square && i != j { 2.0 } else { 1.0 };
                Some(Block { coefficient: twice * product.coefficient, ..product })
            })
            .collect()
    }

    /// The matrix product of `m × k` and `k × n` entries.
    #[must_use]
    pub fn matmul(
        &self,
        other: &Self,
        (m, k, n): (usize, usize, usize),
        shape: Shape,
        products: &mut ProductTable,
    ) -> Self {
        Self::of_terms(shape, self.written().matmul(other.written(), (m, k, n), products))
    }

    /// The matrix product of `m × k` and `k × n` entries, if blocks of the two have products in a pattern.
    pub fn matmul_blocks(&self, other: &Self, (k, n): (usize, usize), shape: Shape) -> Option<Self> {
        if !self.has_variable() && !other.has_variable() {
            return None;
        }
        let (a, b) = (self.blocks.as_ref()?, other.blocks.as_ref()?);
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| a.matmul(b, k, n)));
        Some(Self::of_blocks(shape, pairs.collect::<Option<Vec<_>>>()?))
    }
}

//! Squares: the graph forms that several atoms share.

use super::Lowered;
use super::affine::{Affine, Block, Term};
use super::column::Column;
use super::context::Operand;
use super::expand::Lower;
use super::gram::Dense;
use super::products::RawTerm;
use cvxlayer_program::Shape;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Rows with more variables than this are not squared term by term.
pub(super) const LONGEST_SQUARED: usize = 4;

impl Lower<'_> {
    /// As [`affine`](Self::affine), but a variable-free expression of many terms becomes derived parameters, so that
    /// products with it stay short.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn compact(&mut self, operand: &Operand) -> Lowered<Rc<Affine>> {
        let value = self.affine(operand)?;
        let free = self.context.model.tree.facts(operand.node).variable_free();
        let long = || !value.is_short() && value.nnz() > 2 * value.rows().count();
        if free && value.is_parametric() && long() {
            return Ok(Rc::new(self.lift(operand)?));
        }
        Ok(value)
    }

    /// The squares of the entries; entries with many variables get auxiliaries first.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn squares(&mut self, array: &Affine, name: &'static str) -> Lowered<Affine> {
        if array.most_variables() <= LONGEST_SQUARED {
            return Ok(array.multiply(array, &mut self.products));
        }
        let fresh = self.as_variable(array, name)?;
        Ok(fresh.multiply(&fresh, &mut self.products))
    }

    /// The sum of the squares of all entries, in the smaller of two forms: the Gram matrix of the array's coefficients,
    /// or auxiliary variables for its entries.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn sum_of_squares(&mut self, array: &Affine) -> Lowered<Affine> {
        if array.most_variables() <= 1 {
            return Ok(array.multiply(array, &mut self.products).sum_into(Shape::Scalar, |_| 0));
        }
        if let Some(dense) = Dense::of(array) {
            let (m, n) = (dense.rows as f64, dense.columns.len() as f64);
            if dense.pairs.min(n * (n + 1.0) / 2.0) <= dense.entries + 2.0 * m && m * n * n < 4.0e9 {
                return Ok(self.dense_gram(array, &dense));
            }
            return self.auxiliary_squares(array);
        }
        if array.has_parametric_variable() {
            return self.auxiliary_squares(array);
        }
        let mut used: Vec<_> = array.terms().iter().map(|t| t.column).filter(|c| *c != Column::ONE).collect();
        used.sort_unstable();
        used.dedup();
        let pairs: usize = array.rows().map(|(_, terms)| variables(terms)).map(|k| k * (k + 1) / 2).sum();
        let gram = pairs.min(used.len() * (used.len() + 1) / 2);
        let entries = array.terms().iter().filter(|t| t.column != Column::ONE).count();
        let rows = array.rows().count();
        // An auxiliary costs its row's entries, its own entry in the row, and one on the diagonal of P.
        let work = rows as f64 * (used.len() as f64).powi(2);
        if gram <= entries + 2 * rows && (pairs < 4 * entries || work < 4.0e9) {
            return Ok(self.gram(array, &used));
        }
        self.auxiliary_squares(array)
    }

    fn auxiliary_squares(&mut self, array: &Affine) -> Lowered<Affine> {
        let fresh = self.as_variable(array, "sum_squares")?;
        Ok(fresh.multiply(&fresh, &mut self.products).sum_into(Shape::Scalar, |_| 0))
    }

    /// As [`gram`](Self::gram), where the coefficients are a dense matrix.
    fn dense_gram(&mut self, array: &Affine, dense: &Dense) -> Affine {
        let blocks = array.blocks().unwrap_or_default().iter().cloned();
        let (open, data): (Vec<Block>, Vec<Block>) = blocks.partition(Block::has_variable);
        let (open, data) = (Affine::of_blocks(array.shape, open), Affine::of_blocks(array.shape, data));
        let linear = open.multiply(&data, &mut self.products).scale(2.0).sum_into(Shape::Scalar, |_| 0);
        let constant = if let Some(numbers) = data.to_numbers() {
            Affine::fill(Shape::Scalar, numbers.iter().map(|d| d * d).sum())
        } else {
            let mut raw: Vec<RawTerm> = Vec::new();
            for (_, terms) in data.rows() {
                raw.extend(terms.iter().flat_map(|c| terms.iter().map(|d| RawTerm::new(c, d))));
            }
            let mut terms = Vec::new();
            self.products.collect(&mut raw, &mut terms);
            Affine::scalar(terms)
        };
        Affine::of_blocks(Shape::Scalar, dense.gram()).add(&linear).add(&constant)
    }

    /// `Σᵢ (aᵢᵀx + dᵢ)²` with numeric `aᵢ` as one row of quadratic, linear and constant terms.
    fn gram(&mut self, array: &Affine, used: &[Column]) -> Affine {
        let n = used.len();
        let position = |c: Column| used.binary_search(&c).unwrap_or(0);
        let dense = n <= 4096 && array.nnz() * 8 >= n * array.rows().count();
        let mut raw: Vec<RawTerm> = Vec::new();
        let mut full = vec![0.0; if dense { n * n } else { 0 }];
        let mut sparse: BTreeMap<(Column, Column), f64> = BTreeMap::new();
        for (_, terms) in array.rows() {
            let (constants, variables): (Vec<&Term>, Vec<&Term>) =
                terms.iter().partition(|t| t.column == Column::ONE);
            for (k, a) in variables.iter().enumerate() {
                if dense {
                    let row = position(a.column) * n;
                    for b in &variables[k..] {
                        full[row + position(b.column)] += a.coefficient * b.coefficient;
                    }
                } else {
                    for b in &variables[k..] {
                        *sparse.entry((a.column, b.column)).or_insert(0.0) += a.coefficient * b.coefficient;
                    }
                }
                for d in &constants {
                    raw.push(RawTerm::new(&Term { coefficient: 2.0 * a.coefficient, ..**a }, d));
                }
            }
            for c in &constants {
                raw.extend(constants.iter().map(|d| RawTerm::new(c, d)));
            }
        }
        let mut terms = Vec::with_capacity(raw.len());
        self.products.collect(&mut raw, &mut terms);
        let mut add = |a: Column, b: Column, value: f64| {
            if value != 0.0 {
                let coefficient = if a == b { value } else { 2.0 * value };
                terms.push(Term { column: a.times(b), parameter: 0, coefficient });
            }
        };
        for i in 0..if dense { n } else { 0 } {
            for j in i..n {
                add(used[i], used[j], full[i * n + j]);
            }
        }
        for ((a, b), value) in sparse {
            add(a, b, value);
        }
        super::affine::merge(&mut terms);
        Affine::scalar(terms)
    }
}

fn variables(terms: &[Term]) -> usize {
    terms.iter().filter(|t| t.column != Column::ONE).count()
}

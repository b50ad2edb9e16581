//! Auxiliary variables and rows.

use super::affine::{Affine, Term};
use super::column::Column;
use super::expand::Lower;
use super::rows::Side;
use super::{Lowered, grouped, refuse};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use cvxlayer_program::{Columns, Role, Shape};

/// The most variables and rows that a program may have, auxiliary ones counted.
const MAX_SIZE: usize = 8_000_000;

impl Lower<'_> {
    /// Refuses variables and rows that would make the program larger than a solver can hold.
    ///
    /// # Errors
    /// If there are too many.
    pub fn room(&self, more: usize, what: &str, span: Span) -> Lowered<()> {
        let known = self.lo.len() + self.equalities.len() + self.inequalities.len();
        if known.saturating_add(more) <= MAX_SIZE {
            return Ok(());
        }
        let message = format!("the model needs more than {} variables and rows", grouped(MAX_SIZE));
        let error =
            Diagnostic::error(codes::TOO_LARGE, message).at(span, format!("{} {what} here", grouped(more)));
        Err(refuse(if known == 0 {
            error
        } else {
            error.note(format!("{} variables and rows come before", grouped(known)))
        }))
    }

    /// A fresh auxiliary variable of this shape, at least `lo` if that is given.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn auxiliary(&mut self, name: &'static str, shape: Shape, lo: Option<f64>) -> Lowered<Affine> {
        self.room(shape.len(), "auxiliary variables", self.here)?;
        let start = self.lo.len();
        self.columns.push(Columns { name: name.into(), role: Role::Auxiliary, start, len: shape.len() });
        let end = start + shape.len();
        self.lo.resize(end, lo);
        self.hi.resize(end, None);
        Ok(Affine::columns(shape, start))
    }

    /// Rows `array ≤ 0`, entry by entry.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn at_most_zero(&mut self, array: &Affine, name: &'static str) -> Lowered<()> {
        self.room(array.shape.len(), "rows", self.here)?;
        let owner = self.inequalities.owner(name, Role::Auxiliary);
        self.inequalities.push_all(owner, array, Side::AtMost);
        Ok(())
    }

    /// Rows `array == 0`, entry by entry.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn equal_zero(&mut self, array: &Affine, name: &'static str) -> Lowered<()> {
        self.room(array.shape.len(), "rows", self.here)?;
        let owner = self.equalities.owner(name, Role::Auxiliary);
        self.equalities.push_all(owner, array, Side::Equal);
        Ok(())
    }

    /// A variable that equals the array: the array itself where each entry is one variable, else auxiliaries.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn as_variable(&mut self, array: &Affine, name: &'static str) -> Lowered<Affine> {
        let plain = |terms: &[Term]| matches!(terms, [t] if t.column != Column::ONE && t.parameter == 0 && t.coefficient == 1.0);
        let alone = match array.blocks() {
            Some([b]) if b.by_entry(array.shape.len()).is_some() && b.factors.is_empty() => {
                b.has_variable() && !b.is_parametric() && b.coefficient == 1.0
            }
            _ => array.least_variables() < 2 && (0..array.shape.len()).all(|i| plain(array.row(i))),
        };
        if alone {
            return Ok(array.clone());
        }
        let fresh = self.auxiliary(name, array.shape, None)?;
        self.equal_zero(&array.add(&fresh.clone().scale(-1.0)), name)?;
        Ok(fresh)
    }
}

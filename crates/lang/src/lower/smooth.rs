//! Smooth terms of the objective.

use super::Lowered;
use super::affine::{Affine, Term};
use super::column::{Basis, Column};
use super::expand::Lower;
use cvxlayer_program::{SmoothFunction, SmoothTerm};

impl Lower<'_> {
    /// φ of every entry of an array, as terms that only the objective may hold. Each entry becomes a variable of its
    /// own, unless it is one already.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn smooth(
        &mut self,
        function: SmoothFunction,
        array: &Affine,
        name: &'static str,
    ) -> Lowered<Affine> {
        let arguments = self.arguments(function, array, name)?;
        let shape = array.shape;
        let terms: Vec<_> = arguments
            .into_iter()
            .enumerate()
            .map(|(i, column)| {
                let term = SmoothTerm { function, column };
                let own = self.smooth_of.entry(column).or_default();
                let known = own.iter().copied().find(|&k| self.smooth[k] == term);
                let k = known.unwrap_or_else(|| {
                    own.push(self.smooth.len());
                    self.smooth.push(term);
                    self.smooth.len() - 1
                });
                (i, Term { column: Column::smooth(k), parameter: 0, coefficient: 1.0 })
            })
            .collect();
        Ok(Affine::from_terms(shape, terms))
    }

    /// The solver's column of each entry.
    fn arguments(
        &mut self,
        function: SmoothFunction,
        array: &Affine,
        name: &'static str,
    ) -> Lowered<Vec<u32>> {
        let plain: Option<Vec<u32>> =
            (0..array.shape.len()).map(|i| self.plain(function, array.row(i))).collect();
        if let Some(columns) = plain {
            return Ok(columns);
        }
        let fresh = self.auxiliary(name, array.shape, None)?;
        self.equal_zero(&array.add(&fresh.clone().scale(-1.0)), name)?;
        let column = |i: usize| match fresh.row(i)[0].column.basis() {
            Basis::Variable(j) => j as u32,
            _ => unreachable!("an auxiliary is a variable"),
        };
        Ok((0..array.shape.len()).map(column).collect())
    }

    /// The column of terms that are one variable, whose own lower bound does not vie with the function's domain.
    fn plain(&self, function: SmoothFunction, terms: &[Term]) -> Option<u32> {
        let [Term { column, parameter: 0, coefficient: 1.0 }] = terms else { return None };
        let Basis::Variable(j) = column.basis() else { return None };
        let everywhere = matches!(
            function,
            SmoothFunction::Exp | SmoothFunction::Logistic | SmoothFunction::NegativeLogNormalCdf
        );
        let apart = self.lo.is_free(j) || self.lo.number(j).is_some_and(|bound| bound >= 0.0);
        (everywhere || apart).then_some(j as u32)
    }
}

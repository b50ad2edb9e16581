//! Maxima and minima: the rows they are made of, and auxiliary variables above or below these rows.

use super::Lowered;
use super::affine::Affine;
use super::column::Column;
use super::constraint::Piece;
use super::context::Operand;
use super::expand::Lower;
use crate::check::interval::Interval;
use cvxlayer_program::Shape;
use std::borrow::Cow;

impl Piece {
    /// Every entry of an array as a row of its own.
    pub fn entries(rows: Affine) -> Self {
        Self { entry: (0..rows.shape.len()).collect(), rows, both_signs: false }
    }

    /// The negated rows.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { rows: self.rows.scale(-1.0), ..self }
    }

    /// The same rows, bounding other entries.
    #[must_use]
    pub fn regrouped(mut self, to: impl Fn(usize) -> usize) -> Self {
        for entry in &mut self.entry {
            *entry = to(*entry);
        }
        self
    }

    /// The rows with something added to the entries that they bound.
    pub fn plus(self, rest: &Affine) -> Vec<Self> {
        let by = rest.gather(self.rows.shape, self.entry.iter().copied());
        let sides = if self.both_signs { &[1.0, -1.0][..] } else { &[1.0] };
        let side = |&sign: &f64| Self {
            rows: self.rows.clone().scale(sign).add(&by),
            entry: self.entry.clone(),
            both_signs: false,
        };
        sides.iter().map(side).collect()
    }

    /// What a number among the rows is compared as: of both signs the larger, or for a minimum the smaller.
    pub(super) fn decisive(&self, number: f64, convex: bool) -> f64 {
        match (self.both_signs, convex) {
            (false, _) => number,
            (true, true) => number.abs(),
            (true, false) => -number.abs(),
        }
    }

    /// The number of a row, if it has neither variables nor parameters.
    pub(super) fn number(&self, k: usize) -> Option<f64> {
        let terms = self.rows.row(k);
        let numeric = terms.iter().all(|t| t.column == Column::ONE && t.parameter == 0);
        numeric.then(|| terms.iter().map(|t| t.coefficient).sum())
    }
}

impl Lower<'_> {
    /// The range of an operand's entries.
    pub fn range(&self, operand: &Operand) -> Interval {
        self.context.model.tree.facts(operand.node).interval
    }

    /// What an operand of a maximum (`convex`) or minimum is the largest or smallest of: the pieces of a nested one, else
    /// its own entries.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn inner_pieces(&mut self, operand: &Operand, convex: bool) -> Lowered<Vec<Piece>> {
        let shape = self.context.shape(operand)?;
        if let Some(pieces) = self.pieces(operand, convex, shape)? {
            return Ok(pieces);
        }
        Ok(vec![Piece::entries((*self.affine(operand)?).clone())])
    }

    /// As [`inner_pieces`](Self::inner_pieces), of the negated operand, which is convex.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn negated_pieces(&mut self, operand: &Operand) -> Lowered<Vec<Piece>> {
        Ok(self.inner_pieces(operand, false)?.into_iter().map(Piece::negated).collect())
    }

    /// The pieces of `|operand|`.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn absolute_pieces(&mut self, operand: &Operand) -> Lowered<Vec<Piece>> {
        let range = self.range(operand);
        if range.is_nonneg() {
            self.inner_pieces(operand, true)
        } else if range.is_nonpos() {
            self.negated_pieces(operand)
        } else {
            let piece = Piece::entries((*self.affine(operand)?).clone());
            Ok(vec![Piece { both_signs: true, ..piece }])
        }
    }

    /// A fresh variable above (`convex`) or below all pieces; numbers among them become its bound.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn epigraph(
        &mut self,
        pieces: &[Piece],
        shape: Shape,
        name: &'static str,
        convex: bool,
    ) -> Lowered<Affine> {
        let start = self.lo.len();
        let bound = self.auxiliary(name, shape, None)?;
        let closed: Vec<&Piece> = pieces.iter().filter(|p| p.rows.least_variables() == 0).collect();
        let mut numbers: Vec<Option<f64>> = vec![None; if closed.is_empty() { 0 } else { shape.len() }];
        for piece in closed {
            for (k, &entry) in piece.entry.iter().enumerate() {
                if let Some(value) = piece.number(k) {
                    let value = piece.decisive(value, convex);
                    let tighter = if convex { f64::max } else { f64::min };
                    numbers[entry] = Some(numbers[entry].map_or(value, |known| tighter(known, value)));
                }
            }
        }
        for (entry, number) in numbers.iter().enumerate() {
            if let Some(value) = number {
                let slot = if convex { &mut self.lo } else { &mut self.hi };
                slot.set_number(start + entry, *value);
            }
        }
        for piece in pieces {
            let open = piece.rows.least_variables() > 0;
            let (rows, entries) = if open {
                (piece.rows.clone(), Cow::from(&piece.entry))
            } else {
                let kept: Vec<usize> =
                    (0..piece.entry.len()).filter(|&k| piece.number(k).is_none()).collect();
                let flat = Shape::Vector(kept.len());
                let rows = piece.rows.gather(flat, kept.iter().copied());
                (rows, kept.iter().map(|&k| piece.entry[k]).collect())
            };
            let flat = Shape::Vector(entries.len());
            let rows = rows.with_shape(flat);
            let minus = bound.gather(flat, entries.iter().copied()).scale(-1.0);
            let side = if convex { 1.0 } else { -1.0 };
            self.at_most_zero(&rows.add(&minus).scale(side), name)?;
            if piece.both_signs {
                self.at_most_zero(&rows.scale(-1.0).add(&minus).scale(side), name)?;
            }
        }
        Ok(bound)
    }

    /// `|operand|`: the operand itself where its sign is known, else auxiliaries `t` with `±x ≤ t`.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn absolute(&mut self, operand: &Operand, name: &'static str) -> Lowered<Affine> {
        let a = self.affine(operand)?;
        let range = self.range(operand);
        Ok(if range.is_nonneg() {
            (*a).clone()
        } else if range.is_nonpos() {
            (*a).clone().scale(-1.0)
        } else {
            let piece = Piece { both_signs: true, ..Piece::entries((*a).clone()) };
            self.epigraph(&[piece], a.shape, name, true)?
        })
    }

    /// `max(array, 0)`, given the range of the array: itself or nothing where the sign is known, else auxiliaries `t ≥ 0`
    /// with `array ≤ t`.
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn positive(&mut self, array: &Affine, range: Interval, name: &'static str) -> Lowered<Affine> {
        if range.is_nonneg() {
            return Ok(array.clone());
        }
        if range.is_nonpos() {
            return Ok(Affine::zeros(array.shape));
        }
        let part = self.auxiliary(name, array.shape, Some(0.0))?;
        self.at_most_zero(&array.add(&part.clone().scale(-1.0)), name)?;
        Ok(part)
    }
}

//! Numbers in a front: partial LDLᵀ, and the addition of what it leaves to the parent's front.
//!
//! A column is stored from the first pivot's row down: D on the pivots' diagonal, L (unit diagonal) below. The update is
//! a square of which the lower triangle counts.

use crate::kernel::{axpy, axpy4, kernel, vectorized};
use faer::linalg::cholesky::ldlt;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place;
use faer::{Accum, MatMut, MatRef, Par};

/// Below so many products, plain loops beat library calls.
const SMALL: usize = 6000;

/// Pivots that a library call factors.
const PIVOTS: usize = 24;

/// How pivots of the wrong sign (rounding) are replaced: those below the first number by the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    pub epsilon: f64,
    pub delta: f64,
}

/// A front with its numbers.
pub(super) struct Numbers<'a> {
    pub pivots: usize,
    pub below: usize,
    pub diagonal: bool,
    /// Its columns.
    pub columns: &'a mut [f64],
    /// Its update, of order `below`; empty where what the pivots contribute is added to the parent at once.
    pub update: &'a mut [f64],
    /// Signs of the pivots.
    pub signs: &'a [i8],
    pub work: &'a mut Vec<f64>,
}

impl Numbers<'_> {
    /// Eliminates the pivots, and subtracts what they contribute from the update; returns how many pivots were replaced.
    pub(super) fn eliminate(mut self, guard: Guard) -> usize {
        let (k, r) = (self.pivots, self.below);
        if self.work.len() < self.columns.len() {
            self.work.resize(self.columns.len(), 0.0);
        }
        if self.update.is_empty() && r > 0 {
            return vectorized::<Pivots, _>((&mut self, guard));
        }
        let inner = if self.diagonal { 0 } else { k * k * (k / 3 + r) };
        if inner + k * r * r <= SMALL {
            return vectorized::<Small, _>((&mut self, guard));
        }
        let replaced = if self.diagonal || k <= PIVOTS {
            vectorized::<Pivots, _>((&mut self, guard))
        } else {
            self.factor(guard)
        };
        if r > 0 {
            self.subtract();
        }
        replaced
    }

    #[inline(always)]
    fn eliminate_small((this, guard): (&mut Self, Guard)) -> usize {
        let replaced = Self::factor_small((&mut *this, guard));
        let (k, r, diagonal) = (this.pivots, this.below, this.diagonal);
        let stride = r + if diagonal { 1 } else { k };
        let top = stride - r;
        for q in 0..r {
            let out = &mut this.update[q * r + q..(q + 1) * r];
            let at = |c: usize| c * stride + top + q..(c + 1) * stride;
            let mut c = 0;
            while c + 4 <= k {
                let scale = [0, 1, 2, 3].map(|i| -this.columns[at(c + i).start]);
                let unscaled = [0, 1, 2, 3].map(|i| &this.work[at(c + i)]);
                axpy4(scale, unscaled, out);
                c += 4;
            }
            while c < k {
                axpy(-this.columns[at(c).start], &this.work[at(c)], out);
                c += 1;
            }
        }
        replaced
    }

    /// Factors the columns left to right, keeping L D in the work space.
    #[inline(always)]
    fn factor_small((this, guard): (&mut Self, Guard)) -> usize {
        let (k, r, diagonal) = (this.pivots, this.below, this.diagonal);
        let stride = r + if diagonal { 1 } else { k };
        let mut replaced = 0;
        for j in 0..k {
            let row = if diagonal { 0 } else { j };
            let (done, rest) = this.columns.split_at_mut(j * stride);
            let column = &mut rest[row..stride];
            if !diagonal {
                let at = |c: usize| c * stride + row..(c + 1) * stride;
                let mut c = 0;
                while c + 4 <= j {
                    let scale = [0, 1, 2, 3].map(|i| -done[at(c + i).start]);
                    axpy4(scale, [0, 1, 2, 3].map(|i| &this.work[at(c + i)]), column);
                    c += 4;
                }
                while c < j {
                    axpy(-done[at(c).start], &this.work[at(c)], column);
                    c += 1;
                }
            }
            let sign = f64::from(this.signs[j]);
            // A NaN goes through, and surfaces in the residuals.
            if column[0] * sign <= guard.epsilon {
                column[0] = sign * guard.delta;
                replaced += 1;
            }
            this.work[j * stride + row..(j + 1) * stride].copy_from_slice(column);
            let inverse = 1.0 / column[0];
            for v in &mut column[1..] {
                *v *= inverse;
            }
        }
        replaced
    }

    /// As [`factor_small`](Self::factor_small), by library calls.
    fn factor(&mut self, guard: Guard) -> usize {
        let (k, stride) = (self.pivots, self.pivots + self.below);
        let columns = MatMut::from_column_major_slice_mut(&mut self.columns[..k * stride], stride, k);
        let (mut top, mut bottom) = columns.split_at_row_mut(k);
        let need = ldlt::factor::cholesky_in_place_scratch::<f64>(k, Par::Seq, faer::Spec::default());
        let mut memory = faer::dyn_stack::MemBuffer::new(need);
        let regularization = ldlt::factor::LdltRegularization {
            dynamic_regularization_signs: Some(self.signs),
            dynamic_regularization_delta: guard.delta,
            dynamic_regularization_epsilon: guard.epsilon,
        };
        let outcome = ldlt::factor::cholesky_in_place(
            top.as_mut(),
            regularization,
            Par::Seq,
            faer::dyn_stack::MemStack::new(&mut memory),
            faer::Spec::default(),
        );
        solve_unit_lower_triangular_in_place(top.as_ref(), bottom.as_mut().transpose_mut(), Par::Seq);
        for j in 0..k {
            let column = &mut self.columns[j * stride..(j + 1) * stride];
            let inverse = 1.0 / column[j];
            self.work[j * stride + k..(j + 1) * stride].copy_from_slice(&column[k..]);
            for v in &mut column[k..] {
                *v *= inverse;
            }
        }
        // With dynamic regularization no pivot can be zero; a NaN surfaces in the residuals.
        outcome.map_or(k, |info| info.dynamic_regularization_count)
    }

    /// Subtracts L D Lᵀ from the update by a library call.
    fn subtract(&mut self) {
        let (k, r) = (self.pivots, self.below);
        let stride = self.columns.len() / k;
        let lower = MatRef::from_column_major_slice(&self.columns[..k * stride], stride, k);
        let scaled = MatRef::from_column_major_slice(&self.work[..k * stride], stride, k);
        triangular::matmul(
            MatMut::from_column_major_slice_mut(&mut self.update[..r * r], r, r),
            BlockStructure::TriangularLower,
            Accum::Add,
            lower.split_at_row(stride - r).1,
            BlockStructure::Rectangular,
            scaled.split_at_row(stride - r).1.transpose(),
            BlockStructure::Rectangular,
            -1.0,
            Par::Seq,
        );
    }
}

kernel!(Small = Numbers::eliminate_small, (&mut Numbers<'_>, Guard) -> usize);
kernel!(Pivots = Numbers::factor_small, (&mut Numbers<'_>, Guard) -> usize);

/// The parent's front, to which an update is added.
pub(super) struct Receiver<'a> {
    pub pivots: usize,
    pub below: usize,
    pub diagonal: bool,
    pub columns: &'a mut [f64],
    pub update: &'a mut [f64],
}

impl Receiver<'_> {
    /// Adds an update whose rows are at the given places in this front.
    pub(super) fn add(&mut self, update: &[f64], places: &[u32]) {
        let r = places.len();
        for j in 0..r {
            self.add_column(&update[j * r + j..(j + 1) * r], &places[j..]);
        }
    }

    /// Adds a column of an update, from its diagonal down.
    #[inline(always)]
    fn add_column(&mut self, values: &[f64], places: &[u32]) {
        let Some(&place) = places.first() else { return };
        let (place, stride) = (place as usize, self.below + if self.diagonal { 1 } else { self.pivots });
        if place >= self.pivots {
            let column = &mut self.update[(place - self.pivots) * self.below..][..self.below];
            scatter(values, places, self.pivots, column);
        } else if self.diagonal {
            // Pivots are not coupled, so that what is left after this one lies below all of them.
            let column = &mut self.columns[place * stride..(place + 1) * stride];
            column[0] += values[0];
            scatter(&values[1..], &places[1..], self.pivots, &mut column[1..]);
        } else {
            scatter(values, places, 0, &mut self.columns[place * stride..(place + 1) * stride]);
        }
    }
}

/// What a front of few pivots without children contributes, straight from its columns.
pub(super) struct Product<'a> {
    pub pivots: usize,
    /// L from the first row below the pivots, and L D, of a stride.
    pub lower: &'a [f64],
    pub scaled: &'a [f64],
    pub stride: usize,
}

impl Receiver<'_> {
    /// Subtracts a product whose rows are at the given places in this front, column by column.
    pub(super) fn subtract(&mut self, product: &Product<'_>, places: &[u32], room: &mut Vec<f64>) {
        room.resize(places.len(), 0.0);
        vectorized::<Subtract, _>((self, product, places, &mut room[..]));
    }

    #[inline(always)]
    fn subtract_columns((this, product, places, room): (&mut Self, &Product<'_>, &[u32], &mut [f64])) {
        let (r, k, stride) = (places.len(), product.pivots, product.stride);
        for j in 0..r {
            let column = &mut room[j..];
            column.fill(0.0);
            for c in 0..k {
                let (l, scaled) = (product.lower[c * stride + j], &product.scaled[c * stride + j..]);
                if l != 0.0 {
                    axpy(-l, &scaled[..r - j], column);
                }
            }
            this.add_column(column, &places[j..]);
        }
    }
}

kernel!(Subtract = Receiver::subtract_columns, (&mut Receiver<'_>, &Product<'_>, &[u32], &mut [f64]) -> ());

/// `out[places − shift] += values`, the places increasing.
#[inline(always)]
fn scatter(values: &[f64], places: &[u32], shift: usize, out: &mut [f64]) {
    let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return };
    if (last - first) as usize + 1 == places.len() {
        let first = first as usize - shift;
        for (out, v) in out[first..first + values.len()].iter_mut().zip(values) {
            *out += v;
        }
    } else {
        for (v, &place) in values.iter().zip(places) {
            out[place as usize - shift] += v;
        }
    }
}

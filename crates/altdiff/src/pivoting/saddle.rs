//! The dense saddle point matrix [P Cᵀ; C 0], eliminated down to the inequalities.

use super::eliminate::{Backward, Breakdown, Forward, Lower, Parts, SMALL};
use super::fill;
use super::layout::Layout;
use super::tiles;
use crate::core::Core;
use crate::kernel::vectorized;

/// Pivots below this, relative to the diagonal they come from, are taken for zero.
const SINGULAR: f64 = 1e-12;

/// Why there is no factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Singular {
    /// P is not positive definite on the null space of the equalities.
    Hessian,
    /// The equalities depend on each other.
    Equalities,
}

/// The factor of `K = [P Aᵀ; A 0]` (A: everything that is held with equality), and S = G K⁻¹ Gᵀ of the inequalities.
#[derive(Debug, Clone, Default)]
pub(crate) struct Saddle {
    lower: Lower,
    parts: Parts,
    /// The largest √(cᵀP⁻¹c) of a constraint: times the energy of a right-hand side, it bounds what rows are made of.
    pub reach: f64,
    /// Weight w of w·AᵀA added to P, which changes no solution, where P alone is not positive definite.
    pub weight: f64,
}

impl Saddle {
    pub(crate) fn new(core: &Core, layout: &Layout) -> Result<Self, Singular> {
        let mut saddle = Self::default();
        saddle.renew(core, layout)?;
        Ok(saddle)
    }

    /// Makes room for matrices up to an order.
    pub(crate) fn reserve(&mut self, order: usize) {
        self.lower.reset(order);
    }

    /// Makes room for a matrix S that is given, of so many inequalities.
    pub(super) fn keep(&mut self, order: usize) {
        self.parts = Parts { positive: 0, negative: 0, kept: order };
        self.lower.reset(order);
    }

    /// Takes the entries of a matrix S that is given.
    pub(super) fn fill_kept(&mut self, entry: impl Fn(usize, usize) -> f64) {
        let (order, stride) = (self.order(), self.lower.stride);
        for j in 0..order {
            for (i, v) in self.lower.values[j * stride..j * stride + order].iter_mut().enumerate() {
                *v = entry(i, j);
            }
            self.lower.reference[j] = entry(j, j);
        }
    }

    /// Factors another problem's matrix, in the memory there is.
    pub(crate) fn renew(&mut self, core: &Core, layout: &Layout) -> Result<(), Singular> {
        let n = layout.n;
        self.parts = Parts { positive: n, negative: layout.equal.len(), kept: layout.unequal.len() };
        self.weight = 0.0;
        let mut outcome = self.attempt(core, layout);
        if let Err(place) = outcome
            && place < n
            && !layout.equal.is_empty()
            && !untouched(core, layout)
        {
            self.weight = weight(core, layout);
            outcome = self.attempt(core, layout);
        }
        match outcome {
            Ok(_) => {
                self.mirror();
                self.reach = self.lower.reference[n..].iter().fold(0.0_f64, |m, v| m.max(*v)).sqrt();
                Ok(())
            }
            Err(place) if place < n => Err(Singular::Hessian),
            Err(_) => Err(Singular::Equalities),
        }
    }

    fn attempt(&mut self, core: &Core, layout: &Layout) -> Result<f64, usize> {
        let order = layout.order();
        tiles::pooled(order, || {
            if order <= SMALL {
                self.lower.reset(order);
                fill::small(&mut self.lower, core, layout);
            } else {
                self.lower.resize(order);
                fill::large(&mut self.lower, core, layout);
            }
            if self.weight > 0.0 {
                add_squares(&mut self.lower, core, layout, self.weight);
            }
            self.lower.eliminate(self.parts, SINGULAR, Breakdown::Fail, false)
        })
    }

    pub(crate) fn order(&self) -> usize {
        self.parts.order()
    }

    /// The factor's columns and the distance between them.
    pub(crate) fn columns(&self) -> (&[f64], usize) {
        (&self.lower.values, self.lower.stride)
    }

    /// Variables that the equalities leave free: more active inequalities depend on one another.
    pub(super) fn freedom(&self) -> usize {
        self.parts.positive - self.parts.negative.min(self.parts.positive)
    }

    /// Where the inequalities begin.
    pub(crate) fn eliminated(&self) -> usize {
        self.parts.positive + self.parts.negative
    }

    /// Solves with the left factor: (u, e, g) becomes (L⁻¹u, Λ⁻¹(e − Wᵀ·), g − Zᵀ· − Vᵀ·). Returns the energy of the
    /// right-hand side, the norm of the first two parts.
    pub(super) fn forward(&self, v: &mut [f64]) -> f64 {
        vectorized::<Forward, _>((&self.lower, self.eliminated(), v)).sqrt()
    }

    /// Solves with the transposed right factor, the multipliers of inequalities given in the last part.
    pub(super) fn backward(&self, v: &mut [f64]) {
        vectorized::<Backward, _>((&self.lower, self.eliminated(), v));
    }

    /// Column j of the full symmetric S.
    #[inline(always)]
    pub(crate) fn schur(&self, j: usize) -> &[f64] {
        let (first, stride) = (self.eliminated(), self.lower.stride);
        &self.lower.values[(first + j) * stride + first..(first + j) * stride + self.order()]
    }

    /// gᵀP⁻¹g of inequality j.
    pub(crate) fn energy(&self, j: usize) -> f64 {
        self.lower.reference[self.eliminated() + j]
    }

    /// The largest inverse pivot of P's Cholesky factor: about 1/√ of P's least eigenvalue.
    pub(super) fn steepest(&self) -> f64 {
        (0..self.parts.positive).fold(0.0, |most, j| self.lower.values[j * self.lower.stride + j].max(most))
    }

    /// Copies S's lower triangle into its upper one.
    fn mirror(&mut self) {
        const TILE: usize = 16;
        let (first, order, stride) = (self.eliminated(), self.order(), self.lower.stride);
        let values = &mut self.lower.values;
        for jt in (first..order).step_by(TILE) {
            for it in (jt..order).step_by(TILE) {
                for j in jt..(jt + TILE).min(order) {
                    for i in it.max(j + 1)..(it + TILE).min(order) {
                        values[i * stride + j] = values[j * stride + i];
                    }
                }
            }
        }
    }
}

/// Whether some variable has neither curvature nor an equality, which makes the matrix singular for sure.
fn untouched(core: &Core, layout: &Layout) -> bool {
    let held = |k: usize| (layout.n..layout.n + layout.equal.len()).contains(&layout.place[k]);
    (0..layout.n).any(|j| {
        let flat = core.p.column(j).all(|(_, v)| v == 0.0);
        flat && !held(layout.m + j) && !core.c.column(j).any(|(i, v)| v != 0.0 && held(i))
    })
}

/// tr(P)/‖A‖_F², which balances the two terms.
fn weight(core: &Core, layout: &Layout) -> f64 {
    let first = layout.n + layout.equal.len();
    let held = |k: usize| layout.place[k] < first;
    let mut squares = (0..layout.n).filter(|&j| held(layout.m + j)).count() as f64;
    let mut trace = 0.0;
    for j in 0..layout.n {
        squares += core.c.column(j).filter(|(i, _)| held(*i)).map(|(_, v)| v * v).sum::<f64>();
        trace += core.p.column(j).filter(|(i, _)| *i == j).map(|(_, v)| v).sum::<f64>();
    }
    if trace > 0.0 && squares > 0.0 { trace / squares } else { 1.0 }
}

/// Adds w·AᵀA to the lower triangle, row of A by row.
fn add_squares(lower: &mut Lower, core: &Core, layout: &Layout, weight: f64) {
    let (n, m, stride) = (layout.n, layout.m, lower.stride);
    let rows = core.c.transpose();
    let mut row: Vec<(usize, f64)> = Vec::with_capacity(n);
    for &k in &layout.equal {
        row.clear();
        if k < m {
            row.extend(rows.column(k));
        } else {
            row.push((k - m, 1.0));
        }
        for (a, &(j, v)) in row.iter().enumerate() {
            let column = &mut lower.values[j * stride..j * stride + n];
            for &(i, w) in &row[a..] {
                column[i] += weight * v * w;
            }
        }
    }
}

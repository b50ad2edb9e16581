//! Searches for many problems with the same matrices, one after another in the same memory.

use super::complementarity::{Found, Search};
use super::eliminate::{Breakdown, Lower, Parts};
use super::layout::side;
use super::memory::Memory;
use super::{Layout, Pivoted, Saddle};
use crate::active::{ActiveSet, Side};
use std::sync::Arc;

/// An inequality of one problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inequality {
    pub l: f64,
    pub u: f64,
    /// Its value at y = 0.
    pub value: f64,
    /// Where it is guessed to be; `None`: where y = 0 has it.
    pub guess: Option<Side>,
}

impl Search {
    /// Takes a problem by its inequalities and the energy of its right-hand side.
    pub(crate) fn load(
        &mut self,
        saddle: &Saddle,
        energy: f64,
        inequalities: impl ExactSizeIterator<Item = Inequality>,
    ) {
        self.resize(inequalities.len());
        for (i, Inequality { l, u, value, guess }) in inequalities.enumerate() {
            (self.l[i], self.u[i], self.g0[i]) = (l, u, value);
            let size = saddle.energy(i).sqrt();
            (self.slack[i], self.noise[i]) = noise(size, energy, value);
            self.side[i] = guess.unwrap_or_else(|| self.violation(i));
        }
    }

    /// Pivots for at most `limit` steps; whether that ended at an active set whose constraints are independent beyond
    /// doubt.
    pub(crate) fn finds(&mut self, saddle: &Saddle, limit: usize) -> bool {
        let found = self.run(saddle, &mut |step| step <= limit);
        found == Found::Solution && !self.dropped() && self.independent()
    }

    pub(crate) fn sides(&self) -> &[Side] {
        &self.side
    }

    pub(crate) fn multipliers(&self) -> &[f64] {
        &self.y
    }

    /// What derivatives need of a search that found a differentiable solution; the memory stays for the next one.
    pub(crate) fn leave(&self, layout: &Arc<Layout>, saddle: &Arc<Saddle>) -> Pivoted {
        Pivoted {
            layout: Arc::clone(layout),
            saddle: Arc::clone(saddle),
            list: self.list.clone(),
            factor: self.factor.copied(self.list.len()),
            clean: true,
        }
    }
}

impl Lower {
    /// A copy of the factor alone, without room to work in.
    fn copied(&self, order: usize) -> Self {
        let mut copy = Self::default();
        copy.values = Memory::from(&self.values[..self.stride * order]);
        copy.stride = self.stride;
        copy
    }
}

/// How far beyond an end, and how far below zero, is rounding noise, of an inequality of the given size (√(gᵀP⁻¹g)).
pub(super) fn noise(size: f64, energy: f64, value: f64) -> (f64, f64) {
    (1e-11 * size * energy + 1e-13 * value.abs(), 1e-11 * energy / size.max(f64::MIN_POSITIVE))
}

impl Pivoted {
    /// The factors on another active set of the same problem, if its constraints are independent beyond doubt.
    pub(crate) fn on(&self, active: &ActiveSet) -> Option<Self> {
        let mut search = Search::default();
        let layout = &self.layout;
        search.resize(layout.unequal.len());
        for (own, &k) in search.side.iter_mut().zip(&layout.unequal) {
            *own = side(active, layout.m, k);
        }
        search.gather_active(&self.saddle).ok()?;
        (!search.dropped() && search.independent()).then(|| search.leave(layout, &self.saddle))
    }

    /// The active inequalities, by their number among the unequal ones.
    pub(crate) fn list(&self) -> &[usize] {
        &self.list
    }

    /// Solves S y = v on the active constraints, `v` having an entry for each of them.
    pub(crate) fn solve_listed(&self, v: &mut [f64]) {
        Search::solve_listed(&self.factor, v);
    }
}

/// The factor of I + ρ D S D, D scaling the diagonal of S to one.
#[derive(Debug)]
pub(crate) struct Penalized {
    lower: Lower,
    /// D; zero for inequalities that the equalities decide.
    pub scale: Vec<f64>,
}

impl Penalized {
    pub(crate) fn new(saddle: &Saddle, rho: f64) -> Option<Self> {
        let p = saddle.order() - saddle.eliminated();
        let decided = |i: usize| saddle.schur(i)[i] <= 1e-11 * saddle.energy(i);
        let scale: Vec<f64> =
            (0..p).map(|i| if decided(i) { 0.0 } else { saddle.schur(i)[i].sqrt().recip() }).collect();
        let mut lower = Lower::default();
        lower.resize(p);
        for j in 0..p {
            let column = &mut lower.values[j * lower.stride + j..j * lower.stride + p];
            for ((v, s), d) in column.iter_mut().zip(&saddle.schur(j)[j..]).zip(&scale[j..]) {
                *v = rho * scale[j] * d * s;
            }
            column[0] += 1.0;
        }
        let parts = Parts { positive: p, negative: 0, kept: 0 };
        lower.eliminate(parts, 0.0, Breakdown::Fail, false).ok()?;
        Some(Self { lower, scale })
    }

    /// The factor's columns and the distance between them.
    pub(crate) fn columns(&self) -> (&[f64], usize) {
        (&self.lower.values, self.lower.stride)
    }
}

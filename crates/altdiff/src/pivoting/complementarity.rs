//! The dual linear complementarity problem, by block principal pivoting.
//!
//! With x eliminated the inequalities read `l ≤ g(y) ≤ u, g(y) = g₀ − S y`, y signed and zero unless an end is reached.
//! For a guess of the active constraints y solves `S y = g₀ − end` on them; then constraints on the wrong side change
//! places, all at once while that makes their number fall (Júdice and Pires 1994); then the search walks on one by one.

use super::eliminate::{Breakdown, DROPPED, Lower, Parts, backward, forward};
use super::saddle::Saddle;
use super::walk::ROOM;
use crate::active::Side;
use crate::kernel::{axpy, kernel, vectorized};

/// Added to S relative to its diagonal, so that dependent active constraints do not break the factor.
const SHIFT: f64 = 1e-13;

/// Pivots of S below this, relative to gᵀP⁻¹g, belong to constraints that depend on others.
const DEPENDENT: f64 = 4e-13;

/// Pivots below this leave doubt whether active constraints are independent.
const DOUBTFUL: f64 = 1e-9;

/// Exchanges of everything at once that may fail to reduce the number of mistakes.
const PATIENCE: usize = 4;

/// The state of a search; its memory is kept from one to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// Ends of the constraints.
    pub(super) l: Vec<f64>,
    pub(super) u: Vec<f64>,
    /// Values at y = 0.
    pub(super) g0: Vec<f64>,
    pub(super) side: Vec<Side>,
    /// Where the constraints belong.
    next: Vec<Side>,
    pub(super) y: Vec<f64>,
    /// Values at y.
    pub(super) g: Vec<f64>,
    /// How far beyond an end, and how far below zero, is rounding noise.
    pub(super) slack: Vec<f64>,
    pub(super) noise: Vec<f64>,
    /// The active constraints, in order, and the factor of S on them.
    pub(super) list: Vec<usize>,
    pub(super) factor: Lower,
    rhs: Vec<f64>,
    /// Of a walk: how the active multipliers move, and the new row of the factor.
    pub(super) direction: Vec<f64>,
    pub(super) row: Vec<f64>,
    /// Smallest pivot of the factor relative to its reference.
    pub(super) pivot: f64,
    pub(super) steps: usize,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Solution,
    /// Pivoting went on too long: the problem is infeasible, or too degenerate.
    Nothing,
    Stopped,
}

impl Search {
    /// Takes the sizes of a problem with k inequalities.
    pub(super) fn resize(&mut self, k: usize) {
        for v in [&mut self.l, &mut self.u, &mut self.g0, &mut self.y, &mut self.g] {
            v.resize(k, 0.0);
        }
        self.slack.resize(k, 0.0);
        self.noise.resize(k, 0.0);
        self.side.resize(k, Side::Inactive);
        self.next.resize(k, Side::Inactive);
        self.list.clear();
        self.list.reserve(k);
        self.steps = 0;
    }

    /// Makes room for any active set, so that no search needs to allocate.
    pub(super) fn reserve(&mut self, k: usize) {
        self.resize(k);
        self.factor.resize(k + ROOM);
        self.rhs.reserve(k + ROOM);
        self.direction.reserve(k);
        self.row.reserve(k);
    }

    /// Steps so far.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// Starts from the constraints that the point y = 0 violates.
    pub(super) fn violated(&mut self) {
        for i in 0..self.side.len() {
            self.side[i] = self.violation(i);
        }
    }

    /// The end of a constraint that the point y = 0 violates.
    pub(super) fn violation(&self, i: usize) -> Side {
        if self.g0[i] > self.u[i] + self.slack[i] {
            Side::Upper
        } else if self.g0[i] < self.l[i] - self.slack[i] {
            Side::Lower
        } else {
            Side::Inactive
        }
    }

    /// Pivots until nothing is on the wrong side; `go` is asked once per step.
    pub(super) fn run(&mut self, saddle: &Saddle, go: &mut dyn FnMut(usize) -> bool) -> Found {
        if self.side.iter().filter(|side| side.on()).count() > saddle.freedom() {
            // So many cannot be independent: the guess says little, and a walk from nothing meets few of them.
            self.side.fill(Side::Inactive);
            return self.walk(saddle, go);
        }
        let (mut fewest, mut patience) = (usize::MAX, PATIENCE);
        loop {
            self.steps += 1;
            if !go(self.steps) {
                return Found::Stopped;
            }
            if self.solve(saddle).is_err() {
                return Found::Nothing;
            }
            let wrong = self.wrong();
            if wrong == 0 {
                return if self.contradicted() { self.walk(saddle, go) } else { Found::Solution };
            }
            if wrong < fewest {
                (fewest, patience) = (wrong, PATIENCE);
                self.exchange();
            } else if patience > 0 {
                patience -= 1;
                self.exchange();
            } else {
                return self.walk(saddle, go);
            }
        }
    }

    /// Solves for y on the active constraints, and evaluates g.
    pub(super) fn solve(&mut self, saddle: &Saddle) -> Result<(), usize> {
        self.gather_active(saddle)?;
        self.rhs.clear();
        for &j in &self.list {
            self.rhs.push(self.g0[j] - self.side[j].value(self.l[j], self.u[j]));
        }
        vectorized::<SolveSymmetric, _>((&self.factor, &mut self.rhs[..]));
        self.y.fill(0.0);
        for (&i, &y) in self.list.iter().zip(&self.rhs) {
            self.y[i] = y;
        }
        self.evaluate(saddle);
        Ok(())
    }

    /// Factors S on the active constraints.
    pub(super) fn gather_active(&mut self, saddle: &Saddle) -> Result<(), usize> {
        self.list.clear();
        self.list.extend((0..self.side.len()).filter(|&i| self.side[i].on()));
        let w = self.list.len();
        self.factor.resize(w);
        let stride = self.factor.stride;
        for (a, &j) in self.list.iter().enumerate() {
            let schur = saddle.schur(j);
            let column = &mut self.factor.values[a * stride + a..a * stride + w];
            for (v, &i) in column.iter_mut().zip(&self.list[a..]) {
                *v = schur[i];
            }
            column[0] += SHIFT * saddle.energy(j);
            self.factor.reference[a] = saddle.energy(j);
        }
        let parts = Parts { positive: w, negative: 0, kept: 0 };
        self.pivot = self.factor.eliminate(parts, DEPENDENT, Breakdown::Drop, true)?;
        Ok(())
    }

    /// g at y.
    pub(super) fn evaluate(&mut self, saddle: &Saddle) {
        self.g.copy_from_slice(&self.g0);
        vectorized::<Subtract, _>((saddle, &self.y[..], &mut self.g[..]));
    }

    /// Finds out where every constraint belongs, and how many are on the wrong side.
    pub(super) fn wrong(&mut self) -> usize {
        let mut wrong = 0;
        let ends = self.l.iter().zip(&self.u).zip(self.slack.iter().zip(&self.noise));
        let values = self.g.iter().zip(&self.y).zip(self.side.iter().zip(&mut self.next));
        for (((g, y), (side, next)), ((l, u), (slack, noise))) in values.zip(ends) {
            *next = match side {
                Side::Inactive if *g > u + slack => Side::Upper,
                Side::Inactive if *g < l - slack => Side::Lower,
                Side::Upper if *y < -noise => Side::Inactive,
                Side::Lower if *y > *noise => Side::Inactive,
                same => *same,
            };
            wrong += usize::from(next != side);
        }
        wrong
    }

    /// Moves constraints to where [`wrong`](Self::wrong) found that they belong.
    pub(super) fn exchange(&mut self) {
        self.side.copy_from_slice(&self.next);
    }

    /// Whether the active constraints are independent beyond doubt.
    pub(super) fn independent(&self) -> bool {
        self.list.is_empty() || self.pivot > DOUBTFUL
    }

    /// Solves S y = v on the active constraints: `v` has an entry per inequality before, and after.
    pub(super) fn solve_active(list: &[usize], factor: &Lower, v: &mut [f64], room: &mut Vec<f64>) {
        room.clear();
        room.extend(list.iter().map(|&i| v[i]));
        Self::solve_listed(factor, room);
        v.fill(0.0);
        for (&i, y) in list.iter().zip(room.iter()) {
            v[i] = *y;
        }
    }

    /// As [`solve_active`](Self::solve_active), with an entry per active constraint.
    pub(super) fn solve_listed(factor: &Lower, v: &mut [f64]) {
        vectorized::<SolveSymmetric, _>((factor, v));
    }

    /// Whether an active constraint was cut out because it depends on the others.
    pub(super) fn dropped(&self) -> bool {
        (0..self.list.len()).any(|a| self.cut_out(a))
    }

    /// Whether an active constraint that was cut out is not where the others would have it.
    fn contradicted(&self) -> bool {
        self.pivot == 0.0
            && (0..self.list.len()).any(|a| {
                let i = self.list[a];
                let end = self.side[i].value(self.l[i], self.u[i]);
                self.cut_out(a) && (self.g[i] - end).abs() > self.slack[i].max(1e-12 * end.abs())
            })
    }

    /// Whether the active constraint at place a was.
    pub(super) fn cut_out(&self, a: usize) -> bool {
        self.factor.below(a, self.list.len())[0] == DROPPED
    }
}

kernel!(SolveSymmetric = solve_symmetric, (&Lower, &mut [f64]) -> ());
kernel!(Subtract = subtract, (&Saddle, &[f64], &mut [f64]) -> ());

/// `v ← (𝓛𝓛ᵀ)⁻¹ v`.
#[inline(always)]
fn solve_symmetric((factor, v): (&Lower, &mut [f64])) {
    let order = v.len();
    forward((factor, order, &mut *v));
    backward((factor, order, v));
}

/// `g ← g − S y`, y mostly zeros.
#[inline(always)]
fn subtract((saddle, y, g): (&Saddle, &[f64], &mut [f64])) {
    for (i, &y) in y.iter().enumerate() {
        if y != 0.0 {
            axpy(-y, saddle.schur(i), g);
        }
    }
}

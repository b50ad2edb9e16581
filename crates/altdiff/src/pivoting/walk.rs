//! The dual active-set method of Goldfarb and Idnani (1983) in constraint space, for problems on which exchanging blocks
//! goes in circles: one constraint at a time, with multipliers that always have the right sign, so that the dual
//! objective grows with every step and no active set returns.

use super::complementarity::{Found, Search};
use super::eliminate::{Breakdown, Parts, SolveBackward, SolveForward};
use super::saddle::Saddle;
use crate::active::Side;
use crate::kernel::vectorized;

/// A constraint whose part that is independent of the active ones is below this (relative) depends on them.
const INDEPENDENT: f64 = 1e-11;

/// Room for constraints to be added before the factor moves to a larger stride.
pub(super) const ROOM: usize = 64;

impl Search {
    /// Walks to the solution from the present sides.
    pub(super) fn walk(&mut self, saddle: &Saddle, go: &mut dyn FnMut(usize) -> bool) -> Found {
        if !self.settle(saddle) {
            return Found::Nothing;
        }
        let limit = self.steps + 50 * (self.side.len() + 10);
        while let Some(i) = self.most_violated(saddle) {
            let sign = if self.g[i] > self.u[i] { 1.0 } else { -1.0 };
            let end = if sign > 0.0 { self.u[i] } else { self.l[i] };
            loop {
                self.steps += 1;
                if !go(self.steps) {
                    return Found::Stopped;
                }
                if self.steps > limit {
                    return Found::Nothing;
                }
                // How the active multipliers answer to a unit of the new one, and what is left of its effect.
                let schur = saddle.schur(i);
                self.direction.clear();
                self.direction.extend(self.list.iter().map(|&j| schur[j]));
                vectorized::<SolveForward, _>((&self.factor, &mut self.direction[..]));
                let left = schur[i] - self.direction.iter().map(|v| v * v).sum::<f64>();
                self.row.clone_from(&self.direction);
                vectorized::<SolveBackward, _>((&self.factor, &mut self.direction[..]));
                let full = if left > INDEPENDENT * saddle.energy(i) {
                    (sign * (self.g[i] - end)).max(0.0) / left
                } else {
                    f64::INFINITY
                };
                let mut step = full;
                let mut blocking = None;
                for (a, &j) in self.list.iter().enumerate() {
                    let rate =
                        sign * self.direction[a] * if self.side[j] == Side::Upper { 1.0 } else { -1.0 };
                    if rate > 0.0 {
                        let most = self.y[j].abs() / rate;
                        if most < step {
                            (step, blocking) = (most, Some(a));
                        }
                    }
                }
                if step == f64::INFINITY {
                    // Nothing gives way: the active constraints and this one contradict each other.
                    return Found::Nothing;
                }
                for (a, &j) in self.list.iter().enumerate() {
                    self.y[j] -= sign * step * self.direction[a];
                }
                self.y[i] += sign * step;
                self.evaluate(saddle);
                match blocking {
                    None => {
                        self.side[i] = if sign > 0.0 { Side::Upper } else { Side::Lower };
                        self.append(saddle, i, left);
                        break;
                    }
                    Some(a) => {
                        let j = self.list[a];
                        self.side[j] = Side::Inactive;
                        self.y[j] = 0.0;
                        if !self.remove(saddle, a) {
                            return Found::Nothing;
                        }
                        // Let go of the last one that stood in the way, the new constraint may hold already.
                        if sign * (self.g[i] - end) <= 0.0 && self.y[i] == 0.0 {
                            break;
                        }
                    }
                }
            }
        }
        // Once more in order and from scratch, as every search ends.
        match self.solve(saddle) {
            Ok(()) => Found::Solution,
            Err(_) => Found::Nothing,
        }
    }

    /// Lets go of active constraints until the multipliers of those that stay have the right sign.
    fn settle(&mut self, saddle: &Saddle) -> bool {
        loop {
            if self.solve(saddle).is_err() {
                return false;
            }
            let mut left = false;
            let w = self.list.len();
            for a in 0..w {
                let i = self.list[a];
                let wrong = match self.side[i] {
                    Side::Upper => self.y[i] <= 0.0,
                    _ => self.y[i] >= 0.0,
                };
                if wrong || self.cut_out(a) {
                    self.side[i] = Side::Inactive;
                    left = true;
                }
            }
            if !left {
                return self.gather(saddle);
            }
        }
    }

    /// The constraint that is violated most, measured by the energy it would take.
    fn most_violated(&self, saddle: &Saddle) -> Option<usize> {
        let mut worst = (0.0, None);
        for i in 0..self.side.len() {
            let beyond = (self.g[i] - self.u[i]).max(self.l[i] - self.g[i]);
            if !self.side[i].on() && beyond > self.slack[i] {
                let size = beyond / saddle.energy(i).sqrt().max(f64::MIN_POSITIVE);
                if size > worst.0 {
                    worst = (size, Some(i));
                }
            }
        }
        worst.1
    }

    /// Factors S on the list as it stands, with room to grow.
    fn gather(&mut self, saddle: &Saddle) -> bool {
        let w = self.list.len();
        self.factor.resize_within(w, w + ROOM);
        let stride = self.factor.stride;
        for (a, &j) in self.list.iter().enumerate() {
            let schur = saddle.schur(j);
            let column = &mut self.factor.values[a * stride + a..a * stride + w];
            for (v, &i) in column.iter_mut().zip(&self.list[a..]) {
                *v = schur[i];
            }
            self.factor.reference[a] = saddle.energy(j);
        }
        let parts = Parts { positive: w, negative: 0, kept: 0 };
        self.factor.eliminate(parts, 0.0, Breakdown::Fail, true).is_ok()
    }

    /// Adds constraint i to the factor: the row at hand, and the square of its diagonal entry.
    fn append(&mut self, saddle: &Saddle, i: usize, left: f64) {
        let w = self.list.len();
        self.list.push(i);
        let stride = self.factor.stride;
        if w < stride && (w + 1) * stride <= self.factor.values.len() {
            for (a, v) in self.row.iter().enumerate() {
                self.factor.values[a * stride + w] = *v;
            }
            self.factor.values[w * stride + w] = left.sqrt().recip();
        } else {
            self.gather(saddle);
        }
    }

    /// Takes the constraint at place a out of the list.
    fn remove(&mut self, saddle: &Saddle, a: usize) -> bool {
        self.list.remove(a);
        self.gather(saddle)
    }
}

//! Which slacks and multipliers of an exactly finished solution are more than rounding.
//!
//! A multiplier of 1e-9 beside others of 1 is as well known as these where the linear system it comes from is
//! well-conditioned, and its constraint is strongly active; where the system is not, rounding alone makes multipliers of
//! that size. What the system makes of random right-hand sides of the size of the rounding in it tells the two apart.

use super::degeneracy::Weak;
use super::state::State;
use crate::active::{ActiveSet, Side};
use crate::finish::reduced_factor;
use crate::kkt::System;
use crate::problem::norm_inf;
use crate::random::Random;
use crate::settings::ACTIVITY;
use crate::sizes::Sizes;
use crate::{Error, core::Point};

/// Random right-hand sides that are tried, and how many times their effect a number must exceed.
const PROBES: u64 = 3;
const SAFETY: f64 = 100.0;

/// An entry may happen to be missed by all probes: it is taken to move by at least this part of the largest.
const SHARE: f64 = 1e-2;

/// Rounding in a sum, relative to its largest term.
const UNIT: f64 = 4.0 * f64::EPSILON;

/// A system solved worse than this (relative) is singular, and tells nothing.
const SOLVED: f64 = 1e-6;

/// How far rounding was seen to move numbers: those of rows and of bounds, and the largest.
#[derive(Default)]
struct Moved {
    rows: Vec<f64>,
    bounds: Vec<f64>,
    largest: f64,
}

impl Moved {
    /// Raises every entry to the size of another probe's.
    fn raise(&mut self, rows: &[f64], bounds: &[f64]) {
        self.rows.resize(rows.len(), 0.0);
        self.bounds.resize(bounds.len(), 0.0);
        for (most, v) in self.rows.iter_mut().zip(rows).chain(self.bounds.iter_mut().zip(bounds)) {
            *most = most.max(v.abs());
        }
        self.largest = norm_inf(&self.rows).max(norm_inf(&self.bounds));
    }

    /// What a weakly active constraint's number must exceed.
    fn threshold(&self, w: &Weak) -> f64 {
        let moved = if w.row { self.rows[w.index] } else { self.bounds[w.index] };
        SAFETY * moved.max(SHARE * self.largest).max(UNIT)
    }
}

impl State {
    /// Takes those of the weakly active constraints that are strongly active or inactive beyond rounding out of the list,
    /// and the former into the active set. `point` is in the equilibrated problem.
    pub(super) fn tell_from_rounding(
        &self,
        point: &Point,
        active: &mut ActiveSet,
        weak: &mut Vec<Weak>,
    ) -> Result<(), Error> {
        let core = self.problem.core();
        let side_of = |w: &Weak| if w.row { self.active.rows[w.index] } else { self.active.vars[w.index] };
        let number = |w: &Weak, y: &[f64], z: &[f64]| if w.row { y[w.index] } else { z[w.index] };
        let cx = core.c.mul_vec(&point.x);
        let slack = |w: &Weak| {
            let (v, l, u) = if w.row {
                (cx[w.index], core.l[w.index], core.u[w.index])
            } else {
                (point.x[w.index], core.lo[w.index], core.hi[w.index])
            };
            (v - w.side.value(l, u)).abs()
        };
        // Exact zeros need no probe.
        let candidate = |w: &Weak| {
            let value = if side_of(w).on() { number(w, &point.y, &point.z) } else { slack(w) };
            value.abs() > UNIT
        };
        if !self.finished || self.activity > ACTIVITY || !weak.iter().any(candidate) {
            return Ok(());
        }
        let (n, m) = (core.n(), core.m());
        let (free, rows) = (self.active.free_mask(), self.active.row_mask());
        let made;
        let factor = if let Some(factor) = &self.factor {
            factor
        } else {
            made = reduced_factor(core, &self.pattern, &self.active)?;
            &made
        };
        // Whether a number is more than rounding, and of the right sign.
        let beyond = |w: &Weak, slacks: &Moved, multipliers: &Moved| {
            let side = side_of(w);
            let (value, moved) =
                if side.on() { (number(w, &point.y, &point.z), multipliers) } else { (slack(w), slacks) };
            let right = if side == Side::Lower { value < 0.0 } else { value > 0.0 };
            right && value.abs() > moved.threshold(w)
        };
        let system = System { core, hx: None, dr: None, free: Some(&free), rows: Some(&rows) };
        let sizes = Sizes::new(core, point);
        let stationarity = core.stationarity(point);
        let terms = |i: usize| {
            let off = if self.active.rows[i].on() {
                (cx[i] - self.active.rows[i].value(core.l[i], core.u[i])).abs()
            } else {
                0.0
            };
            (UNIT * sizes.value.0[i]).max(off)
        };
        let (mut slacks, mut multipliers) = (Moved::default(), Moved::default());
        let mut random = Random::new();
        for _ in 0..PROBES {
            let rounding: Vec<f64> = (0..n)
                .map(|i| random.sign() * (UNIT * sizes.noise.1[i]).max(stationarity[i].abs()))
                .collect();
            let (mut x, mut y) =
                (rounding.clone(), (0..m).map(|i| random.sign() * terms(i)).collect::<Vec<f64>>());
            if system.solve(factor, &mut x, &mut y, SOLVED, 20).residual > SOLVED {
                return Ok(());
            }
            let mut z = rounding;
            core.p.mul_symmetric_add(-1.0, &x, &mut z);
            core.c.mul_transpose_add(-1.0, &y, &mut z);
            slacks.raise(&core.c.mul_vec(&x), &x);
            multipliers.raise(&y, &z);
            // Further probes only raise what a number must exceed.
            if !weak.iter().any(|w| beyond(w, &slacks, &multipliers)) {
                return Ok(());
            }
        }
        weak.retain(|w| {
            let told = beyond(w, &slacks, &multipliers);
            let side = side_of(w);
            if told && side.on() {
                let sides = if w.row { &mut active.rows } else { &mut active.vars };
                sides[w.index] = side;
            }
            !told
        });
        Ok(())
    }
}

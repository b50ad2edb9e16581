//! Which slacks and multipliers of an exactly finished solution are more than rounding.
//!
//! A multiplier of 1e-9 beside others of 1 is as well known as these where the linear system it comes from is
//! well-conditioned, and its constraint is strongly active; where the system is not, rounding alone makes multipliers of
//! that size. What the system makes of random right-hand sides of the size of the rounding in it tells the two apart.

use super::degeneracy::{Measured, Weak};
use super::null_space::Null;
use super::state::State;
use crate::active::{ActiveSet, Side};
use crate::kkt::{Factor, System};
use crate::pivoting::Pivoted;
use crate::problem::norm_inf;
use crate::random::Random;
use crate::settings::ACTIVITY;
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
    /// and the former into the active set.
    pub(super) fn tell_from_rounding(
        &self,
        measured: &Measured,
        active: &mut ActiveSet,
        weak: &mut Vec<Weak>,
    ) -> Result<(), Error> {
        let core = self.problem.core();
        let side_of = |w: &Weak| if w.row { self.active.rows[w.index] } else { self.active.vars[w.index] };
        let number = |w: &Weak, y: &[f64], z: &[f64]| if w.row { y[w.index] } else { z[w.index] };
        let Measured { point, cx, stationarity, sizes } = measured;
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
        let pivoted = self.pivoted_on(&self.active);
        let factor = if pivoted.is_some() { None } else { Some(self.factor_on(&self.active)?) };
        // Whether a number is more than rounding, and of the right sign.
        let beyond = |w: &Weak, slacks: &Moved, multipliers: &Moved| {
            let side = side_of(w);
            let (value, moved) =
                if side.on() { (number(w, &point.y, &point.z), multipliers) } else { (slack(w), slacks) };
            let right = if side == Side::Lower { value < 0.0 } else { value > 0.0 };
            right && value.abs() > moved.threshold(w)
        };
        let terms = |i: usize| {
            let off = if self.active.rows[i].on() {
                (cx[i] - self.active.rows[i].value(core.l[i], core.u[i])).abs()
            } else {
                0.0
            };
            (UNIT * sizes.value.0[i]).max(off)
        };
        // Where the strongly active constraints are those at hand, their null space is asked for anyway.
        let singular = *active == self.active;
        let solve = |rx: &[f64], ry: Vec<f64>| match (&pivoted, &factor) {
            (Some(pivoted), _) => self.rounding_by_pivots(pivoted, rx, &ry),
            (None, Some(factor)) => self.rounding_by_factor(factor, singular, rx, ry),
            (None, None) => None,
        };
        let (mut slacks, mut multipliers) = (Moved::default(), Moved::default());
        let mut random = Random::new();
        for _ in 0..PROBES {
            let rounding: Vec<f64> = (0..n)
                .map(|i| random.sign() * (UNIT * sizes.noise.1[i]).max(stationarity[i].abs()))
                .collect();
            let Some(moved) = solve(&rounding, (0..m).map(|i| random.sign() * terms(i)).collect()) else {
                return Ok(());
            };
            slacks.raise(&core.c.mul_vec(&moved.x), &moved.x);
            multipliers.raise(&moved.y, &moved.z);
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

    /// What rounding moves, by the factors of the active-set method; all in the equilibrated problem.
    fn rounding_by_pivots(&self, pivoted: &Pivoted, rx: &[f64], ry: &[f64]) -> Option<Point> {
        let s = self.problem.scaling();
        let rhs = Point {
            x: rx.iter().zip(&s.d).map(|(v, d)| v / (s.cost * d)).collect(),
            y: ry.iter().zip(&s.e).map(|(v, e)| v / e).collect(),
            z: vec![0.0; rx.len()],
        };
        let (moved, residual) = self.solve_pivoted(pivoted, &rhs, &self.active);
        (residual <= SOLVED).then(|| s.scale(&moved))
    }

    /// The same, by a factor of the reduced KKT matrix; whether to look first if that is `singular`.
    fn rounding_by_factor(
        &self,
        factor: &Factor,
        singular: bool,
        rx: &[f64],
        mut y: Vec<f64>,
    ) -> Option<Point> {
        let core = self.problem.core();
        let (free, rows) = (self.active.free_mask(), self.active.row_mask());
        let system = System { core, hx: None, dr: None, free: Some(&free), rows: Some(&rows) };
        let mut x = rx.to_vec();
        system.mask(&mut x, &mut y);
        let contradicts = |null: Null| null.exact(&system).contradicts(&x, &y);
        if singular && contradicts(self.null_on(&self.active, factor))
            || system.attempt(factor, &mut x, &mut y, SOLVED, 20).residual > SOLVED
        {
            return None;
        }
        let mut z = rx.to_vec();
        core.p.mul_symmetric_add(-1.0, &x, &mut z);
        core.c.mul_transpose_add(-1.0, &y, &mut z);
        Some(Point { x, y, z })
    }
}

//! Solves with the reduced KKT matrix of the active set, by the factors the search left behind.

use super::complementarity::Search;
use super::eliminate::Lower;
use super::layout::{Layout, entry, entry_mut};
use super::saddle::Saddle;
use super::spare::Spare;
use super::{Pivoted, ROUNDING};
use crate::active::ActiveSet;
use crate::core::{Core, Point, Products};
use crate::kernel::{raise, remainder};

/// Refinements of a solve.
const REFINEMENTS: usize = 3;

/// From this order on the first refinement is always made: a small gradient can be much less certain than its residual,
/// and beside the factorization a solve costs nothing there.
const THOROUGH: usize = 1000;

/// Buffers of a solve.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room {
    step: Vec<f64>,
    list: Vec<f64>,
    products: Products,
    /// A right-hand side and its solution, for those who have none of their own.
    pub(crate) pair: (Point, Point),
}

impl Room {
    pub(crate) fn resize(&mut self, layout: &Layout) {
        self.step.resize(layout.order(), 0.0);
        self.list.clear();
        self.list.reserve(layout.unequal.len());
        self.products.resize(layout.n, layout.m);
    }
}

thread_local! {
    static SPARE: Spare<Room> = const { Spare::new() };
}

impl Room {
    /// Memory that is at hand.
    pub(crate) fn at_hand<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut room = SPARE.with(Spare::take);
        let result = work(&mut room);
        SPARE.with(|spare| spare.keep(room.step.len(), room));
        result
    }
}

/// The factors, borrowed from wherever they live.
pub(crate) struct Factors<'a> {
    pub layout: &'a Layout,
    pub saddle: &'a Saddle,
    pub list: &'a [usize],
    pub(super) factor: &'a Lower,
}

impl Pivoted {
    pub(crate) fn factors(&self) -> Factors<'_> {
        Factors { layout: &self.layout, saddle: &self.saddle, list: &self.list, factor: &self.factor }
    }
}

impl<'a> Factors<'a> {
    /// The factors a search holds.
    pub(crate) fn of(layout: &'a Layout, saddle: &'a Saddle, search: &'a Search) -> Self {
        Self { layout, saddle, list: &search.list, factor: &search.factor }
    }

    /// Solves `K d = rhs` (user's units; entries of inactive constraints are ignored) into `d`, refined against the
    /// user's data. Returns the relative residual.
    pub(crate) fn solve(
        &self,
        core: &Core,
        active: &ActiveSet,
        rhs: &Point,
        d: &mut Point,
        room: &mut Room,
    ) -> f64 {
        let (layout, n) = (self.layout, self.layout.n);
        room.resize(layout);
        d.resize(layout.n, layout.m);
        d.clear();
        let on = |k: usize| entry(&active.rows, &active.vars, k).on();
        let (mut last, mut energy) = (f64::INFINITY, 0.0);
        for round in 0..=REFINEMENTS {
            // Active bounds move exactly as they are told.
            for (i, side) in active.vars.iter().enumerate() {
                if side.on() && round > 0 {
                    d.x[i] = rhs.z[i];
                }
            }
            let mut residual = 0.0_f64;
            if round == 0 {
                room.step[..n].copy_from_slice(&rhs.x);
                room.products.fill(0.0);
            } else {
                core.products(d, &mut room.products);
                let terms = [&room.products.px[..], &room.products.cy, &d.z];
                let (left, size) = remainder(1.0, &rhs.x, terms, &mut room.step[..n]);
                residual = left / size.max(1e-300);
            }
            let (mut violation, mut size) = (0.0_f64, 1e-300_f64);
            for (i, &k) in layout.equal.iter().chain(&layout.unequal).enumerate() {
                let r = if on(k) {
                    let (v, end) = (entry(&room.products.cx, &d.x, k), entry(&rhs.y, &rhs.z, k));
                    raise(&mut size, v.abs().max(end.abs()));
                    end - v
                } else {
                    0.0
                };
                raise(&mut violation, r.abs());
                room.step[n + i] = r;
            }
            if round > 0 {
                // Values that cancel to nothing are judged by the terms they are made of.
                size = size.max(self.saddle.reach * energy);
                let relative = residual.max(violation / size);
                let improves = relative < 0.25 * last;
                last = relative;
                let enough = relative <= ROUNDING && (round > 1 || layout.order() < THOROUGH);
                if enough || !improves || round == REFINEMENTS {
                    break;
                }
            }
            let part = self.step(core, &mut room.step, &mut room.list);
            if round == 0 {
                energy = part;
            }
            for (x, s) in d.x.iter_mut().zip(&room.step) {
                *x += s;
            }
            for (i, &k) in layout.equal.iter().chain(&layout.unequal).enumerate() {
                *entry_mut(&mut d.y, &mut d.z, k) += room.step[n + i];
            }
        }
        last
    }

    /// One solve with the factors, in place. Returns the energy of the right-hand side.
    pub(super) fn step(&self, core: &Core, v: &mut [f64], room: &mut Vec<f64>) -> f64 {
        let n = self.layout.n;
        let first = n + self.layout.equal.len();
        super::augment(core, self.layout, self.saddle, v);
        let energy = self.saddle.forward(v);
        let (head, tail) = v.split_at_mut(first);
        for t in tail.iter_mut() {
            *t = -*t;
        }
        Search::solve_active(self.list, self.factor, tail, room);
        for t in &mut head[n..] {
            *t = -*t;
        }
        self.saddle.backward(v);
        energy
    }
}

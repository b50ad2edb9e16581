//! Solves with the reduced KKT matrices of several samples side by side: what they share is applied to all at once, the
//! factors of their active sets one by one.

use super::wide::{Columns, LANES, Wide, backward, forward, products};
use crate::core::{Core, Point};
use crate::kernel::{kernel, vectorized};
use crate::pivoting::{Pivoted, ROUNDING};
use crate::solver::Together;
use pulp::{Arch, Simd, WithSimd};
use std::sync::Arc;

/// Points, multipliers, or what is like them, of the samples side by side.
#[derive(Debug, Clone, Default)]
pub(super) struct WidePoint {
    pub x: Vec<Wide>,
    /// One per row.
    pub y: Vec<Wide>,
    /// One per bound.
    pub z: Vec<Wide>,
}

impl WidePoint {
    pub(super) fn zeros(n: usize, m: usize) -> Self {
        let zeros = |len: usize| vec![Wide::default(); len];
        Self { x: zeros(n), y: zeros(m), z: zeros(n) }
    }

    /// One sample's part.
    pub(super) fn sample(&self, lane: usize) -> Point {
        let of = |v: &[Wide]| v.iter().map(|v| v.0[lane]).collect();
        Point { x: of(&self.x), y: of(&self.y), z: of(&self.z) }
    }

    /// Makes one sample's part zero.
    pub(super) fn clear(&mut self, lane: usize) {
        for v in self.x.iter_mut().chain(&mut self.y).chain(&mut self.z) {
            v.0[lane] = 0.0;
        }
    }

    /// Entry k over rows, then bounds.
    #[inline(always)]
    pub(super) fn multiplier(&self, k: usize) -> &Wide {
        if k < self.y.len() { &self.y[k] } else { &self.z[k - self.y.len()] }
    }

    #[inline(always)]
    fn multiplier_mut(&mut self, k: usize) -> &mut Wide {
        let m = self.y.len();
        if k < m { &mut self.y[k] } else { &mut self.z[k - m] }
    }
}

/// A right-hand side: that of stationarity, and where the constraints (equal ones, then unequal ones) have to be.
pub(super) struct Sides<'a> {
    pub x: &'a [Wide],
    pub ends: &'a [Wide],
    /// Whether constraints are active.
    pub on: &'a [Wide],
}

/// Room to work in.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub step: Vec<Wide>,
    pub px: Vec<Wide>,
    pub cx: Vec<Wide>,
    pub cy: Vec<Wide>,
    list: Vec<f64>,
}

/// The systems: the shared factor, and the samples' factors on their active sets; none where a sample has dropped out.
pub(super) struct System<'a> {
    pub together: &'a Together,
    pub active: &'a [Option<Arc<Pivoted>>],
}

impl<'a> System<'a> {
    fn columns(&self) -> Columns<'a> {
        let saddle = &*self.together.saddle;
        let (values, stride) = saddle.columns();
        Columns { values, stride, eliminated: saddle.eliminated() }
    }

    /// Number of variables, and of variables and equalities.
    fn parts(&self) -> (usize, usize) {
        (self.together.layout.n, self.together.saddle.eliminated())
    }

    pub(super) fn room(&self) -> Room {
        let layout = &self.together.layout;
        let zeros = |len: usize| vec![Wide::default(); len];
        Room {
            step: zeros(layout.order()),
            px: zeros(layout.n),
            cx: zeros(layout.m),
            cy: zeros(layout.n),
            list: Vec::new(),
        }
    }

    /// Eliminates variables and equalities from a right-hand side; returns its energy.
    pub(super) fn eliminate(&self, v: &mut [Wide]) -> Wide {
        self.augment(v);
        Arch::new().dispatch(Forward(self.columns(), &mut *v));
        vectorized::<Energy, _>((&*v, self.parts().1))
    }

    /// Where w·AᵀA was added to P, makes the right-hand side (u, e) that of the same solution: u + w·Aᵀe.
    fn augment(&self, v: &mut [Wide]) {
        let Together { core, layout, saddle, .. } = self.together;
        if saddle.weight == 0.0 {
            return;
        }
        let (n, eliminated) = self.parts();
        let (x, e) = v.split_at_mut(n);
        for (j, x) in x.iter_mut().enumerate() {
            for (i, value) in core.c.column(j) {
                let place = layout.place[i];
                if place < eliminated {
                    *x = x.plus(&e[place - n].scaled(saddle.weight * value));
                }
            }
        }
    }

    /// Recovers variables and the equalities' multipliers from an eliminated right-hand side whose last part holds the
    /// inequalities' multipliers.
    pub(super) fn recover(&self, v: &mut [Wide]) {
        let (n, eliminated) = self.parts();
        for e in &mut v[n..eliminated] {
            *e = e.scaled(-1.0);
        }
        Arch::new().dispatch(Backward(self.columns(), v));
    }

    /// One solve, in place. Returns the energy of the right-hand side.
    pub(super) fn solve(&self, room: &mut Room) -> Wide {
        let Room { step, list, .. } = room;
        let energy = self.eliminate(step);
        let tail = &mut step[self.parts().1..];
        for lane in 0..LANES {
            let Some(Some(active)) = self.active.get(lane) else {
                for t in tail.iter_mut() {
                    t.0[lane] = 0.0;
                }
                continue;
            };
            list.clear();
            list.extend(active.list().iter().map(|&i| -tail[i].0[lane]));
            active.solve_listed(list);
            for t in tail.iter_mut() {
                t.0[lane] = 0.0;
            }
            for (&i, y) in active.list().iter().zip(&*list) {
                tail[i].0[lane] = *y;
            }
        }
        self.recover(step);
        energy
    }

    /// Adds the step to a point.
    pub(super) fn add(&self, d: &mut WidePoint, step: &[Wide]) {
        let layout = &self.together.layout;
        for (x, s) in d.x.iter_mut().zip(step) {
            *x = x.plus(s);
        }
        for (&k, s) in layout.equal.iter().chain(&layout.unequal).zip(&step[layout.n..]) {
            let y = d.multiplier_mut(k);
            *y = y.plus(s);
        }
    }

    /// Puts variables at active bounds where they have to be.
    fn hold(&self, sides: &Sides<'_>, d: &mut WidePoint) {
        let Together { layout, .. } = self.together;
        for (c, &k) in layout.equal.iter().chain(&layout.unequal).enumerate().filter(|(_, k)| **k >= layout.m)
        {
            let (x, end, on) = (&mut d.x[k - layout.m], &sides.ends[c], &sides.on[c]);
            for lane in 0..LANES {
                x.0[lane] = if on.0[lane] == 0.0 { x.0[lane] } else { end.0[lane] };
            }
        }
    }

    /// Newton steps on the active sets against the user's data, until the residual is rounding or stalls, but at most so
    /// many; active bounds hold exactly. Leaves the products of the final point, and returns its relative residual.
    pub(super) fn refine(
        &self,
        sides: &Sides<'_>,
        d: &mut WidePoint,
        energy: &Wide,
        most: usize,
        room: &mut Room,
    ) -> Wide {
        let (mut last, mut live) = (Wide::all(f64::INFINITY), [true; LANES]);
        for round in 0..=most {
            self.hold(sides, d);
            let Together { core, .. } = self.together;
            let Room { px, cx, cy, .. } = &mut *room;
            Arch::new().dispatch(Products(core, d, [px, cx, cy]));
            let relative = vectorized::<Measure, _>((self.together, sides, &*d, energy, &mut *room));
            let mut any = false;
            for (lane, live) in live.iter_mut().enumerate() {
                let r = relative.0[lane];
                let ends = r.is_nan() || round == most || r <= ROUNDING || r > 0.25 * last.0[lane];
                if *live {
                    last.0[lane] = r;
                }
                *live &= !ends && matches!(self.active.get(lane), Some(Some(_)));
                any |= *live;
            }
            if !any {
                break;
            }
            // What has ended stays as it is.
            for step in &mut room.step {
                for (v, live) in step.0.iter_mut().zip(live) {
                    *v = if live { *v } else { 0.0 };
                }
            }
            self.solve(room);
            self.add(d, &room.step);
        }
        last
    }
}

struct Forward<'a>(Columns<'a>, &'a mut [Wide]);

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        forward(simd, self.0, self.1);
    }
}

struct Backward<'a>(Columns<'a>, &'a mut [Wide]);

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        backward(simd, self.0, self.1);
    }
}

struct Products<'a>(&'a Core, &'a WidePoint, [&'a mut [Wide]; 3]);

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(core, d, out) = self;
        products(simd, (&core.p, &core.c), (&d.x, &d.y), out);
    }
}

kernel!(Energy = energy, (&[Wide], usize) -> Wide);
kernel!(Measure = measure, (&Together, &Sides<'_>, &WidePoint, &Wide, &mut Room) -> Wide);

/// The norm of the first entries.
#[inline(always)]
fn energy((v, count): (&[Wide], usize)) -> Wide {
    let mut sum = Wide::default();
    for v in &v[..count] {
        sum.add_product(v, v);
    }
    sum.map(f64::sqrt)
}

/// From the products of a point, what is missing of the right-hand side, whose size relative to its terms is returned.
#[inline(always)]
fn measure(
    (together, sides, d, energy, room): (&Together, &Sides<'_>, &WidePoint, &Wide, &mut Room),
) -> Wide {
    let Together { layout, saddle, .. } = together;
    let (n, m) = (layout.n, layout.m);
    let Room { step, px, cx, cy, .. } = room;
    let places = || layout.equal.iter().chain(&layout.unequal).copied().enumerate();
    let (mut residual, mut terms) = (Wide::default(), Wide::all(1e-300));
    for j in 0..n {
        let r = sides.x[j].minus(&px[j]).minus(&cy[j]).minus(&d.z[j]);
        residual = residual.reach(&r);
        terms = terms.reach(&px[j]).reach(&sides.x[j]).reach(&cy[j]).reach(&d.z[j]);
        step[j] = r;
    }
    let (mut violation, mut size) = (Wide::default(), Wide::all(1e-300));
    for (c, k) in places() {
        let v = if k < m { &cx[k] } else { &d.x[k - m] };
        let r = sides.ends[c].minus(v).times(&sides.on[c]);
        violation = violation.reach(&r);
        size = size.reach(&sides.ends[c].times(&sides.on[c])).reach(&v.times(&sides.on[c]));
        step[n + c] = r;
    }
    // Values that cancel to nothing are judged by the terms they are made of.
    size = size.with(energy, |size, energy| size.max(saddle.reach * energy));
    let violation = violation.with(&size, |v, size| v / size);
    residual.with(&terms, |r, terms| r / terms).with(&violation, f64::max)
}

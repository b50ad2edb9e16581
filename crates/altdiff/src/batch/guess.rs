//! A guess of the samples' active sets: some steps of the alternating recursion in the dual, all samples at once.
//!
//! With x eliminated the inequalities are `l ≤ z ≤ u, z = g₀ − S y`. In units in which S has a unit diagonal, and with
//! v = y/ρ, one over-relaxed step of the alternating direction method of multipliers reads
//!
//! ```text
//! g = (I + ρS)⁻¹ (g₀ + v − z) − (v − z),   t = αg + (1 − α)z + v,   z⁺ = clip(t, l, u),   v⁺ = t − z⁺
//! ```
//!
//! and the constraints that are clipped at the end are the guess (Sun et al. 2023).

use super::wide::{Columns, LANES, Wide, backward, forward};
use crate::active::Side;
use crate::pivoting::{Penalized, Saddle};
use pulp::{Arch, Simd, WithSimd};

/// Penalty ρ in units in which S has a unit diagonal, where it is about the inverse of S's typical eigenvalue.
const PENALTY: f64 = 4.0;

/// Over-relaxation α.
const RELAXATION: f64 = 1.8;

/// Steps of the recursion.
const STEPS: usize = 15;

/// What the guesses of a batch share.
#[derive(Debug)]
pub(super) struct Guess(Penalized);

/// Room to work in.
#[derive(Debug, Default)]
pub(super) struct Room {
    value: Vec<Wide>,
    ends: Vec<[Wide; 2]>,
    z: Vec<Wide>,
    v: Vec<Wide>,
    g: Vec<Wide>,
}

impl Guess {
    pub(super) fn new(saddle: &Saddle) -> Option<Self> {
        Penalized::new(saddle, PENALTY).map(Self)
    }

    /// Runs the recursion from the inequalities' values at y = 0 and their ends.
    pub(super) fn run(&self, value: &[Wide], ends: &[[Wide; 2]], room: &mut Room) {
        Arch::new().dispatch(Recursion { factor: &self.0, value, ends, room });
    }
}

impl Room {
    /// The guess for inequality i of one sample.
    pub(super) fn side(&self, i: usize, lane: usize) -> Side {
        match self.v[i].0[lane] {
            v if v > 0.0 => Side::Upper,
            v if v < 0.0 => Side::Lower,
            _ => Side::Inactive,
        }
    }
}

struct Recursion<'a> {
    factor: &'a Penalized,
    value: &'a [Wide],
    ends: &'a [[Wide; 2]],
    room: &'a mut Room,
}

impl WithSimd for Recursion<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        recursion(simd, self);
    }
}

#[inline(always)]
fn recursion<S: Simd>(simd: S, Recursion { factor, value, ends, room }: Recursion<'_>) {
    let (values, stride) = factor.columns();
    let p = value.len();
    let columns = Columns { values, stride, eliminated: p };
    let Room { value: scaled, ends: clip, z, v, g } = room;
    scaled.clear();
    scaled.extend(value.iter().zip(&factor.scale).map(|(x, d)| x.scaled(*d)));
    clip.clear();
    clip.extend(ends.iter().zip(&factor.scale).map(|(e, d)| {
        // An inequality that the equalities decide is at neither end.
        if *d == 0.0 {
            [Wide::all(f64::NEG_INFINITY), Wide::all(f64::INFINITY)]
        } else {
            e.map(|e| e.scaled(*d))
        }
    }));
    v.clear();
    v.resize(p, Wide::default());
    g.resize(p, Wide::default());
    z.clear();
    z.extend(scaled.iter().zip(&*clip).map(|(x, e)| clipped(x, e)));
    for _ in 0..STEPS {
        for i in 0..p {
            g[i] = scaled[i].plus(&v[i]).minus(&z[i]);
        }
        forward(simd, columns, g);
        backward(simd, columns, g);
        for i in 0..p {
            let mut t = Wide::default();
            for lane in 0..LANES {
                let (v, z) = (v[i].0[lane], z[i].0[lane]);
                t.0[lane] = RELAXATION * (g[i].0[lane] - v) + z + v;
            }
            z[i] = clipped(&t, &clip[i]);
            v[i] = t.minus(&z[i]);
        }
    }
}

/// The nearest values between two ends.
#[inline(always)]
fn clipped(v: &Wide, [l, u]: &[Wide; 2]) -> Wide {
    let mut out = *v;
    for lane in 0..LANES {
        let v = if v.0[lane] > u.0[lane] { u.0[lane] } else { v.0[lane] };
        out.0[lane] = if v < l.0[lane] { l.0[lane] } else { v };
    }
    out
}

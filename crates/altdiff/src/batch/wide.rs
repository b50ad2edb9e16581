//! Numbers of several samples side by side: every operation is done for all of them at once, and one does not know of
//! the others, so that no sample's bits depend on its neighbours.

use crate::Csc;
use crate::csc::run;
use pulp::Simd;

/// Samples side by side.
pub(super) const LANES: usize = 8;

/// One number of each of the samples side by side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(align(64))]
pub(super) struct Wide(pub [f64; LANES]);

impl Wide {
    #[inline(always)]
    pub(super) fn all(v: f64) -> Self {
        Self([v; LANES])
    }

    /// `self += x ∘ y`.
    #[inline(always)]
    pub(super) fn add_product(&mut self, x: &Self, y: &Self) {
        for lane in 0..LANES {
            self.0[lane] = x.0[lane].mul_add(y.0[lane], self.0[lane]);
        }
    }

    #[inline(always)]
    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let mut out = *self;
        for v in &mut out.0 {
            *v = f(*v);
        }
        out
    }

    /// `f` of the two, sample by sample.
    #[inline(always)]
    pub(super) fn with(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = *self;
        for (v, w) in out.0.iter_mut().zip(&other.0) {
            *v = f(*v, *w);
        }
        out
    }

    #[inline(always)]
    pub(super) fn plus(&self, other: &Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    pub(super) fn minus(&self, other: &Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    pub(super) fn times(&self, other: &Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    pub(super) fn scaled(&self, a: f64) -> Self {
        self.map(|v| a * v)
    }

    /// The larger absolute value; of a number that is none, the other one.
    #[inline(always)]
    pub(super) fn reach(&self, other: &Self) -> Self {
        self.with(other, |a, b| if b.abs() > a { b.abs() } else { a })
    }
}

/// The registers of some numbers, from the one at `at` on.
#[inline(always)]
fn load<S: Simd, const REGS: usize>(v: &Wide, at: usize) -> [S::f64s; REGS] {
    let (all, _) = S::as_simd_f64s(&v.0);
    std::array::from_fn(|r| all[at + r])
}

#[inline(always)]
fn store<S: Simd, const REGS: usize>(v: &mut Wide, at: usize, value: [S::f64s; REGS]) {
    let (all, _) = S::as_mut_simd_f64s(&mut v.0);
    all[at..at + REGS].copy_from_slice(&value);
}

/// `sum += a x`.
#[inline(always)]
fn add<S: Simd, const REGS: usize>(simd: S, sum: &mut [S::f64s; REGS], a: S::f64s, x: &[S::f64s; REGS]) {
    for r in 0..REGS {
        sum[r] = simd.mul_add_e_f64s(a, x[r], sum[r]);
    }
}

/// `sum − a x`, for what is stored.
#[inline(always)]
fn subtract<S: Simd, const REGS: usize>(simd: S, from: &mut Wide, at: usize, sum: &[S::f64s; REGS]) {
    let mut v = load::<S, REGS>(from, at);
    for r in 0..REGS {
        v[r] = simd.sub_f64s(v[r], sum[r]);
    }
    store::<S, REGS>(from, at, v);
}

/// A lower triangular factor by columns, with the inverse of each pivot in its place.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub values: &'a [f64],
    /// A multiple of eight.
    pub stride: usize,
    /// Columns that are eliminated.
    pub eliminated: usize,
}

/// Calls a function with as many rows (or columns) at a time, and registers of each, as keep the pipelines full and the
/// sums in registers: eight sums.
macro_rules! tiled {
    ($function:ident::<$S:ident>($($argument:expr),*)) => {
        match $S::F64_LANES {
            LANES => $function::<$S, 8, 1>($($argument),*),
            4 => $function::<$S, 4, 2>($($argument),*),
            _ => $function::<$S, 4, 1>($($argument),*),
        }
    };
}

/// `v ← 𝓛⁻¹ v` for the eliminated columns; what lies below is updated.
#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, l: Columns<'_>, v: &mut [Wide]) {
    tiled!(forward_by::<S>(simd, l, v));
}

#[inline(always)]
fn forward_by<S: Simd, const ROWS: usize, const REGS: usize>(simd: S, l: Columns<'_>, v: &mut [Wide]) {
    let (order, zero) = (v.len(), simd.splat_f64s(0.0));
    for row in (0..order).step_by(ROWS) {
        let (done, rest) = v.split_at_mut(row);
        let rows = ROWS.min(rest.len());
        let left = row.min(l.eliminated);
        for at in (0..LANES / S::F64_LANES).step_by(REGS) {
            let mut sums = [[zero; REGS]; ROWS];
            for (column, x) in l.values.chunks_exact(l.stride).zip(&done[..left]) {
                let Some(a) = column[row..].first_chunk::<ROWS>() else { break };
                let x = load::<S, REGS>(x, at);
                for i in 0..ROWS {
                    add(simd, &mut sums[i], simd.splat_f64s(a[i]), &x);
                }
            }
            for (v, sum) in rest[..rows].iter_mut().zip(&sums) {
                subtract(simd, v, at, sum);
            }
            for c in 0..rows.min(l.eliminated.saturating_sub(row)) {
                let column = &l.values[(row + c) * l.stride + row..][..ROWS];
                let (head, below) = rest[..rows].split_at_mut(c + 1);
                let pivot = simd.splat_f64s(column[c]);
                let x = load::<S, REGS>(&head[c], at).map(|v| simd.mul_f64s(v, pivot));
                store::<S, REGS>(&mut head[c], at, x);
                for (v, a) in below.iter_mut().zip(&column[c + 1..]) {
                    let mut sum = load::<S, REGS>(v, at);
                    add(simd, &mut sum, simd.splat_f64s(-a), &x);
                    store::<S, REGS>(v, at, sum);
                }
            }
        }
    }
}

/// `v ← 𝓛⁻ᵀ v` for the eliminated columns; what lies below is read.
#[inline(always)]
pub(super) fn backward<S: Simd>(simd: S, l: Columns<'_>, v: &mut [Wide]) {
    tiled!(backward_by::<S>(simd, l, v));
}

#[inline(always)]
fn backward_by<S: Simd, const COLUMNS: usize, const REGS: usize>(simd: S, l: Columns<'_>, v: &mut [Wide]) {
    let zero = simd.splat_f64s(0.0);
    for first in (0..l.eliminated).step_by(COLUMNS).rev() {
        let columns = COLUMNS.min(l.eliminated - first);
        let (head, tail) = v.split_at_mut(first + columns);
        let (head, len) = (&mut head[first..], tail.len());
        // Short of columns the last one is taken again, and its sum dropped.
        let below: [&[f64]; COLUMNS] = std::array::from_fn(|c| {
            let start = (first + c.min(columns - 1)) * l.stride + first + columns;
            &l.values[start..start + len]
        });
        for at in (0..LANES / S::F64_LANES).step_by(REGS) {
            let mut sums = [[zero; REGS]; COLUMNS];
            for i in 0..len {
                let x = load::<S, REGS>(&tail[i], at);
                for c in 0..COLUMNS {
                    add(simd, &mut sums[c], simd.splat_f64s(below[c][i]), &x);
                }
            }
            for c in (0..columns).rev() {
                let column = &l.values[(first + c) * l.stride + first..][..columns];
                let mut sum = sums[c];
                for i in c + 1..columns {
                    add(simd, &mut sum, simd.splat_f64s(column[i]), &load::<S, REGS>(&head[i], at));
                }
                subtract(simd, &mut head[c], at, &sum);
                let pivot = simd.splat_f64s(column[c]);
                let x = load::<S, REGS>(&head[c], at).map(|v| simd.mul_f64s(v, pivot));
                store::<S, REGS>(&mut head[c], at, x);
            }
        }
    }
}

/// `px = P x`, P symmetric by its upper triangle, `cx = C x` and `cy = Cᵀ y`.
#[inline(always)]
pub(super) fn products<S: Simd>(
    simd: S,
    (p, c): (&Csc, &Csc),
    (x, y): (&[Wide], &[Wide]),
    [px, cx, cy]: [&mut [Wide]; 3],
) {
    for out in [&mut *px, &mut *cx] {
        out.fill(Wide::default());
    }
    tiled!(products_by::<S>(simd, (p, c), (x, y), [px, cx, cy]));
}

#[inline(always)]
fn products_by<S: Simd, const TILE: usize, const REGS: usize>(
    simd: S,
    (p, c): (&Csc, &Csc),
    (x, y): (&[Wide], &[Wide]),
    [px, cx, cy]: [&mut [Wide]; 3],
) {
    let zero = simd.splat_f64s(0.0);
    for at in (0..LANES / S::F64_LANES).step_by(REGS) {
        for j in 0..p.ncols {
            let range = p.col_ptr[j]..p.col_ptr[j + 1];
            let (rows, values) = (&p.row_idx[range.clone()], &p.values[range]);
            let (above, diagonal) = match rows.last() {
                Some(&i) if i == j => (rows.len() - 1, values[rows.len() - 1]),
                _ => (rows.len(), 0.0),
            };
            let xj = load::<S, REGS>(&x[j], at);
            let mut sum = load::<S, REGS>(&px[j], at);
            column(simd, at, (&rows[..above], &values[..above]), (x, &xj), (px, &mut sum));
            add(simd, &mut sum, simd.splat_f64s(diagonal), &xj);
            store::<S, REGS>(&mut px[j], at, sum);
            let range = c.col_ptr[j]..c.col_ptr[j + 1];
            let mut sum = [zero; REGS];
            column(simd, at, (&c.row_idx[range.clone()], &c.values[range]), (y, &xj), (cx, &mut sum));
            store::<S, REGS>(&mut cy[j], at, sum);
        }
    }
}

/// `out += column · x` and `sum += columnᵀ y`, for a sparse column by its rows and values.
#[inline(always)]
fn column<S: Simd, const REGS: usize>(
    simd: S,
    at: usize,
    (rows, values): (&[usize], &[f64]),
    (y, x): (&[Wide], &[S::f64s; REGS]),
    (out, sum): (&mut [Wide], &mut [S::f64s; REGS]),
) {
    let mut one = |out: &mut Wide, y: &Wide, v: f64| {
        let v = simd.splat_f64s(v);
        add(simd, sum, v, &load::<S, REGS>(y, at));
        let mut moved = load::<S, REGS>(out, at);
        add(simd, &mut moved, v, x);
        store::<S, REGS>(out, at, moved);
    };
    if let Some(first) = run(rows) {
        let range = first..first + rows.len();
        for ((out, y), &v) in out[range.clone()].iter_mut().zip(&y[range]).zip(values) {
            one(out, y, v);
        }
    } else {
        for (&i, &v) in rows.iter().zip(values) {
            one(&mut out[i], &y[i], v);
        }
    }
}

//! Signed block Cholesky elimination of a dense symmetric matrix
//!
//! ```text
//! [ P  Aᵀ Gᵀ ]   [ L         ] [ I         ] [ Lᵀ W  Z ]
//! [ A  0  0  ] = [ Wᵀ Λ      ] [   −I      ] [    Λᵀ V ]
//! [ G  0  0  ]   [ Zᵀ Vᵀ I   ] [       −S  ] [       I ]
//! ```
//!
//! by columns, left to right: its first n columns are positive, the next e negative, and the last k are not eliminated,
//! only updated, which leaves the Schur complement S = G K⁻¹ Gᵀ there. Stored by columns, lower triangle; what lies above
//! the diagonal is scratch.

use crate::kernel::{axpy, kernel, vectorized};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::ops::Range;

/// Columns that are brought up to date together in one pass over what lies to their left.
const GROUP: usize = 4;

/// Rows of the kernel's register block; columns are padded to a multiple of it.
const ROWS: usize = 8;

/// Up to this order one loop nest does everything; above, blocks of columns are updated by library products.
const SMALL: usize = 192;

/// Columns of a block.
const BLOCK: usize = 96;

/// Rows that a thread updates at a time. Fixed, so that the bits do not depend on the number of threads.
#[cfg(feature = "threads")]
const CHUNK: usize = 384;

/// From this order on a single elimination is worth threads.
#[cfg(feature = "threads")]
const THREADS: usize = 768;

/// The distance between columns for a matrix of the given order.
pub(super) fn stride(order: usize) -> usize {
    order.next_multiple_of(ROWS)
}

/// Sizes of the three parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub positive: usize,
    pub negative: usize,
    pub kept: usize,
}

impl Parts {
    pub(super) fn order(&self) -> usize {
        self.positive + self.negative + self.kept
    }

    fn boundaries(&self) -> [Range<usize>; 3] {
        let (a, b) = (self.positive, self.positive + self.negative);
        [0..a, a..b, b..self.order()]
    }
}

/// What happens at a pivot that is zero up to rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Breakdown {
    /// The elimination stops.
    Fail,
    /// Its row and column are cut out: the solution there is zero.
    Drop,
}

/// A pivot that stands for a row that was cut out.
pub(super) const DROPPED: f64 = 1e150;

/// The matrix and room to work in.
#[derive(Debug, Clone, Default)]
pub(super) struct Lower {
    pub(super) values: Vec<f64>,
    pub(super) stride: usize,
    /// The diagonal before elimination within its own part: P's, that of A P⁻¹ Aᵀ, and that of G P⁻¹ Gᵀ.
    pub(super) reference: Vec<f64>,
    pack: Vec<f64>,
}

impl Lower {
    /// Takes an order, in the memory there is if that suffices. Entries are left as they are.
    pub(super) fn resize(&mut self, order: usize) {
        self.resize_within(order, order);
    }

    /// As [`resize`](Self::resize), with room to grow.
    pub(super) fn resize_within(&mut self, order: usize, capacity: usize) {
        self.stride = stride(capacity);
        if self.values.len() < self.stride * capacity {
            // A fresh allocation of zeros costs nothing until it is touched, and half of it never is.
            self.values = vec![0.0; self.stride * capacity];
        }
        self.reference.resize(order, 0.0);
        self.pack.resize(GROUP * order.min(SMALL.max(BLOCK)), 0.0);
    }

    /// As [`resize`](Self::resize), and every entry is zero.
    pub(super) fn reset(&mut self, order: usize) {
        let fresh = self.values.len() < stride(order) * order;
        self.resize(order);
        if !fresh {
            self.values[..self.stride * order].fill(0.0);
        }
    }

    /// The factor alone, without room to work in.
    pub(super) fn kept(&self, order: usize) -> Self {
        let values = self.values[..self.stride * order].to_vec();
        Self { values, stride: self.stride, ..Self::default() }
    }

    /// Column j from its diagonal down.
    #[inline(always)]
    pub(super) fn below(&self, j: usize, order: usize) -> &[f64] {
        &self.values[j * self.stride + j..j * self.stride + order]
    }

    /// Eliminates. A pivot below `floor` times its reference is a breakdown; the error is its place. Returns the
    /// smallest pivot relative to its reference. The first part's references are its diagonal, unless `given`.
    pub(super) fn eliminate(
        &mut self,
        parts: Parts,
        floor: f64,
        breakdown: Breakdown,
        given: bool,
    ) -> Result<f64, usize> {
        if parts.order() <= SMALL {
            return vectorized::<Small, _>((self, parts, floor, breakdown, given));
        }
        let mut smallest = f64::INFINITY;
        for (part, range) in parts.boundaries().into_iter().enumerate() {
            for start in range.clone().step_by(BLOCK) {
                let width = BLOCK.min(range.end - start);
                if part > 0 {
                    self.product(start, width, 0..parts.positive, 1.0);
                }
                if part > 0 || !given {
                    self.note(start, width);
                }
                let from = if part == 0 { 0 } else { parts.positive };
                self.product(start, width, from..start.min(parts.positive + parts.negative), -1.0);
                if part < 2 {
                    let pivot = vectorized::<Panel, _>((&mut *self, start, width, floor, breakdown))?;
                    smallest = smallest.min(pivot);
                }
            }
        }
        Ok(smallest)
    }

    /// All of it in one loop nest.
    #[inline(always)]
    fn eliminate_small(
        (this, parts, floor, breakdown, given): (&mut Self, Parts, f64, Breakdown, bool),
    ) -> Result<f64, usize> {
        let mut smallest = f64::INFINITY;
        for (part, range) in parts.boundaries().into_iter().enumerate() {
            for j in range.clone().step_by(GROUP) {
                let width = GROUP.min(range.end - j);
                if part > 0 {
                    this.update(j, width, 0..parts.positive, 1.0);
                }
                if part > 0 || !given {
                    this.note(j, width);
                }
                let from = if part == 0 { 0 } else { parts.positive };
                this.update(j, width, from..j.min(parts.positive + parts.negative), -1.0);
                if part < 2 {
                    smallest = smallest.min(this.factor(j, width, floor, breakdown)?);
                }
            }
        }
        Ok(smallest)
    }

    fn note(&mut self, j: usize, width: usize) {
        for c in j..j + width {
            self.reference[c] = self.values[c * self.stride + c];
        }
    }

    /// Eliminates a block of columns that is up to date with everything to its left.
    #[inline(always)]
    fn panel(
        (this, start, width, floor, breakdown): (&mut Self, usize, usize, f64, Breakdown),
    ) -> Result<f64, usize> {
        let mut smallest = f64::INFINITY;
        for j in (start..start + width).step_by(GROUP) {
            let group = GROUP.min(start + width - j);
            this.update(j, group, start..j, -1.0);
            smallest = smallest.min(this.factor(j, group, floor, breakdown)?);
        }
        Ok(smallest)
    }

    /// `M[j.., j..j+width] += sign · M[j.., from] M[j..j+width, from]ᵀ`, for at most [`GROUP`] columns.
    #[inline(always)]
    fn update(&mut self, j: usize, width: usize, from: Range<usize>, sign: f64) {
        if from.is_empty() {
            return;
        }
        let stride = self.stride;
        let (done, rest) = self.values.split_at_mut(j * stride);
        let pack = &mut self.pack[..GROUP * from.len()];
        for (k, b) in from.clone().zip(pack.as_chunks_mut::<GROUP>().0) {
            let row = &done[k * stride + j..k * stride + j + width];
            *b = [0.0; GROUP];
            for (b, v) in b.iter_mut().zip(row) {
                *b = sign * v;
            }
        }
        let pack = pack.as_chunks::<GROUP>().0;
        let done = &done[from.start * stride..from.end * stride];
        // Rows start at a multiple of the block; the entries above the diagonal that this touches are never read.
        for r in (j - j % ROWS..stride).step_by(ROWS) {
            let mut sums = [[0.0_f64; ROWS]; GROUP];
            for (column, b) in done.chunks_exact(stride).zip(pack) {
                let Some(a) = column[r..].first_chunk::<ROWS>() else { break };
                for c in 0..GROUP {
                    for lane in 0..ROWS {
                        sums[c][lane] = a[lane].mul_add(b[c], sums[c][lane]);
                    }
                }
            }
            for (column, sum) in rest.chunks_exact_mut(stride).zip(&sums).take(width) {
                for (v, s) in column[r..r + ROWS].iter_mut().zip(sum) {
                    *v += s;
                }
            }
        }
    }

    /// Eliminates at most [`GROUP`] columns that are up to date with everything to their left.
    #[inline(always)]
    fn factor(&mut self, j: usize, width: usize, floor: f64, breakdown: Breakdown) -> Result<f64, usize> {
        let stride = self.stride;
        let mut smallest = f64::INFINITY;
        for c in j..j + width {
            let (done, rest) = self.values.split_at_mut(c * stride);
            let column = &mut rest[c..stride];
            for k in j..c {
                let other = &done[k * stride + c..k * stride + stride];
                axpy(-other[0], other, column);
            }
            let pivot = column[0];
            let reference = self.reference[c];
            if pivot > floor * reference && pivot > 0.0 {
                smallest = smallest.min(pivot / reference);
                let root = pivot.sqrt();
                let inverse = root.recip();
                for v in column.iter_mut() {
                    *v *= inverse;
                }
                column[0] = root;
            } else if breakdown == Breakdown::Drop && !pivot.is_nan() {
                smallest = 0.0;
                column.fill(0.0);
                column[0] = DROPPED;
            } else {
                return Err(c);
            }
        }
        Ok(smallest)
    }

    /// `M[start.., block] += sign · M[start.., from] M[block, from]ᵀ` by library products.
    fn product(&mut self, start: usize, width: usize, from: Range<usize>, sign: f64) {
        if from.is_empty() {
            return;
        }
        let (stride, rows) = (self.stride, self.stride - start);
        let (done, rest) = self.values.split_at_mut(start * stride);
        let done = MatRef::from_column_major_slice_with_stride(
            &done[from.start * stride..from.end * stride],
            stride,
            from.len(),
            stride,
        )
        .subrows(start, rows);
        let target = MatMut::from_column_major_slice_with_stride_mut(
            &mut rest[..width * stride],
            stride,
            width,
            stride,
        )
        .subrows_mut(start, rows);
        let right = done.subrows(0, width).transpose();
        let one = |target: MatMut<'_, f64>, at: usize| {
            let left = done.subrows(at, target.nrows());
            matmul(target, Accum::Add, left, right, sign, Par::Seq);
        };
        #[cfg(feature = "threads")]
        if stride >= THREADS {
            use rayon::prelude::*;
            let mut chunks = Vec::with_capacity(rows / CHUNK + 1);
            let mut rest = target;
            let mut at = 0;
            while rest.nrows() > CHUNK {
                let (head, tail) = rest.split_at_row_mut(CHUNK);
                chunks.push((head, at));
                at += CHUNK;
                rest = tail;
            }
            chunks.push((rest, at));
            chunks.into_par_iter().for_each(|(target, at)| one(target, at));
            return;
        }
        one(target, 0);
    }
}

kernel!(Small = Lower::eliminate_small, (&mut Lower, Parts, f64, Breakdown, bool) -> Result<f64, usize>);
kernel!(Panel = Lower::panel, (&mut Lower, usize, usize, f64, Breakdown) -> Result<f64, usize>);
kernel!(pub(super) SolveForward = whole_forward, (&Lower, &mut [f64]) -> ());
kernel!(pub(super) SolveBackward = whole_backward, (&Lower, &mut [f64]) -> ());
kernel!(pub(super) Forward = forward, (&Lower, usize, &mut [f64]) -> ());
kernel!(pub(super) Backward = backward, (&Lower, usize, &mut [f64]) -> ());

/// `v ← 𝓛⁻¹ v`.
#[inline(always)]
fn whole_forward((lower, v): (&Lower, &mut [f64])) {
    forward((lower, v.len(), v));
}

/// `v ← 𝓛⁻ᵀ v`.
#[inline(always)]
fn whole_backward((lower, v): (&Lower, &mut [f64])) {
    backward((lower, v.len(), v));
}

/// `v ← 𝓛⁻¹ v` for the first `eliminated` columns; what lies below is updated.
#[inline(always)]
pub(super) fn forward((lower, eliminated, v): (&Lower, usize, &mut [f64])) {
    use crate::kernel::axpy4;
    let (order, stride) = (v.len(), lower.stride);
    let mut j = 0;
    while j + 4 <= eliminated {
        let (head, tail) = v.split_at_mut(j + 4);
        let t = &mut head[j..];
        let column = |c: usize| &lower.values[(j + c) * stride + j..(j + c) * stride + order];
        for c in 0..4 {
            let column = column(c);
            t[c] /= column[c];
            for i in c + 1..4 {
                t[i] -= column[i] * t[c];
            }
        }
        axpy4(
            [-t[0], -t[1], -t[2], -t[3]],
            [&column(0)[4..], &column(1)[4..], &column(2)[4..], &column(3)[4..]],
            tail,
        );
        j += 4;
    }
    for j in j..eliminated {
        let column = lower.below(j, order);
        let (head, tail) = v.split_at_mut(j + 1);
        head[j] /= column[0];
        axpy(-head[j], &column[1..], tail);
    }
}

/// `v ← 𝓛⁻ᵀ v` for the first `eliminated` columns; what lies below is read.
#[inline(always)]
pub(super) fn backward((lower, eliminated, v): (&Lower, usize, &mut [f64])) {
    use crate::kernel::{dot, dot4};
    let (order, stride) = (v.len(), lower.stride);
    let whole = eliminated - eliminated % 4;
    for j in (whole..eliminated).rev() {
        let column = lower.below(j, order);
        let (head, tail) = v.split_at_mut(j + 1);
        head[j] = (head[j] - dot(&column[1..], tail)) / column[0];
    }
    for j in (0..whole).step_by(4).rev() {
        let (head, tail) = v.split_at_mut(j + 4);
        let t = &mut head[j..];
        let column = |c: usize| &lower.values[(j + c) * stride + j..(j + c) * stride + order];
        let sums = dot4([&column(0)[4..], &column(1)[4..], &column(2)[4..], &column(3)[4..]], tail);
        for c in (0..4).rev() {
            let column = column(c);
            let mut sum = t[c] - sums[c];
            for i in c + 1..4 {
                sum -= column[i] * t[i];
            }
            t[c] = sum / column[c];
        }
    }
}

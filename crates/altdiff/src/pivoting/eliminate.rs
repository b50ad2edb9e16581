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

use super::blocks::{GROUP, ROWS, add_block, block, stride, two_blocks};
use super::memory::Memory;
use crate::kernel::{axpy, kernel, vectorized, wide};
use std::ops::Range;

/// Up to this order one loop nest does everything; above, blocks of columns are updated by library products.
pub(super) const SMALL: usize = 192;

/// Columns of a panel, which is updated by products and eliminated by a loop nest.
const BLOCK: usize = 48;

/// Columns that are brought up to date together with all panels to their left, so that these are read seldom.
const CHUNK: usize = 384;

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

/// The inverse of a pivot that stands for a row that was cut out.
pub(super) const DROPPED: f64 = 1e-150;

/// The matrix and room to work in. Eliminated columns hold the inverse of their pivot on the diagonal.
#[derive(Debug, Clone, Default)]
pub(super) struct Lower {
    pub(super) values: Memory,
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
            // First dropped, so that what it holds can serve again.
            self.values = Memory::default();
            self.values = Memory::at_hand(self.stride * capacity);
        }
        self.reference.resize(order, 0.0);
        self.pack.resize(GROUP * order.min(SMALL.max(BLOCK)), 0.0);
    }

    /// As [`resize`](Self::resize), and every entry is zero.
    pub(super) fn reset(&mut self, order: usize) {
        self.resize(order);
        self.values[..self.stride * order].fill(0.0);
    }

    /// The factor alone; the room to work in stays.
    pub(super) fn take(&mut self) -> Self {
        Self { values: std::mem::take(&mut self.values), stride: self.stride, ..Self::default() }
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
        let wide = wide();
        if parts.order() <= SMALL {
            let arguments = (self, parts, floor, breakdown, given);
            return if wide {
                vectorized::<SmallWide, _>(arguments)
            } else {
                vectorized::<Small, _>(arguments)
            };
        }
        let mut smallest = f64::INFINITY;
        for (part, range) in parts.boundaries().into_iter().enumerate() {
            for outer in range.clone().step_by(CHUNK) {
                let width = CHUNK.min(range.end - outer);
                if part > 0 {
                    self.product(outer, width, 0..parts.positive, 1.0);
                }
                if part > 0 || !given {
                    self.note(outer, width);
                }
                let from = if part == 0 { 0 } else { parts.positive };
                self.product(outer, width, from..outer.min(parts.positive + parts.negative), -1.0);
                if part == 2 {
                    continue;
                }
                for start in (outer..outer + width).step_by(BLOCK) {
                    let width = BLOCK.min(outer + width - start);
                    self.product(start, width, outer..start, -1.0);
                    let arguments = (&mut *self, start, width, floor, breakdown);
                    let pivot = if wide {
                        vectorized::<PanelWide, _>(arguments)
                    } else {
                        vectorized::<Panel, _>(arguments)
                    }?;
                    smallest = smallest.min(pivot);
                }
            }
        }
        Ok(smallest)
    }

    /// All of it in one loop nest.
    #[inline(always)]
    fn eliminate_small<const WIDE: bool>(
        (this, parts, floor, breakdown, given): (&mut Self, Parts, f64, Breakdown, bool),
    ) -> Result<f64, usize> {
        let mut smallest = f64::INFINITY;
        for (part, range) in parts.boundaries().into_iter().enumerate() {
            for j in range.clone().step_by(GROUP) {
                let width = GROUP.min(range.end - j);
                if part > 0 {
                    this.update::<WIDE>(j, width, 0..parts.positive, 1.0);
                }
                if part > 0 || !given {
                    this.note(j, width);
                }
                let from = if part == 0 { 0 } else { parts.positive };
                this.update::<WIDE>(j, width, from..j.min(parts.positive + parts.negative), -1.0);
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
    fn panel<const WIDE: bool>(
        (this, start, width, floor, breakdown): (&mut Self, usize, usize, f64, Breakdown),
    ) -> Result<f64, usize> {
        let mut smallest = f64::INFINITY;
        for j in (start..start + width).step_by(GROUP) {
            let group = GROUP.min(start + width - j);
            this.update::<WIDE>(j, group, start..j, -1.0);
            smallest = smallest.min(this.factor(j, group, floor, breakdown)?);
        }
        Ok(smallest)
    }

    /// `M[j.., j..j+width] += sign · M[j.., from] M[j..j+width, from]ᵀ`, for at most [`GROUP`] columns.
    #[inline(always)]
    fn update<const WIDE: bool>(&mut self, j: usize, width: usize, from: Range<usize>, sign: f64) {
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
        let done = done[from.start * stride..from.end * stride].chunks_exact(stride);
        let rest = &mut rest[..width * stride];
        // Rows start at a multiple of the block; the entries above the diagonal that this touches are never read.
        let mut r = j - j % ROWS;
        while WIDE && r + 2 * ROWS <= stride {
            let [upper, lower] = two_blocks(done.clone(), r, pack);
            add_block(rest, stride, r, &upper);
            add_block(rest, stride, r + ROWS, &lower);
            r += 2 * ROWS;
        }
        while r < stride {
            add_block(rest, stride, r, &block(done.clone(), r, pack));
            r += ROWS;
        }
    }

    /// Eliminates at most [`GROUP`] columns that are up to date with everything to their left.
    #[inline(always)]
    fn factor(&mut self, j: usize, width: usize, floor: f64, breakdown: Breakdown) -> Result<f64, usize> {
        let stride = self.stride;
        let columns = &mut self.values[j * stride..(j + width) * stride];
        // The columns' own triangle first, whose numbers depend on each other.
        let mut corner = [[0.0; GROUP]; GROUP];
        for c in 0..width {
            corner[c][c..width].copy_from_slice(&columns[c * stride + j + c..c * stride + j + width]);
        }
        let mut smallest = f64::INFINITY;
        let mut inverse = [0.0; GROUP];
        for c in 0..width {
            let (pivot, reference) = (corner[c][c], self.reference[j + c]);
            if pivot > floor * reference && pivot > 0.0 {
                smallest = smallest.min(pivot / reference);
                // What the next pivot waits for takes a division; the root is taken beside it.
                let square = pivot.recip();
                for r in c + 1..width {
                    let factor = -corner[c][r] * square;
                    for s in r..width {
                        corner[r][s] = factor.mul_add(corner[c][s], corner[r][s]);
                    }
                }
                inverse[c] = square.sqrt();
                corner[c][c] = inverse[c];
            } else if breakdown == Breakdown::Drop && !pivot.is_nan() {
                smallest = 0.0;
                corner[c][c] = DROPPED;
            } else {
                return Err(j + c);
            }
            for r in c + 1..width {
                corner[c][r] *= inverse[c];
            }
        }
        for c in 0..width {
            columns[c * stride + j + c..c * stride + j + width].copy_from_slice(&corner[c][c..width]);
        }
        let mut rest = columns.chunks_exact_mut(stride).map(|column| &mut column[j + width..]);
        if width == GROUP
            && let (Some(a), Some(b), Some(c), Some(d)) = (rest.next(), rest.next(), rest.next(), rest.next())
        {
            let [ab, ac, ad] = [corner[0][1], corner[0][2], corner[0][3]];
            let [bc, bd, cd] = [corner[1][2], corner[1][3], corner[2][3]];
            for ((a, b), (c, d)) in a.iter_mut().zip(b).zip(c.iter_mut().zip(d)) {
                *a *= inverse[0];
                *b = (-ab).mul_add(*a, *b) * inverse[1];
                *c = (-bc).mul_add(*b, (-ac).mul_add(*a, *c)) * inverse[2];
                *d = (-cd).mul_add(*c, (-bd).mul_add(*b, (-ad).mul_add(*a, *d))) * inverse[3];
            }
            return Ok(smallest);
        }
        for c in 0..width {
            let (done, rest) = columns.split_at_mut(c * stride);
            let column = &mut rest[j + width..stride];
            for (k, other) in done.chunks_exact(stride).enumerate() {
                axpy(-corner[k][c], &other[j + width..], column);
            }
            for v in column {
                *v *= inverse[c];
            }
        }
        Ok(smallest)
    }
}

kernel!(Small = Lower::eliminate_small::<false>, (&mut Lower, Parts, f64, Breakdown, bool) -> Result<f64, usize>);
kernel!(SmallWide = Lower::eliminate_small::<true>, (&mut Lower, Parts, f64, Breakdown, bool) -> Result<f64, usize>);
kernel!(Panel = Lower::panel::<false>, (&mut Lower, usize, usize, f64, Breakdown) -> Result<f64, usize>);
kernel!(PanelWide = Lower::panel::<true>, (&mut Lower, usize, usize, f64, Breakdown) -> Result<f64, usize>);
kernel!(pub(super) SolveForward = whole_forward, (&Lower, &mut [f64]) -> ());
kernel!(pub(super) SolveBackward = whole_backward, (&Lower, &mut [f64]) -> ());
kernel!(pub(super) Forward = forward_squares, (&Lower, usize, &mut [f64]) -> f64);
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

/// As [`forward`]; returns the sum of squares of the first part.
#[inline(always)]
fn forward_squares((lower, eliminated, v): (&Lower, usize, &mut [f64])) -> f64 {
    forward((lower, eliminated, &mut *v));
    crate::kernel::dot(&v[..eliminated], &v[..eliminated])
}

/// `v ← 𝓛⁻¹ v` for the first `eliminated` columns; what lies below is updated.
#[inline(always)]
pub(super) fn forward((lower, eliminated, v): (&Lower, usize, &mut [f64])) {
    use crate::kernel::axpy4;
    let (order, stride) = (v.len(), lower.stride);
    let mut j = 0;
    while j + 4 <= eliminated {
        let (head, tail) = v.split_at_mut(j + 4);
        let mut t = [head[j], head[j + 1], head[j + 2], head[j + 3]];
        let column = |c: usize| &lower.values[(j + c) * stride + j..(j + c) * stride + order];
        for c in 0..4 {
            let column = column(c);
            t[c] *= column[c];
            for i in c + 1..4 {
                t[i] -= column[i] * t[c];
            }
        }
        head[j..].copy_from_slice(&t);
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
        head[j] *= column[0];
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
        head[j] = (head[j] - dot(&column[1..], tail)) * column[0];
    }
    for j in (0..whole).step_by(4).rev() {
        let (head, tail) = v.split_at_mut(j + 4);
        let mut t = [head[j], head[j + 1], head[j + 2], head[j + 3]];
        let column = |c: usize| &lower.values[(j + c) * stride + j..(j + c) * stride + order];
        let sums = dot4([&column(0)[4..], &column(1)[4..], &column(2)[4..], &column(3)[4..]], tail);
        for c in (0..4).rev() {
            let column = column(c);
            let mut sum = t[c] - sums[c];
            for i in c + 1..4 {
                sum -= column[i] * t[i];
            }
            t[c] = sum * column[c];
        }
        head[j..].copy_from_slice(&t);
    }
}

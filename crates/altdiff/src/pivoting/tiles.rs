//! The elimination's large updates, by library products of tiles that fit into a core's own cache.

use super::eliminate::Lower;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::ops::Range;

/// Rows and columns of a tile, and the order from which on larger ones read less. The bits depend on the order alone, not
/// on the number of threads.
const TILE: usize = 96;
const LARGE: usize = 1500;

/// Columns that are multiplied at a time: with more, what a tile reads falls out of the cache.
const DEPTH: usize = 384;

/// From this order on a single elimination is worth threads.
#[cfg(feature = "threads")]
const THREADS: usize = 512;

/// Runs an elimination of this order: a large one on a thread of the pool, from where handing out tiles takes the least.
pub(super) fn pooled<T: Send>(order: usize, work: impl FnOnce() -> T + Send) -> T {
    #[cfg(feature = "threads")]
    if order >= THREADS {
        return rayon::scope(|_| work());
    }
    let _ = order;
    work()
}

/// Work on each part of a matrix of this order, by threads if it is large.
pub(super) fn each_of<T: Send>(parts: Vec<T>, order: usize, work: impl Fn(T) + Send + Sync) {
    #[cfg(feature = "threads")]
    if order >= THREADS {
        use rayon::prelude::*;
        return parts.into_par_iter().for_each(work);
    }
    let _ = order;
    parts.into_iter().for_each(work);
}

impl Lower {
    /// `M[start.., block] += sign · M[start.., from] M[block, from]ᵀ` on and below the diagonal, for `width` columns.
    pub(super) fn product(&mut self, start: usize, width: usize, from: Range<usize>, sign: f64) {
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
        let tiles = lower_tiles(target, if stride < LARGE { TILE } else { 2 * TILE });
        let one = |Tile { mut target, row, column }: Tile<'_>| {
            let left = done.subrows(row, target.nrows());
            let right = done.subrows(column, target.ncols()).transpose();
            for k in (0..done.ncols()).step_by(DEPTH) {
                let depth = DEPTH.min(done.ncols() - k);
                let (left, right) = (left.subcols(k, depth), right.subrows(k, depth));
                matmul(target.as_mut(), Accum::Add, left, right, sign, Par::Seq);
            }
        };
        each_of(tiles, stride, one);
    }
}

/// A part of the columns to be updated, and where it begins.
struct Tile<'a> {
    target: MatMut<'a, f64>,
    row: usize,
    column: usize,
}

/// The tiles that reach the diagonal or lie below it.
fn lower_tiles(columns: MatMut<'_, f64>, size: usize) -> Vec<Tile<'_>> {
    let mut tiles = Vec::with_capacity((columns.nrows() / size + 1) * (columns.ncols() / size + 1));
    let (mut columns, mut column) = (columns, 0);
    while columns.ncols() > 0 {
        let width = size.min(columns.ncols());
        let (group, others) = columns.split_at_col_mut(width);
        let (_, mut rest) = group.split_at_row_mut(column);
        let mut row = column;
        while rest.nrows() > 0 {
            let height = size.min(rest.nrows());
            let (target, below) = rest.split_at_row_mut(height);
            tiles.push(Tile { target, row, column });
            row += size;
            rest = below;
        }
        column += size;
        columns = others;
    }
    tiles
}

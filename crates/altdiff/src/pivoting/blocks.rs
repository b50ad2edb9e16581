//! The register blocks of the elimination's innermost loops.

use std::slice::ChunksExact;

/// Columns that are brought up to date together in one pass over what lies to their left.
pub(super) const GROUP: usize = 4;

/// Rows of the kernel's register block; columns are padded to a multiple of it. Vectors of eight numbers take two blocks
/// at a time, which is enough to fill the pipelines.
pub(super) const ROWS: usize = 8;

/// The distance between columns for a matrix of the given order.
pub(super) fn stride(order: usize) -> usize {
    order.next_multiple_of(ROWS)
}

/// `acc += b a`.
#[inline(always)]
fn accumulate(acc: &mut [f64; ROWS], a: &[f64; ROWS], b: f64) {
    for lane in 0..ROWS {
        acc[lane] = a[lane].mul_add(b, acc[lane]);
    }
}

/// Adds a block to columns, at row r.
#[inline(always)]
pub(super) fn add_block(columns: &mut [f64], stride: usize, r: usize, sums: &[[f64; ROWS]; GROUP]) {
    let mut at = r;
    for sum in sums {
        let Some(target) = columns.get_mut(at..at + ROWS) else { break };
        for (v, s) in target.iter_mut().zip(sum) {
            *v += s;
        }
        at += stride;
    }
}

/// Sums of columns, each times the numbers that are packed for it, in one block of rows.
#[inline(always)]
pub(super) fn block(columns: ChunksExact<'_, f64>, r: usize, pack: &[[f64; GROUP]]) -> [[f64; ROWS]; GROUP] {
    let [mut s0, mut s1, mut s2, mut s3] = [[0.0; ROWS]; GROUP];
    for (column, b) in columns.zip(pack) {
        let Some(a) = column[r..].first_chunk::<ROWS>() else { break };
        accumulate(&mut s0, a, b[0]);
        accumulate(&mut s1, a, b[1]);
        accumulate(&mut s2, a, b[2]);
        accumulate(&mut s3, a, b[3]);
    }
    [s0, s1, s2, s3]
}

/// As [`block`], for two blocks below one another.
#[inline(always)]
pub(super) fn two_blocks(
    columns: ChunksExact<'_, f64>,
    r: usize,
    pack: &[[f64; GROUP]],
) -> [[[f64; ROWS]; GROUP]; 2] {
    let [mut s0, mut s1, mut s2, mut s3] = [[0.0; ROWS]; GROUP];
    let [mut t0, mut t1, mut t2, mut t3] = [[0.0; ROWS]; GROUP];
    for (column, b) in columns.zip(pack) {
        let Some((a, below)) = column[r..].split_first_chunk::<ROWS>() else { break };
        let Some(c) = below.first_chunk::<ROWS>() else { break };
        accumulate(&mut s0, a, b[0]);
        accumulate(&mut t0, c, b[0]);
        accumulate(&mut s1, a, b[1]);
        accumulate(&mut t1, c, b[1]);
        accumulate(&mut s2, a, b[2]);
        accumulate(&mut t2, c, b[2]);
        accumulate(&mut s3, a, b[3]);
        accumulate(&mut t3, c, b[3]);
    }
    [[s0, s1, s2, s3], [t0, t1, t2, t3]]
}

//! Comparison of patterns and values, which every solve begins with: in loops without an early exit, so that they are
//! vector loops.

use super::{Csc, run};
use crate::kernel::{kernel, vectorized};

impl Csc {
    /// Whether `block` has the stored places of the rows `offset..offset + block.nrows` of this valid matrix, so that it
    /// is valid too; and whether it has the same values, bit by bit.
    pub(crate) fn has_rows(&self, offset: usize, block: &Self) -> (bool, bool) {
        vectorized::<HasRows, _>((self, offset, block))
    }

    /// As [`has_rows`](Self::has_rows), where the matrix is `above` on top of `below`; quicker.
    pub(crate) fn is_stack(&self, above: &Self, below: &Self) -> (bool, bool) {
        let fits = |block: &Self| {
            block.ncols == self.ncols
                && block.col_ptr.len() == self.ncols + 1
                && block.col_ptr[0] == 0
                && block.row_idx.len() == block.values.len()
                && block.col_ptr[self.ncols] == block.values.len()
        };
        let shapes = above.nrows.checked_add(below.nrows) == Some(self.nrows);
        if !(shapes && fits(above) && fits(below)) {
            return (false, false);
        }
        vectorized::<IsStack, _>((self, above, below))
    }

    #[inline(always)]
    fn is_stack_kernel((this, above, below): (&Self, &Self, &Self)) -> (bool, bool) {
        let (mut places, mut values) = (0, 0);
        let mut next = 0;
        for j in 0..this.ncols {
            // Rows of both blocks in turn; those of the upper one may not reach into the lower one.
            for (block, offset, end) in [(above, 0, above.nrows), (below, above.nrows, this.nrows)] {
                let column = block.col_ptr[j]..block.col_ptr[j + 1];
                let to = next + column.len();
                let (Some(rows), Some(numbers)) =
                    (block.row_idx.get(column.clone()), block.values.get(column))
                else {
                    return (false, false);
                };
                let (Some(our_rows), Some(ours)) = (this.row_idx.get(next..to), this.values.get(next..to))
                else {
                    return (false, false);
                };
                for (theirs, ours) in rows.iter().zip(our_rows) {
                    places |= theirs.wrapping_add(offset) ^ ours;
                }
                let outside = our_rows.first().is_some_and(|&i| i < offset)
                    || our_rows.last().is_some_and(|&i| i >= end);
                places |= usize::from(outside);
                for (a, b) in numbers.iter().zip(ours) {
                    values |= a.to_bits() ^ b.to_bits();
                }
                next = to;
            }
            if next != this.col_ptr[j + 1] {
                return (false, false);
            }
        }
        (places == 0, places == 0 && values == 0)
    }

    #[inline(always)]
    fn has_rows_kernel((this, offset, block): (&Self, usize, &Self)) -> (bool, bool) {
        if this.ncols != block.ncols || block.col_ptr.len() != this.ncols + 1 || block.col_ptr[0] != 0 {
            return (false, false);
        }
        if offset == 0 && block.nrows == this.nrows {
            let lengths =
                block.row_idx.len() == this.row_idx.len() && block.values.len() == this.values.len();
            let mut differ = usize::from(!lengths);
            for (a, b) in block.col_ptr.iter().zip(&this.col_ptr) {
                differ |= a ^ b;
            }
            for (a, b) in block.row_idx.iter().zip(&this.row_idx) {
                differ |= a ^ b;
            }
            let mut apart = 0;
            for (a, b) in block.values.iter().zip(&this.values) {
                apart |= a.to_bits() ^ b.to_bits();
            }
            return (differ == 0, differ == 0 && apart == 0);
        }
        let (mut places, mut values) = (block.row_idx.len() == block.values.len(), true);
        for j in 0..this.ncols {
            let column = this.col_ptr[j]..this.col_ptr[j + 1];
            let rows = &this.row_idx[column.clone()];
            let from = before(rows, offset);
            let to = before(rows, offset.saturating_add(block.nrows));
            let (rows, ours) = (&rows[from..to], &this.values[column][from..to]);
            let (start, end) = (block.col_ptr[j], block.col_ptr[j + 1]);
            let Some(theirs) = block.row_idx.get(start..end) else { return (false, false) };
            let Some(numbers) = block.values.get(start..end) else { return (false, false) };
            if theirs.len() != rows.len() {
                return (false, false);
            }
            // Where rows follow each other there is no need to look at them.
            let mut differ = 0;
            if let Some(first) = run(rows) {
                for (k, row) in theirs.iter().enumerate() {
                    differ |= row ^ (first + k - offset);
                }
            } else {
                for (theirs, ours) in theirs.iter().zip(rows) {
                    differ |= theirs ^ (ours - offset);
                }
            }
            places &= differ == 0;
            if values {
                let mut differ = 0;
                for (a, b) in numbers.iter().zip(ours) {
                    differ |= a.to_bits() ^ b.to_bits();
                }
                values = differ == 0;
            }
        }
        places &= block.col_ptr[this.ncols] == block.row_idx.len();
        (places, places && values)
    }
}

kernel!(HasRows = Csc::has_rows_kernel, (&Csc, usize, &Csc) -> (bool, bool));
kernel!(IsStack = Csc::is_stack_kernel, (&Csc, &Csc, &Csc) -> (bool, bool));
kernel!(pub(super) Increases = increases, (&Csc) -> bool);

/// Whether the rows of every column increase strictly, its pointers being in order.
#[inline(always)]
fn increases(matrix: &Csc) -> bool {
    // One long loop over all of them; they may fall only where a column begins.
    let rows = &matrix.row_idx[..];
    let falls: usize = rows.iter().zip(rows.iter().skip(1)).map(|(a, b)| usize::from(a >= b)).sum();
    let mut allowed = 0;
    for range in matrix.col_ptr.windows(2) {
        let start = range[0];
        if start > 0 && start < range[1] {
            allowed += usize::from(rows[start - 1] >= rows[start]);
        }
    }
    falls == allowed
}

/// How many of a column's rows are before the bound; rows increase.
#[inline(always)]
pub(crate) fn before(rows: &[usize], bound: usize) -> usize {
    let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { return 0 };
    if last < bound {
        rows.len()
    } else if last - first + 1 == rows.len() {
        bound.saturating_sub(first)
    } else {
        rows.partition_point(|&i| i < bound)
    }
}

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

    #[inline(always)]
    fn has_rows_kernel((this, offset, block): (&Self, usize, &Self)) -> (bool, bool) {
        if this.ncols != block.ncols || block.col_ptr.len() != this.ncols + 1 || block.col_ptr[0] != 0 {
            return (false, false);
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
kernel!(pub(super) Increases = increases, (&[usize]) -> bool);

/// Whether the numbers increase strictly.
#[inline(always)]
fn increases(rows: &[usize]) -> bool {
    let mut fine = true;
    for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
        fine &= a < b;
    }
    fine
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

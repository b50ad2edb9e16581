//! Writes the saddle point matrix, on and below its diagonal: P by its lower triangle, and the rows below it.

use super::eliminate::Lower;
use super::layout::Layout;
use super::tiles;
use crate::Csc;
use crate::core::Core;

/// Columns written together: eight numbers fill a cache line of the transpose.
const TILE: usize = 8;

/// Into zeros.
pub(super) fn small(lower: &mut Lower, core: &Core, layout: &Layout) {
    let stride = lower.stride;
    scatter_transpose(&core.p, &mut lower.values, stride);
    let rows = Rows::new(core, layout);
    for (j, column) in lower.values.chunks_exact_mut(stride.max(1)).take(layout.n).enumerate() {
        rows.write(j, column);
    }
}

/// Into whatever was there, by threads from where these pay.
pub(super) fn large(lower: &mut Lower, core: &Core, layout: &Layout) {
    let (n, stride, order) = (layout.n, lower.stride, layout.order());
    let p = &*core.p;
    let full = (0..n).all(|j| p.col_ptr[j + 1] - p.col_ptr[j] == j + 1);
    let rows = Rows::new(core, layout);
    let tile = |(t, columns): (usize, &mut [f64])| {
        let first = t * TILE;
        for (j, column) in (first..).zip(columns.chunks_exact_mut(stride)) {
            let from = if full && j < n { n } else { j };
            if j < n && rows.is_full(j) {
                column[from..n].fill(0.0);
                column[order..].fill(0.0);
            } else {
                column[from..].fill(0.0);
            }
            if j < n {
                rows.write(j, column);
            }
        }
        if full {
            transpose(p, first, columns, stride);
        }
    };
    let columns = &mut lower.values[..stride * order];
    tiles::each_of(columns.chunks_mut(TILE * stride).enumerate().collect(), order, tile);
    if !full {
        scatter_transpose(p, &mut lower.values, stride);
    }
}

/// The rows of constraints, and where they go.
struct Rows<'a> {
    c: &'a Csc,
    layout: &'a Layout,
    /// Constraints come in order, so that of a full column whole runs may go to consecutive places.
    monotone: bool,
}

impl<'a> Rows<'a> {
    fn new(core: &'a Core, layout: &'a Layout) -> Self {
        let monotone = (1..layout.m).all(|k| layout.place[k - 1] < layout.place[k])
            && layout.place[..layout.m].last() != Some(&usize::MAX);
        Self { c: &core.c, layout, monotone }
    }

    /// Whether column j says all there is below P.
    fn is_full(&self, j: usize) -> bool {
        let layout = self.layout;
        self.monotone
            && self.c.col_ptr[j + 1] - self.c.col_ptr[j] == layout.m
            && layout.order() == layout.n + layout.m
    }

    /// Writes the entries of column j into one of the matrix.
    fn write(&self, j: usize, column: &mut [f64]) {
        let place = &self.layout.place;
        let range = self.c.col_ptr[j]..self.c.col_ptr[j + 1];
        let (rows, values) = (&self.c.row_idx[range.clone()], &self.c.values[range]);
        let straight = self.monotone
            && rows.first().zip(rows.last()).is_some_and(|(&first, &last)| {
                let (first, last) = (place[first], place[last]);
                first != usize::MAX && last != usize::MAX && last.wrapping_sub(first) == rows.len() - 1
            });
        if straight {
            let at = place[rows[0]];
            column[at..at + rows.len()].copy_from_slice(values);
        } else {
            for (&i, v) in rows.iter().zip(values) {
                if let Some(target) = column.get_mut(place[i]) {
                    *target = *v;
                }
            }
        }
        if let Some(target) = column.get_mut(place[self.layout.m + j]) {
            *target = 1.0;
        }
    }
}

/// Writes columns `first..` of the transpose of a full upper triangle.
fn transpose(p: &Csc, first: usize, columns: &mut [f64], stride: usize) {
    let n = p.ncols;
    if first >= n {
        return;
    }
    let last = (first + TILE).min(n);
    for j in first..last {
        let values = &p.values[p.col_ptr[j] + first..p.col_ptr[j + 1]];
        for (c, v) in values.iter().enumerate() {
            columns[c * stride + j] = *v;
        }
    }
    let mut targets = columns.chunks_exact_mut(stride).map(|column| &mut column[last..n]);
    if last - first == TILE
        && let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f), Some(g), Some(h)] =
            std::array::from_fn(|_| targets.next())
    {
        for (k, j) in (last..n).enumerate() {
            let Some(v) = p.values[p.col_ptr[j] + first..].first_chunk::<TILE>() else { break };
            (a[k], b[k], c[k], d[k]) = (v[0], v[1], v[2], v[3]);
            (e[k], f[k], g[k], h[k]) = (v[4], v[5], v[6], v[7]);
        }
        return;
    }
    for (i, target) in (first..last).zip(targets) {
        for (k, j) in (last..n).enumerate() {
            target[k] = p.values[p.col_ptr[j] + i];
        }
    }
}

/// Writes the transpose of an upper triangle into the lower triangle of columns with a stride.
fn scatter_transpose(p: &Csc, values: &mut [f64], stride: usize) {
    for j in 0..p.ncols {
        for (i, v) in p.column(j) {
            values[i * stride + j] = v;
        }
    }
}

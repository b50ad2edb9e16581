//! Gram matrices of dense matrices.

use super::affine::{Affine, Block, Factor, Loop};
use super::column::Column;
use std::sync::Arc;

/// Coefficients of an array's variables that are a dense matrix of numbers.
pub(super) struct Dense {
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
    /// The matrix row by row, from a place on, up to a factor.
    values: Arc<[f64]>,
    start: usize,
    scale: f64,
    /// How many numbers are not zero, and how many pairs of them share a row.
    pub(super) entries: f64,
    pub(super) pairs: f64,
}

impl Dense {
    pub(super) fn of(array: &Affine) -> Option<Self> {
        let mut open = array.blocks()?.iter().filter(|b| b.has_variable());
        let block = open.next().filter(|b| !b.is_parametric())?;
        let [a, b] = block.loops[..] else { return None };
        if block.pairs.is_some() {
            return None;
        }
        let (down, across) = if a.entry != 0 { (a, b) } else { (b, a) };
        if open.next().is_some() || down.column != 0 || across.entry != 0 {
            return None;
        }
        let (rows, n) = (array.shape.len(), across.extent);
        if down.extent != rows || !block.is_injective() {
            return None;
        }
        let block = Block { loops: vec![down, across], ..block.clone() };
        let columns = (0..across.extent as i64).map(|j| block.column.moved(j * across.column)).collect();
        let contiguous = (down.factors[0], across.factors[0]) == (n as i64, 1);
        let (values, start, scale) = match &block.factors[..] {
            [factor] if contiguous => (factor.values.clone(), factor.start as usize, block.coefficient),
            _ => {
                let mut values = vec![0.0; rows * n];
                let first = Column::ONE.distance(block.column);
                block.for_each(|i, column, _, value| {
                    let j = (Column::ONE.distance(column) - first) / across.column;
                    values[i * n + j as usize] = value;
                });
                (values.into(), 0, 1.0)
            }
        };
        let (m, k) = (rows as f64, n as f64);
        let full = block.is_full();
        let (mut entries, mut pairs) = if full { (m * k, m * k * (k + 1.0) / 2.0) } else { (0.0, 0.0) };
        for row in values[start..start + rows * n].chunks(n).filter(|_| !full) {
            let k = row.iter().map(|v| f64::from(u8::from(*v != 0.0))).sum::<f64>();
            entries += k;
            pairs += k * (k + 1.0) / 2.0;
        }
        // A matrix that is mostly zeros is squared entry by entry.
        (2.0 * entries >= (rows * n) as f64).then_some(Self {
            rows,
            columns,
            values,
            start,
            scale,
            entries,
            pairs,
        })
    }

    /// `xᵀAᵀA x`.
    pub(super) fn gram(&self) -> Vec<Block> {
        let n = self.columns.len();
        let gram = Factor::new(self.products().into());
        let along = |j: usize, k: usize| self.columns[j].times(self.columns[k]);
        let part = |j: usize, k: usize, len: usize, by: i64, coefficient: f64| {
            let step = |to: Column| along(j, k).distance(to);
            let next = match (len, by) {
                (0 | 1, _) => 0,
                (_, 1) => step(along(j, k + 1)),
                _ => step(along(j + 1, k + 1)),
            };
            let l = Loop { extent: len, column: next, factors: [by, 0], ..Loop::default() };
            let factor = Factor { start: (j * n + k) as i64, ..gram.clone() };
            Block {
                entry: 0,
                column: along(j, k),
                parameter: 0,
                coefficient,
                factors: vec![factor],
                loops: vec![l],
                pairs: None,
            }
        };
        let upper = (0..n.saturating_sub(1)).map(|j| part(j, j + 1, n - j - 1, 1, 2.0));
        std::iter::once(part(0, 0, n, n as i64 + 1, 1.0)).chain(upper).collect()
    }
    /// The upper triangle of `AᵀA`, row by row in a square matrix; what is below it has no meaning.
    fn products(&self) -> Vec<f64> {
        let n = self.columns.len();
        let strips = n.div_ceil(SIDE);
        let mut tiles = vec![[[0.0; SIDE]; SIDE]; strips * strips];
        let mut packed = vec![[0.0; SIDE]; strips * CHUNK];
        for rows in self.values[self.start..self.start + self.rows * n].chunks(n * CHUNK) {
            for (i, row) in rows.chunks_exact(n).enumerate() {
                let parts = row.chunks_exact(SIDE);
                let rest = parts.remainder();
                for (strip, part) in packed.chunks_exact_mut(CHUNK).zip(parts) {
                    strip[i].copy_from_slice(part);
                }
                if !rest.is_empty() {
                    packed[(strips - 1) * CHUNK + i][..rest.len()].copy_from_slice(rest);
                }
            }
            let strip = |j: usize| &packed[j * CHUNK..][..rows.len() / n];
            for j in 0..strips {
                for k in j..strips {
                    let add = if n - k * SIDE > 2 { add_products::<SIDE> } else { add_products::<2> };
                    add(&mut tiles[j * strips + k], strip(j), strip(k));
                }
            }
        }
        let scale = self.scale * self.scale;
        let entry = |j: usize, k: usize| tiles[j / SIDE * strips + k / SIDE][j % SIDE][k % SIDE];
        (0..n * n).map(|e| scale * entry(e / n, e % n)).collect()
    }
}

/// A Gram matrix is computed by square tiles of this side, whose sums stay in registers while rows go by.
const SIDE: usize = 4;

/// So many rows at a time, which stay in the nearest cache for all tiles.
const CHUNK: usize = 64;

/// `tile += AᵀB` for strips of columns, of which the first `W` of `B` count.
fn add_products<const W: usize>(tile: &mut [[f64; SIDE]; SIDE], a: &[[f64; SIDE]], b: &[[f64; SIDE]]) {
    let mut sums = [[0.0; W]; SIDE];
    for (a, b) in a.iter().zip(b) {
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    for (row, sums) in tile.iter_mut().zip(sums) {
        for (entry, sum) in row.iter_mut().zip(sums) {
            *entry += sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_matrix_holds_the_products_of_columns() {
        for (rows, n) in [(1, 1), (2, 3), (63, 4), (64, 5), (65, 6), (130, 7), (200, 8), (129, 9)] {
            let values: Vec<f64> = (0..rows * n + 2).map(|k| ((k * 37) % 11) as f64 - 5.0).collect();
            let dense = Dense {
                rows,
                columns: (0..n).map(Column::variable).collect(),
                values: values.clone().into(),
                start: 2,
                scale: 3.0,
                entries: 0.0,
                pairs: 0.0,
            };
            let products = dense.products();
            for (j, k) in (0..n).flat_map(|j| (j..n).map(move |k| (j, k))) {
                let by_row = values[2..].chunks(n).take(rows).map(|row| 9.0 * row[j] * row[k]);
                // The numbers are whole, so that every order of the sums is exact.
                assert_eq!(
                    products[j * n + k].to_bits(),
                    by_row.sum::<f64>().to_bits(),
                    "{rows} × {n}: {j}, {k}"
                );
            }
        }
    }
}

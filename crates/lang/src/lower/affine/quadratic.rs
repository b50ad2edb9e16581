//! Quadratic forms of consecutive columns.

use super::{Affine, Block, Loop};
use crate::lower::column::{Basis, Column};

impl Affine {
    /// The terms of `xᵀ P x` for an array `x` of columns in arithmetic progression and data `P` in blocks.
    pub fn quadratic_form(&self, p: &Self) -> Option<Self> {
        let n = self.shape.len();
        let [x] = self.blocks()? else { return None };
        let step = x.by_entry(n)?.column;
        let Basis::Variable(first) = x.column.basis() else { return None };
        if x.is_parametric() || !x.factors.is_empty() || step <= 0 {
            return None;
        }
        let column = |i: i64| (first as i64 + i * step) as usize;
        let mut out = Vec::new();
        for block in p.blocks()? {
            for line in block.lines(n)? {
                let scaled = Block { coefficient: line.coefficient * x.coefficient.powi(2), ..line };
                let parts = on_one_side(&scaled, n as i64)?.into_iter().filter(|part| part.size() > 0);
                out.extend(parts.map(|part| products(part, n as i64, column)));
            }
        }
        Some(Self::of_blocks(cvxlayer_program::Shape::Scalar, out))
    }
}

impl Block {
    /// The block as blocks of one loop at most, each along a row or a column of a matrix with rows of `n` entries.
    fn lines(&self, n: usize) -> Option<Vec<Self>> {
        if self.pairs.is_some() {
            return None;
        }
        let whole = self.loops.len() == 1 && self.loops[0].entry == 1 && self.entry % n as i64 == 0;
        let split = |l: &Loop| l.extent > n && l.extent.is_multiple_of(n);
        let outer = match &self.loops[..] {
            [] | [_] if !(whole && split(&self.loops[0])) => return Some(vec![self.clone()]),
            [l] => [l.strided(n as i64, l.extent / n), l.strided(1, n)],
            [a, b] => [*a, *b],
            _ => return None,
        };
        let [outer, inner] = outer;
        let line = |i: i64| {
            let mut out = Self { loops: vec![inner], ..self.clone() };
            out.start_at(&outer, i);
            out
        };
        Some((0..outer.extent as i64).map(line).collect())
    }
}

/// The parts of a line on either side of the diagonal, and on it.
fn on_one_side(line: &Block, n: i64) -> Option<Vec<Block>> {
    let [along] = line.loops[..] else { return Some(vec![line.clone()]) };
    let (i, j) = (line.entry / n, line.entry % n);
    if along.entry == n + 1 && i == j {
        return Some(vec![line.clone()]);
    }
    let (down, right) = if along.entry % n == 0 { (along.entry / n, 0) } else { (0, along.entry) };
    let last = along.extent as i64 - 1;
    if !(0..n).contains(&(j + right * last)) || !(0..n).contains(&(i + down * last)) {
        return None;
    }
    let ahead = |t: i64| (j + right * t) - (i + down * t);
    // The sign of `ahead` is 0 once at most.
    let cuts = (0..=last).find(|&t| ahead(t) == 0).map_or([0, 0], |t| [t, t + 1]);
    let part = |from: i64, to: i64| {
        let mut out = Block { loops: vec![Loop { extent: (to - from) as usize, ..along }], ..line.clone() };
        out.start_at(&along, from);
        out
    };
    Some(vec![part(0, cuts[0]), part(cuts[0], cuts[1]), part(cuts[1], last + 1)])
}

/// Entries of a matrix on one side of the diagonal as products of two columns.
fn products(mut part: Block, n: i64, column: impl Fn(i64) -> usize) -> Block {
    let at = |entry: i64| Column::product(column(entry / n), column(entry % n));
    part.column = at(part.entry);
    for l in &mut part.loops {
        l.column = if l.extent > 1 { part.column.distance(at(part.entry + l.entry)) } else { 0 };
        l.entry = 0;
    }
    part.entry = 0;
    part
}

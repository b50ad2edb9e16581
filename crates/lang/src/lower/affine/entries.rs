//! Blocks with their entries elsewhere.

use super::walk::Walk;
use super::{Block, Loop};

impl Block {
    /// Sends entry `i` to entry `to(i)`, if that keeps the pattern.
    pub fn map_entries(&self, to: impl Fn(usize) -> usize) -> Option<Self> {
        if self.size() == 0 {
            return Some(self.clone());
        }
        if self.pairs.is_some() {
            return self.map_pairs(to);
        }
        let at = |offset: i64| to((self.entry + offset) as usize) as i64;
        let (first, mut out) = (at(0), self.clone());
        out.entry = first;
        for l in out.loops.iter_mut().filter(|l| l.entry != 0 && l.extent > 1) {
            l.entry = at(l.entry) - first;
        }
        let moving: Vec<(Loop, i64)> =
            self.moving().map(|(k, l)| (*l, if l.extent > 1 { out.loops[k].entry } else { 0 })).collect();
        if linear(&moving, 0, 0, &|from, by| at(from) == first + by) {
            return Some(out.tidy());
        }
        // One loop that is two: along the rows and along the columns of a matrix.
        let (k, along) = self.moving().next().filter(|_| moving.len() == 1)?;
        let ends = |steps: usize| at(steps as i64 * along.entry);
        let inner = ends(1) - first;
        let length = (1..along.extent).find(|&s| ends(s) - ends(s - 1) != inner)?;
        let outer = ends(length) - first;
        let fits = |s: usize| ends(s) == first + (s / length) as i64 * outer + (s % length) as i64 * inner;
        if along.extent % length != 0 || !(0..along.extent).all(fits) {
            return None;
        }
        let mut pair = [along.strided(length as i64, along.extent / length), along.strided(1, length)];
        (pair[0].entry, pair[1].entry) = (outer, inner);
        out.loops.splice(k..=k, pair);
        Some(out.tidy())
    }

    /// As [`map_entries`](Self::map_entries), of a sparse matrix.
    fn map_pairs(&self, to: impl Fn(usize) -> usize) -> Option<Self> {
        let (real, pairs) = self.real();
        let (pairs, [down, across]) = pairs?;
        if real.iter().any(|l| l.entry != 0) {
            return None;
        }
        let at = |i: i64, j: i64| to((self.entry + i * down.entry + j * across.entry) as usize) as i64;
        let (first, mut out) = (at(0, 0), self.clone());
        let k = real.len();
        let step = |l: &Loop, at: i64| if l.entry == 0 || l.extent < 2 { 0 } else { at - first };
        out.entry = first;
        out.loops[k].entry = step(&down, at(1, 0));
        out.loops[k + 1].entry = step(&across, at(0, 1));
        let (by_row, by_col) = (out.loops[k].entry, out.loops[k + 1].entry);
        let all = pairs.rows.iter().zip(pairs.cols.iter()).map(|(&i, &j)| (i64::from(i), i64::from(j)));
        all.into_iter().all(|(i, j)| at(i, j) == first + i * by_row + j * by_col).then_some(out)
    }

    /// The sum of all entries.
    #[must_use]
    pub fn total(&self) -> Self {
        let mut out = Self { entry: 0, ..self.clone() };
        out.loops.iter_mut().for_each(|l| l.entry = 0);
        out.tidy()
    }

    /// What is left where the entries of `walk` are picked out of an array of `len` entries; `None` if that breaks the
    /// pattern.
    pub fn gather(&self, walk: &Walk, len: usize) -> Option<Option<Self>> {
        if self.pairs.is_some() {
            return None;
        }
        let mut out = self.clone();
        let mut moving = self.moving();
        let Some((k, along)) = moving.next() else {
            if len != 1 {
                return None;
            }
            out.entry = 0;
            out.loops.splice(0..0, walk.steps().map(|(extent, _, step)| Loop::over(extent, step)));
            return Some(Some(out.tidy()));
        };
        if moving.next().is_some() {
            return None;
        }
        let along = *along;
        let offset = walk.start as i64 - self.entry;
        if walk.steps().any(|(_, by, _)| by % along.entry != 0) {
            return None;
        }
        if offset % along.entry != 0 {
            return Some(None);
        }
        let from = offset / along.entry;
        let steps: Vec<(usize, i64, i64)> =
            walk.steps().map(|(extent, by, step)| (extent, by / along.entry, step)).collect();
        let (mut low, mut high) = (from, from);
        for &(extent, by, _) in &steps {
            let reach = by * (extent as i64 - 1);
            (low, high) = (low + reach.min(0), high + reach.max(0));
        }
        let mut picked: Vec<Loop> = Vec::with_capacity(2);
        out.loops.remove(k);
        out.entry = 0;
        let at_rest = Loop { entry: 0, ..along };
        if low >= 0 && high < along.extent as i64 {
            out.start_at(&at_rest, from);
            for (extent, by, step) in steps {
                picked.push(Loop { entry: step, ..at_rest.strided(by, extent) });
            }
        } else {
            // A part of the walk lies outside the block.
            let [(extent, by, step)] = steps[..] else {
                return (high < 0 || low >= along.extent as i64).then_some(None);
            };
            if by == 0 {
                return Some(None);
            }
            // The steps that land inside are consecutive.
            let last = along.extent as i64 - 1;
            let (near, far, by_size) =
                if by > 0 { (-from, last - from, by) } else { (from - last, from, -by) };
            let first = (-(-near).div_euclid(by_size)).max(0);
            let last = far.div_euclid(by_size).min(extent as i64 - 1);
            if first > last {
                return Some(None);
            }
            out.start_at(&at_rest, from + first * by);
            out.entry = first * step;
            picked.push(Loop { entry: step, ..at_rest.strided(by, (last - first + 1) as usize) });
        }
        out.loops.splice(k..k, picked);
        Some(Some(out.tidy()))
    }
}

/// Whether a function of entries is linear along loops, given the step of the function for each.
fn linear(loops: &[(Loop, i64)], from: i64, by: i64, holds: &impl Fn(i64, i64) -> bool) -> bool {
    match loops {
        [] => holds(from, by),
        [(l, step), rest @ ..] => {
            (0..l.extent as i64).all(|i| linear(rest, from + i * l.entry, by + i * step, holds))
        }
    }
}

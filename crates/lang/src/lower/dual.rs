//! The user's duals as linear maps of the solver's multipliers.

use cvxlayer_program::{SparseMap, Text};

/// Where a multiplier stands in the solver's solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplier {
    /// Of an equality row.
    Lambda(usize),
    /// Of the lower end of an inequality row.
    NuLower(usize),
    /// Of the upper end of an inequality row.
    NuUpper(usize),
    /// Of a variable's lower bound.
    MuLower(usize),
    /// Of a variable's upper bound.
    MuUpper(usize),
}

impl Multiplier {
    /// The multiplier of the same kind some rows or variables further on.
    fn moved(self, steps: usize) -> Self {
        match self {
            Self::Lambda(row) => Self::Lambda(row + steps),
            Self::NuLower(row) => Self::NuLower(row + steps),
            Self::NuUpper(row) => Self::NuUpper(row + steps),
            Self::MuLower(j) => Self::MuLower(j + steps),
            Self::MuUpper(j) => Self::MuUpper(j + steps),
        }
    }
}

/// A dual of the user's as a linear map of the solver's multipliers.
#[derive(Clone, Debug)]
pub struct DualTerms {
    /// The constraint's label, or the variable's name.
    pub label: Text,
    /// Sizes of the axes.
    pub axes: Vec<usize>,
    /// Whether these are the bounds of a variable.
    pub bounds: bool,
    /// What the entries are.
    pub entries: DualEntries,
}

/// Multiples of multipliers in the entries of a dual, by runs along which entry and multiplier move together.
#[derive(Clone, Debug, Default)]
pub struct DualEntries(Vec<Run>);

#[derive(Clone, Copy, Debug)]
struct Run {
    entry: usize,
    multiplier: Multiplier,
    coefficient: f64,
    len: usize,
}

impl DualEntries {
    /// Entries from 0 on, each of which is one multiplier.
    pub fn one_each(len: usize, first: Multiplier) -> Self {
        Self(vec![Run { entry: 0, multiplier: first, coefficient: 1.0, len }])
    }

    /// Adds a multiple of a multiplier to an entry.
    pub fn push(&mut self, entry: usize, multiplier: Multiplier, coefficient: f64) {
        // Lower and upper ends take turns, so the last run but one may go on as well.
        for run in self.0.iter_mut().rev().take(2) {
            let next = (run.entry + run.len, run.multiplier.moved(run.len), run.coefficient.to_bits());
            if next == (entry, multiplier, coefficient.to_bits()) {
                run.len += 1;
                return;
            }
        }
        self.0.push(Run { entry, multiplier, coefficient, len: 1 });
    }

    /// Adds a multiple of what another dual is to the entries from `offset` on.
    pub fn append(&mut self, other: Self, offset: usize, factor: f64) {
        let moved =
            |run: Run| Run { entry: offset + run.entry, coefficient: factor * run.coefficient, ..run };
        self.0.extend(other.0.into_iter().map(moved));
    }

    /// Changes all signs.
    pub fn negate(&mut self) {
        for run in &mut self.0 {
            run.coefficient = -run.coefficient;
        }
    }

    /// Whether only lower bounds of variables enter.
    pub fn of_lower_bounds(&self) -> bool {
        self.0.iter().all(|run| matches!(run.multiplier, Multiplier::MuLower(_)))
    }

    /// The map to `rows` entries from `cols` multipliers, each at its position.
    pub fn map(&self, rows: usize, cols: usize, position: impl Fn(Multiplier) -> usize) -> SparseMap {
        let mut runs: Vec<(u32, Run)> =
            self.0.iter().map(|run| (position(run.multiplier) as u32, *run)).collect();
        runs.sort_by_key(|(start, _)| *start);
        let steps = |(start, run): &(u32, Run)| {
            let (start, entry, coefficient) = (*start, run.entry as u32, run.coefficient);
            (0..run.len as u32).map(move |k| (entry + k, start + k, coefficient))
        };
        // Where no multiplier enters twice, each row gets its entries in the order of the runs.
        let apart = runs.windows(2).all(|w| w[0].0 as usize + w[0].1.len <= w[1].0 as usize);
        if !apart || runs.iter().any(|(_, run)| run.coefficient == 0.0) {
            return SparseMap::from_triplets(rows, cols, runs.iter().flat_map(steps).collect());
        }
        // `next[i + 1]` is where the next entry of a row goes, and ends as where the next row starts.
        let mut next = vec![0_u32; rows + 2];
        for (_, run) in &runs {
            next[run.entry + 2..][..run.len].iter_mut().for_each(|count| *count += 1);
        }
        for row in 2..rows + 2 {
            next[row] += next[row - 1];
        }
        let nnz = next[rows + 1] as usize;
        let (mut col_idx, mut values) = (vec![0; nnz], vec![0.0; nnz]);
        for (start, run) in &runs {
            for (at, col) in next[run.entry + 1..][..run.len].iter_mut().zip(*start..) {
                (col_idx[*at as usize], values[*at as usize]) = (col, run.coefficient);
                *at += 1;
            }
        }
        next.pop();
        SparseMap { rows, cols, row_ptr: next.into(), col_idx: col_idx.into(), values: values.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_the_terms_they_stand_for() {
        use Multiplier::{MuLower, MuUpper};
        let ends = |pairs: &[(usize, Multiplier, f64)]| pairs.to_vec();
        let bounds: Vec<_> =
            (0..5).flat_map(|k| [(k, MuUpper(2 + k), 1.0), (k, MuLower(2 + k), -1.0)]).collect();
        let cases = [
            ends(&[]),
            bounds,
            // A multiplier that several entries share, and entries that have several multipliers.
            ends(&[(3, MuLower(1), 0.5), (1, MuLower(1), 0.5), (1, MuUpper(0), 1.0), (1, MuLower(1), 0.25)]),
            ends(&[(0, MuLower(3), 1.0), (1, MuLower(4), 2.0), (2, MuLower(5), 2.0), (4, MuLower(0), 1.0)]),
        ];
        let position = |m| match m {
            MuLower(j) => j,
            MuUpper(j) => 10 + j,
            _ => 0,
        };
        for terms in cases {
            let mut runs = DualEntries::default();
            for &(entry, m, c) in &terms {
                runs.push(entry, m, c);
            }
            let mut moved = DualEntries::default();
            moved.append(runs, 1, -2.0);
            let triplets =
                terms.iter().map(|&(entry, m, c)| (entry as u32 + 1, position(m) as u32, -2.0 * c));
            assert_eq!(moved.map(6, 20, position), SparseMap::from_triplets(6, 20, triplets.collect()));
        }
    }
}

//! Solving a batch.

use super::{Batch, Block, map_samples};
use crate::solver::Shared;
use crate::{Error, Problem, Solution, Solver, WarmStart};
use std::ops::Index;

/// The outcome of a batch, one [`Solution`] or error per sample, in the order of the samples.
#[derive(Debug, Clone)]
pub struct BatchSolution {
    pub(super) samples: Vec<Result<Solution, Error>>,
    /// Which blocks are shared, and the number of entries of each.
    pub(super) shared: [bool; 10],
}

impl BatchSolution {
    /// The samples in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Result<Solution, Error>> {
        self.samples.iter()
    }

    /// The samples, taken apart.
    pub fn into_samples(self) -> Vec<Result<Solution, Error>> {
        self.samples
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }
}

impl Index<usize> for BatchSolution {
    type Output = Result<Solution, Error>;

    fn index(&self, sample: usize) -> &Self::Output {
        &self.samples[sample]
    }
}

impl<'a> IntoIterator for &'a BatchSolution {
    type Item = &'a Result<Solution, Error>;
    type IntoIter = std::slice::Iter<'a, Result<Solution, Error>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Solver {
    /// Solves all samples. Where P, A and G are shared, so are their factors; else samples share the analysis of the
    /// pattern. Samples run on the threads of the current `rayon` pool (feature `threads`), and each of them is computed
    /// as if it were alone: number of threads, order and neighbours change nothing about its result.
    ///
    /// `warm` holds a start per sample, `None` for a cold one; empty: all start cold.
    ///
    /// # Errors
    /// [`Error::Shape`] if `warm` has another length; what is wrong with the shared blocks; [`Error::OtherPattern`].
    /// What is wrong with one sample is that sample's error.
    pub fn solve_batch(&self, batch: &Batch, warm: &[Option<&WarmStart>]) -> Result<BatchSolution, Error> {
        if !warm.is_empty() && warm.len() != batch.samples {
            let (found, expected) = (warm.len(), batch.samples);
            return Err(Error::Shape { block: "warm", unit: "entries", found, expected });
        }
        let start = |sample: usize| warm.get(sample).copied().flatten();
        let samples = if batch.matrices_are_shared() && !self.is_smooth() {
            let shared = self.share(&batch.base)?;
            self.factor_shared(&shared, &batch.base);
            let vectors = Problem::new(0);
            map_samples(batch.samples, |sample| {
                self.solve_sample(&shared, batch, sample, start(sample), &vectors)
            })
        } else {
            // A pattern or matrix that is wrong for all is an error of the batch.
            if !self.is_smooth() {
                self.compare(&batch.base)?;
            }
            map_samples(batch.samples, |sample| self.solve(&batch.problem(sample), start(sample)))
        };
        Ok(BatchSolution { samples, shared: Block::ALL.map(|block| batch.is_shared(block)) })
    }

    fn solve_sample(
        &self,
        shared: &Shared,
        batch: &Batch,
        sample: usize,
        warm: Option<&WarmStart>,
        empty: &Problem,
    ) -> Result<Solution, Error> {
        let base = &batch.base;
        let vector = |block: Block, of_base: &[f64]| {
            batch.values(block, sample).map_or_else(|| of_base.to_vec(), <[f64]>::to_vec)
        };
        // The matrices stay where they are; the vectors alone make a problem.
        let problem = Problem {
            q: vector(Block::Q, &base.q),
            r: base.r,
            b: vector(Block::B, &base.b),
            gl: vector(Block::Gl, &base.gl),
            gu: vector(Block::Gu, &base.gu),
            lo: vector(Block::Lo, &base.lo),
            hi: vector(Block::Hi, &base.hi),
            ..empty.clone()
        };
        problem.validate_vectors_for(base.p.ncols, base.a.nrows, base.g.nrows)?;
        self.solve_shared(shared, &problem, warm)
    }
}

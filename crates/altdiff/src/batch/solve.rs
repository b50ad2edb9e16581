//! Solving a batch.

use super::group::{Family, Group, Scratch};
use super::wide::LANES;
use super::{Batch, Block, map_groups, map_samples};
use crate::solver::Matrices;
use crate::{Error, Problem, Solution, Solver, WarmStart};
use std::ops::Index;
use std::sync::Arc;

/// The outcome of a batch, one [`Solution`] or error per sample, in the order of the samples.
#[derive(Debug, Clone)]
pub struct BatchSolution {
    pub(super) samples: Vec<Result<Solution, Error>>,
    /// Which blocks are shared.
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
    /// Solves all samples.
    ///
    /// Where P, A and G are shared, so are their factors, and small dense problems are solved side by side: everything
    /// that is linear in their vectors is one matrix product, some alternating steps guess all active sets at once, and
    /// each sample is pivoted from its guess to the end. Samples that are not solved and differentiable beyond doubt
    /// that way are solved as if they were alone. Else samples share the analysis of the pattern.
    ///
    /// Samples run on the threads of the current `rayon` pool (feature `threads`); number of threads, order and
    /// neighbours change nothing about the result of any of them.
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
        let (solved, shared) = if batch.matrices_are_shared() && !self.is_smooth() {
            let shared = self.share(&batch.base)?;
            (self.solve_groups(&shared, batch, &start), Some(shared))
        } else {
            // A pattern or matrix that is wrong for all is an error of the batch.
            if !self.is_smooth() {
                self.compare(&batch.base)?;
            }
            (None, None)
        };
        let mut samples = solved.unwrap_or_else(|| (0..batch.samples).map(|_| None).collect());
        let rest: Vec<usize> = (0..batch.samples).filter(|&k| samples[k].is_none()).collect();
        if let (Some(shared), Some(&first)) = (&shared, rest.first())
            && let Ok(first) = batch.vectors(first)
        {
            self.factor_shared(shared, &first);
        }
        let made = map_samples(rest.len(), |at| match &shared {
            Some(shared) => self.solve_shared(shared, &batch.vectors(rest[at])?, start(rest[at])),
            None => self.solve(&batch.problem(rest[at]), start(rest[at])),
        });
        for (at, made) in rest.into_iter().zip(made) {
            samples[at] = Some(made);
        }
        Ok(BatchSolution {
            samples: samples.into_iter().flatten().collect(),
            shared: Block::ALL.map(|block| batch.is_shared(block)),
        })
    }

    /// Solves samples side by side where they can be.
    fn solve_groups<'w>(
        &self,
        shared: &Arc<Matrices>,
        batch: &Batch,
        start: &(dyn Fn(usize) -> Option<&'w WarmStart> + Sync),
    ) -> Option<Vec<Option<Result<Solution, Error>>>> {
        if batch.samples < 2 {
            return None;
        }
        let first = (0..batch.samples).find_map(|sample| batch.vectors(sample).ok())?;
        let cold = (0..batch.samples).any(|sample| start(sample).is_none());
        let family = Arc::new(Family::new(self.together(shared, &first)?, cold));
        if !family.is_consistent(batch) {
            return None;
        }
        let fit: Vec<usize> = (0..batch.samples).filter(|&sample| family.fits(batch, sample)).collect();
        // Groups that follow each other share their room; how many do changes no bit.
        let tasks: Vec<&[usize]> = fit.chunks(LANES * groups_per_task(fit.len())).collect();
        let solved = map_groups(tasks.len(), |task| {
            let mut scratch = Scratch::new(&family);
            let mut solutions = Vec::with_capacity(tasks[task].len());
            for group in tasks[task].chunks(LANES) {
                let warm: Vec<_> = group.iter().map(|&sample| start(sample)).collect();
                solutions.extend(Group::solve(&family, batch, group, &warm, &mut scratch));
            }
            solutions
        });
        let mut out: Vec<_> = (0..batch.samples).map(|_| None).collect();
        for (&sample, solution) in fit.iter().zip(solved.into_iter().flatten()) {
            out[sample] = solution.map(Ok);
        }
        Some(out)
    }
}

/// How many groups a thread solves before it looks for other work: enough tasks for every thread to have a few.
fn groups_per_task(samples: usize) -> usize {
    #[cfg(feature = "threads")]
    let threads = rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    let threads = 1;
    (samples / (4 * LANES * threads)).clamp(1, 16)
}

impl Batch {
    /// The problem of one sample without its matrices, which stay where they are.
    fn vectors(&self, sample: usize) -> Result<Problem, Error> {
        let base = &self.base;
        let vector = |block: Block, of_base: &[f64]| {
            self.values(block, sample).map_or_else(|| of_base.to_vec(), <[f64]>::to_vec)
        };
        let problem = Problem {
            q: vector(Block::Q, &base.q),
            r: base.r,
            b: vector(Block::B, &base.b),
            gl: vector(Block::Gl, &base.gl),
            gu: vector(Block::Gu, &base.gu),
            lo: vector(Block::Lo, &base.lo),
            hi: vector(Block::Hi, &base.hi),
            ..Problem::new(0)
        };
        problem.validate_vectors_for(base.p.ncols, base.a.nrows, base.g.nrows)?;
        Ok(problem)
    }
}

//! Many solves of one layer, together.

use crate::data::Array;
use crate::derivative::Gradients;
use crate::engine;
use crate::error::Error;
use crate::layer::Layer;
use crate::lifting::Lifted;
use crate::named::Named;
use crate::params::Params;
use crate::solution::Solution;
use altdiff::{Batch, Block, Problem};
use std::sync::Arc;

impl Layer {
    /// Solves the problem at each of several parameters, on the threads of the current `rayon` pool; what is wrong with
    /// one sample is that sample's error, and neighbours change nothing about a result.
    ///
    /// Blocks of the solver's data that are the same for all samples are shared, as those are that depend on no parameter
    /// or on none that varies; so are factors where P, A and G are.
    pub fn solve_batch(&self, batch: &[Params]) -> Vec<Result<Solution, Error>> {
        self.solve_batch_warm(batch, &[])
    }

    /// As [`solve_batch`](Self::solve_batch), each sample starting from an earlier solution where there is one; samples
    /// beyond the end of `warm` start cold.
    pub fn solve_batch_warm(
        &self,
        batch: &[Params],
        warm: &[Option<&Solution>],
    ) -> Vec<Result<Solution, Error>> {
        let lifted = batch.iter().map(|params| Lifted::new(self.program(), params)).collect();
        self.solve_all(lifted, warm)
    }

    pub(crate) fn solve_lifted_batch(
        &self,
        samples: Vec<Result<Lifted, Error>>,
    ) -> Vec<Result<Solution, Error>> {
        self.solve_all(samples, &[])
    }

    fn solve_all(
        &self,
        samples: Vec<Result<Lifted, Error>>,
        warm: &[Option<&Solution>],
    ) -> Vec<Result<Solution, Error>> {
        let blocks = &self.program().blocks;
        let ready = |lifted: Lifted| Ok((engine::problem(blocks, &lifted.theta_hat)?, lifted));
        let samples: Vec<Result<(Problem, Lifted), Error>> =
            samples.into_iter().map(|sample| sample.and_then(ready)).collect();
        let problems: Vec<&Problem> = samples.iter().flatten().map(|(problem, _)| problem).collect();
        let start = |k: usize| warm.get(k).copied().flatten().map(Solution::warm_start);
        let starts: Vec<_> =
            samples.iter().enumerate().filter(|(_, sample)| sample.is_ok()).map(|(k, _)| start(k)).collect();
        let starts: Vec<_> = starts.iter().map(Option::as_ref).collect();
        let constant = problems.first().map_or(0.0, |base| base.r);
        let together =
            together(&problems).and_then(|batch| Ok(self.solver().solve_batch(&batch, &starts)?));
        let mut together = together.ok().map(|all| all.into_samples().into_iter());
        let mut starts = starts.iter();
        let mut one = |(problem, lifted): (Problem, Lifted)| {
            let start = starts.next().copied().flatten();
            let solved = match together.as_mut().and_then(Iterator::next) {
                // The engine gives all samples the constant of the first.
                Some(solved) => solved.map(|mut s| {
                    s.objective += problem.r - constant;
                    s
                }),
                // What is wrong with the batch as a whole is wrong with each sample, which says so itself.
                None => self.solver().solve(&problem, start),
            };
            Ok(Solution::new(Arc::clone(self.inner()), lifted, problem, solved?))
        };
        samples.into_iter().map(|sample| sample.and_then(&mut one)).collect()
    }
}

/// Where a block's numbers are.
const BLOCKS: [(Block, fn(&Problem) -> &[f64]); 9] = [
    (Block::P, |p| &p.p.values),
    (Block::Q, |p| &p.q),
    (Block::A, |p| &p.a.values),
    (Block::B, |p| &p.b),
    (Block::G, |p| &p.g.values),
    (Block::Gl, |p| &p.gl),
    (Block::Gu, |p| &p.gu),
    (Block::Lo, |p| &p.lo),
    (Block::Hi, |p| &p.hi),
];

/// The engine's batch: the first problem, and the blocks in which others differ from it.
fn together(problems: &[&Problem]) -> Result<Batch, Error> {
    let Some(first) = problems.first() else { return Ok(Batch::new(Problem::new(0), 0)) };
    let mut out = Batch::new((*first).clone(), problems.len());
    for (block, of) in BLOCKS {
        if problems.iter().any(|p| of(p) != of(first)) {
            out = out.with(block, problems.iter().flat_map(|p| of(p)).copied().collect())?;
        }
    }
    Ok(out)
}

/// The derivatives of a batch: for each solution those of the sum of its outputs times its cotangents, see
/// [`Solution::vjp`], on the threads of the current pool. A sample that has no solution has an error in its place.
///
/// A parameter that all samples share moves them all: its derivative is the sum over the samples.
///
/// # Errors
/// [`Error::Length`] unless there is one set of cotangents per solution.
pub fn vjp_batch(
    solutions: &[Result<Solution, Error>],
    cotangents: &[Named<Array>],
) -> Result<Vec<Result<Gradients, Error>>, Error> {
    let (expected, given) = (solutions.len(), cotangents.len());
    if expected != given {
        return Err(Error::Length { name: "the batch".to_owned(), expected, given });
    }
    let one = |k: usize| match &solutions[k] {
        Ok(solution) => solution.vjp(&cotangents[k]),
        Err(error) => Err(Error::Sample(error.to_string())),
    };
    Ok(altdiff::map_samples(expected, one))
}

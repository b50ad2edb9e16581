//! Many parameter values of one layer, solved and differentiated together.

use crate::data::Array;
use crate::derivative::Gradients;
use crate::engine;
use crate::error::Error;
use crate::layer::Layer;
use crate::lifting::Lifted;
use crate::named::Named;
use crate::params::Params;
use crate::passes;
use crate::solution::Solution;
use altdiff::{Batch, Block, Problem};
use cvxlayer_program::{BlockKind, Depends, Program};
use std::sync::Arc;

/// The blocks of the program and of the engine.
const BLOCKS: [(BlockKind, Block); 10] = [
    (BlockKind::P, Block::P),
    (BlockKind::Q, Block::Q),
    (BlockKind::A, Block::A),
    (BlockKind::B, Block::B),
    (BlockKind::G, Block::G),
    (BlockKind::Gl, Block::Gl),
    (BlockKind::Gu, Block::Gu),
    (BlockKind::Lo, Block::Lo),
    (BlockKind::Hi, Block::Hi),
    (BlockKind::W, Block::W),
];

impl Layer {
    /// Solves the problem at many parameter values; the results are in their order.
    ///
    /// A parameter whose values are all the same is shared. Blocks of the program that no other parameter reaches are
    /// shared by all samples, and where the matrices are, so is their factorization. Samples run on threads, and each
    /// comes out as if it were alone: what is wrong with one, values or problem, is that sample's own error or status.
    pub fn solve_batch(&self, params: &[Params]) -> Vec<Result<Solution, Error>> {
        self.solve_batch_warm(params, &[])
    }

    /// As [`solve_batch`](Self::solve_batch), each sample starting from an earlier solution where there is one; samples
    /// beyond the end of `warm` start cold.
    pub fn solve_batch_warm(
        &self,
        params: &[Params],
        warm: &[Option<&Solution>],
    ) -> Vec<Result<Solution, Error>> {
        let lifted = params.iter().map(|params| Lifted::new(self.program(), params)).collect();
        self.solve_lifted_batch(lifted, warm)
    }

    pub(crate) fn solve_lifted_batch(
        &self,
        samples: Vec<Result<Lifted, Error>>,
        warm: &[Option<&Solution>],
    ) -> Vec<Result<Solution, Error>> {
        let inner = self.inner();
        let program = &inner.program;
        let ready = |lifted: Lifted| Ok((engine::problem(&program.blocks, &lifted.theta_hat)?, lifted));
        let samples: Vec<Result<(Problem, Lifted), Error>> =
            samples.into_iter().map(|sample| sample.and_then(ready)).collect();
        let starts: Vec<_> = samples
            .iter()
            .enumerate()
            .filter(|(_, sample)| sample.is_ok())
            .map(|(k, _)| warm.get(k).copied().flatten().map(Solution::warm_start))
            .collect();
        let starts: Vec<_> = starts.iter().map(Option::as_ref).collect();
        let good: Vec<_> = samples.iter().flatten().collect();
        let constant = good.first().map_or(0.0, |(base, _)| base.r);
        let depends = inner.depends.get_or_init(|| passes::depends(program));
        let together = batch(program, depends, &good)
            .and_then(|batch| Ok(self.solver().solve_batch(&batch, &starts)?.into_samples()));
        let mut together = together.ok().map(Vec::into_iter);
        let mut one = |(problem, lifted): (Problem, Lifted)| {
            let solved = match together.as_mut().and_then(Iterator::next) {
                // The engine gives all samples the constant of the first.
                Some(solved) => solved.map(|mut s| {
                    s.objective += problem.r - constant;
                    s
                }),
                // What is wrong with the batch as a whole is wrong with each sample, which says so itself.
                None => self.solver().solve(&problem, None),
            };
            Ok(Solution::new(Arc::clone(inner), lifted, problem, solved?))
        };
        samples.into_iter().map(|sample| sample.and_then(&mut one)).collect()
    }
}

/// The engine's batch: blocks that no parameter reaches which differs between samples are shared.
fn batch(program: &Program, depends: &Depends, samples: &[&(Problem, Lifted)]) -> Result<Batch, Error> {
    let Some((first, lifted)) = samples.first() else { return Ok(Batch::new(Problem::new(0), 0)) };
    let differs = |position: &u32| {
        let p = &program.parameters[*position as usize];
        let range = p.start..p.start + p.len();
        let reference = &lifted.theta[range.clone()];
        samples.iter().any(|(_, other)| {
            other.theta[range.clone()].iter().zip(reference).any(|(a, b)| a.to_bits() != b.to_bits())
        })
    };
    let mut batch = Batch::new(first.clone(), samples.len());
    for (kind, block) in BLOCKS {
        if depends.of(kind).iter().any(differs) {
            let values = samples.iter().flat_map(|(problem, _)| entries(problem, block).iter().copied());
            batch = batch.with(block, values.collect())?;
        }
    }
    Ok(batch)
}

fn entries(problem: &Problem, block: Block) -> &[f64] {
    match block {
        Block::P => &problem.p.values,
        Block::Q => &problem.q,
        Block::A => &problem.a.values,
        Block::B => &problem.b,
        Block::G => &problem.g.values,
        Block::Gl => &problem.gl,
        Block::Gu => &problem.gu,
        Block::Lo => &problem.lo,
        Block::Hi => &problem.hi,
        Block::W => &problem.w,
    }
}

/// The derivatives of a batch: for each solution those of the sum of its outputs times its cotangents, see
/// [`Solution::vjp`]. A sample that was not solved has an error in its place.
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

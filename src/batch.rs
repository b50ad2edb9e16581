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
const BLOCKS: [(BlockKind, Block); 9] = [
    (BlockKind::P, Block::P),
    (BlockKind::Q, Block::Q),
    (BlockKind::A, Block::A),
    (BlockKind::B, Block::B),
    (BlockKind::G, Block::G),
    (BlockKind::Gl, Block::Gl),
    (BlockKind::Gu, Block::Gu),
    (BlockKind::Lo, Block::Lo),
    (BlockKind::Hi, Block::Hi),
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
        let program = &self.inner.program;
        let mut out: Vec<Option<Result<Solution, Error>>> = Vec::with_capacity(params.len());
        let mut good = Vec::with_capacity(params.len());
        for (k, params) in params.iter().enumerate() {
            let lifted = Lifted::new(program, params);
            let made = lifted.and_then(|l| Ok((engine::problem(&program.blocks, &l.theta_hat)?, l)));
            match made {
                Ok((problem, lifted)) => {
                    good.push((k, problem, lifted));
                    out.push(None);
                }
                Err(error) => out.push(Some(Err(error))),
            }
        }
        let starts: Vec<_> =
            good.iter().map(|(k, ..)| warm.get(*k).copied().flatten().map(Solution::warm_start)).collect();
        let starts: Vec<_> = starts.iter().map(Option::as_ref).collect();
        let depends = self.inner.depends.get_or_init(|| passes::depends(program));
        match batch(program, depends, &good)
            .and_then(|batch| Ok(self.inner.solver.solve_batch(&batch, &starts)?))
        {
            Ok(samples) => {
                for ((k, problem, lifted), solved) in good.into_iter().zip(samples.into_samples()) {
                    let solution = solved.map(|s| Solution::new(Arc::clone(&self.inner), lifted, problem, s));
                    out[k] = Some(solution.map_err(Error::from));
                }
            }
            // What is wrong with all of them is each one's error, by its own solve.
            Err(_) => {
                for (k, ..) in good {
                    out[k] = Some(self.solve(&params[k]));
                }
            }
        }
        out.into_iter().flatten().collect()
    }
}

/// The engine's batch: blocks that no parameter reaches which differs between samples are shared.
fn batch(program: &Program, depends: &Depends, samples: &[(usize, Problem, Lifted)]) -> Result<Batch, Error> {
    let Some((_, first, lifted)) = samples.first() else { return Ok(Batch::new(Problem::new(0), 0)) };
    let differs = |position: &u32| {
        let p = &program.parameters[*position as usize];
        let range = p.start..p.start + p.len();
        let reference = &lifted.theta[range.clone()];
        samples.iter().any(|(_, _, other)| {
            other.theta[range.clone()].iter().zip(reference).any(|(a, b)| a.to_bits() != b.to_bits())
        })
    };
    let mut batch = Batch::new(first.clone(), samples.len());
    for (kind, block) in BLOCKS {
        if depends.of(kind).iter().any(differs) {
            let values = samples.iter().flat_map(|(_, problem, _)| entries(problem, block).iter().copied());
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

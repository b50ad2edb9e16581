//! Many solves of one layer, together.

use crate::engine;
use crate::error::Error;
use crate::layer::Layer;
use crate::lifting::Lifted;
use crate::params::Params;
use crate::solution::Solution;
use altdiff::{Batch, Block, Problem};
use cvxlayer_program::BlockKind;
use std::sync::Arc;

impl Layer {
    /// Solves the problem at each of several parameters, on the threads of the current `rayon` pool; what is wrong with
    /// one sample is that sample's error, and neighbours change nothing about a result.
    ///
    /// Blocks of the solver's data that depend on no parameter are shared by all samples, and so are factors where P,
    /// A and G are.
    pub fn solve_batch(&self, batch: &[Params]) -> Vec<Result<Solution, Error>> {
        self.solve_lifted_batch(batch.iter().map(|params| Lifted::new(self.program(), params)).collect())
    }

    pub(crate) fn solve_lifted_batch(
        &self,
        samples: Vec<Result<Lifted, Error>>,
    ) -> Vec<Result<Solution, Error>> {
        let blocks = &self.program().blocks;
        let ready = |lifted: Lifted| Ok((engine::problem(blocks, &lifted.theta_hat)?, lifted));
        let samples: Vec<Result<(Problem, Lifted), Error>> =
            samples.into_iter().map(|sample| sample.and_then(ready)).collect();
        let problems: Vec<&Problem> = samples.iter().flatten().map(|(problem, _)| problem).collect();
        let constant = problems.first().map_or(0.0, |base| base.r);
        let together =
            self.together(&problems).and_then(|batch| Ok(self.solver().solve_batch(&batch, &[])?));
        let mut together = together.ok().map(|all| all.into_samples().into_iter());
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
            Ok(Solution::new(Arc::clone(self.inner()), lifted, problem, solved?))
        };
        samples.into_iter().map(|sample| sample.and_then(&mut one)).collect()
    }

    /// The engine's batch: the first problem, and the blocks in which others differ from it.
    fn together(&self, problems: &[&Problem]) -> Result<Batch, Error> {
        let mut out =
            Batch::new(problems.first().map_or_else(|| Problem::new(0), |p| (*p).clone()), problems.len());
        for (kind, _) in self.program().depends.blocks.iter() {
            let Some((block, of)) = block(*kind) else { continue };
            out = out.with(block, problems.iter().flat_map(|p| of(p)).copied().collect())?;
        }
        Ok(out)
    }
}

type Numbers = fn(&Problem) -> &[f64];

/// A block in the engine's terms, and where its numbers are; none for the constant.
fn block(kind: BlockKind) -> Option<(Block, Numbers)> {
    Some(match kind {
        BlockKind::P => (Block::P, |p| &p.p.values),
        BlockKind::Q => (Block::Q, |p| &p.q),
        BlockKind::R => return None,
        BlockKind::A => (Block::A, |p| &p.a.values),
        BlockKind::B => (Block::B, |p| &p.b),
        BlockKind::G => (Block::G, |p| &p.g.values),
        BlockKind::Gl => (Block::Gl, |p| &p.gl),
        BlockKind::Gu => (Block::Gu, |p| &p.gu),
        BlockKind::Lo => (Block::Lo, |p| &p.lo),
        BlockKind::Hi => (Block::Hi, |p| &p.hi),
    })
}

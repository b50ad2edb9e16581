//! Many parameter values of one layer, solved and differentiated together.

use crate::data::Array;
use crate::derivative::Gradients;
use crate::engine;
use crate::error::Error;
use crate::layer::Layer;
use crate::lifting::{Lifted, Moving};
use crate::named::Named;
use crate::params::Params;
use crate::passes;
use crate::solution::{Origin, Solution};
use altdiff::{Batch, Block, WarmStart};
use cvxlayer_program::Program;
use std::sync::Arc;

/// A sample of a batch, ready to be solved: the entries of θ that are its own, and its own blocks of data.
struct Sample {
    theta: Vec<f64>,
    constant: f64,
}

impl Layer {
    /// Solves the problem at many parameter values; the results are in their order.
    ///
    /// A parameter whose values are all the same is shared, see [`solve_batch_of`](Self::solve_batch_of), which spares
    /// the comparison. What is wrong with a sample, values or problem, is that sample's own error or status.
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
        let Some(first) = params.first() else { return Vec::new() };
        let all = self.program().parameters.iter();
        let own = all.map(|p| params.iter().any(|other| other.get(&p.name) != first.get(&p.name))).collect();
        self.solve_own(first, params, own, warm)
    }

    /// Solves the problem at many values of some parameters, those in `own`, with the values of the other ones in
    /// `shared`; the results are in the order of `own`. A sample that leaves out a parameter takes it from `shared`.
    ///
    /// What depends on shared parameters alone is evaluated, and checked, once; blocks of the program that no other
    /// parameter reaches are shared by all samples, and where the matrices are, so is their factorization. Samples run on
    /// threads, and each comes out as if it were alone: what is wrong with one, values or problem, is that sample's own
    /// error or status. [`vjp_batch_sum`](crate::vjp_batch_sum) is the derivative of all.
    ///
    /// Each sample starts from an earlier solution where `warm` has one.
    pub fn solve_batch_of(
        &self,
        shared: &Params,
        own: &[Params],
        warm: &[Option<&Solution>],
    ) -> Vec<Result<Solution, Error>> {
        let given = |name: &str| own.iter().any(|params| params.get(name).is_some());
        let is_own = self.program().parameters.iter().map(|p| given(&p.name)).collect();
        self.solve_own(shared, own, is_own, warm)
    }

    /// Solves samples that differ in the parameters marked; the other ones are those of `shared`.
    fn solve_own(
        &self,
        shared: &Params,
        own: &[Params],
        is_own: Vec<bool>,
        warm: &[Option<&Solution>],
    ) -> Vec<Result<Solution, Error>> {
        let inner = self.inner();
        let program = &inner.program;
        let alone = |k: usize| {
            let start = warm.get(k).copied().flatten();
            self.solve_with(&own[k].or(shared), start, &mut |_| engine::Control::Continue)
        };
        // All that is shared is evaluated at the first sample that has no fault.
        let base = own.iter().find_map(|params| Lifted::new(program, &params.or(shared)).ok());
        let problem = base.as_ref().and_then(|b| engine::problem(&program.blocks, &b.theta_hat).ok());
        let (Some(base), Some(problem)) = (base, problem) else {
            return (0..own.len()).map(alone).collect();
        };
        let (base, moving) = (Arc::new(base), Arc::new(Moving::new(program, is_own)));
        let depends = inner.depends.get_or_init(|| passes::depends(program));
        let is_moved = |kind| depends.of(kind).iter().any(|p| moving.parameters[*p as usize]);
        let blocks: Vec<Block> =
            engine::BLOCKS.into_iter().filter(|(kind, _)| is_moved(*kind)).map(|(_, block)| block).collect();
        let mut scratch = (*base).clone();
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); blocks.len()];
        let mut samples: Vec<Option<Sample>> = Vec::with_capacity(own.len());
        for params in own {
            let lens: Vec<usize> = values.iter().map(Vec::len).collect();
            let sample = sample(program, &moving, (params, shared), &mut scratch, (&blocks, &mut values));
            if sample.is_none() {
                values.iter_mut().zip(lens).for_each(|(v, len)| v.truncate(len));
            }
            samples.push(sample);
        }
        let good = samples.iter().flatten().count();
        let constant = problem.r;
        let batch = blocks
            .iter()
            .zip(values)
            .try_fold(Batch::new(problem, good), |batch, (block, values)| batch.with(*block, values));
        let starts: Vec<Option<WarmStart>> = (0..own.len())
            .filter(|&k| samples[k].is_some())
            .map(|k| warm.get(k).copied().flatten().map(Solution::warm_start))
            .collect();
        let starts: Vec<_> = starts.iter().map(Option::as_ref).collect();
        let together = batch.and_then(|batch| self.solver().solve_batch(&batch, &starts));
        // What is wrong with the batch as a whole is wrong with each sample, which says so itself.
        let Ok(together) = together else { return (0..own.len()).map(alone).collect() };
        let mut together = together.into_samples().into_iter();
        let finish = |(k, sample): (usize, Option<Sample>)| {
            let Some((sample, solved)) = sample.and_then(|s| Some((s, together.next()?))) else {
                return alone(k);
            };
            let mut solved = solved?;
            // The engine gives all samples the constant of the base.
            solved.objective += sample.constant - constant;
            let origin = Origin::sample(Arc::clone(&base), Arc::clone(&moving), sample.theta);
            Ok(Solution::new(Arc::clone(inner), origin, None, solved))
        };
        samples.into_iter().enumerate().map(finish).collect()
    }

    pub(crate) fn solve_lifted_batch(
        &self,
        samples: Vec<Result<Lifted, Error>>,
    ) -> Vec<Result<Solution, Error>> {
        let inner = self.inner();
        let program = &inner.program;
        let ready = |lifted: Lifted| {
            let problem = engine::problem(&program.blocks, &lifted.theta_hat);
            Ok((problem.map_err(|error| engine::told(program, error))?, lifted))
        };
        let samples: Vec<Result<_, Error>> =
            samples.into_iter().map(|sample| sample.and_then(ready)).collect();
        let good: Vec<_> = samples.iter().flatten().collect();
        let together = good.first().and_then(|(base, _)| {
            let differs = |block: &Block| {
                let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                let first = bits(engine::entries(base, *block));
                good.iter().any(|(other, _)| bits(engine::entries(other, *block)) != first)
            };
            let mut batch = Batch::new(base.clone(), good.len());
            for block in Block::ALL.into_iter().filter(differs) {
                let values = good.iter().flat_map(|(problem, _)| engine::entries(problem, block)).copied();
                batch = batch.with(block, values.collect()).ok()?;
            }
            self.solver().solve_batch(&batch, &[]).ok()
        });
        let constant = good.first().map_or(0.0, |(base, _)| base.r);
        let mut together = together.map(|t| t.into_samples().into_iter());
        let mut one = |(problem, lifted): (altdiff::Problem, Lifted)| {
            let solved = match together.as_mut().and_then(Iterator::next) {
                Some(solved) => solved.map(|mut s| {
                    s.objective += problem.r - constant;
                    s
                }),
                None => self.solver().solve(&problem, None),
            };
            Ok(Solution::new(Arc::clone(inner), Origin::Made(lifted), Some(problem), solved?))
        };
        samples.into_iter().map(|sample| sample.and_then(&mut one)).collect()
    }
}

/// Evaluates what is a sample's own, in `scratch`, and appends its blocks; `None` if there is a fault in it.
fn sample(
    program: &Program,
    moving: &Moving,
    (params, shared): (&Params, &Params),
    scratch: &mut Lifted,
    (blocks, values): (&[Block], &mut [Vec<f64>]),
) -> Option<Sample> {
    if params.names().any(|name| program.position(name).is_none()) {
        return None;
    }
    let mut theta = Vec::new();
    for (parameter, _) in program.parameters.iter().zip(&moving.parameters).filter(|(_, own)| **own) {
        let source = if params.get(&parameter.name).is_some() { params } else { shared };
        theta.extend_from_slice(&source.entries(parameter).ok()?);
    }
    scratch.take(program, moving, &theta, params).ok()?;
    for (block, values) in blocks.iter().zip(values) {
        let start = values.len();
        values.resize(start + engine::block(&program.blocks, *block).len(), 0.0);
        engine::renew_block(&program.blocks, *block, &scratch.theta_hat, &mut values[start..]).ok()?;
    }
    let constant = engine::constant(&program.blocks, &scratch.theta_hat).ok()?;
    Some(Sample { theta, constant })
}

/// The derivatives of a batch: for each solution those of the sum of its outputs times its cotangents, see
/// [`Solution::vjp`]. A sample that was not solved has an error in its place.
///
/// A parameter that all samples share moves them all: its derivative is the sum over the samples, which
/// [`vjp_batch_sum`](crate::vjp_batch_sum) gives at less cost.
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

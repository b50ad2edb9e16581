//! Gradients of many solutions of one layer together.

use super::output::Output;
use super::{Gradients, parameter};
use crate::data::Array;
use crate::engine::{self, Route};
use crate::error::Error;
use crate::lifting::project;
use crate::named::Named;
use crate::passes;
use crate::solution::Solution;
use altdiff::{Block, Cotangent};
use cvxlayer_program::Program;
use std::sync::Arc;

/// The derivatives of a batch.
#[derive(Debug)]
pub struct BatchGradients {
    /// By each shared parameter, in the order they were asked for: the sum over the samples that have a derivative.
    pub shared: Named<Array>,
    /// By the other parameters, of each sample; or why it has none. Flag and notes are about all parameters.
    pub samples: Vec<Result<Gradients, Error>>,
}

/// The derivatives of a batch of solutions of one layer: for each of them those of the sum of its outputs times its
/// cotangents, see [`Solution::vjp`], by the parameters named in `shared` added up over the samples, by the other ones of
/// each sample.
///
/// Samples that were solved together, their matrices being shared, are differentiated together: everything their systems
/// have in common is one matrix product, and the derivative by shared matrices is never written down per sample. That
/// needs a program whose data are affine in the parameters, and solutions that are differentiable beyond doubt; other
/// samples are differentiated by themselves, and cotangents of lets and of the objective are taken that way too.
///
/// # Errors
/// [`Error::Length`] unless there is one set of cotangents per solution; [`Error::Unknown`] for a name in `shared` that no
/// parameter has.
pub fn vjp_batch_sum(
    solutions: &[Result<Solution, Error>],
    cotangents: &[Named<Array>],
    shared: &[&str],
) -> Result<BatchGradients, Error> {
    let (expected, given) = (solutions.len(), cotangents.len());
    if expected != given {
        return Err(Error::Length { name: "the batch".to_owned(), expected, given });
    }
    let Some(first) = solutions.iter().flatten().next() else {
        let failed = |s: &Result<Solution, Error>| Err(missing(s.as_ref().err()));
        return Ok(BatchGradients {
            shared: Named::default(),
            samples: solutions.iter().map(failed).collect(),
        });
    };
    let inner = &first.state.inner;
    let program = &inner.program;
    let positions: Vec<usize> =
        shared.iter().map(|name| parameter(program, name)).collect::<Result<_, _>>()?;
    let is_shared = |p: usize| positions.contains(&p);
    let affine = program.lift.derived.is_empty() && program.lift.products.is_empty();
    let mut samples: Vec<Option<Result<Gradients, Error>>> = solutions.iter().map(|_| None).collect();
    let (mut together, mut seeds, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for (k, solution) in solutions.iter().enumerate() {
        match solution {
            Err(error) => samples[k] = Some(Err(missing(Some(error)))),
            Ok(s)
                if affine
                    && Arc::ptr_eq(&s.state.inner, inner)
                    && s.state.smoothed.is_none()
                    && s.state.solved.is_clear() =>
            {
                match seed(program, &cotangents[k]) {
                    Ok(Some(seed)) => {
                        together.push(k);
                        seeds.push(seed);
                    }
                    Ok(None) => alone.push(k),
                    Err(error) => samples[k] = Some(Err(error)),
                }
            }
            Ok(_) => alone.push(k),
        }
    }
    // Blocks that shared parameters alone reach are added up before they are written down.
    let depends = inner.depends.get_or_init(|| passes::depends(program));
    let reached = engine::BLOCKS.into_iter().filter(|(kind, _)| !depends.of(*kind).is_empty());
    let (summed, own): (Vec<_>, Vec<_>) =
        reached.partition(|(kind, _)| depends.of(*kind).iter().all(|p| is_shared(*p as usize)));
    let blocks = |list: Vec<(_, Block)>| list.into_iter().map(|(_, block)| block).collect::<Vec<_>>();
    let (summed, own) = (blocks(summed), blocks(own));
    let solved: Vec<&altdiff::Solution> =
        together.iter().filter_map(|&k| solutions[k].as_ref().ok()).map(|s| &s.state.solved).collect();
    let gradient = altdiff::vjp_batch(&solved, &seeds, (&summed, &own), &engine::options(Route::default()))?;
    let mut total = vec![0.0; program.lift.len()];
    if !together.is_empty() {
        for block in summed {
            engine::block(&program.blocks, block).apply_adjoint(gradient.block(block), &mut total);
        }
    }
    let mut theta = vec![0.0; program.lift.len()];
    let mut touched: Vec<u32> =
        own.iter().flat_map(|b| engine::block(&program.blocks, *b).linear.col_idx.iter().copied()).collect();
    touched.sort_unstable();
    touched.dedup();
    for (at, &k) in together.iter().enumerate() {
        if let Some(error) = &gradient.failed[at] {
            samples[k] = Some(Err(error.clone().into()));
            continue;
        }
        for block in &own {
            let map = engine::block(&program.blocks, *block);
            map.apply_adjoint(&gradient.block(*block)[at * map.len()..][..map.len()], &mut theta);
        }
        let by = (0..program.parameters.len()).filter(|p| !is_shared(*p));
        let by = by.map(|p| named(program, p, &theta, &[])).collect();
        samples[k] = Some(Ok(Gradients { by, well_defined: true, notes: Vec::new() }));
        for &entry in &touched {
            total[entry as usize] += std::mem::take(&mut theta[entry as usize]);
        }
    }
    let made = altdiff::map_samples(alone.len(), |at| match &solutions[alone[at]] {
        Ok(solution) => solution.vjp(&cotangents[alone[at]]),
        Err(error) => Err(missing(Some(error))),
    });
    let mut added: Vec<Vec<f64>> =
        positions.iter().map(|&p| vec![0.0; program.parameters[p].len()]).collect();
    for (k, made) in alone.into_iter().zip(made) {
        samples[k] = Some(made.map(|gradients| {
            let Gradients { by, well_defined, notes } = gradients;
            for (sum, &p) in added.iter_mut().zip(&positions) {
                let part = by.get(&program.parameters[p].name).map_or(&[][..], Array::values);
                sum.iter_mut().zip(part).for_each(|(s, v)| *s += v);
            }
            let by = by.iter().filter(|(name, _)| !shared.contains(name));
            Gradients { by: by.map(|(name, value)| (name, value.clone())).collect(), well_defined, notes }
        }));
    }
    Ok(BatchGradients {
        shared: positions.iter().zip(&added).map(|(&p, added)| named(program, p, &total, added)).collect(),
        samples: samples.into_iter().flatten().collect(),
    })
}

fn missing(error: Option<&Error>) -> Error {
    Error::Sample(error.map_or_else(String::new, ToString::to_string))
}

/// The gradient by a parameter from the cotangents of θ, and what is added to it.
fn named(program: &Program, position: usize, theta: &[f64], added: &[f64]) -> (String, Array) {
    let p = &program.parameters[position];
    let mut entries = project(p, &theta[p.start..p.start + p.len()]);
    entries.iter_mut().zip(added).for_each(|(e, v)| *e += v);
    let entries = entries.into_iter().map(|v| v + 0.0).collect();
    (p.name.to_string(), Array::stored(p.shape, &p.storage, entries))
}

/// The engine's cotangent of variables, duals and bounds; `None` if other outputs are seeded.
fn seed(program: &Program, cotangents: &Named<Array>) -> Result<Option<Cotangent>, Error> {
    let map = &program.solution;
    let (mut x, mut stacked) = (vec![0.0; program.variables()], vec![0.0; program.multipliers()]);
    let mut plain = true;
    for (name, value) in cotangents.iter() {
        let output = Output::find(program, name)?;
        let (expected, given) = (output.len(program), value.to_dense());
        if given.len() != expected {
            return Err(Error::Length { name: name.to_owned(), expected, given: given.len() });
        }
        match output {
            Output::Variable(i) => map.variables[i].apply_adjoint(&given, &mut x),
            Output::Dual(i) => map.duals[i].map.apply_adjoint(&given, &mut stacked),
            Output::Bound(i) => map.bounds[i].map.apply_adjoint(&given, &mut stacked),
            Output::Let(_) | Output::Objective => plain = false,
        }
    }
    Ok(plain.then(|| engine::cotangent(program, x, &stacked)))
}

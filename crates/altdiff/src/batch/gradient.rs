//! Derivatives of a batch.

use super::adjoint::{GroupAdjoint, Lanes, add_sum};
use super::group::Group;
use super::wide::LANES;
use super::{BatchSolution, Block, map_groups, map_samples};
use crate::derivative::{Adjoint, State, block_of, in_doubt};
use crate::{Cotangent, DerivativeOptions, Error, Harm, Route, Solution};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The derivative of a scalar of all samples' solutions by the data of the batch.
///
/// A block that is shared has the sum over the samples, in the shape of the block; one that is not has each sample's
/// own, sample after sample. Blocks that were not asked for are empty. A sample without a derivative contributes zeros,
/// and is named in `failed`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchGradient {
    blocks: [Vec<f64>; 10],
    /// What can make each sample's derivative ill defined.
    pub harmful: Vec<Vec<Harm>>,
    /// Relative residual of each sample's linear system.
    pub residual: Vec<f64>,
    /// Why a sample has no derivative.
    pub failed: Vec<Option<Error>>,
}

impl BatchGradient {
    /// The part that belongs to a block.
    pub fn block(&self, block: Block) -> &[f64] {
        &self.blocks[block as usize]
    }
}

impl BatchSolution {
    /// The derivative of the sum of the samples' scalars whose derivatives by the outputs are `cotangents`, by the
    /// `wanted` blocks: shared ones summed over the samples. See [`vjp_batch`].
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one cotangent per sample.
    pub fn vjp(
        &self,
        cotangents: &[Cotangent],
        wanted: &[Block],
        options: &DerivativeOptions,
    ) -> Result<BatchGradient, Error> {
        let solutions: Vec<_> = self.samples.iter().map(Result::as_ref).collect();
        let is_shared = |block: &Block| self.shared[*block as usize];
        let (summed, own): (Vec<Block>, Vec<Block>) = wanted.iter().partition(|block| is_shared(block));
        vjp(&solutions, cotangents, (&summed, &own), options)
    }
}

/// The derivative of the sum of several solutions' scalars whose derivatives by the outputs are `cotangents`, the
/// problems having one pattern: by the blocks in `summed` added up over the solutions, by those in `own` one solution's
/// after another's.
///
/// Solutions of one batch that are differentiable beyond doubt and share their matrices are differentiated side by side.
///
/// # Errors
/// [`Error::Shape`] unless there is one cotangent per solution.
pub fn vjp_batch(
    solutions: &[&Solution],
    cotangents: &[Cotangent],
    (summed, own): (&[Block], &[Block]),
    options: &DerivativeOptions,
) -> Result<BatchGradient, Error> {
    let solutions: Vec<_> = solutions.iter().map(|s| Ok(*s)).collect();
    vjp(&solutions, cotangents, (summed, own), options)
}

/// Where a sample is differentiated side by side with others.
#[derive(Debug, Clone, Copy)]
struct Place {
    group: usize,
    lane: usize,
}

/// The adjoint of one sample by itself.
type Alone<'a> = Result<(&'a State, Adjoint), Error>;

/// The adjoints of a batch: of groups, and of samples that are in none.
struct Adjoints<'a> {
    groups: Vec<(&'a Group, GroupAdjoint)>,
    places: Vec<Option<Place>>,
    alone: Vec<Option<Alone<'a>>>,
}

fn vjp(
    solutions: &[Result<&Solution, &Error>],
    cotangents: &[Cotangent],
    (summed, own): (&[Block], &[Block]),
    options: &DerivativeOptions,
) -> Result<BatchGradient, Error> {
    let expected = solutions.len();
    if cotangents.len() != expected {
        let found = cotangents.len();
        return Err(Error::Shape { block: "cotangents", unit: "entries", found, expected });
    }
    let mut adjoints = Adjoints::new(solutions, cotangents, options);
    let mut out = BatchGradient::default();
    for (place, alone) in adjoints.places.iter().zip(&mut adjoints.alone) {
        let (residual, harmful, failed) = match (place, alone) {
            (Some(at), _) => {
                let adjoint = &adjoints.groups[at.group].1;
                match &adjoint.failed[at.lane] {
                    None => (adjoint.residual.0[at.lane], Vec::new(), None),
                    Some(error) => (f64::NAN, Vec::new(), Some(error.clone())),
                }
            }
            (_, Some(Ok((_, Adjoint::Clean { residual, .. })))) => (*residual, Vec::new(), None),
            (_, Some(Ok((_, Adjoint::General(g))))) => (g.residual, std::mem::take(&mut g.harmful), None),
            (_, Some(Err(error))) => (f64::NAN, Vec::new(), Some(error.clone())),
            (None, None) => (f64::NAN, Vec::new(), None),
        };
        out.residual.push(residual);
        out.harmful.push(harmful);
        out.failed.push(failed);
    }
    for block in own {
        out.blocks[*block as usize] = adjoints.each(*block);
    }
    for block in summed {
        out.blocks[*block as usize] = adjoints.sum(*block);
    }
    Ok(out)
}

impl<'a> Adjoints<'a> {
    fn new(
        solutions: &[Result<&'a Solution, &Error>],
        cotangents: &[Cotangent],
        options: &DerivativeOptions,
    ) -> Self {
        let mut places: Vec<Option<Place>> = vec![None; solutions.len()];
        let mut groups: Vec<(&'a Group, Lanes<'_>)> = Vec::new();
        let mut known = BTreeMap::new();
        if options.route == Route::ReducedKkt {
            for (k, solution) in solutions.iter().enumerate() {
                let Ok(Some(sample)) = solution.map(|s| s.sample.as_ref()) else { continue };
                let group = *known.entry(Arc::as_ptr(&sample.group)).or_insert_with(|| {
                    groups.push((&*sample.group, [None; LANES]));
                    groups.len() - 1
                });
                // A solution that is given twice is differentiated by itself the second time.
                if groups[group].1[sample.lane].is_none() {
                    groups[group].1[sample.lane] = Some(&cotangents[k]);
                    places[k] = Some(Place { group, lane: sample.lane });
                }
            }
        }
        let mut made = map_groups(groups.len(), |g| groups[g].0.adjoint(&groups[g].1));
        for place in &mut places {
            if let Some(Place { group, lane }) = *place
                && made[group].failed[lane].is_none()
                && in_doubt(made[group].residual.0[lane])
            {
                made[group].d.clear(lane);
                *place = None;
            }
        }
        let groups = groups.into_iter().map(|(group, _)| group).zip(made).collect();
        let rest: Vec<usize> = (0..places.len()).filter(|&k| places[k].is_none()).collect();
        let made = map_samples(rest.len(), |at| {
            let solution = solutions[rest[at]].map_err(Clone::clone)?;
            let state = solution.state()?;
            state.adjoint(solution, &cotangents[rest[at]], options).map(|adjoint| (&**state, adjoint))
        });
        let mut alone: Vec<Option<Alone<'a>>> = places.iter().map(|_| None).collect();
        for (at, made) in rest.into_iter().zip(made) {
            alone[at] = Some(made);
        }
        Self { groups, places, alone }
    }

    /// Number of entries of a block.
    fn len(&self, block: Block) -> usize {
        let alone = || self.alone.iter().flatten().find_map(|a| a.as_ref().ok().map(|(s, _)| s.len(block)));
        self.groups.first().map(|(group, _)| group.len(block)).or_else(alone).unwrap_or(0)
    }

    /// One block's gradient, added up over the samples.
    fn sum(&self, block: Block) -> Vec<f64> {
        let mut out = vec![0.0; self.len(block)];
        add_sum(block, &self.groups, &mut out);
        let mut room = Vec::new();
        for (state, adjoint) in self.alone.iter().flatten().flatten() {
            for (o, v) in out.iter_mut().zip(state.block(block, adjoint, &mut room)) {
                *o += v;
            }
        }
        out
    }

    /// One block's gradients of all samples, one after another.
    fn each(&self, block: Block) -> Vec<f64> {
        let len = self.len(block);
        let parts =
            map_samples(self.places.len(), |sample| match (self.places[sample], &self.alone[sample]) {
                (Some(Place { group, lane }), _) => {
                    let (group, adjoint) = &self.groups[group];
                    let d = adjoint.d.sample(lane);
                    let at = group.point.sample(lane);
                    let active = group.active_set(lane);
                    let (together, mut room) = (group.together(), Vec::new());
                    block_of(&together.core, together.equalities, (&at, &active), &d, block, &mut room)
                        .to_vec()
                }
                (None, Some(Ok((state, adjoint)))) => state.block(block, adjoint, &mut Vec::new()).to_vec(),
                _ => vec![0.0; len],
            });
        parts.concat()
    }
}

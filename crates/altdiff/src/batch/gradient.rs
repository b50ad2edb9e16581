//! Derivatives of a batch.

use super::adjoint::{GroupAdjoint, add_sum};
use super::solve::Place;
use super::{BatchSolution, Block, map_groups, map_samples};
use crate::derivative::{Adjoint, State, block_of};
use crate::{Cotangent, DerivativeOptions, Error, Harm, Route};

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

/// The adjoint of one sample by itself.
type Alone<'a> = Result<(&'a State, Adjoint), Error>;

/// The adjoints of a batch: of groups, and of samples that are in none.
struct Adjoints<'a> {
    groups: Vec<GroupAdjoint>,
    places: Vec<Option<Place>>,
    alone: Vec<Option<Alone<'a>>>,
}

impl BatchSolution {
    /// The derivative of the sum of the samples' scalars whose derivatives by the outputs are `cotangents`, by the
    /// `wanted` blocks: shared ones summed over the samples.
    ///
    /// Samples whose solutions are differentiable beyond doubt are differentiated together, their matrices being shared.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one cotangent per sample.
    pub fn vjp(
        &self,
        cotangents: &[Cotangent],
        wanted: &[Block],
        options: &DerivativeOptions,
    ) -> Result<BatchGradient, Error> {
        let expected = self.samples.len();
        if cotangents.len() != expected {
            let found = cotangents.len();
            return Err(Error::Shape { block: "cotangents", unit: "entries", found, expected });
        }
        let mut adjoints = self.adjoints(cotangents, options);
        let mut out = BatchGradient::default();
        for (place, alone) in adjoints.places.iter().zip(&mut adjoints.alone) {
            let (residual, harmful, failed) = match (place, alone) {
                (Some(at), _) => {
                    let group = &adjoints.groups[at.group];
                    match &group.failed[at.lane] {
                        None => (group.residual.0[at.lane], Vec::new(), None),
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
        for block in wanted {
            out.blocks[*block as usize] = self.collect(*block, &adjoints);
        }
        Ok(out)
    }

    fn adjoints(&self, cotangents: &[Cotangent], options: &DerivativeOptions) -> Adjoints<'_> {
        let quick = options.route == Route::ReducedKkt;
        let places = if quick { self.places.clone() } else { vec![None; self.samples.len()] };
        let groups = if quick { &self.groups[..] } else { &[] };
        let groups = map_groups(groups.len(), |g| self.groups[g].adjoint(cotangents));
        let rest: Vec<usize> = (0..places.len()).filter(|&k| places[k].is_none()).collect();
        let made = map_samples(rest.len(), |at| {
            let solution = self.samples[rest[at]].as_ref().map_err(Clone::clone)?;
            let state = solution.state()?;
            state.adjoint(solution, &cotangents[rest[at]], options).map(|adjoint| (&**state, adjoint))
        });
        let mut alone: Vec<Option<Alone<'_>>> = places.iter().map(|_| None).collect();
        for (at, made) in rest.into_iter().zip(made) {
            alone[at] = Some(made);
        }
        Adjoints { groups, places, alone }
    }

    /// One block of all samples' gradients.
    fn collect(&self, block: Block, adjoints: &Adjoints<'_>) -> Vec<f64> {
        let Adjoints { groups, places, alone } = adjoints;
        let alone_len =
            || alone.iter().flatten().find_map(|a| a.as_ref().ok().map(|(state, _)| state.len(block)));
        let len = self.groups.first().map(|group| group.len(block)).or_else(alone_len).unwrap_or(0);
        let mut room = Vec::new();
        if self.shared[block as usize] {
            let mut out = vec![0.0; len];
            let pairs: Vec<_> = self.groups.iter().map(|g| &**g).zip(groups).collect();
            add_sum(block, &pairs, &mut out);
            for (state, adjoint) in alone.iter().flatten().flatten() {
                for (o, v) in out.iter_mut().zip(state.block(block, adjoint, &mut room)) {
                    *o += v;
                }
            }
            return out;
        }
        let parts = map_samples(places.len(), |sample| match (&places[sample], &alone[sample]) {
            (Some(Place { group: g, lane }), _) => {
                let (group, mut room) = (&self.groups[*g], Vec::new());
                let d = group.sample_adjoint(&groups[*g], *lane);
                let at = group.sample_point(&group.point, *lane);
                let active = group.active_set(*lane);
                let together = group.together();
                block_of(&together.core, together.equalities, (&at, &active), &d, block, &mut room).to_vec()
            }
            (None, Some(Ok((state, adjoint)))) => state.block(block, adjoint, &mut Vec::new()).to_vec(),
            _ => vec![0.0; len],
        });
        parts.concat()
    }
}

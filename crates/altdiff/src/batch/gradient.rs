//! Derivatives of a batch.

use super::{BatchSolution, Block, map_samples};
use crate::derivative::{Adjoint, State};
use crate::{Cotangent, DerivativeOptions, Error, Harm};

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
    /// `wanted` blocks: shared ones summed over the samples, in their order.
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
        let mut parts = map_samples(expected, |sample| {
            let solution = self.samples[sample].as_ref().map_err(Clone::clone)?;
            let state = solution.state()?;
            state.adjoint(solution, &cotangents[sample], options).map(|adjoint| (state, adjoint))
        });
        let mut out = BatchGradient::default();
        for part in &mut parts {
            let (residual, harmful, failed) = match part {
                Ok((_, Adjoint::Clean { residual, .. })) => (*residual, Vec::new(), None),
                Ok((_, Adjoint::General(g))) => (g.residual, std::mem::take(&mut g.harmful), None),
                Err(error) => (f64::NAN, Vec::new(), Some(error.clone())),
            };
            out.residual.push(residual);
            out.harmful.push(harmful);
            out.failed.push(failed);
        }
        let blocks = map_samples(wanted.len(), |k| self.collect(wanted[k], &parts));
        for (block, values) in wanted.iter().zip(blocks) {
            out.blocks[*block as usize] = values;
        }
        Ok(out)
    }

    /// One block of all samples' gradients.
    fn collect(&self, block: Block, parts: &[Result<(&State, Adjoint), Error>]) -> Vec<f64> {
        let len = parts.iter().find_map(|part| part.as_ref().ok().map(|(state, _)| state.len(block)));
        let len = len.unwrap_or(0);
        let summed = self.shared[block as usize];
        let mut out = vec![0.0; if summed { len } else { len * parts.len() }];
        let mut room = Vec::new();
        for (sample, part) in parts.iter().enumerate() {
            let Ok((state, adjoint)) = part else { continue };
            let values = state.block(block, adjoint, &mut room);
            let target = if summed { &mut out[..] } else { &mut out[sample * len..(sample + 1) * len] };
            for (t, v) in target.iter_mut().zip(values) {
                *t += v;
            }
        }
        out
    }
}

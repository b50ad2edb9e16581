//! A gradient whose blocks are made when they are asked for.

use super::adjoint::Adjoint;
use super::state::State;
use crate::{Block, Cotangent, DerivativeOptions, Error, Harm, Solution};

/// As [`crate::Gradient`], kept as the adjoint it follows from: n + m + p numbers, where P's entries alone would be n².
/// Entries are made when a block is asked for.
#[derive(Debug)]
pub struct FactoredGradient<'a> {
    state: &'a State,
    adjoint: Adjoint,
}

impl Solution {
    /// As [`Solution::vjp`], without the entries: what does not need P's n² need not write them.
    ///
    /// # Errors
    /// As [`Solution::vjp`].
    pub fn vjp_factored(
        &self,
        cotangent: &Cotangent,
        options: &DerivativeOptions,
    ) -> Result<FactoredGradient<'_>, Error> {
        let state = self.state()?;
        Ok(FactoredGradient { state, adjoint: state.adjoint(self, cotangent, options)? })
    }
}

impl FactoredGradient<'_> {
    /// The entries of a block, as in [`crate::Gradient`].
    pub fn block(&self, block: Block) -> Vec<f64> {
        self.state.block(block, &self.adjoint, &mut Vec::new()).to_vec()
    }

    /// By q. It is also d in P̄ = ½(d xᵀ + x dᵀ), x being the solution, which is the derivative by P as a matrix.
    pub fn q(&self) -> &[f64] {
        match &self.adjoint {
            Adjoint::Clean { d, .. } => &d.x,
            Adjoint::General(gradient) => &gradient.q,
        }
    }

    /// What can make the derivative ill defined; see [`crate::Gradient::harmful`].
    pub fn harmful(&self) -> &[Harm] {
        match &self.adjoint {
            Adjoint::Clean { .. } => &[],
            Adjoint::General(gradient) => &gradient.harmful,
        }
    }

    /// Relative residual of the derivative's linear system.
    pub fn residual(&self) -> f64 {
        match &self.adjoint {
            Adjoint::Clean { residual, .. } => *residual,
            Adjoint::General(gradient) => gradient.residual,
        }
    }
}

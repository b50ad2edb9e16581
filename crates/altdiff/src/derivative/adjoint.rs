//! The adjoint of a solution, from which every block of the gradient follows by itself.

use super::data::in_doubt;
use super::outer;
use super::state::{Stacked, State};
use crate::active::ActiveSet;
use crate::core::{Core, Point};
use crate::{Block, Cotangent, DerivativeOptions, Error, Gradient, Solution};

/// The adjoint d = −K⁻¹v.
#[derive(Debug)]
pub(crate) enum Adjoint {
    /// At a solution that is differentiable beyond doubt: d itself.
    Clean { d: Stacked, residual: f64 },
    /// Any other: all that was found out.
    General(Box<Gradient>),
}

impl State {
    /// The adjoint and its residual, where nothing about the solution is in doubt and the route is the usual one.
    pub(super) fn clean_adjoint(
        &self,
        cotangent: &Cotangent,
        options: &DerivativeOptions,
    ) -> Result<Option<(Stacked, f64)>, Error> {
        self.check_cotangent(cotangent)?;
        let Some(pivoted) = self.clean_pivots(options.route) else { return Ok(None) };
        let v = self.stack(cotangent, &self.active);
        let (mut d, residual) = self.solve_pivoted(pivoted, &v, &self.active);
        d.negate();
        Ok((!in_doubt(residual)).then_some((d, residual)))
    }

    /// The adjoint of a cotangent at this state, which is that of `solution`.
    pub(crate) fn adjoint(
        &self,
        solution: &Solution,
        cotangent: &Cotangent,
        options: &DerivativeOptions,
    ) -> Result<Adjoint, Error> {
        if self.slopes.get().is_some() {
            return Ok(Adjoint::General(Box::new(solution.vjp(cotangent, options)?)));
        }
        match self.clean_adjoint(cotangent, options)? {
            Some((d, residual)) => Ok(Adjoint::Clean { d, residual }),
            None => Ok(Adjoint::General(Box::new(solution.vjp(cotangent, options)?))),
        }
    }

    /// Number of entries of a block.
    pub(crate) fn len(&self, block: Block) -> usize {
        match (block, self.slopes.get()) {
            (Block::P, Some(slopes)) => slopes.kept.len(),
            (Block::W, Some(slopes)) => slopes.terms.len(),
            _ => block_len(&self.problem.user, self.equalities, block),
        }
    }

    /// A block of the gradient, made in `room` where it is not at hand.
    pub(crate) fn block<'a>(&self, block: Block, adjoint: &'a Adjoint, room: &'a mut Vec<f64>) -> &'a [f64] {
        match adjoint {
            Adjoint::Clean { d, .. } => {
                block_of(&self.problem.user, self.equalities, (&self.point, &self.active), d, block, room)
            }
            Adjoint::General(gradient) => gradient.block(block),
        }
    }
}

/// Number of entries of a block of a problem without smooth terms.
pub(crate) fn block_len(user: &Core, equalities: usize, block: Block) -> usize {
    let (n, mi) = (user.n(), user.m() - equalities);
    let above = || user.c.row_idx.iter().filter(|&&i| i < equalities).count();
    match block {
        Block::P => user.p.nnz(),
        Block::W => 0,
        Block::A => above(),
        Block::G => user.c.nnz() - above(),
        Block::B => equalities,
        Block::Gl | Block::Gu => mi,
        Block::Q | Block::Lo | Block::Hi => n,
    }
}

/// A block of the gradient that belongs to the adjoint d at a differentiable solution, made in `room` where it is not at
/// hand.
pub(crate) fn block_of<'a>(
    user: &Core,
    equalities: usize,
    (point, active): (&Point, &ActiveSet),
    d: &'a Stacked,
    block: Block,
    room: &'a mut Vec<f64>,
) -> &'a [f64] {
    let me = equalities;
    let mut other = Vec::new();
    match block {
        Block::Q => return &d.x,
        Block::W => return &[],
        Block::P => outer::symmetric(&user.p, &d.x, &point.x, room),
        Block::A => outer::stacked(&user.c, me, (&point.y, &d.x), (&d.y, &point.x), (room, &mut other)),
        Block::G => outer::stacked(&user.c, me, (&point.y, &d.x), (&d.y, &point.x), (&mut other, room)),
        _ => {
            let (n, mi) = (user.n(), user.m() - me);
            let mut parts = [vec![0.0; me], vec![0.0; mi], vec![0.0; mi], vec![0.0; n], vec![0.0; n]];
            let [b, gl, gu, lo, hi] = &mut parts;
            outer::ends(d, point, active, [b, gl, gu, lo, hi]);
            let [b, gl, gu, lo, hi] = parts;
            *room = match block {
                Block::B => b,
                Block::Gl => gl,
                Block::Gu => gu,
                Block::Lo => lo,
                _ => hi,
            };
        }
    }
    room
}

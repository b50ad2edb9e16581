//! Route 1: one refined solve with the reduced KKT matrix `K = [P C₊ᵀ I₊ᵀ; C₊ 0 0; I₊ 0 0]` of the active set.

use super::data::in_doubt;
use super::null_space::{INCONSISTENT, Null};
use super::state::{Stacked, State};
use crate::active::ActiveSet;
use crate::kkt::{Factor, System};
use crate::pivoting::{Pivoted, Room};
use crate::{Cotangent, DerivativeOptions, Error, Gradient, Route};
use std::sync::Arc;

/// How well a derivative's linear system is to be solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Care {
    /// To rounding.
    Exact,
    /// As well as it takes to tell what moves from what does not.
    Probe,
    /// The same, where the matrix is singular or nearly so and what it makes of its small eigenvalues is of no use: no
    /// better than comes easily.
    Sketch,
    /// As well as it takes to say how large the solution is.
    Estimate,
}

impl Care {
    /// Residual at which the system counts as solved.
    fn tolerance(self) -> f64 {
        match self {
            Self::Exact => 1e-15,
            Self::Probe | Self::Sketch => 1e-11,
            Self::Estimate => 1e-3,
        }
    }
}

/// What the projection on the matrix's range leaves of what it takes out, relative to that.
const PROJECTED: f64 = 1e-8;

/// What solves the reduced KKT system of an active set.
#[derive(Debug)]
pub(super) enum Reduced {
    /// A factor of the matrix in the equilibrated problem, with proximal weights, and random vectors of its null space.
    Factor(Arc<Factor>, Null),
    /// The factors of the active-set method, where the active constraints are independent beyond doubt.
    Pivoted(Pivoted),
}

impl State {
    /// As [`solve_reduced`](Self::solve_reduced), by whatever factors there are.
    pub(super) fn solve_on(
        &self,
        rhs: &Stacked,
        active: &ActiveSet,
        reduced: &Reduced,
        care: Care,
    ) -> (Stacked, f64) {
        match reduced {
            Reduced::Factor(factor, null) => self.solve_reduced(rhs, active, (factor, null), care),
            Reduced::Pivoted(pivoted) => self.solve_pivoted(pivoted, rhs, active),
        }
    }

    /// Solves `K d = rhs` on the active set; least-norm (in the equilibrated problem) where K is singular. Returns the
    /// relative residual as well, which stays large where the system is inconsistent.
    fn solve_reduced(
        &self,
        rhs: &Stacked,
        active: &ActiveSet,
        (factor, null): (&Factor, &Null),
        care: Care,
    ) -> (Stacked, f64) {
        let (core, s) = (self.problem.core(), self.problem.scaling());
        let (n, m) = (core.n(), core.m());
        let (free, rows) = (active.free_mask(), active.row_mask());
        // In the equilibrated problem: x = D x̂, y = E ŷ / c; stationarity scales with c D, rows with E.
        let fixed: Vec<f64> = (0..n).map(|i| if free[i] { 0.0 } else { rhs.z[i] / s.d[i] }).collect();
        let mut bx: Vec<f64> = (0..n).map(|i| rhs.x[i] * s.cost * s.d[i]).collect();
        let mut by: Vec<f64> = (0..m).map(|i| rhs.y[i] * s.e[i]).collect();
        let system = System { core, hx: None, dr: None, free: Some(&free), rows: Some(&rows) };
        if fixed.iter().any(|v| *v != 0.0) {
            system.subtract(&fixed, &vec![0.0; m], &mut bx, &mut by);
        }
        system.mask(&mut bx, &mut by);
        let mut residual = f64::INFINITY;
        let asked = (bx.clone(), by.clone());
        let solve = |bx: &mut [f64], by: &mut [f64], tolerance: f64| {
            let solved = match care {
                Care::Exact | Care::Probe => system.solve(factor, bx, by, tolerance, 40),
                Care::Sketch | Care::Estimate => system.attempt(factor, bx, by, tolerance, 40),
            };
            solved.residual
        };
        let tolerance = care.tolerance();
        if !null.contradicts(&bx, &by) {
            residual = solve(&mut bx, &mut by, tolerance);
        }
        if residual > INCONSISTENT.max(tolerance) {
            // The part of the right-hand side that a singular K cannot reach is left out: what remains has a solution, the
            // least-norm one of the least-squares problem.
            (bx, by) = asked;
            let unreachable = system.reachable(factor, &mut bx, &mut by);
            let tolerance =
                if care == Care::Exact { tolerance } else { tolerance.max(PROJECTED * unreachable) };
            residual = solve(&mut bx, &mut by, tolerance).max(unreachable);
        }
        let mut d = Stacked {
            x: (0..n).map(|i| if free[i] { bx[i] * s.d[i] } else { rhs.z[i] }).collect(),
            y: (0..m).map(|i| by[i] * s.e[i] / s.cost).collect(),
            z: vec![0.0; n],
        };
        self.bound_multipliers(rhs, &mut d, &free);
        (d, residual)
    }

    /// The factors of the active-set method, where they serve this route and nothing about the solution is in doubt, so
    /// that the active set is the one to differentiate on and nothing can be harmful.
    pub(super) fn clean_pivots(&self, route: Route) -> Option<&Pivoted> {
        self.pivoted.as_deref().filter(|pivoted| pivoted.clean && route == Route::ReducedKkt)
    }

    /// The gradient by the factors of the active-set method, where these serve.
    pub(super) fn clean_gradient(
        &self,
        cotangent: &Cotangent,
        options: &DerivativeOptions,
    ) -> Result<Option<Gradient>, Error> {
        self.check_cotangent(cotangent)?;
        let Some(pivoted) = self.clean_pivots(options.route) else { return Ok(None) };
        Ok(Room::at_hand(|room| {
            let (mut v, mut d) = std::mem::take(&mut room.pair);
            self.stack_in(cotangent, &self.active, &mut v);
            let residual = pivoted.factors().solve(&self.problem.user, &self.active, &v, &mut d, room);
            d.negate();
            let exact = !in_doubt(residual);
            let gradient = exact.then(|| Gradient { residual, ..self.gradient(&d, &self.active) });
            room.pair = (v, d);
            gradient
        }))
    }

    /// As [`State::solve_reduced`], by the factors of the active-set method on that set.
    pub(super) fn solve_pivoted(
        &self,
        pivoted: &Pivoted,
        rhs: &Stacked,
        active: &ActiveSet,
    ) -> (Stacked, f64) {
        let mut d = Stacked::default();
        let factors = pivoted.factors();
        let residual = Room::at_hand(|room| factors.solve(&self.problem.user, active, rhs, &mut d, room));
        (d, residual)
    }

    /// d_z of the active bounds from the stationarity rows.
    pub(super) fn bound_multipliers(&self, rhs: &Stacked, d: &mut Stacked, free: &[bool]) {
        if free.iter().all(|f| *f) {
            return;
        }
        let mut rest = rhs.x.clone();
        self.problem.user.p.mul_symmetric_add(-1.0, &d.x, &mut rest);
        self.problem.user.c.mul_transpose_add(-1.0, &d.y, &mut rest);
        for i in 0..rest.len() {
            d.z[i] = if free[i] { 0.0 } else { rest[i] };
        }
    }
}

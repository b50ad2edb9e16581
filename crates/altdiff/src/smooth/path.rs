//! The interior-point method with smooth terms in the objective, finished by Newton's method on the active set.
//!
//! Each step solves the Newton equations of the perturbed KKT conditions, with the Hessian P + ∇²φ at the present point;
//! the slopes of the objective follow the point. Domains whose ends are steep need no barrier of their own: steps keep a
//! part of the distance to them.

use super::local::{Local, Settled};
use super::{Augmented, Slopes};
use crate::core::Point;
use crate::interior::Interior;
use crate::progress::{Callback, Control, Progress};
use crate::solver::{End, Solver};
use crate::{Error, Method, Problem, Solution, Status, WarmStart};
use std::sync::Arc;

/// Steps, and how many of them without progress, before the method gives up.
const STEPS: usize = 80;
const PATIENCE: usize = 12;

/// Residual below which the finish is worth a try, and what it must have fallen by for another one.
const NEAR: f64 = 1e-3;
const AGAIN: f64 = 0.02;

/// Repairs of a warm start's active set, and of a guessed one.
const WARM_REPAIRS: usize = 10;
const REPAIRS: usize = 2;

/// Solves from `x`, a point of the domains; nothing where the method does not get there.
pub(super) fn follow(
    solver: &Solver,
    augmented: &Arc<Augmented>,
    problem: &Problem,
    x: &[f64],
    warm: Option<&WarmStart>,
    callback: Callback<'_>,
) -> Result<Option<Solution>, Error> {
    let mut local = Local::new(solver, augmented, problem, x);
    let settings = solver.settings();
    if let Some(warm) = warm.filter(|_| settings.finish) {
        let point = Point { x: x.to_vec(), y: warm.y.clone(), z: warm.z.clone() };
        let point = local.scaling.scale(&point);
        if let Some(settled) = local.settle(solver, &point, warm.active.clone(), WARM_REPAIRS, &mut None)? {
            return Ok(Some(conclude(local, solver, settled.end(Method::ActiveSet, 0))));
        }
        local.at(x);
    }
    let mut method =
        Interior::curved(local.open(), solver.pattern(), &local.scale(x), settings.tolerance, local.reach())?;
    let (mut best, mut since, mut tried) = (f64::INFINITY, 0, f64::INFINITY);
    let limit = settings.max_iterations.unwrap_or(STEPS).min(STEPS);
    loop {
        let scaled = method.point();
        if !scaled.is_finite() {
            return Ok(None);
        }
        let point = local.scaling.unscale(&scaled);
        local.at(&point.x);
        method.model(|core| {
            core.p = local.scaled.p.clone();
            core.q.copy_from_slice(&local.scaled.q);
        });
        let residuals = local.user.residuals(&point);
        let progress =
            Progress { method: Method::Interior, iteration: method.iterations, residuals: Some(residuals) };
        let stopped = match callback(&progress) {
            Control::Continue => None,
            Control::OutOfTime => Some(Status::TimeLimit),
            Control::Cancel => Some(Status::Cancelled),
        };
        if let Some(status) = stopped {
            let objective = problem.objective(&point.x);
            return Ok(Some(Solution {
                status,
                objective,
                residuals,
                iterations: method.iterations,
                ..Solution::unfinished(problem, point.x)
            }));
        }
        let size = residuals.max();
        let within = size <= settings.tolerance;
        if settings.finish && size <= NEAR && (size <= AGAIN * tried || within) {
            tried = size;
            if let Some(settled) = local.settle(solver, &scaled, method.guess(), REPAIRS, method.room())? {
                let end = settled.end(Method::Interior, method.iterations);
                return Ok(Some(conclude(local, solver, end)));
            }
            local.at(&point.x);
        }
        if within && !settings.finish {
            let mut end = End::new(Method::Interior);
            (end.status, end.active, end.residuals) = (Status::Solved, method.guess(), residuals);
            (end.iterations, end.point) = (method.iterations, point);
            return Ok(Some(conclude(local, solver, end)));
        }
        since = if size < 0.9 * best { 0 } else { since + 1 };
        best = best.min(size);
        if method.iterations >= limit || since > PATIENCE || !method.iterate()? {
            return Ok(None);
        }
    }
}

impl Settled {
    /// The end of a solve that it finishes, after so many other steps.
    pub(super) fn end(self, method: Method, before: usize) -> End {
        let mut end = End::new(method);
        end.iterations = before + self.steps;
        end.finish(self.done);
        end.residuals = self.residuals;
        end
    }
}

/// The solution that an end of the problem's own residuals stands for.
pub(super) fn conclude(local: Local<'_>, solver: &Solver, mut end: End) -> Solution {
    end.objective = Some(local.problem.objective(&end.point.x));
    end.notes.push(format!("Newton's method on the smooth terms: {} steps", end.iterations));
    let slopes = Slopes::at(local.augmented, local.problem, &end.point.x);
    let Local { user, scaled, scaling, .. } = local;
    let mut solution = solver.conclude(user, scaled, scaling, end);
    solution.attach(slopes);
    solution
}

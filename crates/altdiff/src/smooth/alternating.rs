//! The alternating method with smooth terms (Alt-Diff, Sun et al. 2023, §3): its x-step minimizes the augmented Lagrangian
//! by Newton's method with the exact Hessian `P + ∇²φ + ρCᵀC` at the present point, then rows are projected and multipliers
//! moved as for a quadratic objective. Newton's method on the clipped rows finishes it; the tangent of the recursion at its
//! limit has the Hessian there in the place of P (eq. 7a), which is what the alternating route of derivatives runs on.

use super::Augmented;
use super::local::Local;
use super::path::conclude;
use crate::alternating::{Alternating, Penalty};
use crate::problem::{dot, norm_inf};
use crate::progress::{Callback, Control, Progress};
use crate::solver::{End, Solver};
use crate::{Error, Method, Problem, Solution, Status};
use std::sync::Arc;

/// Steps, and Newton steps within one.
const STEPS: usize = 2000;
const NEWTON: usize = 50;

/// An x-step ends at this part of what the last one moved, or at rounding.
const INEXACT: f64 = 0.1;
const ROUNDING: f64 = 1e-13;

/// A step leaves at least this part of the distance to the end of a steep domain.
const FRACTION: f64 = 0.01;

/// Repairs of the clipped set.
const REPAIRS: usize = 6;

/// Solves from `x`, a point of the domains; nothing where the method does not get there within its steps. The recursion as
/// published, where that is asked for, takes all its steps, with one penalty, unscaled, and x-steps that are exact.
pub(super) fn alternate(
    solver: &Solver,
    augmented: &Arc<Augmented>,
    problem: &Problem,
    x: &[f64],
    callback: Callback<'_>,
) -> Result<Option<Solution>, Error> {
    let settings = solver.settings();
    let mut local = Local::new(solver, augmented, problem, x);
    let plain = settings.plain;
    let penalty = match plain {
        Some(plain) => Penalty { base: Some(plain.rho), equalities: 1.0 },
        None => Penalty { base: settings.rho, ..Penalty::default() },
    };
    let relaxation = if plain.is_some() { 1.0 } else { settings.relaxation };
    let mut method =
        Alternating::curved(local.open(), solver.pattern(), penalty, relaxation, &local.scale(x))?;
    let limit = plain.map(|p| p.steps).or(settings.max_iterations).unwrap_or(STEPS);
    if plain.is_some() && limit == 0 {
        return Ok(Some(Solution::unfinished(problem, x.to_vec())));
    }
    let (mut next_try, mut wait, mut moved) = (5, 5, 1.0);
    loop {
        let Some(change) =
            x_step(&mut local, &mut method, if plain.is_some() { 0.0 } else { INEXACT * moved })?
        else {
            return Ok(None);
        };
        moved = change;
        let k = method.iterations;
        local.at(&local.unscale(&method.point.x));
        let mut point = local.scaling.unscale(&method.projected());
        for (x, lo) in point.x.iter_mut().zip(&local.user.lo) {
            *x = x.max(*lo);
        }
        let residuals = local.user.residuals(&point);
        let progress = Progress { method: Method::Alternating, iteration: k, residuals: Some(residuals) };
        let mut end = End::new(Method::Alternating);
        (end.iterations, end.residuals) = (k, residuals);
        end.status = match callback(&progress) {
            Control::Continue if residuals.max() <= settings.tolerance => Status::Solved,
            Control::Continue => Status::IterationLimit,
            Control::OutOfTime => Status::TimeLimit,
            Control::Cancel => Status::Cancelled,
        };
        let stopped = matches!(end.status, Status::TimeLimit | Status::Cancelled);
        if plain.is_some() && k < limit && !stopped {
            continue;
        }
        if settings.finish && plain.is_none() && !stopped && (k >= next_try || end.status == Status::Solved) {
            if let Some(settled) =
                local.settle(solver, &method.point, method.clipped.clone(), REPAIRS, &mut None)?
            {
                return Ok(Some(conclude(local, solver, settled.end(Method::Alternating, k))));
            }
            local.at(&local.unscale(&method.point.x));
            wait = (wait * 3 / 2).min(100);
            next_try = k + wait;
        }
        let asked = plain.is_some() || settings.max_iterations.is_some();
        if end.status != Status::IterationLimit || asked && k >= limit {
            (end.active, end.point) = (method.clipped.clone(), point);
            return Ok(Some(conclude(local, solver, end)));
        }
        if k >= limit {
            return Ok(None);
        }
        if settings.rho.is_none() && plain.is_none() && k % 40 == 0 {
            method.adapt()?;
        }
    }
}

/// Minimizes the augmented Lagrangian over x, and takes the step; what x moved, relative, or nothing where no step helps.
fn x_step(local: &mut Local<'_>, method: &mut Alternating<'_>, within: f64) -> Result<Option<f64>, Error> {
    let from = method.point.x.clone();
    let mut x = from.clone();
    for _ in 0..NEWTON {
        local.at(&local.unscale(&x));
        method.model(|core| {
            core.p = local.scaled.p.clone();
            core.q.copy_from_slice(&local.scaled.q);
        })?;
        let target = method.minimizer();
        let direction: Vec<f64> = target.iter().zip(&x).map(|(to, from)| to - from).collect();
        let size = norm_inf(&direction) / (1.0 + norm_inf(&x));
        if !size.is_finite() {
            return Ok(None);
        }
        let mut length = local.longest(&x, &direction, FRACTION);
        let slope = dot(&method.gradient(&x), &direction);
        let at = |t: f64| x.iter().zip(&direction).map(|(x, d)| x + t * d).collect::<Vec<_>>();
        // A convex function falls along the step as long as its slope there is not far above zero.
        loop {
            if size <= ROUNDING {
                break;
            }
            let next = at(length);
            local.at(&local.unscale(&next));
            method.linearize(&local.scaled);
            let there = dot(&method.gradient(&next), &direction);
            if there <= 0.5 * slope.abs() || slope.abs() <= ROUNDING || length < 1e-10 {
                break;
            }
            length *= 0.5;
        }
        x = at(length);
        if length == 1.0 && size <= within.max(ROUNDING) {
            break;
        }
    }
    let change = x.iter().zip(&from).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
    method.take(x);
    Ok(Some(change / (1.0 + norm_inf(&from))))
}

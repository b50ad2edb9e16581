//! The active-set method within a solve: when it is tried, and what comes of it.

use super::{End, Job};
use crate::pivoting::{Buffers, Layout, Outcome, Saddle, Singular, Solve, Spare, keep};
use crate::problem::dot;
use crate::progress::{Callback, Control, Progress};
use crate::{Error, Method, Status, WarmStart};
use std::sync::Arc;

/// The active-set method's factor, or why there is none.
#[derive(Debug, Clone)]
pub(super) struct Eliminated {
    pub(super) layout: Arc<Layout>,
    pub(super) saddle: Result<Arc<Saddle>, Singular>,
}

/// What came of an attempt.
pub(super) enum Attempt {
    /// It ended the solve.
    Ended(Box<End>),
    /// It is not made for this problem: why.
    Singular(&'static str),
    /// It could not finish: why.
    Unfit(&'static str),
    /// It was not tried.
    Unsuited,
}

thread_local! {
    static SPARE: Spare<Buffers> = const { Spare::new() };
}

/// Largest number of entries of a dense factor.
const LARGEST: usize = 500_000_000;

/// Dense factorizations that the interior-point method is expected to take.
const INTERIOR_STEPS: f64 = 10.0;

impl Job<'_> {
    /// Tries the active-set method where it is asked for, or promises to be the fastest.
    pub(super) fn pivot(&self, warm: Option<&WarmStart>, callback: Callback<'_>) -> Result<Attempt, Error> {
        if !self.suits_pivoting() {
            return Ok(Attempt::Unsuited);
        }
        let Eliminated { layout, saddle } = self.eliminated();
        let saddle = match saddle {
            Ok(saddle) => saddle,
            Err(Singular::Hessian) => {
                return Ok(Attempt::Singular("P is singular on the null space of the equalities"));
            }
            Err(Singular::Equalities) => return Ok(Attempt::Singular("equalities depend on each other")),
        };
        // A Cholesky factor of P proves convexity.
        if saddle.weight == 0.0 {
            let _ = self.problem.matrices.convex.set(true);
        }
        if !self.convex() {
            return Err(Error::NotConvex);
        }
        let mut buffers = SPARE.with(Spare::take);
        let solve = Solve {
            core: &self.problem.user,
            layout: &layout,
            saddle: &saddle,
            tolerance: self.solver.settings.tolerance,
        };
        let mut control = Control::Continue;
        let limit = self.solver.settings.max_iterations.unwrap_or(usize::MAX);
        let outcome = solve.run(&mut buffers, warm.map(|w| &w.active), &mut |iteration| {
            control = callback(&Progress { method: Method::ActiveSet, iteration, residuals: None });
            control == Control::Continue && iteration <= limit
        });
        let mut end = Box::new(End::new(Method::ActiveSet));
        end.iterations = buffers.search.steps();
        let order = layout.order();
        let attempt = match outcome {
            Outcome::Solved => {
                let clean = solve.clean(&buffers, self.solver.equalities);
                let x = &buffers.point.x;
                end.objective =
                    Some(0.5 * dot(x, &buffers.products.px) + dot(&self.problem.user.q, x) + self.constant);
                end.status = Status::Solved;
                end.residuals = buffers.residuals.unwrap_or_else(crate::Residuals::unknown);
                end.pivoted = Some(keep(layout, saddle, &mut buffers, clean));
                end.active = std::mem::take(&mut buffers.active);
                end.point = std::mem::take(&mut buffers.point);
                Attempt::Ended(end)
            }
            Outcome::Stopped => {
                end.status = match control {
                    Control::Continue => Status::IterationLimit,
                    Control::OutOfTime => Status::TimeLimit,
                    Control::Cancel => Status::Cancelled,
                };
                end.point = crate::core::Point::zeros(&self.problem.user);
                end.residuals = self.problem.user.residuals(&end.point);
                Attempt::Ended(end)
            }
            Outcome::Unfit(why) => Attempt::Unfit(why),
        };
        SPARE.with(|spare| spare.keep(order, buffers));
        Ok(attempt)
    }

    /// Whether the active-set method is asked for and possible, or expected to be the fastest.
    pub(super) fn suits_pivoting(&self) -> bool {
        let (settings, core) = (&self.solver.settings, &*self.problem.user);
        let (n, m) = (core.n(), core.m());
        let bounded = (0..n).filter(|&i| core.lo[i].is_finite() || core.hi[i].is_finite()).count();
        let rows = m + bounded;
        let possible = (n + rows).saturating_mul(n + rows) <= LARGEST;
        match settings.method {
            Method::ActiveSet => possible,
            Method::Auto | Method::Outside
                if settings.finish && self.solver.pattern.is_dense() && possible =>
            {
                let (n, rows, kkt) = (n as f64, rows as f64, (n + m) as f64);
                n * n * n / 3.0 + n * n * rows + n * rows * rows <= INTERIOR_STEPS * kkt * kkt * kkt / 3.0
            }
            _ => false,
        }
    }

    /// The factor, made on first use and kept while the matrices are the same.
    pub(super) fn eliminated(&self) -> Eliminated {
        let make = |layout: Layout| {
            let saddle = Saddle::new(&self.problem.user, &layout).map(Arc::new);
            Eliminated { layout: Arc::new(layout), saddle }
        };
        if let Some(kept) = self.problem.matrices.pivoting.get() {
            // Which ends are finite, and which equal, is part of the factor but not of the matrices.
            return if kept.layout.fits(&self.problem.user) {
                kept.clone()
            } else {
                make(Layout::new(&self.problem.user))
            };
        }
        // Not made under the cell's lock: a thread that waits for its part of the work may come by here again.
        let made = make(Layout::new(&self.problem.user));
        let _ = self.problem.matrices.pivoting.set(made.clone());
        made
    }
}

//! Which method runs when, and what follows when one does not get there.

use super::few::Few;
use crate::active::ActiveSet;
use crate::alternating::Alternating;
use crate::core::{Core, Point};
use crate::finish::{Effort, Finished, Finisher, Kept};
use crate::interior::{Check, Interior, Start};
use crate::kkt::Pattern;
use crate::pivoting::Pivoted;
use crate::problem::norm_inf;
use crate::progress::{Callback, Control, Progress};
use crate::scaling::Scaling;
use crate::{Certificate, Error, Method, Residuals, Settings, Status, WarmStart, certificate};
use std::sync::Arc;

/// How a drive ended.
pub(crate) struct End {
    pub status: Status,
    /// In the user's units.
    pub point: Point,
    pub active: ActiveSet,
    pub residuals: Residuals,
    pub finished: Option<Finished>,
    pub iterations: usize,
    pub method: Method,
    pub notes: Vec<String>,
    pub certificate: Option<Certificate>,
    /// What the active-set method leaves behind.
    pub pivoted: Option<Pivoted>,
    /// The objective, where it is known already.
    pub objective: Option<f64>,
}

impl End {
    pub(crate) fn new(method: Method) -> Self {
        Self {
            status: Status::IterationLimit,
            point: Point::default(),
            active: ActiveSet::default(),
            residuals: Residuals::unknown(),
            finished: None,
            iterations: 0,
            method,
            notes: Vec::new(),
            certificate: None,
            pivoted: None,
            objective: None,
        }
    }

    pub(crate) fn finish(&mut self, done: Finished) {
        self.status = Status::Solved;
        self.point = done.point.clone();
        self.active = done.active.clone();
        self.residuals = done.residuals;
        if done.repairs > 0 {
            self.notes.push(format!("active set repaired {} times", done.repairs));
        }
        self.finished = Some(done);
    }
}

/// When the exact finish is tried: each try costs a factorization.
#[derive(Debug)]
struct Attempts {
    last: ActiveSet,
    tried: ActiveSet,
    /// Residual at the last try.
    residual: f64,
    /// Iterations since the tolerance was reached.
    extra: usize,
}

impl Default for Attempts {
    fn default() -> Self {
        let none = ActiveSet::default();
        Self { last: none.clone(), tried: none, residual: f64::INFINITY, extra: 0 }
    }
}

impl Attempts {
    /// The effort that is due after an iteration: early where the guess hardly changes any more; below `NEAR` each time
    /// the residual has fallen a good deal; and now and then once the tolerance is reached.
    fn next(&mut self, guess: &ActiveSet, size: f64, tolerance: f64) -> Option<Effort> {
        let changed = guess.distance(&self.last);
        self.last.clone_from(guess);
        let effort = if self.extra > 0 || size <= tolerance {
            self.extra += 1;
            self.extra.is_power_of_two().then_some(Effort::Try(2))
        } else if size <= NEAR && size <= 0.05 * self.residual {
            Some(Effort::Try(2))
        } else {
            let part = if size <= 0.05 * self.residual {
                (guess.rows.len() + guess.vars.len()) / SETTLED
            } else {
                0
            };
            (size <= EARLY && changed <= part && *guess != self.tried).then_some(Effort::WhileHalving)
        };
        if effort.is_some() {
            self.residual = size;
            self.tried.clone_from(guess);
        }
        effort
    }
}

/// The methods on one problem.
pub(super) struct Driver<'a> {
    pub settings: &'a Settings,
    pub user: &'a Core,
    pub core: &'a Core,
    pub scaling: &'a Scaling,
    pub pattern: &'a Arc<Pattern>,
    pub equalities: usize,
    /// Where the factor of a finish stays for the next problem with these matrices.
    pub kept: Option<&'a Kept>,
    /// Whether to look for certificates (not within an auxiliary problem of that search).
    pub certify: bool,
}

/// Residual below which the exact finish is worth a try; and one below which it is where the guess has settled.
const NEAR: f64 = 1e-6;
const EARLY: f64 = 0.1;

/// A guess has settled when less than this part of it changes in an iteration.
const SETTLED: usize = 32;

/// Default limits of the alternating method, the same within the automatic choice, and the interior-point method.
const ALTERNATING: usize = 5000;
const AUTOMATIC: usize = 200;
pub(super) const INTERIOR: usize = 250;

/// Interior-point iterations beyond the tolerance that look for the exact active set.
const EXTRA: usize = 8;

/// Repairs of the active set in the last attempt at a finish.
pub(super) const REPAIRS: usize = 30;

/// Interior-point iterations without progress before a start counts as stalled.
const PATIENCE: usize = 20;

impl Driver<'_> {
    pub(super) fn finisher(&self) -> Finisher<'_> {
        Finisher {
            user: self.user,
            core: self.core,
            scaling: self.scaling,
            pattern: self.pattern,
            tolerance: self.settings.tolerance,
            kept: self.kept,
        }
    }

    pub(super) fn run(&self, warm: Option<&WarmStart>, callback: Callback<'_>) -> Result<End, Error> {
        let method = self.settings.method;
        let warm_point =
            warm.map(|w| self.scaling.scale(&Point { x: w.x.clone(), y: w.y.clone(), z: w.z.clone() }));
        let inequalities = self.inequalities();
        // Without inequalities the problem is one linear system; with a warm start its active set comes first.
        let first = match (warm, &warm_point) {
            (Some(w), Some(point)) if self.settings.finish => Some((point.clone(), w.active.clone(), 10)),
            _ if inequalities == 0 => Some((Point::zeros(self.core), ActiveSet::equalities(self.core), 0)),
            _ => None,
        };
        if let Some((point, active, repairs)) = first
            && let Some(done) = self.finisher().run(&point, active, Effort::Repairs(repairs), &mut None)?
        {
            let automatic = matches!(method, Method::Auto | Method::Outside);
            let method = if automatic { Method::ActiveSet } else { method };
            let mut end = End::new(method);
            end.iterations = done.repairs + 1;
            end.finish(done);
            return Ok(end);
        }
        let mut reason = None;
        if matches!(method, Method::Auto | Method::Outside | Method::DualNewton) {
            match self.dual_newton(warm_point.as_ref(), callback)? {
                Few::Ended(end) => return self.settle(*end, callback),
                Few::Unfit(why) => reason = Some(why),
                Few::Unsuited if method == Method::DualNewton => {
                    reason = Some(String::from("dual Newton: not for this problem"));
                }
                Few::Unsuited => {}
            }
        }
        let mut end = self.iterate(method, warm_point.as_ref(), callback)?;
        end.notes.splice(0..0, reason);
        Ok(end)
    }

    /// The alternating and the interior-point method.
    fn iterate(&self, method: Method, warm: Option<&Point>, callback: Callback<'_>) -> Result<End, Error> {
        let (limit, inequalities) = (self.settings.max_iterations, self.inequalities());
        match method {
            Method::Alternating => {
                let end = self.alternating(warm, limit.unwrap_or(ALTERNATING), callback)?;
                // The method was asked for, but a right answer by another one is worth more than a limit.
                if end.status != Status::IterationLimit || limit.is_some() || !self.settings.finish {
                    return self.settle(end, callback);
                }
                let mut next = self.interior(INTERIOR, callback)?;
                next.notes.insert(0, format!("alternating: not converged after {} steps", end.iterations));
                self.settle(next, callback)
            }
            Method::Auto | Method::Outside if self.pattern.is_dense() && inequalities > 0 => {
                let end = self.alternating(warm, limit.unwrap_or(AUTOMATIC).min(AUTOMATIC), callback)?;
                let loose = end.status == Status::Solved && end.finished.is_none() && self.settings.finish;
                if end.status != Status::IterationLimit && !loose {
                    return Ok(end);
                }
                let mut next = self.interior(limit.unwrap_or(INTERIOR), callback)?;
                // Within the tolerance, but without the exact active set: worth a second opinion, not worth less.
                if loose && next.finished.is_none() {
                    return Ok(end);
                }
                next.notes.insert(0, format!("alternating: no finish after {} steps", end.iterations));
                self.settle(next, callback)
            }
            _ => {
                let mut end = self.interior(limit.unwrap_or(INTERIOR), callback)?;
                if method == Method::ActiveSet {
                    end.notes.insert(0, String::from("active set: fell back to the interior-point method"));
                }
                self.settle(end, callback)
            }
        }
    }

    /// Number of finite ends of inequalities.
    fn inequalities(&self) -> usize {
        let count = |l: &[f64], u: &[f64]| {
            l.iter().zip(u).filter(|(l, u)| l != u && (l.is_finite() || u.is_finite())).count()
        };
        count(&self.user.l, &self.user.u) + count(&self.user.lo, &self.user.hi)
    }

    fn alternating(&self, warm: Option<&Point>, limit: usize, callback: Callback<'_>) -> Result<End, Error> {
        let settings = self.settings;
        let mut end = End::new(Method::Alternating);
        let mut method = Alternating::new(self.core, self.pattern, settings.rho, settings.relaxation, warm)?;
        let mut tried: Option<ActiveSet> = None;
        let mut last = method.clipped.clone();
        let (mut stable, mut wait, mut next_try) = (0, 5, 10);
        loop {
            method.iterate();
            end.iterations = method.iterations;
            let k = method.iterations;
            stable = if method.clipped == last { stable + 1 } else { 0 };
            last.clone_from(&method.clipped);
            let check = k % 10 == 0 || k >= limit;
            let residuals = check.then(|| {
                end.point = self.scaling.unscale(&method.projected());
                end.residuals = self.user.residuals(&end.point);
                end.residuals
            });
            match callback(&Progress { method: Method::Alternating, iteration: k, residuals }) {
                Control::Continue => {}
                Control::OutOfTime => end.status = Status::TimeLimit,
                Control::Cancel => end.status = Status::Cancelled,
            }
            if matches!(end.status, Status::TimeLimit | Status::Cancelled) {
                break;
            }
            if settings.finish && k >= next_try && tried.as_ref() != Some(&method.clipped) {
                let effort = Effort::Repairs(if stable >= 5 { 6 } else { 3 });
                if let Some(done) =
                    self.finisher().run(&method.point, method.clipped.clone(), effort, &mut None)?
                {
                    end.finish(done);
                    return Ok(end);
                }
                tried = Some(method.clipped.clone());
                wait = (wait * 3 / 2).min(100);
                next_try = k + wait;
            }
            if residuals.is_some_and(|r| r.max() <= settings.tolerance) {
                end.status = Status::Solved;
                break;
            }
            if check && self.certify && certificate::diverging(&method.point) {
                let y = self.scaling.unscale(&method.point).y;
                if let Some(proof) =
                    certificate::infeasible(self.user, self.equalities, &y, certificate::STRICT)
                {
                    end.status = Status::Infeasible;
                    end.certificate = Some(proof);
                    break;
                }
            }
            if k >= limit {
                break;
            }
            if settings.rho.is_none() && k % 40 == 0 {
                method.adapt()?;
            }
        }
        end.active = method.clipped;
        end.point = self.scaling.unscale(&method.point);
        if end.status == Status::Solved {
            let mut projected = method.point.clone();
            for i in 0..self.core.n() {
                projected.x[i] = projected.x[i].max(self.core.lo[i]).min(self.core.hi[i]);
            }
            end.point = self.scaling.unscale(&projected);
        }
        end.residuals = self.user.residuals(&end.point);
        Ok(end)
    }

    /// The interior-point method from a near start, and where that stalls from a far one.
    pub(super) fn interior(&self, limit: usize, callback: Callback<'_>) -> Result<End, Error> {
        let mut end = End::new(Method::Interior);
        self.interior_from(Start::Near, limit, callback, &mut end)?;
        let left = limit.saturating_sub(end.iterations);
        if end.status == Status::IterationLimit && left > 0 {
            let stalled = end.iterations;
            self.interior_from(Start::Far, left, callback, &mut end)?;
            end.iterations += stalled;
            end.notes
                .push(format!("interior point: restarted with larger multipliers after {stalled} steps"));
        }
        Ok(end)
    }

    fn interior_from(
        &self,
        start: Start,
        limit: usize,
        callback: Callback<'_>,
        end: &mut End,
    ) -> Result<(), Error> {
        let tolerance = self.settings.tolerance;
        let mut method = Interior::new(self.core, self.pattern, start, tolerance)?;
        let patience = if start == Start::Near { PATIENCE } else { 2 * PATIENCE };
        let mut best = end.residuals.max();
        let mut attempts = Attempts::default();
        let status = method.run(
            self.user,
            self.scaling,
            limit,
            patience,
            callback,
            &mut |method, point, residuals| {
                let size = residuals.max();
                if size < best {
                    best = size;
                    end.point = point.clone();
                    end.residuals = *residuals;
                    end.active = method.guess();
                }
                let within = size <= tolerance;
                if self.settings.finish {
                    let guess = method.guess();
                    if let Some(effort) = attempts.next(&guess, size, tolerance)
                        && let Some(done) =
                            self.finisher().run(&method.point(), guess, effort, method.room())?
                    {
                        end.finish(done);
                        return Ok(Check::Stop);
                    }
                }
                if within {
                    end.status = Status::Solved;
                    method.sharpen();
                }
                if end.status == Status::Solved {
                    let done = !self.settings.finish || attempts.extra >= EXTRA;
                    return Ok(if done { Check::Stop } else { Check::Continue });
                }
                let scaled = method.point();
                if self.certify
                    && certificate::diverging(&scaled)
                    && let Some(proof) =
                        certificate::infeasible(self.user, self.equalities, &point.y, certificate::STRICT)
                {
                    end.status = Status::Infeasible;
                    end.certificate = Some(proof);
                    return Ok(Check::Stop);
                }
                // Nothing is gained by going on once the iterates have run away.
                let away = norm_inf(&scaled.x) > 1e9 || norm_inf(&scaled.y) > 1e12;
                Ok(if away && self.certify { Check::Stop } else { Check::Continue })
            },
        )?;
        if self.settings.finish
            && end.status == Status::Solved
            && end.finished.is_none()
            && let Some(done) = self.finisher().run(
                &method.point(),
                method.guess(),
                Effort::Repairs(REPAIRS),
                method.room(),
            )?
        {
            end.finish(done);
        }
        end.iterations = method.iterations;
        if let Some(status @ (Status::TimeLimit | Status::Cancelled)) = status
            && end.status != Status::Solved
        {
            end.status = status;
        }
        if end.point.x.is_empty() && self.user.n() > 0 {
            end.point = self.scaling.unscale(&method.point());
            end.residuals = self.user.residuals(&end.point);
        }
        if end.point.y.len() != self.user.m() {
            end.point = Point::zeros(self.user);
        }
        Ok(())
    }
}

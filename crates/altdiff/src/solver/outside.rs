//! A solve by an outside solver: its point, this crate's finish, certificate and derivatives.

use super::drive::End;
use super::{Job, Solver};
use crate::active::{ActiveSet, Side};
use crate::certificate;
use crate::core::Point;
use crate::finish::Effort;
use crate::outside::ForwardSolver;
use crate::progress::{Callback, Control, Progress};
use crate::sizes::Sizes;
use crate::{Error, Method, Problem, Solution, Status, WarmStart};

/// Repairs of the active set that an outside solver's point points at.
const REPAIRS: usize = 30;

impl Solver {
    /// As [`Solver::solve_with`], the forward pass by an outside solver. Its point is finished on the active set that it
    /// points at and held to the same tolerance; where that fails, or it found nothing, this crate's methods take over
    /// from there and a note says so, as for problems with smooth terms. Infeasibility and unboundedness are proved here.
    ///
    /// # Errors
    /// As [`Solver::solve`].
    pub fn solve_by(
        &self,
        outside: &mut dyn ForwardSolver,
        problem: &Problem,
        callback: Callback<'_>,
    ) -> Result<Solution, Error> {
        if self.is_smooth() {
            let mut solution = self.solve_with(problem, None, callback)?;
            solution.notes.insert(0, format!("{}: not for smooth terms", outside.name()));
            return Ok(solution);
        }
        let shared = self.share(problem)?;
        Job::new(self, &shared, problem).run_by(outside, problem, callback)
    }
}

impl Job<'_> {
    fn run_by(
        self,
        outside: &mut dyn ForwardSolver,
        problem: &Problem,
        callback: Callback<'_>,
    ) -> Result<Solution, Error> {
        if let Some(proof) = certificate::empty_interval(&self.problem.user, self.solver.equalities) {
            return Ok(self.ended(Status::Infeasible, Some(proof)));
        }
        if !self.convex() {
            return Err(Error::NotConvex);
        }
        let mut answer = Control::Continue;
        let found = outside.forward(problem, &mut |iteration| {
            answer = callback(&Progress { method: Method::Outside, iteration, residuals: None });
            answer
        });
        match answer {
            Control::Continue => {}
            Control::OutOfTime => return Ok(self.ended(Status::TimeLimit, None)),
            Control::Cancel => return Ok(self.ended(Status::Cancelled, None)),
        }
        let fits = |f: &crate::Forward| {
            (f.x.len(), f.y.len(), f.z.len())
                == (self.problem.user.n(), self.problem.user.m(), self.problem.user.n())
        };
        let Some(forward) = found.filter(fits) else {
            return self.take_over(None, format!("{}: no solution", outside.name()), callback);
        };
        let point = Point { x: forward.x, y: forward.y, z: forward.z };
        if !point.is_finite() {
            return self.take_over(None, format!("{}: no solution", outside.name()), callback);
        }
        let mut end = End::new(Method::Outside);
        end.iterations = forward.iterations;
        end.notes.push(format!("forward pass by {}", outside.name()));
        end.active = self.points_at(&point);
        let start = self.problem.scaling().scale(&point);
        let settings = &self.solver.settings;
        if settings.finish
            && let Some(done) = self.driver(settings).finisher().run(
                &start,
                end.active.clone(),
                Effort::Repairs(REPAIRS),
                &mut None,
            )?
        {
            end.finish(done);
            return Ok(self.solution(end));
        }
        end.residuals = self.problem.user.residuals(&point);
        let within = end.residuals.max() <= settings.tolerance;
        if within && !settings.finish {
            end.status = Status::Solved;
            end.point = point;
            return Ok(self.solution(end));
        }
        let note = if within {
            format!("{}: its active set could not be confirmed", outside.name())
        } else {
            format!("{}: residual {:.1e}", outside.name(), end.residuals.max())
        };
        let warm = WarmStart { x: point.x, y: point.y, z: point.z, active: end.active };
        self.take_over(Some(&warm), note, callback)
    }

    /// This crate's own methods, from a point.
    fn take_over(
        self,
        warm: Option<&WarmStart>,
        note: String,
        callback: Callback<'_>,
    ) -> Result<Solution, Error> {
        let mut solution = self.run(warm, callback)?;
        solution.notes.insert(0, note);
        Ok(solution)
    }

    /// The active set that a point points at: constraints whose multiplier is larger than their slack, each in its own
    /// measure.
    fn points_at(&self, point: &Point) -> ActiveSet {
        let core = &*self.problem.user;
        let sizes = Sizes::new(core, point);
        let cx = core.c.mul_vec(&point.x);
        let side = |v: f64, y: f64, l: f64, u: f64, multiplier: f64, value: f64| {
            let (end, side) = if y > 0.0 { (u, Side::Upper) } else { (l, Side::Lower) };
            let slack = (v - end).abs() / value.max(end.abs()).max(1e-12);
            // Where all terms of the stationarity are zero, so is the multiplier.
            let on = l == u || end.is_finite() && multiplier > 0.0 && y.abs() > slack * multiplier;
            if on { side } else { Side::Inactive }
        };
        let mut active = ActiveSet {
            rows: (0..core.m())
                .map(|i| {
                    side(cx[i], point.y[i], core.l[i], core.u[i], sizes.multiplier.0[i], sizes.value.0[i])
                })
                .collect(),
            vars: (0..core.n())
                .map(|i| {
                    let (multiplier, value) = (sizes.multiplier.1[i], sizes.value.1[i]);
                    side(point.x[i], point.z[i], core.lo[i], core.hi[i], multiplier, value)
                })
                .collect(),
        };
        active.fit(core);
        active
    }
}

//! The solver: analysis for a pattern, and the choice and order of methods.

mod drive;

use crate::core::{Core, Point};
use crate::derivative::State;
use crate::finish::Finished;
use crate::kkt::Pattern;
use crate::problem::Problem;
use crate::progress::{Callback, Control, Progress};
use crate::scaling::Scaling;
use crate::{Certificate, Csc, Error, Method, Residuals, Settings, Solution, Status, WarmStart};
use crate::{certificate, convexity, plain};
use drive::{Driver, End};
use std::sync::{Arc, OnceLock};

/// A solver for all problems with one sparsity pattern. Immutable and shareable between threads: the ordering and the
/// pattern of the factors are found once, and while P, A and G stay bitwise the same, so is the equilibration.
#[derive(Debug)]
pub struct Solver {
    settings: Settings,
    a: Csc,
    g: Csc,
    p: Csc,
    pattern: Arc<Pattern>,
    prepared: Prepared,
}

/// What depends on the values of the matrices.
#[derive(Debug, Clone)]
struct Prepared {
    scaling: Arc<Scaling>,
    core: Arc<Core>,
    convex: Arc<OnceLock<bool>>,
}

impl Prepared {
    fn new(user: &Core, settings: &Settings) -> Self {
        let scaling = if settings.scaling { Scaling::ruiz(user) } else { Scaling::none(user) };
        let core = Arc::new(scaling.apply(user));
        Self { scaling: Arc::new(scaling), core, convex: Arc::default() }
    }
}

impl Solver {
    /// Analyses the pattern of `problem` and prepares its matrices.
    ///
    /// # Errors
    /// Whatever [`Problem::validate`] finds; [`Error::Setting`]; [`Error::OutOfMemory`].
    pub fn new(problem: &Problem, settings: Settings) -> Result<Self, Error> {
        problem.validate()?;
        settings.validate()?;
        let user = Core::new(problem);
        let pattern = Pattern::new(&user.p, &user.c)?;
        let prepared = Prepared::new(&user, &settings);
        let (a, g, p) = (problem.a.clone(), problem.g.clone(), problem.p.clone());
        Ok(Self { settings, a, g, p, pattern, prepared })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Solves a problem with the pattern this solver was made for.
    ///
    /// # Errors
    /// [`Error::OtherPattern`] when the pattern differs; whatever [`Problem::validate`] finds; [`Error::NotConvex`];
    /// [`Error::OutOfMemory`]. Limits and infeasibility are statuses, not errors.
    pub fn solve(&self, problem: &Problem, warm: Option<&WarmStart>) -> Result<Solution, Error> {
        self.solve_with(problem, warm, &mut |_| Control::Continue)
    }

    /// As [`Solver::solve`], reporting once per iteration to `callback`, which can stop the solve. The callback owns the
    /// clock: for a time limit, answer [`Control::OutOfTime`] when it has passed.
    ///
    /// # Errors
    /// As [`Solver::solve`].
    pub fn solve_with(
        &self,
        problem: &Problem,
        warm: Option<&WarmStart>,
        callback: Callback<'_>,
    ) -> Result<Solution, Error> {
        problem.validate()?;
        for (block, ours, theirs) in
            [("P", &self.p, &problem.p), ("A", &self.a, &problem.a), ("G", &self.g, &problem.g)]
        {
            if !ours.same_pattern(theirs) {
                return Err(Error::OtherPattern { block });
            }
        }
        let user = Core::new(problem);
        let same = self.p.values == problem.p.values
            && self.a.values == problem.a.values
            && self.g.values == problem.g.values;
        let prepared = if same {
            let mut core = (*self.prepared.core).clone();
            self.prepared.scaling.apply_vectors(&user, &mut core);
            Prepared { core: Arc::new(core), ..self.prepared.clone() }
        } else {
            Prepared::new(&user, &self.settings)
        };
        if !*prepared.convex.get_or_init(|| convexity::is_convex(&problem.p)) {
            return Err(Error::NotConvex);
        }
        let job = Job { solver: self, problem, user, prepared };
        job.run(warm, callback)
    }
}

/// One solve.
struct Job<'a> {
    solver: &'a Solver,
    problem: &'a Problem,
    user: Core,
    prepared: Prepared,
}

impl Job<'_> {
    fn run(self, warm: Option<&WarmStart>, callback: Callback<'_>) -> Result<Solution, Error> {
        let settings = &self.solver.settings;
        let equalities = self.problem.a.nrows;
        if let Some(proof) = certificate::empty_interval(&self.user, equalities) {
            return Ok(self.ended(Status::Infeasible, Some(proof)));
        }
        if let Some(plain) = settings.plain {
            let point = plain::run(&self.user, equalities, plain.rho, plain.steps)?;
            let residuals = self.user.residuals(&point);
            let status =
                if residuals.max() <= settings.tolerance { Status::Solved } else { Status::IterationLimit };
            let end =
                End { status, point, residuals, iterations: plain.steps, ..End::new(Method::Alternating) };
            return Ok(self.solution(end));
        }
        match callback(&Progress { method: settings.method, iteration: 0, residuals: None }) {
            Control::Continue => {}
            Control::OutOfTime => return Ok(self.ended(Status::TimeLimit, None)),
            Control::Cancel => return Ok(self.ended(Status::Cancelled, None)),
        }
        let driver = Driver {
            settings,
            user: &self.user,
            core: &self.prepared.core,
            scaling: &self.prepared.scaling,
            pattern: &self.solver.pattern,
            equalities,
            certify: true,
        };
        let warm = warm.filter(|w| {
            w.x.len() == self.user.n() && w.y.len() == self.user.m() && w.z.len() == self.user.n()
        });
        let end = driver.run(warm, callback)?;
        Ok(self.solution(end))
    }

    /// A solution that ended before any method began.
    fn ended(self, status: Status, certificate: Option<Certificate>) -> Solution {
        let point = Point::zeros(&self.user);
        let end =
            End { status, point, residuals: Residuals::unknown(), certificate, ..End::new(Method::Interior) };
        self.solution(end)
    }

    fn solution(self, end: End) -> Solution {
        let me = self.problem.a.nrows;
        let part = |v: &[f64], sign: f64| v.iter().map(|v| (sign * v).max(0.0)).collect::<Vec<f64>>();
        let point = end.point;
        let (factor, active, finished) = match end.finished {
            Some(Finished { factor, active, .. }) => (Some(Arc::new(factor)), active, true),
            None => (None, end.active, false),
        };
        let mut active = active;
        active.fit(&self.user);
        let mut solution = Solution {
            status: end.status,
            x: point.x.clone(),
            lambda: point.y[..me].to_vec(),
            nu_lower: part(&point.y[me..], -1.0),
            nu_upper: part(&point.y[me..], 1.0),
            mu_lower: part(&point.z, -1.0),
            mu_upper: part(&point.z, 1.0),
            objective: self.problem.objective(&point.x),
            residuals: end.residuals,
            iterations: end.iterations,
            method: end.method,
            finished,
            notes: end.notes,
            certificate: end.certificate,
            active: active.clone(),
            state: None,
        };
        if end.status == Status::Solved {
            solution.state = Some(Arc::new(State {
                equalities: me,
                user: self.user,
                core: self.prepared.core,
                scaling: self.prepared.scaling,
                pattern: Arc::clone(&self.solver.pattern),
                point,
                active,
                factor,
                finished,
                activity: self.solver.settings.activity,
                tolerance: self.solver.settings.tolerance,
                classified: OnceLock::new(),
            }));
        }
        solution
    }
}

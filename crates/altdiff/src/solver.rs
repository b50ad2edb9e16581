//! The solver: analysis for a pattern, and the choice and order of methods.

mod drive;
mod outside;
mod pivot;

use crate::core::{Core, Point};
use crate::derivative::State;
use crate::finish::Finished;
use crate::kkt::Pattern;
use crate::lazy::Lazy;
use crate::problem::Problem;
use crate::progress::{Callback, Control, Progress};
use crate::scaling::Scaling;
use crate::{Certificate, Csc, Error, Method, Residuals, Settings, Solution, Status, WarmStart};
use crate::{certificate, convexity, plain};
use drive::{Driver, End};
use pivot::{Attempt, Eliminated};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// A solver for all problems with one sparsity pattern. Immutable and shareable between threads: the ordering and the
/// pattern of the factors are found once, and while P, A and G stay bitwise the same, so are the equilibration and the
/// active-set method's factor.
#[derive(Debug)]
pub struct Solver {
    settings: Settings,
    /// Rows of A.
    equalities: usize,
    /// The matrices it was made with, A and G stacked.
    p: Arc<Csc>,
    c: Arc<Csc>,
    pattern: Arc<Pattern>,
    prepared: Prepared,
}

/// What depends on the values of the matrices. Made when it is first needed.
#[derive(Debug, Clone)]
struct Prepared {
    scaling: Lazy<Scaling>,
    core: Lazy<Core>,
    convex: Arc<OnceLock<bool>>,
    pivoting: Arc<OnceLock<Eliminated>>,
}

impl Prepared {
    fn new(user: &Arc<Core>, settings: &Settings) -> Self {
        let (problem, equilibrate) = (Arc::clone(user), settings.scaling);
        let scaling =
            Lazy::new(move || if equilibrate { Scaling::ruiz(&problem) } else { Scaling::none(&problem) });
        let (problem, factors) = (Arc::clone(user), scaling.clone());
        let core = Lazy::new(move || factors.apply(&problem));
        Self { scaling, core, convex: Arc::default(), pivoting: Arc::default() }
    }

    /// The same matrices with other vectors.
    fn with(&self, user: &Arc<Core>) -> Self {
        let (problem, factors, base) = (Arc::clone(user), self.scaling.clone(), self.core.clone());
        let core = Lazy::new(move || {
            let mut core = (*base).clone();
            factors.apply_vectors(&problem, &mut core);
            core
        });
        Self { core, ..self.clone() }
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
        let user = Arc::new(Core::new(problem));
        let pattern = Pattern::new(&user.p, &user.c)?;
        let prepared = Prepared::new(&user, &settings);
        let (p, c) = (Arc::clone(&user.p), Arc::clone(&user.c));
        Ok(Self { settings, equalities: problem.a.nrows, p, c, pattern, prepared })
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
        self.job(problem)?.run(warm, callback)
    }

    fn job<'a>(&'a self, problem: &'a Problem) -> Result<Job<'a>, Error> {
        let same = self.compare(problem)?;
        let (user, prepared) = if same {
            let user = Arc::new(Core::with(problem, Arc::clone(&self.p), Arc::clone(&self.c)));
            let prepared = self.prepared.with(&user);
            (user, prepared)
        } else {
            let user = Arc::new(Core::new(problem));
            let prepared = Prepared::new(&user, &self.settings);
            (user, prepared)
        };
        Ok(Job { solver: self, problem, user, prepared })
    }

    /// Checks a problem against the pattern; whether its matrices are those the solver was made with.
    fn compare(&self, problem: &Problem) -> Result<bool, Error> {
        let (a, g) = (self.c.has_rows(0, &problem.a), self.c.has_rows(self.equalities, &problem.g));
        let shapes = problem.a.nrows == self.equalities && problem.g.nrows == self.c.nrows - self.equalities;
        let same_p = self.p.same_pattern(&problem.p) && self.p.nnz() == problem.p.nnz();
        if !(same_p && a.0 && g.0 && shapes) {
            problem.validate()?;
            let block = match (same_p, a.0 && problem.a.nrows == self.equalities) {
                (false, _) => "P",
                (_, false) => "A",
                _ => "G",
            };
            return Err(Error::OtherPattern { block });
        }
        let same = a.1 && g.1 && self.p.values == problem.p.values;
        if !same {
            problem.validate_matrices()?;
        }
        problem.validate_vectors()?;
        Ok(same)
    }
}

/// One solve.
struct Job<'a> {
    solver: &'a Solver,
    problem: &'a Problem,
    user: Arc<Core>,
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
        let warm = warm.filter(|w| {
            w.x.len() == self.user.n() && w.y.len() == self.user.m() && w.z.len() == self.user.n()
        });
        let mut reason = None;
        let mut settings = Cow::Borrowed(settings);
        match self.pivot(warm, callback)? {
            Attempt::Ended(end) => return Ok(self.solution(*end)),
            Attempt::Singular(why) if settings.method == Method::ActiveSet => reason = Some(why),
            Attempt::Unfit(why) => {
                reason = Some(why);
                // The problem is dense and hard: no use in iterating gently first.
                settings.to_mut().method = Method::Interior;
            }
            Attempt::Singular(_) | Attempt::Unsuited => {}
        }
        if !self.convex() {
            return Err(Error::NotConvex);
        }
        let mut end = self.driver(&settings).run(warm, callback)?;
        if let Some(why) = reason {
            end.notes.insert(0, format!("active set: {why}"));
        }
        Ok(self.solution(end))
    }

    fn driver<'a>(&'a self, settings: &'a Settings) -> Driver<'a> {
        Driver {
            settings,
            user: &self.user,
            core: &self.prepared.core,
            scaling: &self.prepared.scaling,
            pattern: &self.solver.pattern,
            equalities: self.problem.a.nrows,
            certify: true,
        }
    }

    /// Whether P is positive semidefinite.
    fn convex(&self) -> bool {
        *self.prepared.convex.get_or_init(|| convexity::is_convex(&self.problem.p))
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
            None => (None, end.active, end.pivoted.is_some()),
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
            objective: end.objective.unwrap_or_else(|| self.problem.objective(&point.x)),
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
                pivoted: end.pivoted.map(Arc::new),
                finished,
                activity: self.solver.settings.activity,
                tolerance: self.solver.settings.tolerance,
                classified: OnceLock::new(),
            }));
        }
        solution
    }
}

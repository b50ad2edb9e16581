//! The solver: analysis for a pattern, and the choice and order of methods.

mod drive;
mod few;
mod outside;
mod pivot;
mod together;

use crate::core::{Core, Point};
use crate::derivative::State;
use crate::finish::Finished;
use crate::kernel::both;
use crate::kkt::Pattern;
use crate::lazy::Lazy;
use crate::problem::Problem;
use crate::progress::{Callback, Control, Progress};
use crate::scaling::Scaling;
use crate::smooth::{self, Augmented, SmoothTerm};
use crate::{Certificate, Csc, Error, Method, Residuals, Settings, Solution, Status, WarmStart};
use crate::{certificate, convexity, plain};
use drive::Driver;
pub(crate) use drive::End;
use pivot::{Attempt, Eliminated};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
pub(crate) use together::Together;

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
    /// For problems with smooth terms: the pattern of their local programs, and the terms' functions and columns.
    smooth: Option<(Augmented, Vec<SmoothTerm>)>,
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

/// Matrices, and what depends on them alone.
#[derive(Debug)]
pub(crate) struct Shared {
    p: Arc<Csc>,
    c: Arc<Csc>,
    prepared: Prepared,
}

impl Solver {
    /// Analyses the pattern of `problem` and prepares its matrices.
    ///
    /// # Errors
    /// Whatever [`Problem::validate`] finds; [`Error::Setting`]; [`Error::OutOfMemory`].
    pub fn new(problem: &Problem, settings: Settings) -> Result<Self, Error> {
        problem.validate()?;
        settings.validate()?;
        let smooth = match &problem.smooth[..] {
            [] => None,
            terms => Some((Augmented::new(problem)?, terms.to_vec())),
        };
        let user = Arc::new(match &smooth {
            None => Core::new(problem),
            Some((augmented, _)) => {
                let c = Arc::new(problem.a.stack(&problem.g));
                Core::with(problem, Arc::new(augmented.p.clone()), c)
            }
        });
        let pattern = Pattern::new(&user.p, &user.c)?;
        let prepared = Prepared::new(&user, &settings);
        let (p, c) = (Arc::clone(&user.p), Arc::clone(&user.c));
        Ok(Self { settings, equalities: problem.a.nrows, p, c, pattern, prepared, smooth })
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
        let Some((augmented, terms)) = &self.smooth else {
            if !problem.smooth.is_empty() {
                return Err(Error::OtherPattern { block: "smooth" });
            }
            return self.solve_program(problem, warm, callback, false);
        };
        let like = |(a, b): (&SmoothTerm, &SmoothTerm)| a.function == b.function && a.column == b.column;
        if terms.len() != problem.smooth.len() || !terms.iter().zip(&problem.smooth).all(like) {
            return Err(Error::OtherPattern { block: "smooth" });
        }
        problem.validate()?;
        if problem.p.nnz() != augmented.kept.len() {
            return Err(Error::OtherPattern { block: "P" });
        }
        if !convexity::is_convex(&problem.p) {
            return Err(Error::NotConvex);
        }
        smooth::solve(self, augmented, problem, warm, callback)
    }

    /// Solves the second-order model of a problem with smooth terms, which is convex because the problem is.
    pub(crate) fn solve_model(
        &self,
        model: &Problem,
        warm: Option<&WarmStart>,
        callback: Callback<'_>,
    ) -> Result<Solution, Error> {
        self.solve_program(model, warm, callback, true)
    }

    /// C equilibrated for a problem with smooth terms, its factors, and C itself: kept while A and G are the same.
    pub(crate) fn equilibrated(&self, problem: &Problem) -> (Arc<Csc>, Arc<Csc>, Scaling) {
        let (a, g) = (self.c.has_rows(0, &problem.a), self.c.has_rows(self.equalities, &problem.g));
        let plain = self.settings.plain.is_some();
        if a.1 && g.1 && !plain {
            let prepared = &self.prepared;
            return (Arc::clone(&self.c), Arc::clone(&prepared.core.c), (*prepared.scaling).clone());
        }
        let core = Core::with(problem, Arc::clone(&self.p), Arc::new(problem.a.stack(&problem.g)));
        let equilibrate = self.settings.scaling && !plain;
        let scaling = if equilibrate { Scaling::ruiz(&core) } else { Scaling::none(&core) };
        let scaled = scaling.apply(&core);
        (core.c, scaled.c, scaling)
    }

    /// The pattern of its KKT matrices.
    pub(crate) fn pattern(&self) -> &Arc<Pattern> {
        &self.pattern
    }

    /// The solution of a problem whose second-order model at the solution is `user`, equilibrated `scaled`.
    pub(crate) fn conclude(&self, user: Core, scaled: Core, scaling: Scaling, end: End) -> Solution {
        let prepared = Prepared {
            scaling: Lazy::new(move || scaling),
            core: Lazy::new(move || scaled),
            convex: Arc::new(OnceLock::from(true)),
            pivoting: Arc::default(),
        };
        Job { solver: self, constant: 0.0, user: Arc::new(user), prepared }.solution(end)
    }

    fn solve_program(
        &self,
        problem: &Problem,
        warm: Option<&WarmStart>,
        callback: Callback<'_>,
        convex: bool,
    ) -> Result<Solution, Error> {
        let shared = self.share(problem)?;
        if convex {
            shared.prepared.convex.get_or_init(|| true);
        }
        Job::new(self, &shared, problem).run(warm, callback)
    }

    /// Checks a problem, and prepares what every problem with its matrices has in common.
    pub(crate) fn share(&self, problem: &Problem) -> Result<Shared, Error> {
        if self.compare(problem)? {
            let (p, c) = (Arc::clone(&self.p), Arc::clone(&self.c));
            return Ok(Shared { p, c, prepared: self.prepared.clone() });
        }
        let user = Arc::new(Core::new(problem));
        let prepared = Prepared::new(&user, &self.settings);
        Ok(Shared { p: Arc::clone(&user.p), c: Arc::clone(&user.c), prepared })
    }

    /// Factors shared matrices ahead of many solves.
    pub(crate) fn factor_shared(&self, shared: &Shared, base: &Problem) {
        let job = Job::new(self, shared, base);
        if job.suits_pivoting() {
            job.eliminated();
        }
    }

    /// Solves a problem with shared matrices; `problem` needs to hold no others, and has been checked.
    pub(crate) fn solve_shared(
        &self,
        shared: &Shared,
        problem: &Problem,
        warm: Option<&WarmStart>,
    ) -> Result<Solution, Error> {
        Job::new(self, shared, problem).run(warm, &mut |_| Control::Continue)
    }

    /// A problem with the matrices it was made with, and zeros for vectors.
    pub(crate) fn template(&self) -> Core {
        let (n, m) = (self.c.ncols, self.c.nrows);
        Core {
            p: Arc::new((*self.p).clone()),
            q: vec![0.0; n],
            c: Arc::new((*self.c).clone()),
            l: vec![0.0; m],
            u: vec![0.0; m],
            lo: vec![0.0; n],
            hi: vec![0.0; n],
        }
    }

    /// Whether its problems have smooth terms.
    pub(crate) fn is_smooth(&self) -> bool {
        self.smooth.is_some()
    }

    /// Rows of A.
    pub(crate) fn equalities(&self) -> usize {
        self.equalities
    }

    /// Whether the active-set method may be tried by the settings.
    pub(crate) fn pivots(&self) -> bool {
        let s = &self.settings;
        s.plain.is_none()
            && !self.is_smooth()
            && match s.method {
                Method::ActiveSet => true,
                Method::Auto => s.finish && self.pattern.is_dense(),
                _ => false,
            }
    }

    /// Checks a problem against the pattern; whether its matrices are those the solver was made with.
    pub(crate) fn compare(&self, problem: &Problem) -> Result<bool, Error> {
        let (p, (a, g)) = both(
            self.p.nnz(),
            || self.p.has_rows(0, &problem.p),
            || (self.c.has_rows(0, &problem.a), self.c.has_rows(self.equalities, &problem.g)),
        );
        let shapes = problem.a.nrows == self.equalities && problem.g.nrows == self.c.nrows - self.equalities;
        let same_p = self.p.nrows == problem.p.nrows && p.0;
        if !(same_p && a.0 && g.0 && shapes) {
            problem.validate()?;
            let block = match (same_p, a.0 && problem.a.nrows == self.equalities) {
                (false, _) => "P",
                (_, false) => "A",
                _ => "G",
            };
            return Err(Error::OtherPattern { block });
        }
        let same = a.1 && g.1 && p.1;
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
    /// Constant of the objective.
    constant: f64,
    user: Arc<Core>,
    prepared: Prepared,
}

impl<'a> Job<'a> {
    fn new(solver: &'a Solver, shared: &Shared, problem: &Problem) -> Self {
        let user = Arc::new(Core::with(problem, Arc::clone(&shared.p), Arc::clone(&shared.c)));
        let prepared = shared.prepared.with(&user);
        Self { solver, constant: problem.r, user, prepared }
    }

    fn run(self, warm: Option<&WarmStart>, callback: Callback<'_>) -> Result<Solution, Error> {
        let settings = &self.solver.settings;
        let equalities = self.solver.equalities;
        if let Some(proof) = certificate::empty_interval(&self.user, equalities) {
            return Ok(self.ended(Status::Infeasible, Some(proof)));
        }
        if let Some(plain) = settings.plain {
            let (point, control) = plain::run(&self.user, equalities, plain, callback)?;
            let residuals = self.user.residuals(&point);
            let status = match control {
                Control::OutOfTime => Status::TimeLimit,
                Control::Cancel => Status::Cancelled,
                Control::Continue if residuals.max() <= settings.tolerance => Status::Solved,
                Control::Continue => Status::IterationLimit,
            };
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

    fn driver<'s>(&'s self, settings: &'s Settings) -> Driver<'s> {
        Driver {
            settings,
            user: &self.user,
            core: &self.prepared.core,
            scaling: &self.prepared.scaling,
            pattern: &self.solver.pattern,
            equalities: self.solver.equalities,
            certify: true,
        }
    }

    /// Whether P is positive semidefinite.
    fn convex(&self) -> bool {
        *self.prepared.convex.get_or_init(|| convexity::is_convex(&self.user.p))
    }

    /// A solution that ended before any method began.
    fn ended(self, status: Status, certificate: Option<Certificate>) -> Solution {
        let point = Point::zeros(&self.user);
        let end =
            End { status, point, residuals: Residuals::unknown(), certificate, ..End::new(Method::Interior) };
        self.solution(end)
    }

    fn solution(self, end: End) -> Solution {
        let me = self.solver.equalities;
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
            objective: end.objective.unwrap_or_else(|| self.user.objective(&point.x) + self.constant),
            residuals: end.residuals,
            iterations: end.iterations,
            method: end.method,
            finished,
            notes: end.notes,
            certificate: end.certificate,
            active: active.clone(),
            state: None,
            sample: None,
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
                slopes: OnceLock::new(),
            }));
        }
        solution
    }
}

//! The solver: analysis for a pattern, and the choice and order of methods.

mod drive;
mod few;
mod matrices;
mod outside;
mod pivot;
mod proof;
mod together;

use crate::core::{Core, Point};
use crate::derivative::State;
use crate::finish::Finished;
use crate::kernel::both;
use crate::kkt::Pattern;
use crate::problem::Problem;
use crate::progress::{Callback, Control, Progress};
use crate::scaling::Scaling;
use crate::smooth::{self, Augmented, SmoothTerm};
use crate::{Certificate, Csc, Error, Method, Residuals, Settings, Solution, Status, WarmStart};
use crate::{certificate, convexity, plain};
use drive::Driver;
pub(crate) use drive::End;
pub(crate) use matrices::{Equilibrated, Matrices};
use pivot::Attempt;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
pub(crate) use together::Together;

/// A solver for all problems with one sparsity pattern. Immutable and shareable between threads: the ordering and the
/// pattern of the factors are found once, and while P, A and G stay bitwise the same, so are the equilibration and the
/// active-set method's factor; the factor that the last solution was finished with is kept, so that a problem that ends at
/// the same active constraints needs no other. The memory of the last large dense factor (4 to 512 MB), once nobody needs
/// it, is kept in the process for the next one.
#[derive(Debug)]
pub struct Solver {
    settings: Settings,
    /// Rows of A.
    equalities: usize,
    /// The problem it was made with, A and G stacked, and what depends on its matrices.
    matrices: Arc<Matrices>,
    pattern: Arc<Pattern>,
    /// For problems with smooth terms: the pattern of their local programs, and the terms' functions and columns.
    smooth: Option<(Arc<Augmented>, Vec<SmoothTerm>)>,
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
            terms => Some((Arc::new(Augmented::new(problem)?), terms.to_vec())),
        };
        let user = match &smooth {
            None => Core::new(problem),
            Some((augmented, _)) => {
                let c = Arc::new(problem.a.stack(&problem.g));
                Core::with(problem, Arc::new(augmented.p.clone()), c)
            }
        };
        let pattern = Pattern::new(&user.p, &user.c)?;
        let matrices = Matrices::new(user, settings.scaling);
        Ok(Self { settings, equalities: problem.a.nrows, matrices, pattern, smooth })
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
        let ours = &self.matrices;
        let plain = self.settings.plain.is_some();
        if ours.user.c.is_stack(&problem.a, &problem.g).1 && !plain {
            return (Arc::clone(&ours.user.c), Arc::clone(&ours.scaled().c), ours.scaling().clone());
        }
        let core = Core::with(problem, Arc::clone(&ours.user.p), Arc::new(problem.a.stack(&problem.g)));
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
        let matrices = Matrices::equilibrated(user, scaled, scaling);
        Job { solver: self, constant: 0.0, problem: Equilibrated::of(&matrices) }.solution(end)
    }

    fn solve_program(
        &self,
        problem: &Problem,
        warm: Option<&WarmStart>,
        callback: Callback<'_>,
        convex: bool,
    ) -> Result<Solution, Error> {
        let matrices = self.share(problem)?;
        if convex {
            matrices.convex.get_or_init(|| true);
        }
        Job::new(self, &matrices, problem).run(warm, callback)
    }

    /// Checks a problem, and prepares what every problem with its matrices has in common.
    pub(crate) fn share(&self, problem: &Problem) -> Result<Arc<Matrices>, Error> {
        if self.compare(problem)? {
            return Ok(Arc::clone(&self.matrices));
        }
        Ok(Matrices::new(Core::new(problem), self.settings.scaling))
    }

    /// Factors shared matrices ahead of many solves.
    pub(crate) fn factor_shared(&self, shared: &Arc<Matrices>, base: &Problem) {
        let job = Job::new(self, shared, base);
        if job.suits_pivoting() {
            job.eliminated();
        }
    }

    /// Solves a problem with shared matrices; `problem` needs to hold no others, and has been checked.
    pub(crate) fn solve_shared(
        &self,
        shared: &Arc<Matrices>,
        problem: &Problem,
        warm: Option<&WarmStart>,
    ) -> Result<Solution, Error> {
        Job::new(self, shared, problem).run(warm, &mut |_| Control::Continue)
    }

    /// A problem with the matrices it was made with, and zeros for vectors.
    pub(crate) fn template(&self) -> Core {
        let user = &self.matrices.user;
        let (n, m) = (user.n(), user.m());
        Core {
            p: Arc::new((*user.p).clone()),
            q: vec![0.0; n],
            c: Arc::new((*user.c).clone()),
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
        let ours = &*self.matrices.user;
        let (p, c) =
            both(ours.p.nnz(), || ours.p.has_rows(0, &problem.p), || ours.c.is_stack(&problem.a, &problem.g));
        let me = self.equalities;
        if !(ours.p.nrows == problem.p.nrows && p.0 && problem.a.nrows == me && c.0) {
            problem.validate()?;
            let a = problem.a.nrows == me && ours.c.has_rows(0, &problem.a).0;
            let block = match (ours.p.nrows == problem.p.nrows && p.0, a) {
                (false, _) => "P",
                (_, false) => "A",
                _ => "G",
            };
            return Err(Error::OtherPattern { block });
        }
        let same = p.1 && c.1;
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
    problem: Equilibrated,
}

impl<'a> Job<'a> {
    fn new(solver: &'a Solver, matrices: &Arc<Matrices>, problem: &Problem) -> Self {
        let known = &matrices.user;
        let equilibrated = if known.has_vectors(problem) {
            Equilibrated::of(matrices)
        } else {
            let core = Core::with(problem, Arc::clone(&known.p), Arc::clone(&known.c));
            Equilibrated::with(matrices, core)
        };
        Self { solver, constant: problem.r, problem: equilibrated }
    }

    fn run(self, warm: Option<&WarmStart>, callback: Callback<'_>) -> Result<Solution, Error> {
        let settings = &self.solver.settings;
        let equalities = self.solver.equalities;
        if let Some(proof) = certificate::empty_interval(&self.problem.user, equalities) {
            return Ok(self.ended(Status::Infeasible, Some(proof)));
        }
        if let Some(plain) = settings.plain {
            let (point, control) = plain::run(&self.problem.user, equalities, plain, callback)?;
            let residuals = self.problem.user.residuals(&point);
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
            w.x.len() == self.problem.user.n()
                && w.y.len() == self.problem.user.m()
                && w.z.len() == self.problem.user.n()
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
            user: &self.problem.user,
            core: self.problem.core(),
            scaling: self.problem.scaling(),
            pattern: &self.solver.pattern,
            equalities: self.solver.equalities,
            kept: Some(&self.problem.matrices.kept),
            certify: true,
        }
    }

    /// Whether P is positive semidefinite.
    fn convex(&self) -> bool {
        *self.problem.matrices.convex.get_or_init(|| convexity::is_convex(&self.problem.user.p))
    }

    /// A solution that ended before any method began.
    fn ended(self, status: Status, certificate: Option<Certificate>) -> Solution {
        let point = Point::zeros(&self.problem.user);
        let end =
            End { status, point, residuals: Residuals::unknown(), certificate, ..End::new(Method::Interior) };
        self.solution(end)
    }

    fn solution(self, end: End) -> Solution {
        let me = self.solver.equalities;
        let part = |v: &[f64], sign: f64| v.iter().map(|v| (sign * v).max(0.0)).collect::<Vec<f64>>();
        let point = end.point;
        let (factor, active, finished) = match end.finished {
            Some(Finished { factor, active, .. }) => (Some(factor), active, true),
            None => (None, end.active, end.pivoted.is_some()),
        };
        let mut active = active;
        active.fit(&self.problem.user);
        let mut solution = Solution {
            status: end.status,
            x: point.x.clone(),
            lambda: point.y[..me].to_vec(),
            nu_lower: part(&point.y[me..], -1.0),
            nu_upper: part(&point.y[me..], 1.0),
            mu_lower: part(&point.z, -1.0),
            mu_upper: part(&point.z, 1.0),
            objective: end.objective.unwrap_or_else(|| self.problem.user.objective(&point.x) + self.constant),
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
                problem: self.problem,
                pattern: Arc::clone(&self.solver.pattern),
                point,
                active,
                factor,
                pivoted: end.pivoted.map(Arc::new),
                finished,
                activity: self.solver.settings.activity,
                tolerance: self.solver.settings.tolerance,
                null: OnceLock::new(),
                classified: OnceLock::new(),
                slopes: OnceLock::new(),
            }));
        }
        solution
    }
}

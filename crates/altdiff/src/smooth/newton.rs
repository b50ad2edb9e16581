//! Newton's method on a smooth objective over a polyhedron.

use super::alternating::alternate;
use super::domain::{Interior, interior};
use super::function::Domain;
use super::path::follow;
use super::{Augmented, Slopes, SmoothTerm};
use crate::problem::{dot, norm_inf};
use crate::progress::Callback;
use crate::solver::Solver;
use crate::{Certificate, Error, Method, Problem, Solution, Status, WarmStart};
use std::sync::Arc;

/// Newton steps unless the settings say otherwise.
const STEPS: usize = 200;

/// A step leaves at least this part of the distance to the end of a steep domain.
const FRACTION: f64 = 0.01;

/// An argument below this is at the end of its domain: what the rest of the objective says is weighed against the slope
/// here, since no number below it matters.
pub(super) const TINY: f64 = 1e-20;

/// The most that a step may raise the argument of an exponential.
pub(super) const RISE: f64 = 5.0;

/// Below this (relative) a step is rounding noise.
pub(super) const STILL: f64 = 1e-11;

/// Beyond this the iterates have run away.
const FAR: f64 = 1e9;

/// Solves a problem with smooth terms.
pub(crate) fn solve(
    solver: &Solver,
    augmented: &Arc<Augmented>,
    problem: &Problem,
    warm: Option<&WarmStart>,
    callback: Callback<'_>,
) -> Result<Solution, Error> {
    let newton = Newton { solver, augmented, problem: std::borrow::Cow::Borrowed(problem) };
    newton.run(warm, callback)
}

struct Newton<'a> {
    solver: &'a Solver,
    augmented: &'a Arc<Augmented>,
    problem: std::borrow::Cow<'a, Problem>,
}

/// What to do after a local program was solved.
enum Outcome {
    /// Its solution is the next target.
    Step(Box<Solution>),
    /// The solve is over.
    Over(Box<Solution>),
    /// Continue from another point: the domain's interior was found, or columns at its end were fixed.
    Restart(Vec<f64>),
}

impl Newton<'_> {
    fn run(mut self, warm: Option<&WarmStart>, callback: Callback<'_>) -> Result<Solution, Error> {
        self.hold();
        let mut x = self.start(warm);
        let settings = self.solver.settings();
        let found = match settings.method {
            _ if settings.plain.is_some() => {
                alternate(self.solver, self.augmented, &self.problem, &x, callback)?
            }
            Method::Alternating => alternate(self.solver, self.augmented, &self.problem, &x, callback)?,
            Method::ActiveSet => None,
            _ => follow(self.solver, self.augmented, &self.problem, &x, warm, callback)?,
        };
        if let Some(solution) = found {
            return Ok(solution);
        }
        let mut warm = warm.cloned();
        // The start need not satisfy the constraints; every target does, and so does what follows a full step.
        let (mut feasible, mut searched) = (false, false);
        let limit = self.solver.settings().max_iterations.unwrap_or(STEPS);
        let mut last = f64::INFINITY;
        let mut proximal = 0.0;
        let mut best: Option<Solution> = None;
        for step in 1..=limit {
            let outcome = self.target(&x, feasible, &mut proximal, warm.as_ref(), &mut searched, callback)?;
            let mut solution = match outcome {
                Outcome::Step(solution) => solution,
                Outcome::Over(mut solution) => {
                    solution.iterations = step;
                    return Ok(*solution);
                }
                Outcome::Restart(from) => {
                    (x, feasible, warm) = (from, false, None);
                    continue;
                }
            };
            warm = Some(solution.warm_start());
            let direction: Vec<f64> = solution.x.iter().zip(&x).map(|(to, from)| to - from).collect();
            let length = if feasible { self.search(&x, &direction) } else { 1.0 };
            let moved = relative(&self.problem, &x, &direction) * length;
            if length == 1.0 {
                x.clone_from(&solution.x);
            } else {
                for (x, d) in x.iter_mut().zip(&direction) {
                    *x += length * d;
                }
            }
            feasible |= length == 1.0;
            if length == 1.0 && proximal == 0.0 {
                // The multipliers are those of the model; against the true slopes the rest shrinks quadratically.
                let dual = self.stationarity(&solution);
                solution.residuals.dual = solution.residuals.dual.max(dual);
                solution.iterations = step;
                solution.objective = self.problem.objective(&x);
                let tolerance = self.solver.settings().tolerance;
                let solved = solution.residuals.max() <= tolerance && self.unleashed(&solution, tolerance);
                // Once steps no longer shrink below what rounding allows, another one adds nothing.
                let settled = moved <= STILL || (moved <= 1e-7 && moved > 0.25 * last);
                if solved && settled {
                    return Ok(self.finish(*solution));
                }
                if solved && best.as_ref().is_none_or(|b| b.residuals.max() >= solution.residuals.max()) {
                    best = Some(*solution);
                }
            }
            last = moved;
            if norm_inf(&x) > FAR {
                break;
            }
        }
        Ok(self.give_up(x, best, limit))
    }

    /// Fixes the columns that their upper bounds hold at the end of a steep domain, where there is no slope.
    fn hold(&mut self) {
        let held = |t: &&SmoothTerm| {
            t.function.domain() == Domain::SteepAtZero
                && self.problem.hi[t.column] == 0.0
                && self.problem.lo[t.column] <= 0.0
        };
        let columns: Vec<usize> = self.problem.smooth.iter().filter(held).map(|t| t.column).collect();
        for j in columns {
            self.problem.to_mut().lo[j] = 0.0;
        }
    }

    /// A point inside the domains, warm or of ordinary size.
    fn start(&self, warm: Option<&WarmStart>) -> Vec<f64> {
        let problem = &self.problem;
        let warm = warm.filter(|w| w.x.len() == problem.variables());
        let mut x: Vec<f64> = match warm {
            Some(warm) => warm.x.clone(),
            None => problem.lo.iter().zip(&problem.hi).map(|(lo, hi)| 0.0_f64.min(*hi).max(*lo)).collect(),
        };
        for term in &problem.smooth {
            let (j, domain) = (term.column, term.function.domain());
            if matches!(domain, Domain::SteepAtZero | Domain::Positive) {
                let hi = problem.hi[j];
                let ordinary = if hi.is_finite() && hi > 0.0 { (0.5 * hi).min(1.0) } else { 1.0 };
                if warm.is_none() || x[j] <= 0.0 && domain == Domain::Positive {
                    x[j] = ordinary.max(problem.lo[j]);
                }
                x[j] = x[j].max(0.0);
            } else if domain == Domain::Nonnegative {
                x[j] = x[j].max(0.0);
            }
        }
        x
    }

    /// Minimizes the model at x over the polyhedron.
    fn target(
        &mut self,
        x: &[f64],
        feasible: bool,
        proximal: &mut f64,
        warm: Option<&WarmStart>,
        searched: &mut bool,
        callback: Callback<'_>,
    ) -> Result<Outcome, Error> {
        let model = self.model(x, true, *proximal);
        if !model.q.iter().chain(&model.p.values).all(|v| v.is_finite()) {
            let mut over = Solution::unfinished(&self.problem, x.to_vec());
            over.notes
                .push(String::from("the slopes of the objective leave the range of floating-point numbers"));
            return Ok(Outcome::Over(Box::new(over)));
        }
        let solution = self.solver.solve_model(&model, warm, callback)?;
        match solution.status {
            Status::Solved => {
                *proximal = if *proximal > 1e-12 { *proximal * 0.01 } else { 0.0 };
                Ok(Outcome::Step(Box::new(solution)))
            }
            Status::TimeLimit | Status::Cancelled => Ok(Outcome::Over(Box::new(solution))),
            Status::Infeasible if !feasible => self.outside(x, searched, callback),
            Status::Unbounded if self.falls(&solution) => Ok(Outcome::Over(Box::new(solution))),
            // The model has no minimum where curvature has died away: keep it near.
            _ if *proximal < 1e3 => {
                *proximal = (100.0 * *proximal).max(1e-6);
                let again = self.solver.solve_model(&self.model(x, true, *proximal), warm, callback)?;
                let step = again.status == Status::Solved;
                Ok(if step { Outcome::Step(Box::new(again)) } else { Outcome::Over(Box::new(again)) })
            }
            _ => Ok(Outcome::Over(Box::new(solution))),
        }
    }

    /// No target keeps the distance to the ends of the domains: the constraints leave no point of the domain, or none
    /// inside it, or the start was too far off.
    fn outside(&mut self, x: &[f64], searched: &mut bool, callback: Callback<'_>) -> Result<Outcome, Error> {
        if std::mem::replace(searched, true) {
            let plain = self.solver.solve_model(&self.model(x, false, 0.0), None, callback)?;
            let step = plain.status == Status::Solved;
            return Ok(if step { Outcome::Step(Box::new(plain)) } else { Outcome::Over(Box::new(plain)) });
        }
        match interior(self.solver, self.augmented, &self.problem, callback)? {
            Interior::Point { x, fixed } => {
                let problem = self.problem.to_mut();
                for j in fixed {
                    (problem.lo[j], problem.hi[j]) = (0.0, 0.0);
                }
                Ok(Outcome::Restart(x))
            }
            Interior::None(solution) => Ok(Outcome::Over(solution)),
        }
    }

    /// The second-order model at x as a quadratic program. `near` keeps targets inside steep domains and exponentials
    /// in range; both are far from binding near the solution.
    fn model(&self, x: &[f64], near: bool, proximal: f64) -> Problem {
        let problem = &self.problem;
        let mut model =
            Problem { p: self.augmented.p.clone(), smooth: Vec::new(), w: Vec::new(), ..(**problem).clone() };
        for (&k, v) in self.augmented.kept.iter().zip(&problem.p.values) {
            model.p.values[k] = *v;
        }
        for ((term, &weight), &k) in problem.smooth.iter().zip(&problem.w).zip(&self.augmented.diagonal) {
            let (j, z) = (term.column, x[term.column]);
            let domain = term.function.domain();
            if domain != Domain::All {
                model.lo[j] = model.lo[j].max(0.0);
            }
            if !term.counts(weight, model.lo[j], model.hi[j]) {
                continue;
            }
            let z = argument(term, z);
            let (slope, curvature) = (term.function.slope(z), term.function.curvature(z));
            model.p.values[k] += weight * curvature + proximal;
            model.q[j] += weight * (slope - curvature * z) - proximal * z;
            if near && (domain == Domain::Positive || domain == Domain::SteepAtZero && z > TINY) {
                model.lo[j] = model.lo[j].max(FRACTION * z);
            }
            if near && term.function.explodes() {
                model.hi[j] = model.hi[j].min(z.max(0.0) + RISE);
            }
        }
        model
    }

    /// The length of a step that lowers the objective enough (Armijo).
    fn search(&self, x: &[f64], direction: &[f64]) -> f64 {
        let problem = &self.problem;
        let start = problem.objective(x);
        let slope: f64 = dot(&self.gradient(x), direction);
        if slope >= -1e-14 * (1.0 + start.abs()) {
            // Below rounding the objective tells nothing, and the model is exact.
            return 1.0;
        }
        let mut length = 1.0;
        let at = |t: f64| x.iter().zip(direction).map(|(x, d)| x + t * d).collect::<Vec<_>>();
        let noise = 1e-15 * (1.0 + start.abs());
        while length > 1e-12 {
            // A NaN is no decrease.
            if problem.objective(&at(length)) <= start + 1e-4 * length * slope + noise {
                return length;
            }
            length *= 0.5;
        }
        length
    }

    /// ∇f at x.
    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let problem = &self.problem;
        let mut out = problem.p.mul_symmetric_vec(x);
        for (o, q) in out.iter_mut().zip(&problem.q) {
            *o += q;
        }
        for (term, weight) in problem.smooth.iter().zip(&problem.w).filter(|(_, w)| **w != 0.0) {
            // Below its argument a term continues as its model does, or no multiplier would fit at the end of the domain.
            let (x, z) = (x[term.column], argument(term, x[term.column]));
            let beyond = if x < z { term.function.curvature(z) * (x - z) } else { 0.0 };
            out[term.column] += weight * (term.function.slope(z) + beyond);
        }
        out
    }

    /// The dual residual with the true slopes, relative to its largest term.
    fn stationarity(&self, solution: &Solution) -> f64 {
        let problem = &self.problem;
        let gradient = self.gradient(&solution.x);
        let mut sum = gradient.clone();
        problem.a.mul_transpose_add(1.0, &solution.lambda, &mut sum);
        let nu: Vec<f64> =
            solution.nu_upper.iter().zip(&solution.nu_lower).map(|(up, low)| up - low).collect();
        problem.g.mul_transpose_add(1.0, &nu, &mut sum);
        let mut size = norm_inf(&gradient).max(1.0);
        let mut worst = 0.0_f64;
        for j in 0..sum.len() {
            let mu = solution.mu_upper[j] - solution.mu_lower[j];
            size = size.max(mu.abs());
            // A column that the domain holds at 0 has no slope there to compare with.
            if problem.lo[j] != problem.hi[j] {
                worst = worst.max((sum[j] + mu).abs());
            }
        }
        if worst.is_finite() { worst / size } else { f64::INFINITY }
    }

    /// Whether no multiplier belongs to a bound that only keeps the model near.
    fn unleashed(&self, solution: &Solution, tolerance: f64) -> bool {
        let free = |multiplier: f64| multiplier <= tolerance * solution.objective.abs().max(1.0);
        self.problem.smooth.iter().all(|term| {
            let j = term.column;
            let below = solution.x[j] <= self.problem.lo[j].max(0.0) || free(solution.mu_lower[j]);
            let above = solution.x[j] >= self.problem.hi[j] || free(solution.mu_upper[j]);
            (below || term.function.domain() == Domain::All) && above
        })
    }

    /// Whether a recession direction of the model is one of the problem: no smooth term changes along it.
    fn falls(&self, solution: &Solution) -> bool {
        let Some(Certificate::Unbounded { direction, .. }) = &solution.certificate else { return false };
        let still = 1e-12 * norm_inf(direction);
        let mut terms = self.problem.smooth.iter().zip(&self.problem.w);
        terms.all(|(t, w)| *w == 0.0 || direction[t.column].abs() <= still)
    }

    /// A solved problem, with what its derivatives need.
    fn finish(&self, mut solution: Solution) -> Solution {
        solution.attach(Slopes::at(self.augmented, &self.problem, &solution.x));
        solution.notes.push(format!("Newton's method on the smooth terms: {} steps", solution.iterations));
        solution
    }

    fn give_up(&self, x: Vec<f64>, best: Option<Solution>, limit: usize) -> Solution {
        let gone = norm_inf(&x) > 1e4;
        let mut solution = best.unwrap_or_else(|| Solution::unfinished(&self.problem, x.clone()));
        solution.status = Status::IterationLimit;
        solution.iterations = limit;
        solution.objective = self.problem.objective(&x);
        solution.x = x;
        solution.state = None;
        solution.notes.push(if gone {
            String::from("the iterates grow without end: the infimum seems not to be attained")
        } else {
            format!("Newton's method did not settle in {limit} steps: the infimum may not be attained")
        });
        solution
    }
}

/// Where a term's slope and curvature are taken.
pub(super) fn argument(term: &SmoothTerm, z: f64) -> f64 {
    if term.function.domain() == Domain::SteepAtZero { z.max(TINY) } else { z }
}

/// The longest part of a step, relative to the point; inside steep domains each entry counts by itself.
pub(super) fn relative(problem: &Problem, x: &[f64], direction: &[f64]) -> f64 {
    let mut largest = norm_inf(direction) / (1.0 + norm_inf(x));
    for (term, _) in problem.smooth.iter().zip(&problem.w).filter(|(_, w)| **w != 0.0) {
        let steep = matches!(term.function.domain(), Domain::SteepAtZero | Domain::Positive);
        let j = term.column;
        if steep && x[j] > 1e-6 {
            largest = largest.max(1e-3 * direction[j].abs() / x[j]);
        }
    }
    largest
}

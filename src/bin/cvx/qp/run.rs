//! The work, timed.

use super::file::Instance;
use super::{Qp, Row};
use crate::settings::method_name;
use altdiff::{Block, Cotangent, DerivativeOptions, Error, Method, Settings, Solver, Status};
use std::time::Instant;

/// Repeats end after so many seconds, or runs; a few are made where they do not take minutes.
const SECONDS: f64 = 0.5;
const RUNS: usize = 1000;
const FEW: usize = 3;
const PATIENCE: f64 = 10.0;

/// What one run yields, samples after one another.
struct Outcome {
    /// Set-up, solve, derivative.
    seconds: [f64; 3],
    x: Vec<f64>,
    dq: Vec<f64>,
    status: Status,
    method: Method,
    iterations: usize,
}

impl Qp {
    /// The rows of one instance.
    pub(super) fn rows(&self, instance: &Instance) -> Result<Vec<Row>, Error> {
        let settings =
            Settings { method: self.method.method(), tolerance: self.tolerance, ..Settings::default() };
        let mut rows = vec![row(instance, "cvxlayer", &settings, once)?];
        if self.warm && instance.batch.is_none() {
            rows.push(row(instance, "cvxlayer warm", &settings, again)?);
        }
        Ok(rows)
    }
}

/// Repeats a run, and judges its results.
fn row(
    instance: &Instance,
    peer: &'static str,
    settings: &Settings,
    work: impl Fn(&Instance, &Settings) -> Result<Outcome, Error>,
) -> Result<Row, Error> {
    let mut outcome = work(instance, settings)?;
    let mut runs = vec![outcome.seconds];
    let more = |runs: &[[f64; 3]]| {
        let spent = runs.iter().flatten().sum::<f64>();
        spent < SECONDS && runs.len() < RUNS || spent < PATIENCE && runs.len() < FEW
    };
    while more(&runs) {
        outcome = work(instance, settings)?;
        runs.push(outcome.seconds);
    }
    let median = |k: usize| {
        let mut all: Vec<f64> = runs.iter().map(|run| run[k]).collect();
        all.sort_by(f64::total_cmp);
        f64::midpoint(all[(all.len() - 1) / 2], all[all.len() / 2])
    };
    let (setup_s, solve_s) = (median(0), median(1));
    let (mut x_error, mut gradient_error) = (f64::NAN, f64::NAN);
    if outcome.status == Status::Solved && peer == "cvxlayer" {
        let exact = match &instance.exact {
            Some(exact) => exact.clone(),
            None => reference(instance, settings)?,
        };
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
        let largest = exact.0.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        let apart = outcome.x.iter().zip(&exact.0).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        x_error = apart / largest;
        let apart = norm(&mut outcome.dq.iter().zip(&exact.1).map(|(a, b)| a - b));
        gradient_error = apart / norm(&mut exact.1.iter().copied()).max(1e-6);
    }
    Ok(Row {
        instance: instance.name.clone(),
        peer,
        setup_s,
        solve_s,
        forward_s: setup_s + solve_s,
        backward_s: median(2),
        status: outcome.status.to_string(),
        method: method_name(outcome.method).to_owned(),
        iterations: outcome.iterations,
        x_error,
        gradient_error,
    })
}

fn seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed().as_secs_f64())
}

/// Set-up, solve and derivative.
fn once(instance: &Instance, settings: &Settings) -> Result<Outcome, Error> {
    if instance.batch.is_some() {
        return batch(instance, settings);
    }
    let problem = &instance.problem;
    let (solver, setup) = seconds(|| Solver::new(problem, settings.clone()));
    let solver = solver?;
    let (solution, solve) = seconds(|| solver.solve(problem, None));
    finish(solution?, [setup, solve])
}

/// Solve and derivative after q has changed by 1 %, from the solution before.
fn again(instance: &Instance, settings: &Settings) -> Result<Outcome, Error> {
    let mut problem = instance.problem.clone();
    let solver = Solver::new(&problem, settings.clone())?;
    let start = solver.solve(&problem, None)?.warm_start();
    for (i, q) in problem.q.iter_mut().enumerate() {
        *q *= if i % 2 == 0 { 1.01 } else { 0.99 };
    }
    let (solution, solve) = seconds(|| solver.solve(&problem, Some(&start)));
    finish(solution?, [0.0, solve])
}

fn finish(solution: altdiff::Solution, [setup, solve]: [f64; 2]) -> Result<Outcome, Error> {
    let (mut dq, mut derive) = (Vec::new(), 0.0);
    if solution.status == Status::Solved {
        let seed = Cotangent::x(vec![1.0; solution.x.len()]);
        let (gradient, taken) = seconds(|| solution.vjp(&seed, &DerivativeOptions::default()));
        (dq, derive) = (gradient?.q, taken);
    }
    Ok(Outcome {
        seconds: [setup, solve, derive],
        dq,
        status: solution.status,
        method: solution.method,
        iterations: solution.iterations,
        x: solution.x,
    })
}

/// All samples, and the derivative by each q.
fn batch(instance: &Instance, settings: &Settings) -> Result<Outcome, Error> {
    let Some(batch) = &instance.batch else { return once(instance, settings) };
    let n = instance.problem.q.len();
    let (solver, setup) = seconds(|| Solver::new(batch.base(), settings.clone()));
    let solver = solver?;
    let (samples, solve) = seconds(|| solver.solve_batch(batch, &[]));
    let samples = samples?;
    let seeds = vec![Cotangent::x(vec![1.0; n]); batch.samples()];
    let (gradient, derive) = seconds(|| samples.vjp(&seeds, &[Block::Q], &DerivativeOptions::default()));
    let dq = gradient?.block(Block::Q).to_vec();
    let mut out = Outcome {
        seconds: [setup, solve, derive],
        x: Vec::with_capacity(dq.len()),
        dq,
        status: Status::Solved,
        method: Method::Auto,
        iterations: 0,
    };
    for solution in samples.into_samples() {
        let solution = solution?;
        if solution.status != Status::Solved {
            out.status = solution.status;
        }
        out.method = solution.method;
        out.iterations = out.iterations.max(solution.iterations);
        out.x.extend(solution.x);
    }
    Ok(out)
}

/// x and the gradient by q, by the interior-point method.
fn reference(instance: &Instance, settings: &Settings) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let other =
        Settings { method: Method::Interior, tolerance: settings.tolerance.min(1e-10), ..settings.clone() };
    let outcome = once(instance, &other)?;
    Ok((outcome.x, outcome.dq))
}

//! `cvx solve`

use crate::failure::{self, Failure};
use crate::input::Input;
use crate::number::{count, number, size, time};
use crate::output::{self, bold, dim};
use crate::report::{self, Row};
use crate::settings::{Solver, method_name};
use clap::Args;
use cvxlayer::{Array, Certificate, Named, Solution, Status};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Solve a model, or a program that `cvx canon --json` wrote.
///
/// Exit status: 0 solved, 2 bad input, 3 infeasible, 4 unbounded, 5 a limit was reached.
#[derive(Debug, Args)]
pub(crate) struct Solve {
    #[command(flatten)]
    input: Input,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    solver: Solver,
}

impl Solve {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let start = Instant::now();
        let loaded = self.input.load()?;
        let read = start.elapsed();
        let data = self.input.values.read()?;
        let ready = loaded.ready(&data, self.solver.settings(), read)?;
        let start = Instant::now();
        let solution = ready
            .layer
            .solve_with(&ready.params, None, &mut self.solver.clock())
            .map_err(|e| loaded.explain(e))?;
        let seconds = Seconds { compile: ready.compile, solve: start.elapsed(), derivative: None };
        if self.json {
            output::json(&Object::new(&solution, seconds))?;
        } else {
            loaded.warn();
            output::print(&human(&solution, seconds))?;
        }
        Ok(failure::exit(solution.status))
    }
}

/// How long the stages took.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Seconds {
    #[serde(serialize_with = "seconds")]
    pub(crate) compile: Duration,
    #[serde(serialize_with = "seconds")]
    pub(crate) solve: Duration,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_seconds")]
    pub(crate) derivative: Option<Duration>,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

#[allow(clippy::ref_option, reason = "the form that serde calls")]
fn some_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.unwrap_or_default().as_secs_f64())
}

/// The one object that is printed for every status.
#[derive(Debug, Serialize)]
pub(crate) struct Object<'a> {
    status: String,
    objective: Array,
    variables: &'a Named<Array>,
    expressions: &'a Named<Array>,
    duals: &'a Named<Array>,
    bounds: &'a Named<Array>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Proof<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<&'a Named<Array>>,
    method: &'static str,
    iterations: usize,
    residuals: Residuals,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    seconds: Seconds,
}

#[derive(Debug, Serialize)]
struct Residuals {
    primal: Array,
    dual: Array,
    gap: Array,
}

impl<'a> Object<'a> {
    pub(crate) fn new(solution: &'a Solution, seconds: Seconds) -> Self {
        let residuals = &solution.info.residuals;
        let finite = |v: f64| Array::from(if v.is_finite() { v } else { f64::NAN });
        Self {
            status: solution.status.to_string(),
            objective: solution.objective.into(),
            variables: &solution.variables,
            expressions: &solution.expressions,
            duals: &solution.duals,
            bounds: &solution.bounds,
            certificate: solution.certificate.as_ref().map(Proof),
            point: match &solution.certificate {
                Some(Certificate::Unbounded { point, .. }) => Some(point),
                _ => None,
            },
            method: method_name(solution.info.method),
            iterations: solution.info.iterations,
            residuals: Residuals {
                primal: finite(residuals.primal),
                dual: finite(residuals.dual),
                gap: finite(residuals.gap),
            },
            notes: &solution.info.notes,
            seconds,
        }
    }
}

/// Multipliers by label and `bounds`, or a direction by variable.
#[derive(Debug)]
struct Proof<'a>(&'a Certificate);

impl Serialize for Proof<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Certificate::Infeasible { duals, bounds } => {
                for (label, dual) in duals.iter() {
                    map.serialize_entry(label, dual)?;
                }
                map.serialize_entry("bounds", bounds)?;
            }
            Certificate::Unbounded { direction, .. } => {
                for (name, value) in direction.iter() {
                    map.serialize_entry(name, value)?;
                }
            }
            _ => {}
        }
        map.end()
    }
}

/// The result as tables.
pub(crate) fn human(solution: &Solution, seconds: Seconds) -> String {
    let info = &solution.info;
    let mut out = format!(
        "{}  {}\n",
        bold(&solution.status.to_string()),
        dim(&format!(
            "{} of the {} method, compiled in {}, solved in {}",
            count(info.iterations, "iteration"),
            method_name(info.method),
            time(seconds.compile),
            time(seconds.solve)
        ))
    );
    match &solution.certificate {
        Some(Certificate::Infeasible { duals, bounds }) => {
            out.push_str("\nThese constraints contradict one another; the multipliers prove it:\n");
            let rows = report::duals(solution.program(), duals, bounds);
            out.push_str(&report::rows(&rows, "multiplier"));
        }
        Some(Certificate::Unbounded { direction, .. }) => {
            out.push_str(
                "\nAlong this direction every point stays feasible and the objective improves without end:\n",
            );
            out.push_str(&report::values(direction));
        }
        _ => {}
    }
    if !matches!(solution.status, Status::Infeasible | Status::Unbounded) {
        point(&mut out, solution);
    }
    for note in &info.notes {
        let _ = writeln!(out, "{}", dim(&format!("note: {note}")));
    }
    out
}

fn point(out: &mut String, solution: &Solution) {
    let r = &solution.info.residuals;
    let _ = writeln!(out, "\n  objective  {}", bold(&number(solution.objective)));
    let _ = writeln!(
        out,
        "  residuals  {}",
        dim(&format!("primal {}, dual {}, gap {}", size(r.primal), size(r.dual), size(r.gap)))
    );
    for (heading, list) in [("variables", &solution.variables), ("expressions", &solution.expressions)] {
        if !list.is_empty() {
            let _ = writeln!(out, "\n{}", bold(heading));
            out.push_str(&report::values(list));
        }
    }
    let rows: Vec<Row> = report::duals(solution.program(), &solution.duals, &solution.bounds);
    if rows.is_empty() {
        if !(solution.duals.is_empty() && solution.bounds.is_empty()) {
            out.push_str("\nno constraint is active\n");
        }
    } else {
        let _ = writeln!(out, "\n{}", bold("active constraints"));
        out.push_str(&report::rows(&rows, "dual"));
    }
}

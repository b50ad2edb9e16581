//! `cvx grad`

use crate::failure::{self, Failure};
use crate::input::{Input, Ready};
use crate::number::{number, size, time};
use crate::output::{self, bold, dim};
use crate::report::{self, Row};
use crate::settings::Solver;
use crate::solve::{self, Seconds};
use clap::{ArgGroup, Args, ValueEnum};
use cvxlayer::{
    Array, Data, Derivatives, Expression, Gradients, Jacobian, Named, Question, Route, Solution, Tangents,
    Verification,
};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Differentiate the solution by the parameters.
///
/// Ask for the gradient of a scalar expression of the solution (`--of`), of a weighted sum of outputs (`--seed`), for
/// the Jacobian of one output by one parameter (`--jacobian`), or for how everything moves along a direction of the
/// parameters (`--forward`). Outputs are variables, lets, `dual(LABEL)`, `bounds(VARIABLE)` and `objective`.
///
/// `well_defined` tells whether the derivative that was asked for is proved to exist; if not, notes say what is in the
/// way, and a documented choice is printed. Only a solved problem is differentiated: otherwise the exit status is that
/// of `cvx solve`, and no derivative is printed.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("question").required(true).args(["of", "seed", "jacobian", "forward"]))]
pub(crate) struct Grad {
    #[command(flatten)]
    input: Input,
    /// A scalar expression of variables, lets, dual(label), objective and parameters; it need not be convex
    #[arg(long, value_name = "EXPRESSION")]
    of: Option<String>,
    /// A file of weights (cotangents) by output
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// The derivative of an output by a parameter: rows are output entries, columns parameter entries
    #[arg(long, num_args = 2, value_names = ["OUTPUT", "PARAMETER"])]
    jacobian: Option<Vec<String>>,
    /// A file of directions (tangents) by parameter
    #[arg(long, value_name = "FILE")]
    forward: Option<PathBuf>,
    /// How derivatives are computed; all routes agree
    #[arg(long, value_enum, default_value_t = Way::Kkt)]
    route: Way,
    /// Differentiate the smoothed solution instead: the point where slack · multiplier is MU, in units of the objective, at
    /// every end of constraints, bounds and domains, those that atoms bring along among them. Nothing is weakly
    /// active there
    #[arg(long, value_name = "MU", conflicts_with = "route")]
    smoothed: Option<f64>,
    /// Compare with central differences of further solves, whatever was asked for
    #[arg(long)]
    verify: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    solver: Solver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// One solve with the reduced KKT system
    Kkt,
    /// The differentiated alternating recursion (Alt-Diff)
    Alternating,
    /// An equality-constrained quadratic program (BPQP)
    Bpqp,
}

impl Grad {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let start = Instant::now();
        let loaded = self.input.load()?;
        let read = start.elapsed();
        let data = self.input.values.read()?;
        let ready = loaded.ready(&data, self.solver.settings(), read)?;
        // A mistake in the question is worth telling before anything is solved.
        let expression = self.expression(&ready)?;
        let start = Instant::now();
        let solution = ready
            .layer
            .solve_with(&ready.params, None, &mut self.solver.clock())
            .map_err(|e| loaded.explain(e))?;
        let mut seconds = Seconds { compile: ready.compile, solve: start.elapsed(), derivative: None };
        if !solution.is_solved() {
            if self.json {
                output::json(&solve::Object::new(&solution, seconds))?;
            } else {
                output::print(&solve::human(&solution, seconds))?;
                output::error("only a solved problem is differentiated");
            }
            return Ok(failure::exit(solution.status));
        }
        let start = Instant::now();
        let solution = match self.smoothed {
            Some(mu) => solution.smoothed(mu)?,
            None => solution,
        };
        let query = solution.derivatives().route(match self.route {
            Way::Kkt => Route::ReducedKkt,
            Way::Alternating => Route::Alternating,
            Way::Bpqp => Route::Bpqp,
        });
        let mut answer = self.answer(&query, &solution, expression.as_ref())?;
        seconds.derivative = Some(start.elapsed());
        if self.verify {
            answer.verify = Some(verification(&query, &ready, &answer)?);
        }
        if !self.json {
            loaded.warn();
        }
        answer.print(self.json, seconds)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The expression asked for, compiled.
    fn expression(&self, ready: &Ready) -> Result<Option<Expression>, Failure> {
        match (&self.of, &ready.bound) {
            (Some(text), Some(bound)) => {
                let expression = bound.expression(ready.layer.program(), text)?;
                if expression.shape.len() == 1 {
                    return Ok(Some(expression));
                }
                Err(Failure::Message(format!(
                    "`--of` asks about one number, and `{text}` has shape {}: take one of its entries, or `sum({text})`",
                    expression.shape
                )))
            }
            _ => Ok(None),
        }
    }

    fn answer(
        &self,
        query: &Derivatives,
        solution: &Solution,
        expression: Option<&Expression>,
    ) -> Result<Answer, Failure> {
        let mut answer = Answer { mu: solution.mu(), ..Answer::default() };
        if let (Some(text), Some(expression)) = (&self.of, expression) {
            let gradients = query.gradient_of(expression)?;
            answer.value = solution.value_of(expression).scalar();
            answer.of.clone_from(text);
            answer.question = Some(Asked::Expression(expression.clone()));
            answer.take(gradients);
        } else if let Some([output, parameter]) = self.jacobian.as_deref() {
            let jacobian = query.jacobian(output, parameter)?;
            answer.jacobian = Some(Array::from(jacobian.matrix.clone()));
            answer.of = format!("{output} by {parameter}");
            (answer.well_defined, answer.notes) = (jacobian.well_defined, jacobian.notes.clone());
            answer.question = Some(Asked::Jacobian(output.clone(), parameter.clone(), jacobian));
        } else if let Some(path) = &self.forward {
            let direction = read(path)?;
            let tangents = query.jvp(&direction)?;
            let mut all = tangents.variables.clone();
            let mut add = |name: String, value: Array| {
                all.insert(name, value);
            };
            tangents.expressions.iter().for_each(|(name, a)| add(name.to_owned(), a.clone()));
            tangents.duals.iter().for_each(|(label, a)| add(format!("dual({label})"), a.clone()));
            tangents.bounds.iter().for_each(|(name, a)| add(format!("bounds({name})"), a.clone()));
            add("objective".to_owned(), tangents.objective.into());
            answer.tangents = Some(all);
            (answer.well_defined, answer.notes) = (tangents.well_defined, tangents.notes.clone());
            answer.question = Some(Asked::Direction(direction, tangents));
        } else {
            // Without the model's text, an expression can only be the name of an output.
            let (of, seed) = match (&self.of, &self.seed) {
                (Some(name), _) => (name.clone(), [(name.clone(), Array::from(1.0))].into_iter().collect()),
                (None, Some(path)) => ("the weighted sum".to_owned(), read(path)?),
                (None, None) => return Err(Failure::Message("nothing was asked for".to_owned())),
            };
            let gradients = query.vjp(&seed)?;
            answer.value = Some(Question::Outputs(&seed).value(solution)?);
            answer.of = of;
            answer.question = Some(Asked::Outputs(seed));
            answer.take(gradients);
        }
        Ok(answer)
    }
}

fn verification(query: &Derivatives, ready: &Ready, answer: &Answer) -> Result<Verification, Failure> {
    let question = match &answer.question {
        Some(Asked::Expression(e)) => Question::Expression(e),
        Some(Asked::Outputs(seed)) => Question::Outputs(seed),
        Some(Asked::Jacobian(output, parameter, jacobian)) => {
            return Ok(query.verify_jacobian(&ready.layer, output, parameter, jacobian)?);
        }
        Some(Asked::Direction(direction, tangents)) => {
            return Ok(query.verify_tangents(&ready.layer, direction, tangents)?);
        }
        None => return Err(Failure::Message("nothing was asked for".to_owned())),
    };
    let gradients = Gradients {
        by: answer.gradients.clone().unwrap_or_default(),
        well_defined: answer.well_defined,
        notes: Vec::new(),
    };
    Ok(query.verify(&ready.layer, question, &gradients)?)
}

/// Values by name from a file.
fn read(path: &std::path::Path) -> Result<Named<Array>, Failure> {
    let mut data = Data::new();
    data.read_file(path)?;
    for (name, datum) in data.iter() {
        if let Some(value) = datum.value.values().iter().find(|v| !v.is_finite()) {
            let message = format!("{}: `{name}` holds {value}, which is no finite number", path.display());
            return Err(Failure::Message(message));
        }
    }
    Ok(data.iter().map(|(name, datum)| (name, datum.value.clone())).collect())
}

/// What was asked, for verification.
#[derive(Debug)]
enum Asked {
    Expression(Expression),
    Outputs(Named<Array>),
    Jacobian(String, String, Jacobian),
    Direction(Named<Array>, Tangents),
}

/// The answer to the question.
#[derive(Debug, Default, Serialize)]
struct Answer {
    #[serde(skip)]
    of: String,
    #[serde(skip)]
    question: Option<Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gradients: Option<Named<Array>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jacobian: Option<Array>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tangents: Option<Named<Array>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mu: Option<f64>,
    well_defined: bool,
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify: Option<Verification>,
}

#[derive(Serialize)]
struct Timed<'a> {
    #[serde(flatten)]
    answer: &'a Answer,
    seconds: Seconds,
}

impl Answer {
    fn take(&mut self, gradients: Gradients) {
        self.gradients = Some(gradients.by);
        (self.well_defined, self.notes) = (gradients.well_defined, gradients.notes);
    }

    fn print(&self, json: bool, seconds: Seconds) -> std::io::Result<()> {
        if json {
            return output::json(&Timed { answer: self, seconds });
        }
        output::print(&self.human(seconds))
    }

    fn human(&self, seconds: Seconds) -> String {
        let mut out = String::new();
        let timing = format!(
            "compiled in {}, solved in {}, differentiated in {}",
            time(seconds.compile),
            time(seconds.solve),
            time(seconds.derivative.unwrap_or_default())
        );
        if let Some(value) = self.value {
            let _ = writeln!(out, "{} = {}  {}", self.of, bold(&number(value)), dim(&timing));
        } else {
            let _ = writeln!(out, "{}", dim(&timing));
        }
        if let Some(gradients) = &self.gradients {
            let _ = writeln!(out, "\n{}", bold("largest sensitivities"));
            let all = gradients.iter().flat_map(|(name, array)| report::entries(name, array));
            let rows: Vec<Row> = report::largest_first(all.collect());
            if rows.is_empty() {
                out.push_str("  none: it does not depend on the parameters here\n");
            } else {
                let of = match self.of.as_str() {
                    long if long.chars().count() > 24 => "value".to_owned(),
                    sum if sum.contains(' ') => format!("({sum})"),
                    name => name.to_owned(),
                };
                let named =
                    rows.into_iter().map(|r| Row { name: format!("d {of} / d {}", r.name), value: r.value });
                out.push_str(&report::rows(&named.collect::<Vec<_>>(), ""));
            }
        }
        if let Some(jacobian) = &self.jacobian {
            let _ = writeln!(out, "\n{}", bold(&format!("derivative of {}", self.of)));
            out.push_str(&report::values(&[("", jacobian.clone())].into_iter().collect()));
        }
        if let Some(tangents) = &self.tangents {
            let _ = writeln!(out, "\n{}", bold("tangents"));
            out.push_str(&report::values(tangents));
        }
        if let Some(v) = &self.verify {
            let at = v.worst.as_ref().map(|w| format!(" (at {w})")).unwrap_or_default();
            let skipped = if v.skipped > 0 { format!(", {} could not be", v.skipped) } else { String::new() };
            let _ = writeln!(
                out,
                "\ncentral differences: largest relative error {}{at}, {} compared{skipped}",
                bold(&size(v.largest_error)),
                v.compared
            );
        }
        if let Some(mu) = self.mu {
            let _ =
                writeln!(out, "\nsmoothed: slack · multiplier is {} at every end", bold(&format!("{mu:e}")));
        }
        if self.well_defined {
            let _ = writeln!(out, "\nwell defined: {}", bold("yes"));
        } else {
            let _ = writeln!(out, "\nwell defined: {}", bold("not proved"));
            for note in &self.notes {
                let _ = writeln!(out, "  - {note}");
            }
        }
        out
    }
}

//! `cvx check`

use crate::failure::Failure;
use crate::fix;
use crate::input::Values;
use crate::number::count;
use crate::output;
use crate::tree;
use clap::Args;
use cvxlayer::lang::diagnostics::{any_error, json};
use cvxlayer::program::Program;
use cvxlayer::{Error, Model, ModelError};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check models: syntax, names, shapes, convexity; with data, also that the data fit.
///
/// Every mistake of a model is reported in one run. Models need no data to be checked; with `--data` or `--param` the
/// sizes are bound and the values checked as well.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Check {
    /// The models (.cvx)
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,
    #[command(flatten)]
    values: Values,
    /// Show which expressions of parameters were lifted to derived parameters, and why
    #[arg(long)]
    explain_parameters: bool,
    /// Apply the edits that surely say what was meant, and print them; comments stay
    #[arg(long)]
    fix: bool,
    /// Show the objective and the constraints as trees: shape, curvature and sign of each part, and the rule behind it
    #[arg(long)]
    tree: bool,
    /// Print the diagnostics as JSON, one object a model
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Report<'a> {
    model: String,
    ok: bool,
    diagnostics: Vec<json::Report<'a>>,
}

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut fine = true;
        for path in &self.models {
            fine &= match self.check(path) {
                Ok(fine) => fine,
                Err(Failure::Input(Error::Model(error))) if self.json => {
                    report(path, &error)?;
                    false
                }
                Err(failure @ Failure::Output(_)) => return Err(failure),
                Err(failure) => {
                    failure.report();
                    false
                }
            };
        }
        Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }

    /// Checks a model; says whether it is fine, unless a failure says more.
    fn check(&self, path: &Path) -> Result<bool, Failure> {
        if self.fix {
            let said = fix::fix(path)?;
            if !self.json {
                output::print(&said)?;
            }
        }
        if self.tree {
            let fine = tree::print(path, self.json)?;
            // The trees are the output, and what is wrong is marked in them.
            if self.json {
                return Ok(fine);
            }
        }
        let model = self.values.model(path)?;
        let given = !(self.values.data.is_empty() && self.values.params.is_empty());
        let mut program = None;
        if given {
            let bound = model.bind(&self.values.read()?)?;
            program = Some(bound.program()?);
        } else if let Ok(bound) = model.bind(&cvxlayer::Data::new()) {
            // Without data the sizes may be unknown, which is no mistake.
            program = bound.program().ok();
        }
        if self.json {
            let quiet = ModelError { source: model.source().clone(), diagnostics: model.warnings().to_vec() };
            report(path, &quiet)?;
            return Ok(true);
        }
        output::diagnostics(model.source(), model.warnings());
        let mut text = format!("{}: {}\n", path.display(), summary(&model, program.as_ref()));
        if self.explain_parameters {
            match &program {
                Some(program) => text.push_str(&lifted(program)),
                None => text
                    .push_str("  what is lifted depends on sizes; give data, or sizes with `--param n=…`\n"),
            }
        }
        output::print(&text)?;
        Ok(true)
    }
}

fn report(path: &Path, error: &ModelError) -> Result<(), Failure> {
    let diagnostics: Vec<_> = error.diagnostics.iter().map(|d| json::report(&error.source, d)).collect();
    let ok = !any_error(&error.diagnostics);
    Ok(output::json(&Report { model: path.display().to_string(), ok, diagnostics })?)
}

/// What a model is, in one line.
fn summary(model: &Model, program: Option<&Program>) -> String {
    let checked = model.checked();
    let objective = match checked.objective.map(|(sense, _)| format!("{sense:?}")) {
        Some(sense) if sense == "Maximize" => "maximizes",
        Some(_) => "minimizes",
        None => "feasibility",
    };
    let mut out = format!(
        "fine; {objective}, {}, {}, {}",
        count(checked.parameters.len(), "parameter"),
        count(checked.variables.len(), "variable"),
        count(checked.constraints.len(), "constraint")
    );
    if let Some(p) = program {
        let _ = write!(
            out,
            "; compiles to {}, {}, {}",
            count(p.variables(), "column"),
            count(p.rows(), "row"),
            count(p.nonzeros(), "nonzero")
        );
    }
    out
}

/// The lifted expressions with their reasons.
fn lifted(program: &Program) -> String {
    let lift = &program.lift;
    if lift.derived.is_empty() && lift.products.is_empty() {
        return "  nothing is lifted: the data are affine in the parameters\n".to_owned();
    }
    let width = lift.derived.iter().map(|d| d.text.chars().count()).max().unwrap_or(0).min(40);
    let mut out = String::new();
    for d in lift.derived.iter() {
        let _ = writeln!(
            out,
            "  {:width$}  {} ({})",
            d.text,
            d.reason,
            count(d.len, "entry").replace("entrys", "entries")
        );
    }
    if !lift.products.is_empty() {
        let _ = writeln!(out, "  {} of parameters in coefficients", count(lift.products.len(), "product"));
    }
    out
}

//! `cvx qp`

mod file;
mod run;

use crate::failure::Failure;
use crate::output;
use crate::settings::Forward;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Solve and differentiate quadratic programs in `.npz` files, and time it.
///
/// A file holds minimize ½xᵀPx + qᵀx + r subject to cl ≤ Cx ≤ cu, xl ≤ x ≤ xu: P (upper triangle) and C by columns, as
/// P_data, P_indices, P_indptr, C_data, C_indices, C_indptr; the vectors q, r, cl, cu, xl, xu; and shape, the numbers of
/// rows and of variables. Q, if there is one, holds a q per row and makes it a batch; P_data, C_data, cl and cu may then
/// have a row per sample too.
///
/// The work is set-up and solve, then the vector-Jacobian product of the sum of x by all data (of a batch, by each q).
/// Prints instance, peer, forward and backward seconds (medians of repeats), status, and the errors of x and of the
/// gradient by q, against FILE.exact.npz (x, dq) where it exists, else against the interior-point method.
#[derive(Debug, Args)]
pub(crate) struct Qp {
    /// The files
    #[arg(required = true, value_name = "FILE.npz")]
    files: Vec<PathBuf>,
    /// The forward method
    #[arg(long, value_enum, default_value_t = Forward::Auto)]
    method: Forward,
    /// Largest relative residual of a solved problem
    #[arg(long, value_name = "X", default_value_t = 1e-9)]
    tolerance: f64,
    /// Solve again after q has changed by 1 %, from the last solution, and print that as `warm`
    #[arg(long)]
    warm: bool,
    /// Print one JSON object per row
    #[arg(long)]
    json: bool,
}

/// One row of the table.
#[derive(Debug, Serialize)]
struct Row {
    instance: String,
    peer: &'static str,
    setup_s: f64,
    solve_s: f64,
    forward_s: f64,
    backward_s: f64,
    status: String,
    method: String,
    iterations: usize,
    x_error: f64,
    gradient_error: f64,
}

impl Qp {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut header = !self.json;
        for path in &self.files {
            let instance = file::Instance::read(path).map_err(|e| message(path, &e))?;
            for row in self.rows(&instance).map_err(|e| message(path, &e.to_string()))? {
                if self.json {
                    output::json(&row)?;
                    continue;
                }
                if header {
                    output::plain("instance,peer,forward_s,backward_s,status,x_error,gradient_error\n")?;
                    header = false;
                }
                output::plain(&line(&row))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn message(path: &std::path::Path, what: &str) -> Failure {
    Failure::Message(format!("{}: {what}", path.display()))
}

fn line(row: &Row) -> String {
    let Row { instance, peer, forward_s, backward_s, status, x_error, gradient_error, .. } = row;
    let error = |v: f64| if v.is_nan() { String::new() } else { format!("{v:.1e}") };
    format!(
        "{instance},{peer},{forward_s:.3e},{backward_s:.3e},{status},{},{}\n",
        error(*x_error),
        error(*gradient_error)
    )
}

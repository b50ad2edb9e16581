//! Gradients against central differences.

use super::output::Output;
use super::{Derivatives, Expression, Gradients};
use crate::data::Array;
use crate::error::Error;
use crate::layer::Layer;
use crate::lifting::project;
use crate::named::Named;
use crate::params::Params;
use cvxlayer_program::Program;

/// The steps of central differences, relative to max(1, the size of the entry); the shorter ones are for entries whose
/// longer steps cross a change of the active set.
const STEPS: [f64; 4] = [1e-5, 1e-6, 1e-7, 1e-8];
/// A difference this small needs no shorter step.
const AGREES: f64 = 1e-6;
/// At most so many entries of a parameter are tried, evenly spread.
const ENTRIES: usize = 200;

/// How gradients compare with central differences.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Verification {
    /// The largest difference, relative to max(1, the largest entry of the gradients).
    pub largest_error: f64,
    /// The entry where it is.
    pub worst: Option<String>,
    /// How many entries were compared.
    pub compared: usize,
    /// Entries that could not be: a neighbouring problem is outside its domain or has no solution.
    pub skipped: usize,
}

impl Derivatives<'_> {
    /// Compares the gradients of a weighted sum of outputs, or of an expression, with central differences of solves of
    /// the given layer, which must be the one that was solved, at neighbouring parameters.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn verify(
        &self,
        layer: &Layer,
        question: Question,
        gradients: &Gradients,
    ) -> Result<Verification, Error> {
        let program = self.state.program();
        let theta = &self.state.lifted().theta;
        let scale = gradients.by.iter().flat_map(|(_, a)| a.values()).fold(1.0_f64, |m, v| m.max(v.abs()));
        let mut out = Verification { largest_error: 0.0, worst: None, compared: 0, skipped: 0 };
        for &i in &self.asked {
            let parameter = &program.parameters[i];
            let entries = &theta[parameter.start..parameter.start + parameter.len()];
            let gradient = gradients.by[&parameter.name].values();
            let every = entries.len().div_ceil(ENTRIES).max(1);
            for e in (0..entries.len()).step_by(every) {
                let mut unit = vec![0.0; entries.len()];
                unit[e] = 1.0;
                let direction = project(parameter, &unit);
                let value = |step: f64| -> Result<Option<f64>, Error> {
                    let moved = entries.iter().zip(&direction).map(|(v, d)| v + step * d).collect();
                    let moved = Array::stored(parameter.shape, &parameter.storage, moved);
                    let params = with(program, theta, i, &moved);
                    let Ok(solution) = layer.solve(&params) else { return Ok(None) };
                    solution.is_solved().then(|| question.value(&solution)).transpose()
                };
                let mut error: Option<f64> = None;
                for step in STEPS {
                    let h = step * entries[e].abs().max(1.0);
                    let (Some(up), Some(down)) = (value(h)?, value(-h)?) else { continue };
                    let here = ((up - down) / (2.0 * h) - gradient[e]).abs() / scale;
                    error = Some(error.map_or(here, |before| before.min(here)));
                    if here <= AGREES {
                        break;
                    }
                }
                let Some(error) = error else {
                    out.skipped += 1;
                    continue;
                };
                out.compared += 1;
                if error > out.largest_error || error.is_nan() {
                    out.largest_error = error;
                    let at = crate::data::place(&parameter.shape.axes(), parameter.positions()[e]);
                    out.worst = Some(format!("{}{at}", parameter.name));
                }
            }
        }
        Ok(out)
    }
}

/// A scalar of the solution.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// A scalar expression.
    Expression(&'a Expression),
    /// The sum of outputs times cotangents, by name.
    Outputs(&'a Named<Array>),
}

impl Question<'_> {
    /// Its value at a solution.
    ///
    /// # Errors
    /// If there is no such output.
    pub fn value(self, solution: &crate::Solution) -> Result<f64, Error> {
        match self {
            Self::Expression(e) => Ok(solution.value_of(e).values().iter().sum()),
            Self::Outputs(cotangents) => {
                let program = solution.program();
                let mut total = 0.0;
                for (name, cotangent) in cotangents.iter() {
                    let value = match Output::find(program, name)? {
                        Output::Variable(i) => &solution.variables[&program.solution.variables[i].name],
                        Output::Let(i) => &solution.expressions[&program.lets[i].name],
                        Output::Dual(i) => &solution.duals[&program.solution.duals[i].label],
                        Output::Bound(i) => &solution.bounds[&program.solution.bounds[i].label],
                        Output::Objective => &Array::from(solution.objective),
                    };
                    total +=
                        value.to_dense().iter().zip(cotangent.to_dense()).map(|(v, c)| v * c).sum::<f64>();
                }
                Ok(total)
            }
        }
    }
}

/// Parameters at θ, but one replaced.
fn with(program: &Program, theta: &[f64], replaced: usize, value: &Array) -> Params {
    let mut out = Params::new();
    for (i, p) in program.parameters.iter().enumerate() {
        let entries = theta[p.start..p.start + p.len()].to_vec();
        let stored = if i == replaced { value.clone() } else { Array::stored(p.shape, &p.storage, entries) };
        out.set(p.name.clone(), stored);
    }
    out
}

//! Derivatives against central differences.

use super::output::Output;
use super::{Derivatives, Expression, Gradients, Jacobian, Tangents};
use crate::data::Array;
use crate::error::Error;
use crate::layer::Layer;
use crate::lifting::project;
use crate::named::Named;
use crate::params::Params;
use crate::solution::Solution;
use cvxlayer_program::Program;

/// The steps of central differences, relative to max(1, the size of the entry); the shorter ones are for entries whose
/// longer steps cross a change of the active set.
const STEPS: [f64; 4] = [1e-5, 1e-6, 1e-7, 1e-8];
/// A difference this small needs no shorter step.
const AGREES: f64 = 1e-6;
/// At most so many entries of a parameter are tried, evenly spread.
const ENTRIES: usize = 200;

/// How derivatives compare with central differences.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Verification {
    /// The largest difference, relative to max(1, the largest entry of the derivatives).
    pub largest_error: f64,
    /// The parameter's entry where it is.
    pub worst: Option<String>,
    /// How many entries were compared.
    pub compared: usize,
    /// Entries that could not be: a neighbouring problem is outside its domain or has no solution.
    pub skipped: usize,
}

impl Derivatives<'_> {
    /// Compares the gradients of a weighted sum of outputs, or of an expression, with central differences of solves of
    /// the given layer, which must be the one that was solved, at neighbouring parameters; of smoothed solutions with those.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn verify(
        &self,
        layer: &Layer,
        question: Question,
        gradients: &Gradients,
    ) -> Result<Verification, Error> {
        let mut comparison = Comparison {
            layer,
            mu: self.solution.mu(),
            program: self.state.program(),
            theta: &self.state.lifted().theta,
            scale: gradients.by.iter().flat_map(|(_, a)| a.values()).fold(1.0, |m, v| m.max(v.abs())),
            result: Verification::default(),
        };
        for &i in &self.asked {
            let gradient = gradients.by[&comparison.program.parameters[i].name].values();
            comparison.entries(i, &|e| vec![gradient[e]], &|solution| Ok(vec![question.value(solution)?]))?;
        }
        Ok(comparison.result)
    }

    /// Compares a Jacobian with central differences, as [`verify`](Self::verify) does.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn verify_jacobian(
        &self,
        layer: &Layer,
        output: &str,
        parameter: &str,
        jacobian: &Jacobian,
    ) -> Result<Verification, Error> {
        let program = self.state.program();
        let (output, position) = (Output::find(program, output)?, super::parameter(program, parameter)?);
        let mut comparison = Comparison {
            layer,
            mu: self.solution.mu(),
            program,
            theta: &self.state.lifted().theta,
            scale: jacobian.matrix.amax().max(1.0),
            result: Verification::default(),
        };
        let column = |e: usize| jacobian.matrix.column(e).iter().copied().collect();
        comparison.entries(position, &column, &|solution| Ok(output.value(solution)))?;
        Ok(comparison.result)
    }

    /// Compares tangents along a direction of the parameters with central differences, as [`verify`](Self::verify) does.
    ///
    /// # Errors
    /// If a name or shape is unknown.
    pub fn verify_tangents(
        &self,
        layer: &Layer,
        direction: &Named<Array>,
        tangents: &Tangents,
    ) -> Result<Verification, Error> {
        let program = self.state.program();
        let direction = self.theta_tangent(direction)?;
        let groups = [&tangents.variables, &tangents.expressions, &tangents.duals, &tangents.bounds];
        let moves = groups.into_iter().flat_map(Named::iter).flat_map(|(_, a)| a.to_dense());
        let moves: Vec<f64> = moves.chain([tangents.objective]).collect();
        let mut comparison = Comparison {
            layer,
            mu: self.solution.mu(),
            program,
            theta: &self.state.lifted().theta,
            scale: moves.iter().fold(1.0, |m, v| m.max(v.abs())),
            result: Verification::default(),
        };
        let longest = direction.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if longest > 0.0 {
            let all = |solution: &Solution| {
                let groups = [&solution.variables, &solution.expressions, &solution.duals, &solution.bounds];
                let values = groups.into_iter().flat_map(Named::iter).flat_map(|(_, a)| a.to_dense());
                Ok(values.chain([solution.objective]).collect())
            };
            let error = comparison.error(&direction, 1.0 / longest, &moves, &all)?;
            comparison.note(error, || "the direction".to_owned());
        }
        Ok(comparison.result)
    }
}

/// Derivatives beside central differences, as they are compared.
struct Comparison<'a> {
    layer: &'a Layer,
    /// Of smoothed solutions.
    mu: Option<f64>,
    program: &'a Program,
    theta: &'a [f64],
    /// What errors are relative to.
    scale: f64,
    result: Verification,
}

impl Comparison<'_> {
    /// Compares derivatives by the entries of a parameter, at most [`ENTRIES`] of them.
    fn entries(
        &mut self,
        position: usize,
        derivative: &dyn Fn(usize) -> Vec<f64>,
        values: &dyn Fn(&Solution) -> Result<Vec<f64>, Error>,
    ) -> Result<(), Error> {
        let parameter = &self.program.parameters[position];
        let range = parameter.start..parameter.start + parameter.len();
        let every = parameter.len().div_ceil(ENTRIES).max(1);
        for e in (0..parameter.len()).step_by(every) {
            let mut unit = vec![0.0; parameter.len()];
            unit[e] = 1.0;
            let mut direction = vec![0.0; self.theta.len()];
            direction[range.clone()].copy_from_slice(&project(parameter, &unit));
            let size = self.theta[parameter.start + e].abs().max(1.0);
            let error = self.error(&direction, size, &derivative(e), values)?;
            self.note(error, || {
                let at = crate::data::place(&parameter.shape.axes(), parameter.positions()[e]);
                format!("{}{at}", parameter.name)
            });
        }
        Ok(())
    }

    /// The least error over the steps; none if no neighbouring problem has a solution.
    fn error(
        &self,
        direction: &[f64],
        size: f64,
        derivative: &[f64],
        values: &dyn Fn(&Solution) -> Result<Vec<f64>, Error>,
    ) -> Result<Option<f64>, Error> {
        let at = |step: f64| -> Result<Option<Vec<f64>>, Error> {
            let moved: Vec<f64> = self.theta.iter().zip(direction).map(|(v, d)| v + step * d).collect();
            let Ok(solution) = self.layer.solve(&params(self.program, &moved)) else { return Ok(None) };
            if !solution.is_solved() {
                return Ok(None);
            }
            match self.mu.map(|mu| solution.smoothed(mu)) {
                None => values(&solution).map(Some),
                Some(Ok(smoothed)) => values(&smoothed).map(Some),
                Some(Err(_)) => Ok(None),
            }
        };
        let mut least: Option<f64> = None;
        for step in STEPS {
            let h = step * size;
            let (Some(up), Some(down)) = (at(h)?, at(-h)?) else { continue };
            let mut error = 0.0_f64;
            for ((up, down), derivative) in up.iter().zip(&down).zip(derivative) {
                let here = ((up - down) / (2.0 * h) - derivative).abs() / self.scale;
                error = if here.is_nan() { here } else { error.max(here) };
            }
            least = Some(least.map_or(error, |before| before.min(error)));
            if error <= AGREES {
                break;
            }
        }
        Ok(least)
    }

    fn note(&mut self, error: Option<f64>, place: impl FnOnce() -> String) {
        let result = &mut self.result;
        let Some(error) = error else {
            result.skipped += 1;
            return;
        };
        result.compared += 1;
        if error > result.largest_error || error.is_nan() {
            result.largest_error = error;
            result.worst = Some(place());
        }
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
    pub fn value(self, solution: &Solution) -> Result<f64, Error> {
        match self {
            Self::Expression(e) => Ok(solution.value_of(e).values().iter().sum()),
            Self::Outputs(cotangents) => {
                let program = solution.program();
                let mut total = 0.0;
                for (name, cotangent) in cotangents.iter() {
                    let value = Output::find(program, name)?.value(solution);
                    total += value.iter().zip(cotangent.to_dense()).map(|(v, c)| v * c).sum::<f64>();
                }
                Ok(total)
            }
        }
    }
}

/// Parameters at θ.
fn params(program: &Program, theta: &[f64]) -> Params {
    let mut out = Params::new();
    for p in program.parameters.iter() {
        let entries = theta[p.start..p.start + p.len()].to_vec();
        out.set(p.name.clone(), Array::stored(p.shape, &p.storage, entries));
    }
    out
}

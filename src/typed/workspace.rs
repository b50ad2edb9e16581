//! Solves in memory that is kept.

use super::{Problem, TypedLayer};
use crate::engine::{self, Status};
use crate::error::Error;
use crate::lifting::Lifted;
use crate::params::Params;
use crate::solution::{At, dual_into, sense, variable_into};
use crate::tape::Evaluation;
use cvxlayer_program::{Program, Shape};
use std::marker::PhantomData;

use super::layer::{theta_into, with_axes};
use super::solved::outputs;
use crate::derivative::Output;

/// Memory for [`TypedLayer::solve_in`]. Made by [`TypedLayer::workspace`], of use with that layer only; one per thread.
#[derive(Debug)]
pub struct Workspace<P> {
    engine: altdiff::Workspace,
    problem: altdiff::Problem,
    lifted: Lifted,
    values: Evaluation,
    stacked: Vec<f64>,
    entries: Vec<f64>,
    nothing: Params,
    belongs: PhantomData<fn() -> P>,
}

impl<P: Problem> TypedLayer<P> {
    /// Memory for solves of this layer.
    pub fn workspace(&self) -> Workspace<P> {
        let program = self.untyped().program();
        let longest = outputs(program).map(|output| output.len(program)).max().unwrap_or(0);
        Workspace {
            engine: self.untyped().solver().workspace(),
            problem: engine::template(&program.blocks),
            lifted: Lifted::room(program),
            values: Evaluation::room(&program.values),
            stacked: Vec::with_capacity(program.multipliers()),
            entries: Vec::with_capacity(longest),
            nothing: Params::new(),
            belongs: PhantomData,
        }
    }

    /// As [`solve`](Self::solve), into a solution and memory at hand; what comes out has no derivatives.
    ///
    /// Nothing is allocated where the engine needs nothing (see [`altdiff::Solver::solve_in`]), the model's own
    /// expressions need nothing (see [`Evaluation::renew`]), semidefinite parameters have at most 16 rows, and the
    /// solution's vectors and matrices have their sizes already.
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub fn solve_in(
        &self,
        params: &P::Params,
        workspace: &mut Workspace<P>,
        solution: &mut P::Solution,
    ) -> Result<Status, Error> {
        let Workspace { engine: e, problem, lifted, values, stacked, entries, nothing, .. } = workspace;
        let program = self.untyped().program();
        theta_into::<P>(program, params, &mut lifted.theta)?;
        lifted.renew(program, nothing)?;
        engine::renew(&program.blocks, &lifted.theta_hat, problem)
            .map_err(|error| engine::told(program, error))?;
        let status = self.untyped().solver().solve_in(problem, e)?;
        if matches!(status, Status::Infeasible | Status::Unbounded) {
            for output in outputs(program) {
                if let Some(field) = P::output_mut(solution, output) {
                    field.fill(f64::NAN);
                }
            }
            return Ok(status);
        }
        stacked.clear();
        for part in [&e.lambda, &e.nu_lower, &e.nu_upper, &e.mu_lower, &e.mu_upper] {
            stacked.extend_from_slice(part);
        }
        let objective = sense(program) * e.objective;
        let at = At { program, theta: &lifted.theta, x: &e.x, stacked, objective };
        values.renew(&program.values, &|input, to| at.append(input, to));
        for output in outputs(program) {
            let Some(field) = P::output_mut(solution, output) else { continue };
            entries.clear();
            let map = &program.solution;
            match output {
                Output::Variable(i) => variable_into(&map.variables[i], at.x, entries),
                Output::Let(i) => entries.extend_from_slice(values.value(program.lets[i].node)),
                Output::Dual(i) => dual_into(&map.duals[i], at.stacked, entries),
                Output::Bound(i) => dual_into(&map.bounds[i], at.stacked, entries),
                Output::Objective => entries.push(objective),
            }
            // A negative zero says nothing to a reader.
            for v in entries.iter_mut() {
                *v += 0.0;
            }
            axes(program, output, &mut |axes| field.read(axes, entries));
        }
        Ok(status)
    }
}

/// The sizes of the axes of an output.
fn axes(program: &Program, output: Output, read: &mut dyn FnMut(&[usize])) {
    let map = &program.solution;
    match output {
        Output::Variable(i) => with_axes(map.variables[i].shape, read),
        Output::Let(i) => with_axes(program.lets[i].shape, read),
        Output::Dual(i) => read(&map.duals[i].axes),
        Output::Bound(i) => read(&map.bounds[i].axes),
        Output::Objective => with_axes(Shape::Scalar, read),
    }
}

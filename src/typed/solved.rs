//! Typed solutions and their derivatives.

use super::layer::stored_shape;
use super::{Derivative, Field, Problem};
use crate::certificate::Certificate;
use crate::data::Array;
use crate::derivative::{Derivatives, Gradients, Jacobian, Output};
use crate::engine::{Route, Status};
use crate::error::Error;
use crate::named::Named;
use crate::solution::{Info, Solution};
use cvxlayer_program::Program;
use std::fmt;
use std::ops::Deref;

/// The outcome of a solve, in a struct of the problem's own; it owns what its derivatives need.
///
/// It dereferences to the struct, so that `solved.w` is the variable `w`. Where there is no point (the problem is
/// infeasible or unbounded) numbers of fixed sizes are not a number, and others empty.
pub struct Solved<P: Problem> {
    values: P::Solution,
    solution: Solution,
}

impl<P: Problem> Clone for Solved<P> {
    fn clone(&self) -> Self {
        Self { values: self.values.clone(), solution: self.solution.clone() }
    }
}

impl<P: Problem> fmt::Debug for Solved<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Solved")
            .field("status", &self.status())
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl<P: Problem> Deref for Solved<P> {
    type Target = P::Solution;

    fn deref(&self) -> &P::Solution {
        &self.values
    }
}

impl<P: Problem> Solved<P> {
    pub(super) fn new(solution: Solution) -> Self {
        let mut values = P::zero_solution();
        let program = solution.program();
        if matches!(solution.status, Status::Infeasible | Status::Unbounded) {
            for output in outputs(program) {
                if let Some(field) = P::output_mut(&mut values, output) {
                    field.fill(f64::NAN);
                }
            }
        } else {
            let [variables, lets, duals, bounds] =
                [&solution.variables, &solution.expressions, &solution.duals, &solution.bounds];
            read::<P>(&mut values, [variables, lets, duals, bounds], solution.objective);
        }
        Self { values, solution }
    }

    /// How the solve ended.
    pub fn status(&self) -> Status {
        self.solution.status
    }

    /// Whether the problem was solved.
    pub fn is_solved(&self) -> bool {
        self.solution.is_solved()
    }

    /// How the engine fared.
    pub fn info(&self) -> &Info {
        &self.solution.info
    }

    /// The proof that there is no solution, where that is so.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.solution.certificate.as_ref()
    }

    /// The solution smoothed; see [`Solution::smoothed`].
    ///
    /// # Errors
    /// As there.
    pub fn smoothed(&self, mu: f64) -> Result<Self, Error> {
        Ok(Self::new(self.solution.smoothed(mu)?))
    }

    /// The values alone.
    pub fn into_values(self) -> P::Solution {
        self.values
    }

    /// The solution without types, which also holds the duals of constraints without labels.
    pub fn untyped(&self) -> &Solution {
        &self.solution
    }

    /// The derivative, by all parameters, of the sum of everything in the solution times its cotangent.
    ///
    /// # Errors
    /// If the problem is not solved, or a vector or matrix has another size.
    pub fn vjp(&self, cotangent: &P::Solution) -> Result<Derivative<P::Params>, Error> {
        self.vjp_by(Route::default(), cotangent)
    }

    /// As [`vjp`](Self::vjp), by a route of choice.
    ///
    /// # Errors
    /// As [`vjp`](Self::vjp).
    pub fn vjp_by(&self, route: Route, cotangent: &P::Solution) -> Result<Derivative<P::Params>, Error> {
        let program = self.solution.program();
        let mut seeds = Vec::new();
        for output in outputs(program) {
            let Some(field) = P::output(cotangent, output) else { continue };
            let (expected, given) = (output.len(program), field.axes().iter().product());
            // An empty vector stands for zeros.
            if given == 0 {
                continue;
            }
            if given != expected {
                return Err(Error::Length { name: output.name(program), expected, given });
            }
            let mut entries = vec![0.0; expected];
            field.write(&mut entries);
            if entries.iter().any(|v| *v != 0.0) {
                seeds.push((output, entries));
            }
        }
        let found = self.derivatives(route).vjp_outputs(seeds)?;
        Ok(gradient::<P>(program, found))
    }

    /// How everything in the solution moves when the parameters do.
    ///
    /// # Errors
    /// If the problem is not solved, a vector or matrix has another size, or a symmetric one would not stay so.
    pub fn jvp(&self, direction: &P::Params) -> Result<Derivative<P::Solution>, Error> {
        let program = self.solution.program();
        let mut tangents: Named<Array> = Named::default();
        for (i, parameter) in program.parameters.iter().enumerate() {
            let Some(field) = P::parameter(direction, i) else { continue };
            if field.axes().contains(&0) {
                continue;
            }
            let shape = stored_shape(parameter);
            if !field.fits(shape) {
                let (name, given) = (parameter.name.to_string(), field.axes().iter().product());
                return Err(Error::Length { name, expected: shape.len(), given });
            }
            let mut entries = vec![0.0; parameter.len()];
            field.write(&mut entries);
            tangents
                .insert(parameter.name.clone(), Array::stored(parameter.shape, &parameter.storage, entries));
        }
        let moved = self.solution.jvp(&tangents)?;
        let mut value = P::zero_solution();
        read::<P>(
            &mut value,
            [&moved.variables, &moved.expressions, &moved.duals, &moved.bounds],
            moved.objective,
        );
        Ok(Derivative { value, well_defined: moved.well_defined, notes: moved.notes })
    }

    /// The derivative of one field of the solution by one field of the parameters, as in
    /// `solved.jacobian(|s| &s.w, |p| &p.mu)`.
    ///
    /// # Errors
    /// If the problem is not solved, or what is picked is no field of its own (an entry of a vector, say).
    pub fn jacobian(
        &self,
        output: impl FnOnce(&P::Solution) -> &dyn Field,
        parameter: impl FnOnce(&P::Params) -> &dyn Field,
    ) -> Result<Jacobian, Error> {
        let unknown = |kind| Error::Unknown { kind, name: "the field picked".to_owned(), nearest: None };
        let (program, params) = (self.solution.program(), P::zero_params());
        let (picked, by) = (output(&self.values), parameter(&params));
        // Fields are told by where they are; an entry of a vector may stand where the vector does.
        let same = |field: &dyn Field, wanted: &dyn Field| {
            std::ptr::addr_eq(field, wanted) && field.axes() == wanted.axes()
        };
        let output = outputs(program)
            .find(|o| P::output(&self.values, *o).is_some_and(|f| same(f, picked)))
            .ok_or_else(|| unknown("output"))?;
        let position = (0..program.parameters.len())
            .find(|&i| P::parameter(&params, i).is_some_and(|f| same(f, by)))
            .ok_or_else(|| unknown("parameter"))?;
        self.solution.derivatives().jacobian_of(output, position)
    }

    fn derivatives(&self, route: Route) -> Derivatives<'_> {
        self.solution.derivatives().route(route)
    }
}

/// Everything that a solution of a program holds.
pub(super) fn outputs(program: &Program) -> impl Iterator<Item = Output> + use<> {
    let map = &program.solution;
    let variables = (0..map.variables.len()).map(Output::Variable);
    let lets = (0..program.lets.len()).map(Output::Let);
    let duals = (0..map.duals.len()).map(Output::Dual);
    let bounds = (0..map.bounds.len()).map(Output::Bound);
    variables.chain(lets).chain(duals).chain(bounds).chain([Output::Objective])
}

/// Copies variables, lets, duals and bounds, in the order of the program, into the fields of a solution.
fn read<P: Problem>(out: &mut P::Solution, all: [&Named<Array>; 4], objective: f64) {
    let kinds = [Output::Variable, Output::Let, Output::Dual, Output::Bound];
    for (list, kind) in all.into_iter().zip(kinds) {
        for (i, (_, array)) in list.iter().enumerate() {
            if let Some(field) = P::output_mut(out, kind(i)) {
                field.read(array.axes(), array.values());
            }
        }
    }
    if let Some(field) = P::output_mut(out, Output::Objective) {
        field.read(&[], &[objective]);
    }
}

fn gradient<P: Problem>(program: &Program, found: Gradients) -> Derivative<P::Params> {
    let mut value = P::zero_params();
    for (i, (parameter, (_, array))) in program.parameters.iter().zip(found.by.iter()).enumerate() {
        if let Some(field) = P::parameter_mut(&mut value, i) {
            field.read(&stored_shape(parameter).axes(), array.values());
        }
    }
    Derivative { value, well_defined: found.well_defined, notes: found.notes }
}

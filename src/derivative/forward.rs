//! Tangents: how everything moves when parameters do.

use super::Derivatives;
use super::notes::Notes;
use crate::data::Array;
use crate::engine::{self, DataVector, Objective};
use crate::error::Error;
use crate::lifting::full_tangent;
use crate::named::Named;
use crate::solution::{array, dual_entries, duals, variables};
use altdiff::{Cause, Freedom};
use cvxlayer_program::Input;

/// How variables, lets, duals and the objective move along a direction of the parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Tangents {
    /// Of the variables.
    pub variables: Named<Array>,
    /// Of the lets.
    pub expressions: Named<Array>,
    /// Of the constraints' duals.
    pub duals: Named<Array>,
    /// Of the duals of variables' bounds.
    pub bounds: Named<Array>,
    /// Of the objective, in the user's sense.
    pub objective: f64,
    /// Whether the derivative along this direction is proved to exist.
    pub well_defined: bool,
    /// Why it may not exist.
    pub notes: Vec<String>,
}

/// The tangents of the solver's variables and multipliers and of the objective.
pub(super) struct Pushed {
    pub(super) x: Vec<f64>,
    pub(super) stacked: Vec<f64>,
    pub(super) objective: f64,
    pub(super) causes: Vec<Cause>,
    /// Where the solution is not unique, whatever moves.
    pub(super) free: Vec<Freedom>,
    pub(super) lift_nodes: Vec<Option<Vec<f64>>>,
    pub(super) value_nodes: Vec<Option<Vec<f64>>>,
}

impl Derivatives<'_> {
    /// How everything moves along a direction; see [`Solution::jvp`](crate::Solution::jvp).
    ///
    /// # Errors
    /// If the problem is not solved, or a name or shape is unknown.
    pub fn jvp(&self, tangents: &Named<Array>) -> Result<Tangents, Error> {
        self.ready()?;
        let program = self.state.program();
        let theta = self.theta_tangent(tangents)?;
        let pushed = self.push(&theta)?;
        let mut notes = Notes::default();
        self.note_forward(&theta, &pushed, None, &mut notes);
        let notes = notes.finish();
        let lets = program.lets.iter().map(|l| {
            let moved = pushed.value_nodes[l.node as usize].clone();
            (l.name.clone(), array(&l.shape.axes(), moved.unwrap_or_else(|| vec![0.0; l.shape.len()])))
        });
        Ok(Tangents {
            variables: variables(program, &pushed.x),
            expressions: lets.collect(),
            duals: duals(&program.solution.duals, &pushed.stacked),
            bounds: duals(&program.solution.bounds, &pushed.stacked),
            objective: pushed.objective,
            well_defined: notes.is_empty(),
            notes,
        })
    }

    /// The data's tangent for one of θ, with those of the lift's nodes.
    pub(super) fn data_tangent(&self, theta: &[f64]) -> (DataVector, Vec<Option<Vec<f64>>>) {
        let program = self.state.program();
        let (theta_hat, nodes) = self.state.lifted().tangent(program, theta);
        (engine::data_tangent(&program.blocks, &theta_hat), nodes)
    }

    /// The whole chain, forward.
    pub(super) fn push(&self, theta: &[f64]) -> Result<Pushed, Error> {
        let (state, program) = (self.state, self.state.program());
        let (data, lift_nodes) = self.data_tangent(theta);
        let moved = state.jvp(&data.blocks, &engine::options(self.route))?;
        let stacked = engine::multiplier_tangent(&moved);
        let value = Objective { problem: state.problem(), x: &state.solved.x, solved: &state.solved };
        let objective = state.sense() * value.tangent(&moved.x, &data);
        let map = &program.solution;
        let value_nodes = state.values.tangent(&program.values, &|input| match input {
            Input::Parameter(i) => full_tangent(&program.parameters[i as usize], theta),
            Input::Variable(i) => Some(map.variables[i as usize].apply(&moved.x)),
            Input::Dual(i) => Some(dual_entries(&map.duals[i as usize], &stacked)),
            Input::BoundDual(i) => Some(dual_entries(&map.bounds[i as usize], &stacked)),
            Input::Objective => Some(vec![objective]),
        });
        let (causes, free) = (moved.harmful, moved.free);
        Ok(Pushed { x: moved.x, stacked, objective, causes, free, lift_nodes, value_nodes })
    }
}

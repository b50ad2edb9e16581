//! Gradients: cotangents of outputs back to parameters.

use super::notes::Notes;
use super::output::{Output, Seed};
use super::{Derivatives, Expression};
use crate::data::Array;
use crate::engine::{self, DataVector, Objective};
use crate::error::Error;
use crate::lifting::{add_parameters, project};
use crate::named::Named;
use crate::tape::Evaluation;
use altdiff::{Harm, Tangent};
use cvxlayer_program::Input;

/// The derivative of a scalar by parameters, named and shaped like them.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// By each parameter asked for. Those of symmetric matrices are symmetric, of `diag` ones the diagonal, of `sparse`
    /// ones on their pattern.
    pub by: Named<Array>,
    /// Whether the derivative asked for is proved to exist. If not, what is given is a documented choice.
    pub well_defined: bool,
    /// Why it may not exist, naming constraint, variable and parameter.
    pub notes: Vec<String>,
}

impl std::ops::Index<&str> for Gradients {
    type Output = Array;

    /// # Panics
    /// If the parameter was not asked for.
    fn index(&self, parameter: &str) -> &Array {
        &self.by[parameter]
    }
}

/// Cotangents of θ, and what may spoil them.
pub(super) struct Pulled {
    pub(super) theta: Vec<f64>,
    /// The engine's candidates.
    pub(super) harmful: Vec<Harm>,
    /// Cotangents of the nodes of the seed's tape and of the lift's.
    pub(super) value_nodes: Vec<Option<Vec<f64>>>,
    pub(super) lift_nodes: Vec<Option<Vec<f64>>>,
}

impl Derivatives<'_> {
    /// The derivative of the sum of outputs times the cotangents given by name; see
    /// [`Solution::vjp`](crate::Solution::vjp).
    ///
    /// # Errors
    /// If the problem is not solved, or a name or shape is unknown.
    pub fn vjp(&self, cotangents: &Named<Array>) -> Result<Gradients, Error> {
        let program = self.state.program();
        let mut seed = Seed::new(self.state);
        for (name, value) in cotangents.iter() {
            let output = Output::find(program, name)?;
            let (expected, given) = (output.len(program), value.to_dense());
            if given.len() != expected {
                return Err(Error::Length { name: name.to_owned(), expected, given: given.len() });
            }
            seed.add(program, output, given);
        }
        self.gradients(&seed)
    }

    /// The derivative of the sum of outputs times cotangents of their lengths.
    pub(crate) fn vjp_outputs(&self, cotangents: Vec<(Output, Vec<f64>)>) -> Result<Gradients, Error> {
        let mut seed = Seed::new(self.state);
        for (output, cotangent) in cotangents {
            seed.add(self.state.program(), output, cotangent);
        }
        self.gradients(&seed)
    }

    /// The derivative of a scalar expression.
    ///
    /// # Errors
    /// If the problem is not solved, or the expression is no scalar.
    pub fn gradient_of(&self, expression: &Expression) -> Result<Gradients, Error> {
        let len = expression.shape.len();
        if len != 1 {
            return Err(Error::NoScalar(expression.shape.to_string()));
        }
        let evaluation = self.state.evaluate(&expression.tape);
        let nodes = vec![(expression.node, vec![1.0])];
        self.gradients(&Seed { tape: &expression.tape, evaluation: &evaluation, nodes, outputs: Vec::new() })
    }

    pub(super) fn gradients(&self, seed: &Seed) -> Result<Gradients, Error> {
        self.ready()?;
        let mut pulled = self.pull(seed, true)?;
        let mut notes = Notes::default();
        let (inside, ends) = self.ends(&pulled.harmful);
        let mut unresolved = inside;
        let mut one_sided = Vec::new();
        for end in ends {
            match self.inwards(seed, end) {
                Some(value) => one_sided.push((end.entry(), value)),
                // The outputs jump there, whatever the side.
                None => unresolved = pulled.harmful.iter().collect(),
            }
        }
        self.note_harms(unresolved.into_iter(), &mut notes);
        for (entry, value) in one_sided {
            pulled.theta[entry] = value;
        }
        self.note_kinks(seed, &pulled, &mut notes)?;
        let mut notes = notes.finish();
        let finite = seed.nodes.iter().all(|(node, weights)| {
            let values = seed.evaluation.value(*node);
            values.iter().zip(weights).all(|(value, weight)| *weight == 0.0 || value.is_finite())
        });
        if !finite {
            notes.insert(0, "what is differentiated has no finite value here".to_owned());
        }
        Ok(Gradients { by: self.split(&pulled.theta), well_defined: notes.is_empty(), notes })
    }

    /// The gradients of the parameters asked for, from the cotangents of θ.
    pub(super) fn split(&self, theta: &[f64]) -> Named<Array> {
        let all = &self.state.program().parameters;
        let one = |&i: &usize| {
            let p = &all[i];
            let entries = project(p, &theta[p.start..p.start + p.len()]);
            let entries = entries.into_iter().map(|v| v + 0.0).collect();
            (p.name.clone(), Array::stored(p.shape, &p.storage, entries))
        };
        self.asked.iter().map(one).collect()
    }

    /// The whole chain, backward.
    pub(super) fn pull(&self, seed: &Seed, examine: bool) -> Result<Pulled, Error> {
        let (state, program) = (self.state, self.state.program());
        let map = &program.solution;
        let mut x = vec![0.0; program.variables()];
        let mut stacked = vec![0.0; program.multipliers()];
        let mut theta = vec![0.0; program.lift.theta];
        let mut objective = 0.0;

        let nodes = seed.nodes.iter().map(|(node, bar)| (*node, bar.as_slice()));
        let value_nodes = seed.evaluation.adjoint(seed.tape, nodes);
        let inputs = Evaluation::inputs(seed.tape, &value_nodes);
        add_parameters(program, &inputs, &mut theta);
        let from_tape = inputs.iter().filter_map(|(input, bar)| {
            let output = match *input {
                Input::Parameter(_) => return None,
                Input::Variable(i) => Output::Variable(i as usize),
                Input::Dual(i) => Output::Dual(i as usize),
                Input::BoundDual(i) => Output::Bound(i as usize),
                Input::Objective => Output::Objective,
            };
            Some((output, bar))
        });
        for (output, bar) in from_tape.chain(seed.outputs.iter().map(|(output, bar)| (*output, bar))) {
            match output {
                Output::Variable(i) => map.variables[i].apply_adjoint(bar, &mut x),
                Output::Dual(i) => map.duals[i].map.apply_adjoint(bar, &mut stacked),
                Output::Bound(i) => map.bounds[i].map.apply_adjoint(bar, &mut stacked),
                Output::Objective => objective += bar[0],
                Output::Let(_) => {}
            }
        }

        let value = Objective { problem: state.problem(), x: &state.solved.x, solved: &state.solved };
        let weight = state.sense() * objective;
        if weight != 0.0 {
            for (bar, slope) in x.iter_mut().zip(value.slope()) {
                *bar += weight * slope;
            }
        }
        let mut data = DataVector::default();
        let mut harmful = Vec::new();
        // The objective's derivative is not unique where the solution is not, even where its slope by x vanishes.
        if weight != 0.0 || x.iter().chain(&stacked).any(|v| *v != 0.0) {
            let mut options = engine::options(self.route);
            options.examine = examine;
            let mut gradient = state.vjp(&engine::cotangent(program, x, &stacked), &options)?;
            harmful = std::mem::take(&mut gradient.harmful);
            data.blocks = gradient.into();
        } else {
            data.blocks = Tangent::zeros(state.problem());
        }
        if weight != 0.0 {
            value.add_data_slope(weight, &mut data);
        }
        let mut theta_hat = vec![0.0; program.lift.len()];
        engine::data_adjoint(&program.blocks, &data, &mut theta_hat);
        let (through, lift_nodes) = state.lifted().adjoint(program, theta_hat);
        for (t, v) in theta.iter_mut().zip(through) {
            *t += v;
        }
        Ok(Pulled { theta, harmful, value_nodes, lift_nodes })
    }
}

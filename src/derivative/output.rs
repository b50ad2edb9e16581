//! What can be asked for at a solution, by name.

use crate::error::Error;
use crate::params::nearest;
use crate::solution::{Solution, State};
use cvxlayer_program::{NodeId, Program, Tape};

/// Something that a solution holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A variable, by position in the program's solution map.
    Variable(usize),
    /// A let, by position in the program.
    Let(usize),
    /// The dual of a constraint, by position in the program's solution map.
    Dual(usize),
    /// The dual of a variable's bounds, by position in the program's solution map.
    Bound(usize),
    /// The objective, in the user's sense.
    Objective,
}

impl Output {
    /// Finds an output by its name: a variable or let, `dual(label)`, `bounds(variable)`, or `objective`.
    pub(super) fn find(program: &Program, name: &str) -> Result<Self, Error> {
        let map = &program.solution;
        let inner = |prefix: &str| {
            name.strip_prefix(prefix)?.trim().strip_prefix('(')?.strip_suffix(')').map(str::trim)
        };
        let found = if let Some(label) = inner("dual") {
            map.duals.iter().position(|d| d.label == label).map(Self::Dual)
        } else if let Some(variable) = inner("bounds") {
            map.bounds.iter().position(|d| d.label == variable).map(Self::Bound)
        } else {
            let variable = map.variables.iter().position(|v| v.name == name).map(Self::Variable);
            let named = variable.or_else(|| program.lets.iter().position(|l| l.name == name).map(Self::Let));
            named.or_else(|| (name == "objective").then_some(Self::Objective))
        };
        found.ok_or_else(|| {
            let all = names(program);
            let nearest = nearest(name, all.iter().map(String::as_str)).map(str::to_owned);
            Error::Unknown { kind: "output", name: name.to_owned(), nearest }
        })
    }

    /// What it is asked for by.
    pub(crate) fn name(self, program: &Program) -> String {
        let map = &program.solution;
        match self {
            Self::Variable(i) => map.variables[i].name.to_string(),
            Self::Let(i) => program.lets[i].name.to_string(),
            Self::Dual(i) => format!("dual({})", map.duals[i].label),
            Self::Bound(i) => format!("bounds({})", map.bounds[i].label),
            Self::Objective => "objective".to_owned(),
        }
    }

    /// Its value at a solution.
    pub(crate) fn value(self, solution: &Solution) -> Vec<f64> {
        let program = solution.program();
        let map = &program.solution;
        match self {
            Self::Variable(i) => solution.variables[&map.variables[i].name].to_dense(),
            Self::Let(i) => solution.expressions[&program.lets[i].name].to_dense(),
            Self::Dual(i) => solution.duals[&map.duals[i].label].to_dense(),
            Self::Bound(i) => solution.bounds[&map.bounds[i].label].to_dense(),
            Self::Objective => vec![solution.objective],
        }
    }

    /// The number of entries.
    pub(crate) fn len(self, program: &Program) -> usize {
        let map = &program.solution;
        match self {
            Self::Variable(i) => map.variables[i].shape.len(),
            Self::Let(i) => program.lets[i].shape.len(),
            Self::Dual(i) => map.duals[i].map.rows,
            Self::Bound(i) => map.bounds[i].map.rows,
            Self::Objective => 1,
        }
    }
}

/// The names of all outputs.
fn names(program: &Program) -> Vec<String> {
    let map = &program.solution;
    let variables = map.variables.iter().map(|v| v.name.to_string());
    let lets = program.lets.iter().map(|l| l.name.to_string());
    let duals = map.duals.iter().map(|d| format!("dual({})", d.label));
    let bounds = map.bounds.iter().map(|d| format!("bounds({})", d.label));
    variables.chain(lets).chain(duals).chain(bounds).chain(["objective".to_owned()]).collect()
}

/// Cotangents of everything that a solution holds.
pub(super) struct Seed<'a> {
    /// The tape whose nodes are seeded, and its values.
    pub(super) tape: &'a Tape,
    pub(super) evaluation: &'a crate::tape::Evaluation,
    pub(super) nodes: Vec<(NodeId, Vec<f64>)>,
    /// Variables, duals, bounds and the objective.
    pub(super) outputs: Vec<(Output, Vec<f64>)>,
}

impl<'a> Seed<'a> {
    /// No cotangents yet, at the tape of lets.
    pub(super) fn new(state: &'a State) -> Self {
        Self {
            tape: &state.program().values,
            evaluation: &state.values,
            nodes: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// Adds the cotangent of one output.
    pub(super) fn add(&mut self, program: &Program, output: Output, cotangent: Vec<f64>) {
        match output {
            Output::Let(i) => self.nodes.push((program.lets[i].node, cotangent)),
            output => self.outputs.push((output, cotangent)),
        }
    }
}

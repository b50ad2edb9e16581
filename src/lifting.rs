//! From parameters to derived parameters, forward and backward.

use crate::data::{expand, stored_entries};
use crate::error::Error;
use crate::params::Params;
use crate::tape::{Evaluation, symmetric_part};
use cvxlayer_program::{Input, NodeId, Op, Parameter, Program, Storage};
use std::ops::Range;

/// θ̂ at given parameters, with what its derivatives need.
#[derive(Clone, Debug)]
pub(crate) struct Lifted {
    pub(crate) theta: Vec<f64>,
    pub(crate) theta_hat: Vec<f64>,
    pub(crate) tape: Evaluation,
}

impl Lifted {
    /// Evaluates the lift and checks all conditions on values.
    pub(crate) fn new(program: &Program, params: &Params) -> Result<Self, Error> {
        let theta = params.theta(&program.parameters).map_err(Error::Values)?;
        Self::at(program, theta, params)
    }

    /// As [`new`](Self::new), at given θ; the parameters only say where values came from.
    pub(crate) fn at(program: &Program, theta: Vec<f64>, params: &Params) -> Result<Self, Error> {
        let mut out = Self { theta, theta_hat: vec![0.0; program.lift.len()], tape: Evaluation::default() };
        out.renew(program, params)?;
        Ok(out)
    }

    /// Room for θ and everything that is computed from it.
    pub(crate) fn room(program: &Program) -> Self {
        let lift = &program.lift;
        let (theta, theta_hat) = (vec![0.0; lift.theta], vec![0.0; lift.len()]);
        Self { theta, theta_hat, tape: Evaluation::room(&lift.tape) }
    }

    /// Evaluates the lift at the θ in place, and checks all conditions on values.
    pub(crate) fn renew(&mut self, program: &Program, params: &Params) -> Result<(), Error> {
        let Self { theta, theta_hat, tape } = self;
        let lift = &program.lift;
        tape.renew(&lift.tape, &|input, to| {
            if let Input::Parameter(i) = input {
                full_into(&program.parameters[i as usize], theta, to);
            }
        });
        if let Some(fault) = tape.faults().first() {
            return Err(Error::Lift { text: subexpression(program, fault.node), kind: fault.kind });
        }
        let errors = params.check_lifted(program, tape, theta, |_| true);
        if !errors.is_empty() {
            return Err(Error::Values(errors));
        }
        theta_hat[..lift.theta].copy_from_slice(theta);
        for derived in lift.derived.iter() {
            theta_hat[derived.start..derived.start + derived.len].copy_from_slice(tape.value(derived.node));
        }
        let start = theta_hat.len() - lift.products.len();
        lift.products.apply(theta_hat, start);
        Ok(())
    }

    /// Takes the values of the parameters that move, one after another, and evaluates again what they reach.
    pub(crate) fn take(
        &mut self,
        program: &Program,
        moving: &Moving,
        values: &[f64],
        params: &Params,
    ) -> Result<(), Error> {
        let Self { theta, theta_hat, tape } = self;
        let lift = &program.lift;
        let mut rest = values;
        for range in moving.ranges(program) {
            let (own, others) = rest.split_at(range.len());
            theta[range.clone()].copy_from_slice(own);
            theta_hat[range].copy_from_slice(own);
            rest = others;
        }
        let input = |input, to: &mut Vec<f64>| {
            if let Input::Parameter(i) = input {
                full_into(&program.parameters[i as usize], theta, to);
            }
        };
        tape.renew_some(&lift.tape, &input, &|node| moving.nodes[node]);
        if let Some(fault) = tape.faults().first() {
            return Err(Error::Lift { text: subexpression(program, fault.node), kind: fault.kind });
        }
        let errors = params.check_lifted(program, tape, theta, |_| true);
        if !errors.is_empty() {
            return Err(Error::Values(errors));
        }
        for derived in lift.derived.iter().filter(|d| moving.nodes[d.node as usize]) {
            theta_hat[derived.start..derived.start + derived.len].copy_from_slice(tape.value(derived.node));
        }
        let start = theta_hat.len() - lift.products.len();
        lift.products.apply(theta_hat, start);
        Ok(())
    }

    /// How θ̂ and the tape's nodes move when θ does.
    pub(crate) fn tangent(&self, program: &Program, moved: &[f64]) -> (Vec<f64>, Vec<Option<Vec<f64>>>) {
        let lift = &program.lift;
        let nodes = self.tape.tangent(&lift.tape, &|input| match input {
            Input::Parameter(i) => full_tangent(&program.parameters[i as usize], moved),
            _ => None,
        });
        let mut out = moved.to_vec();
        for derived in lift.derived.iter() {
            match &nodes[derived.node as usize] {
                Some(node) => out.extend_from_slice(node),
                None => out.resize(out.len() + derived.len, 0.0),
            }
        }
        let start = out.len();
        out.resize(start + lift.products.len(), 0.0);
        lift.products.apply_tangent(&self.theta_hat, &mut out, start);
        (out, nodes)
    }

    /// The adjoint of [`tangent`](Self::tangent): the cotangents of θ, and those of the tape's nodes.
    pub(crate) fn adjoint(
        &self,
        program: &Program,
        mut theta_hat: Vec<f64>,
    ) -> (Vec<f64>, Vec<Option<Vec<f64>>>) {
        let lift = &program.lift;
        let start = lift.len() - lift.products.len();
        lift.products.apply_adjoint(&self.theta_hat, &mut theta_hat, start);
        let seeds = lift.derived.iter().map(|d| (d.node, &theta_hat[d.start..d.start + d.len]));
        let nonzero = seeds.filter(|(_, seed)| seed.iter().any(|v| *v != 0.0));
        let nodes = self.tape.adjoint(&lift.tape, nonzero);
        let mut theta = theta_hat[..lift.theta].to_vec();
        add_parameters(program, &Evaluation::inputs(&lift.tape, &nodes), &mut theta);
        (theta, nodes)
    }

    /// The cotangents of θ for cotangents of nodes of the lift's tape.
    pub(crate) fn node_adjoint(&self, program: &Program, seeds: &[(NodeId, Vec<f64>)]) -> Vec<f64> {
        let seeds = seeds.iter().map(|(node, seed)| (*node, seed.as_slice()));
        let nodes = self.tape.adjoint(&program.lift.tape, seeds);
        let mut theta = vec![0.0; program.lift.theta];
        add_parameters(program, &Evaluation::inputs(&program.lift.tape, &nodes), &mut theta);
        theta
    }
}

/// The parameters that differ between samples, and the nodes of the lift's tape that they reach.
#[derive(Debug)]
pub(crate) struct Moving {
    pub(crate) parameters: Vec<bool>,
    nodes: Vec<bool>,
}

impl Moving {
    pub(crate) fn new(program: &Program, parameters: Vec<bool>) -> Self {
        let mut nodes: Vec<bool> = Vec::with_capacity(program.lift.tape.nodes.len());
        for node in program.lift.tape.nodes.iter() {
            let moves = match node.op {
                Op::Input(Input::Parameter(i)) => parameters[i as usize],
                _ => node.op.operands().iter().any(|&a| nodes[a as usize]),
            };
            nodes.push(moves);
        }
        Self { parameters, nodes }
    }

    /// Their entries in θ.
    pub(crate) fn ranges<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = Range<usize>> + 'a {
        let own = program.parameters.iter().zip(&self.parameters).filter(|(_, own)| **own);
        own.map(|(p, _)| p.start..p.start + p.len())
    }
}

/// Appends the full array of a parameter, row by row.
pub(crate) fn full_into(parameter: &Parameter, theta: &[f64], to: &mut Vec<f64>) {
    let entries = &theta[parameter.start..parameter.start + parameter.len()];
    if matches!(parameter.storage, Storage::Dense) {
        return to.extend_from_slice(entries);
    }
    let start = to.len();
    to.resize(start + parameter.shape.len(), 0.0);
    for (i, &value) in entries.iter().enumerate() {
        to[start + parameter.position(i)] = value;
    }
}

/// The full array of a parameter's tangent, unless it does not move.
pub(crate) fn full_tangent(parameter: &Parameter, moved: &[f64]) -> Option<Vec<f64>> {
    let entries = &moved[parameter.start..parameter.start + parameter.len()];
    entries.iter().any(|v| *v != 0.0).then(|| expand(parameter, entries))
}

/// Adds to the cotangents of θ what those of full arrays mean for them.
pub(crate) fn add_parameters(
    program: &Program,
    inputs: &std::collections::BTreeMap<Input, Vec<f64>>,
    theta: &mut [f64],
) {
    for (input, bar) in inputs {
        if let Input::Parameter(i) = input {
            let parameter = &program.parameters[*i as usize];
            let entries = &mut theta[parameter.start..parameter.start + parameter.len()];
            if matches!(parameter.storage, Storage::Dense) {
                entries.iter_mut().zip(bar).for_each(|(e, b)| *e += b);
            } else {
                entries.iter_mut().zip(parameter.positions()).for_each(|(e, at)| *e += bar[at]);
            }
        }
    }
}

/// Restricts entries of a parameter's gradient to the directions its declaration leaves: the symmetric ones.
pub(crate) fn project(parameter: &Parameter, entries: &[f64]) -> Vec<f64> {
    let a = &parameter.attributes;
    if !(a.symmetric || a.psd || a.nsd) {
        return entries.to_vec();
    }
    match &parameter.storage {
        Storage::Dense => symmetric_part(entries, parameter.shape.as_rows().0),
        Storage::Diagonal => entries.to_vec(),
        Storage::Sparse { rows, cols } => {
            let at: std::collections::BTreeMap<(u32, u32), usize> =
                rows.iter().zip(cols.iter()).enumerate().map(|(e, (&i, &j))| ((i, j), e)).collect();
            // An entry whose mirror image is zero by the pattern cannot move.
            let mirror = |i, j| at.get(&(j, i)).copied();
            rows.iter()
                .zip(cols.iter())
                .zip(entries)
                .map(|((&i, &j), v)| mirror(i, j).map_or(0.0, |m| 0.5 * (v + entries[m])))
                .collect()
        }
    }
}

/// The stored entries of a tangent given for a parameter, which must keep a symmetric one symmetric.
pub(crate) fn tangent_entries(
    parameter: &Parameter,
    value: &crate::Array,
) -> Result<Vec<f64>, crate::ValueFault> {
    let entries = stored_entries(parameter, value)?;
    if let Some(&value) = entries.iter().find(|v| !v.is_finite()) {
        return Err(crate::ValueFault::NotFinite { at: String::new(), value });
    }
    let (projected, n) = (project(parameter, &entries), parameter.shape.as_rows().0.max(1));
    let scale = entries.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    match (0..entries.len()).find(|&e| (projected[e] - entries[e]).abs() > 1e-10 * scale) {
        None => Ok(projected),
        Some(e) => {
            let at = parameter.positions()[e];
            let mirrored = 2.0 * projected[e] - entries[e];
            Err(crate::ValueFault::Asymmetric { at: (at / n, at % n), value: entries[e], mirrored })
        }
    }
}

/// The expression, as the user wrote it, that a node of the lift's tape belongs to.
pub(crate) fn subexpression(program: &Program, node: NodeId) -> String {
    let reached = crate::tape::reaches(&program.lift.tape, |id| id == node as usize);
    let derived = program.lift.derived.iter().filter(|d| reached[d.node as usize]).map(|d| &d.text);
    let checked = program.checks.iter().filter(|c| reached[c.node as usize]).map(|c| &c.text);
    derived
        .chain(checked)
        .min_by_key(|text| text.len())
        .map_or_else(|| "a variable-free expression".to_owned(), |text| text.clone().into_owned())
}

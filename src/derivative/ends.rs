//! One-sided derivatives at the ends of declared domains: a weight that is 0 can only grow.

use super::Derivatives;
use super::output::{Output, Seed};
use crate::engine::{self, Objective};
use crate::lifting::full_tangent;
use crate::solution::dual_entries;
use altdiff::Harm;
use cvxlayer_program::{Input, Storage};

/// A variable of the user's that jumps by more than this, relative to its size, has no derivative.
const JUMP: f64 = 1e-7;

/// An entry of θ at the end of its domain, and the direction inwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    entry: usize,
    inwards: f64,
}

impl End {
    pub(super) fn entry(self) -> usize {
        self.entry
    }
}

impl Derivatives<'_> {
    /// The harms that some parameter inside its domain brings about, and the entries at the end of theirs that bring
    /// about the others.
    pub(super) fn ends<'h>(&self, harmful: &'h [Harm]) -> (Vec<&'h Harm>, Vec<End>) {
        let mut ends: Vec<End> = Vec::new();
        let inside = |harm: &&Harm| {
            // One direction at a time does not tell what two of them do together.
            let (Some(rate), None) = (&harm.rate, &harm.with) else { return true };
            let mut found = Vec::new();
            for entry in self.moving_entries(rate) {
                match self.end(entry) {
                    Some(end) => found.push(end),
                    None => return true,
                }
            }
            for end in found {
                if !ends.contains(&end) {
                    ends.push(end);
                }
            }
            false
        };
        let rest = harmful.iter().filter(inside).collect();
        (rest, ends)
    }

    /// The end of its declared sign that an entry of θ is at.
    fn end(&self, entry: usize) -> Option<End> {
        let all = &self.state.program().parameters;
        let p = all.iter().find(|p| (p.start..p.start + p.len()).contains(&entry))?;
        let a = &p.attributes;
        let plain = p.storage == Storage::Dense && !(a.symmetric || a.psd || a.nsd);
        if !plain || self.state.lifted().theta[entry] != 0.0 || a.nonneg == a.nonpos {
            return None;
        }
        Some(End { entry, inwards: if a.nonneg { 1.0 } else { -1.0 } })
    }

    /// The derivative of what is asked for by an entry at its end, inwards; `None` where the outputs jump.
    pub(super) fn inwards(&self, seed: &Seed, end: End) -> Option<f64> {
        let (state, program) = (self.state, self.state.program());
        let map = &program.solution;
        let mut theta = vec![0.0; program.lift.theta];
        theta[end.entry] = end.inwards;
        let data = self.data_tangent(&theta).0;
        let moved = state.solved.one_sided(&data.blocks).ok()?;
        if !moved.unsettled.is_empty() {
            return None;
        }
        let jump: Vec<f64> = moved.from.iter().zip(&state.solved.x).map(|(a, b)| a - b).collect();
        let jumps = map.variables.iter().any(|variable| {
            let size = |v: &[f64]| variable.apply(v).iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            size(&jump) > JUMP * size(&state.solved.x).max(1.0)
        });
        let of_dual = |output: &Output| matches!(output, Output::Dual(_) | Output::Bound(_));
        let reads_dual = |input: &Input| matches!(input, Input::Dual(_) | Input::BoundDual(_));
        let tape_reads_dual = seed
            .tape
            .nodes
            .iter()
            .any(|node| matches!(&node.op, cvxlayer_program::Op::Input(input) if reads_dual(input)));
        if jumps || tape_reads_dual || seed.outputs.iter().any(|(output, _)| of_dual(output)) {
            return None;
        }
        let x = &moved.tangent.x;
        let stacked = engine::multiplier_tangent(&moved.tangent);
        let value = Objective { problem: state.problem(), x: &moved.from, solved: &state.solved };
        let objective = state.sense() * value.tangent(x, &data);
        let nodes = seed.evaluation.tangent(seed.tape, &|input| match input {
            Input::Parameter(i) => full_tangent(&program.parameters[i as usize], &theta),
            Input::Variable(i) => Some(map.variables[i as usize].apply(x)),
            Input::Dual(i) => Some(dual_entries(&map.duals[i as usize], &stacked)),
            Input::BoundDual(i) => Some(dual_entries(&map.bounds[i as usize], &stacked)),
            Input::Objective => Some(vec![objective]),
        });
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut sum = 0.0;
        for (node, bar) in &seed.nodes {
            sum += nodes[*node as usize].as_ref().map_or(0.0, |moved| dot(moved, bar));
        }
        for (output, bar) in &seed.outputs {
            sum += match output {
                Output::Variable(i) => dot(&map.variables[*i].apply(x), bar),
                Output::Objective => objective * bar[0],
                Output::Let(_) | Output::Dual(_) | Output::Bound(_) => 0.0,
            };
        }
        Some(end.inwards * sum)
    }
}

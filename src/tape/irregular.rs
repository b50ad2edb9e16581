//! Points where a tape has no derivative, and what would have to move for that to matter.

use super::adjoint::Cotangents;
use super::elementwise::{self, Irregularity};
use super::{Evaluation, reduction, serve};
use cvxlayer_program::{NodeId, Op, Tape};

/// At a node without a derivative: a generic combination of its operands' entries between which the slope is
/// undecided.
///
/// Where the combination does not move, the missing derivative harms nothing: `|p|` at 0 has a derivative by
/// everything that leaves `p` alone. The weights are arbitrary but fixed, so that cancellation is not to be feared.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The node that has no derivative.
    pub node: NodeId,
    /// How its derivative fails to exist.
    pub kind: Irregularity,
    /// Weights of the entries of operands.
    pub weights: Vec<(NodeId, Vec<f64>)>,
}

impl Evaluation {
    /// The probes of a tape. `asked` gives a node's cotangent, and entries whose cotangent is zero are left out; `tolerance`
    /// says how near to a kink counts as on it, relative to max(1, the size of the operand).
    pub fn probes(&self, tape: &Tape, asked: Option<&Cotangents>, tolerance: f64) -> Vec<Probe> {
        (0..tape.nodes.len()).filter_map(|id| self.probe(tape, id, asked, tolerance)).collect()
    }

    fn probe(&self, tape: &Tape, id: usize, asked: Option<&Cotangents>, tolerance: f64) -> Option<Probe> {
        let node = &tape.nodes[id];
        let bar = match asked {
            Some(bars) => Some(bars[id].as_deref()?),
            None => None,
        };
        let matters = |i: usize| bar.is_none_or(|bar| bar[i] != 0.0);
        let entries = || (0..node.shape.len()).filter(|&i| matters(i));
        let of = |a: &NodeId| self.value(*a);
        let mut found = Found { worst: None, weights: Vec::new() };
        match &node.op {
            Op::Unary(f, a) => {
                for i in entries() {
                    found.entry(*a, of(a), i, elementwise::unary_irregularity(*f, of(a)[i], tolerance));
                }
            }
            Op::Power(a, exponent) => {
                for i in entries() {
                    let irregular = elementwise::power_irregularity(of(a)[i], *exponent, tolerance);
                    found.entry(*a, of(a), i, irregular);
                }
            }
            Op::Binary(f, a, b) => {
                let (x, y) = (of(a), of(b));
                for i in entries() {
                    let (j, k) = (serve(x, i), serve(y, i));
                    let irregular = elementwise::binary_irregularity(*f, x[j], y[k], tolerance);
                    if irregular == Some(Irregularity::Kink) {
                        let weight = generic(i);
                        found.add(*a, x, j, weight, Irregularity::Kink);
                        found.add(*b, y, k, -weight, Irregularity::Kink);
                    } else {
                        found.entry(*a, x, j, irregular);
                    }
                }
            }
            Op::Reduce(r, a, group) => {
                let x = of(a);
                for i in entries() {
                    let members = reduction::undecided(*r, &x[i * group..(i + 1) * group], tolerance);
                    let sum_zero = !matches!(r, cvxlayer_program::Reduction::Norm2);
                    found.members(*a, x, i * group, &members.unwrap_or_default(), sum_zero);
                }
            }
            Op::CumulativeMax(a, group) => {
                let (x, group) = (of(a), (*group).max(1));
                for (start, part) in x.chunks(group).enumerate().map(|(g, part)| (g * group, part)) {
                    let running = reduction::running_maximum(part, tolerance);
                    for (_, members) in
                        running.iter().enumerate().filter(|(i, _)| matters(start + i)).map(|(_, m)| m)
                    {
                        if members.len() > 1 {
                            found.members(*a, x, start, members, true);
                        }
                    }
                }
            }
            Op::SortedDot(a, b) if matters(0) => {
                for (one, other) in [(a, b), (b, a)] {
                    for run in reduction::sorted_dot_undecided(of(one), of(other), tolerance) {
                        found.members(*one, of(one), 0, &run, true);
                    }
                }
            }
            _ => {}
        }
        let kind = found.worst?;
        Some(Probe { node: id as NodeId, kind, weights: found.weights })
    }
}

struct Found {
    worst: Option<Irregularity>,
    weights: Vec<(NodeId, Vec<f64>)>,
}

impl Found {
    fn add(&mut self, operand: NodeId, values: &[f64], entry: usize, weight: f64, kind: Irregularity) {
        self.worst = self.worst.max(Some(kind));
        let at = self.weights.iter().position(|(id, _)| *id == operand).unwrap_or_else(|| {
            self.weights.push((operand, vec![0.0; values.len()]));
            self.weights.len() - 1
        });
        self.weights[at].1[entry] += weight;
    }

    fn entry(&mut self, operand: NodeId, values: &[f64], entry: usize, kind: Option<Irregularity>) {
        if let Some(kind) = kind {
            self.add(operand, values, entry, generic(entry), kind);
        }
    }

    /// Weights for tied members; if they sum to zero, moving all members alike is harmless.
    fn members(&mut self, operand: NodeId, values: &[f64], start: usize, members: &[usize], sum_zero: bool) {
        let mean = if sum_zero {
            members.iter().map(|&j| generic(start + j)).sum::<f64>() / members.len() as f64
        } else {
            0.0
        };
        for &j in members {
            self.add(operand, values, start + j, generic(start + j) - mean, Irregularity::Kink);
        }
    }
}

/// A fixed weight between 1 and 2, different for every entry (the golden ratio's multiples are).
fn generic(entry: usize) -> f64 {
    1.0 + ((entry + 1) as f64 * 0.618_033_988_749_894_9).fract()
}

//! Reverse-mode derivatives.

use super::tangent::{add, times};
use super::{Evaluation, elementwise, matrix, product_sizes, reduction, serve};
use cvxlayer_program::{Input, NodeId, Op, Tape, ZERO_ENTRY};
use std::collections::BTreeMap;

/// The cotangents of all nodes; `None` stands for zero.
pub(crate) type Cotangents = Vec<Option<Vec<f64>>>;

impl Evaluation {
    /// The cotangents of all nodes for cotangents of some; seeds for one node are added.
    pub fn adjoint<'a>(
        &self,
        tape: &Tape,
        seeds: impl IntoIterator<Item = (NodeId, &'a [f64])>,
    ) -> Cotangents {
        let mut bars: Cotangents = vec![None; tape.nodes.len()];
        for (node, seed) in seeds {
            accumulate(&mut bars, node, seed);
        }
        for id in (0..tape.nodes.len()).rev() {
            if let Some(bar) = bars[id].take() {
                if bar.iter().any(|&b| b != 0.0) {
                    self.push_back(tape, id, &bar, &mut bars);
                }
                bars[id] = Some(bar);
            }
        }
        bars
    }

    /// The cotangents of the inputs, collected from those of all nodes.
    pub fn inputs(tape: &Tape, bars: &Cotangents) -> BTreeMap<Input, Vec<f64>> {
        let mut out: BTreeMap<Input, Vec<f64>> = BTreeMap::new();
        for (node, bar) in tape.nodes.iter().zip(bars) {
            if let (Op::Input(name), Some(bar)) = (&node.op, bar) {
                match out.entry(*name) {
                    std::collections::btree_map::Entry::Vacant(slot) => {
                        slot.insert(bar.clone());
                    }
                    std::collections::btree_map::Entry::Occupied(mut slot) => add(slot.get_mut(), bar),
                }
            }
        }
        out
    }

    /// Adds what one node's cotangent means for its operands.
    fn push_back(&self, tape: &Tape, id: usize, bar: &[f64], bars: &mut Cotangents) {
        let node = &tape.nodes[id];
        let (value, len) = (&self.values[id], node.shape.len());
        let of = |a: &NodeId| self.value(*a);
        let mut give = |a: NodeId, more: &[f64]| accumulate(bars, a, more);
        match &node.op {
            Op::Constant(_) | Op::Input(_) => {}
            Op::Unary(f, a) => {
                let x = of(a);
                let slope = |i: usize| elementwise::unary_slope(*f, x[i], value[i]);
                give(*a, &each(len, |i| times(slope(i), bar[i])));
            }
            Op::Power(a, exponent) => {
                let x = of(a);
                give(*a, &each(len, |i| times(elementwise::power_slope(x[i], *exponent), bar[i])));
            }
            Op::Binary(f, a, b) => {
                let (x, y) = (of(a), of(b));
                let (mut to_a, mut to_b) = (vec![0.0; x.len()], vec![0.0; y.len()]);
                for i in 0..len {
                    let (j, k) = (serve(x, i), serve(y, i));
                    let (by_a, by_b) = elementwise::binary_slopes(*f, x[j], y[k], value[i]);
                    to_a[j] += times(by_a, bar[i]);
                    to_b[k] += times(by_b, bar[i]);
                }
                give(*a, &to_a);
                give(*b, &to_b);
            }
            Op::MatMul(a, b) => {
                let sizes = product_sizes(tape.shape(*a), tape.shape(*b));
                give(*a, &matrix::product_transposed(bar, of(b), sizes));
                give(*b, &matrix::transposed_product(of(a), bar, sizes));
            }
            Op::Gather(a, index) => {
                let mut out = vec![0.0; of(a).len()];
                for (&i, b) in index.iter().zip(bar) {
                    if i != ZERO_ENTRY {
                        out[i as usize] += b;
                    }
                }
                give(*a, &out);
            }
            Op::Concat(all) => {
                let mut start = 0;
                for a in all.iter() {
                    let end = start + of(a).len();
                    give(*a, &bar[start..end]);
                    start = end;
                }
            }
            Op::Reduce(r, a, group) => {
                let x = of(a);
                let mut out = vec![0.0; x.len()];
                for (i, &b) in bar.iter().enumerate().filter(|(_, b)| **b != 0.0) {
                    let range = i * group..(i + 1) * group;
                    for (slot, slope) in out[range.clone()].iter_mut().zip(reduction::slopes(*r, &x[range])) {
                        *slot = slope * b;
                    }
                }
                give(*a, &out);
            }
            Op::CumulativeMax(a, group) => {
                let (x, group) = (of(a), (*group).max(1));
                let mut out = vec![0.0; x.len()];
                for (start, x) in x.chunks(group).enumerate().map(|(g, x)| (g * group, x)) {
                    for (i, (_, members)) in reduction::running_maximum(x, 0.0).iter().enumerate() {
                        for &j in members {
                            out[start + j] += bar[start + i] / members.len() as f64;
                        }
                    }
                }
                give(*a, &out);
            }
            Op::Linear(a, map) => {
                let mut out = vec![0.0; map.cols];
                map.apply_adjoint(bar, &mut out);
                give(*a, &out);
            }
            Op::Inverse(a) => {
                let n = node.shape.as_rows().0;
                let left = matrix::transposed_product(value, bar, (n, n, n));
                let both = matrix::product_transposed(&left, value, (n, n, n));
                give(*a, &each(n * n, |i| -both[i]));
            }
            Op::Cholesky(a) => give(*a, &matrix::cholesky_adjoint(value, bar, node.shape.as_rows().0)),
            Op::Determinant(a) => {
                let cofactors = matrix::cofactors(of(a), tape.shape(*a).as_rows().0);
                give(*a, &each(cofactors.len(), |i| cofactors[i] * bar[0]));
            }
            Op::SortedDot(a, b) => {
                let scaled = |slopes: Vec<f64>| each(slopes.len(), |i| slopes[i] * bar[0]);
                give(*a, &scaled(reduction::sorted_dot_slopes(of(a), of(b))));
                give(*b, &scaled(reduction::sorted_dot_slopes(of(b), of(a))));
            }
        }
    }
}

fn each(len: usize, f: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..len).map(f).collect()
}

fn accumulate(bars: &mut Cotangents, node: NodeId, more: &[f64]) {
    match &mut bars[node as usize] {
        Some(bar) => add(bar, more),
        slot @ None => *slot = Some(more.to_vec()),
    }
}

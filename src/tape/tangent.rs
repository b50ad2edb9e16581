//! Forward-mode derivatives.

use super::{Evaluation, elementwise, matrix, product_sizes, reduction, serve};
use cvxlayer_program::{Input, Node, NodeId, Op, Tape, ZERO_ENTRY};

impl Evaluation {
    /// The tangents of all nodes for tangents of the inputs; `None` stands for zero.
    pub fn tangent(&self, tape: &Tape, input: &dyn Fn(Input) -> Option<Vec<f64>>) -> Vec<Option<Vec<f64>>> {
        let mut out: Vec<Option<Vec<f64>>> = Vec::with_capacity(tape.nodes.len());
        for (id, node) in tape.nodes.iter().enumerate() {
            let moved = match &node.op {
                Op::Constant(_) => None,
                Op::Input(name) => input(*name),
                op if op.operands().iter().all(|&a| out[a as usize].is_none()) => None,
                _ => Some(self.node_tangent(tape, id, node, &out)),
            };
            out.push(moved);
        }
        out
    }

    fn node_tangent(&self, tape: &Tape, id: usize, node: &Node, dot: &[Option<Vec<f64>>]) -> Vec<f64> {
        let len = node.shape.len();
        let value = &self.values[id];
        let of = |a: &NodeId| self.value(*a);
        // Zeros where an operand of several does not move; only then they are materialized.
        let moved = |a: &NodeId| dot[*a as usize].clone().unwrap_or_else(|| vec![0.0; of(a).len()]);
        match &node.op {
            Op::Constant(_) | Op::Input(_) => vec![0.0; len],
            Op::Unary(f, a) => {
                let (x, dx) = (of(a), moved(a));
                (0..len).map(|i| times(elementwise::unary_slope(*f, x[i], value[i]), dx[i])).collect()
            }
            Op::Power(a, exponent) => {
                let (x, dx) = (of(a), moved(a));
                (0..len).map(|i| times(elementwise::power_slope(x[i], *exponent), dx[i])).collect()
            }
            Op::Binary(f, a, b) => {
                let (x, y, dx, dy) = (of(a), of(b), moved(a), moved(b));
                (0..len)
                    .map(|i| {
                        let (j, k) = (serve(x, i), serve(y, i));
                        let (by_a, by_b) = elementwise::binary_slopes(*f, x[j], y[k], value[i]);
                        times(by_a, dx[j]) + times(by_b, dy[k])
                    })
                    .collect()
            }
            Op::MatMul(a, b) => {
                let sizes = product_sizes(tape.shape(*a), tape.shape(*b));
                let mut out = vec![0.0; len];
                if let Some(da) = &dot[*a as usize] {
                    add(&mut out, &matrix::product(da, of(b), sizes));
                }
                if let Some(db) = &dot[*b as usize] {
                    add(&mut out, &matrix::product(of(a), db, sizes));
                }
                out
            }
            Op::Gather(a, index) => {
                let dx = moved(a);
                index.iter().map(|&i| if i == ZERO_ENTRY { 0.0 } else { dx[i as usize] }).collect()
            }
            Op::Concat(all) => all.iter().flat_map(moved).collect(),
            Op::Reduce(r, a, group) => {
                let (x, dx) = (of(a), moved(a));
                (0..len)
                    .map(|i| {
                        let range = i * group..(i + 1) * group;
                        let slopes = reduction::slopes(*r, &x[range.clone()]);
                        slopes.iter().zip(&dx[range]).map(|(&s, &d)| times(s, d)).sum()
                    })
                    .collect()
            }
            Op::CumulativeMax(a, group) => {
                let (x, dx, group) = (of(a), moved(a), (*group).max(1));
                x.chunks(group)
                    .zip(dx.chunks(group))
                    .flat_map(|(x, dx)| {
                        let mean = |members: &[usize]| {
                            members.iter().map(|&j| dx[j]).sum::<f64>() / members.len() as f64
                        };
                        reduction::running_maximum(x, 0.0)
                            .iter()
                            .map(|(_, members)| mean(members))
                            .collect::<Vec<_>>()
                    })
                    .collect()
            }
            Op::Linear(a, map) => {
                let mut out = vec![0.0; map.rows];
                map.apply(&moved(a), &mut out);
                out
            }
            Op::Inverse(a) => {
                let n = node.shape.as_rows().0;
                let left = matrix::product(value, &moved(a), (n, n, n));
                matrix::product(&left, value, (n, n, n)).iter().map(|v| -v).collect()
            }
            Op::Cholesky(a) => matrix::cholesky_tangent(value, &moved(a), node.shape.as_rows().0),
            Op::Determinant(a) => {
                let cofactors = matrix::cofactors(of(a), tape.shape(*a).as_rows().0);
                vec![cofactors.iter().zip(&moved(a)).map(|(c, d)| c * d).sum()]
            }
            Op::SortedDot(a, b) => {
                let inner = |slopes: Vec<f64>, moved: Vec<f64>| -> f64 {
                    slopes.iter().zip(&moved).map(|(s, d)| s * d).sum()
                };
                vec![
                    inner(reduction::sorted_dot_slopes(of(a), of(b)), moved(a))
                        + inner(reduction::sorted_dot_slopes(of(b), of(a)), moved(b)),
                ]
            }
        }
    }
}

/// A slope times a tangent; what does not move stays, whatever the slope.
pub(super) fn times(slope: f64, moved: f64) -> f64 {
    if moved == 0.0 { 0.0 } else { slope * moved }
}

pub(super) fn add(out: &mut [f64], more: &[f64]) {
    for (o, m) in out.iter_mut().zip(more) {
        *o += m;
    }
}

//! Forward evaluation.

use super::{elementwise, matrix, product_sizes, reduction, serve};
use cvxlayer_program::{Input, Node, NodeId, Op, Tape, ZERO_ENTRY};

/// The values of all nodes of a tape at given inputs.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    pub(super) values: Vec<Vec<f64>>,
    faults: Vec<Fault>,
}

/// A node whose value is no number although its operands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The node.
    pub node: NodeId,
    /// What went wrong.
    pub kind: FaultKind,
}

/// Why a node has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// Division by zero.
    DivisionByZero,
    /// Not a number, or infinite.
    NotFinite,
    /// The inverse of a singular matrix.
    Singular,
    /// The Cholesky factor of a matrix that is not positive definite.
    NotPositiveDefinite,
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DivisionByZero => "divides by zero",
            Self::NotFinite => "is not finite",
            Self::Singular => "inverts a singular matrix",
            Self::NotPositiveDefinite => "factors a matrix that is not positive definite",
        })
    }
}

impl Evaluation {
    /// Evaluates a tape; `input` gives the values of what it reads, row by row.
    ///
    /// An infinite input is passed on; everything else that is not finite is recorded as a [fault](Self::faults).
    ///
    /// # Panics
    /// If an input has not the length of its node's shape.
    pub fn new(tape: &Tape, input: &dyn Fn(Input) -> Vec<f64>) -> Self {
        let mut out = Self::default();
        out.renew(tape, &|name, to| to.append(&mut input(name)));
        out
    }

    /// Room for the values of a tape, none of them computed yet.
    pub fn room(tape: &Tape) -> Self {
        let values = tape.nodes.iter().map(|node| Vec::with_capacity(node.shape.len())).collect();
        Self { values, faults: Vec::new() }
    }

    /// As [`new`](Self::new), in the memory of an earlier evaluation; `input` appends the values.
    ///
    /// Nothing is allocated where there is room for the tape and no value is an inverse, factor, determinant, large
    /// matrix product or depends on an order of entries.
    ///
    /// # Panics
    /// If an input has not the length of its node's shape.
    pub fn renew(&mut self, tape: &Tape, input: &dyn Fn(Input, &mut Vec<f64>)) {
        self.renew_some(tape, input, &|_| true);
    }

    /// As [`renew`](Self::renew), of an evaluation without faults and for some nodes; the other ones keep their values.
    pub(crate) fn renew_some(
        &mut self,
        tape: &Tape,
        input: &dyn Fn(Input, &mut Vec<f64>),
        which: &dyn Fn(usize) -> bool,
    ) {
        self.faults.clear();
        self.values.resize_with(tape.nodes.len(), Vec::new);
        for (id, node) in tape.nodes.iter().enumerate().filter(|(id, _)| which(*id)) {
            let mut value = std::mem::take(&mut self.values[id]);
            value.clear();
            self.compute(tape, node, input, &mut value);
            assert_eq!(value.len(), node.shape.len(), "length of node {id} of a tape");
            if !matches!(node.op, Op::Constant(_) | Op::Input(_))
                && let Some(kind) = self.fault(node, &value)
            {
                self.faults.push(Fault { node: id as NodeId, kind });
            }
            self.values[id] = value;
        }
    }

    /// The value of a node, row by row.
    pub fn value(&self, node: NodeId) -> &[f64] {
        &self.values[node as usize]
    }

    /// The nodes without a proper value; those computed from them are not listed.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Appends the value of a node to `out`.
    fn compute(&self, tape: &Tape, node: &Node, input: &dyn Fn(Input, &mut Vec<f64>), out: &mut Vec<f64>) {
        let len = node.shape.len();
        let of = |id: &NodeId| self.value(*id);
        match &node.op {
            Op::Constant(list) if list.len() == 1 => out.resize(len, list[0]),
            Op::Constant(list) => out.extend_from_slice(list),
            Op::Input(name) => input(*name, out),
            Op::Unary(f, a) => out.extend(of(a).iter().map(|&a| elementwise::unary(*f, a))),
            Op::Binary(f, a, b) => {
                let (a, b) = (of(a), of(b));
                out.extend((0..len).map(|i| elementwise::binary(*f, a[serve(a, i)], b[serve(b, i)])));
            }
            Op::Power(a, exponent) => out.extend(of(a).iter().map(|&a| elementwise::power(a, *exponent))),
            Op::MatMul(a, b) => {
                matrix::product_into(of(a), of(b), product_sizes(tape.shape(*a), tape.shape(*b)), out);
            }
            Op::Gather(a, index) => {
                let a = of(a);
                out.extend(index.iter().map(|&i| if i == ZERO_ENTRY { 0.0 } else { a[i as usize] }));
            }
            Op::Concat(all) => out.extend(all.iter().flat_map(|a| of(a).iter().copied())),
            Op::Reduce(r, a, group) => {
                out.extend((0..len).map(|i| reduction::value(*r, &of(a)[i * group..(i + 1) * group])));
            }
            Op::CumulativeMax(a, group) => {
                out.extend(of(a).chunks((*group).max(1)).flat_map(|group| {
                    group.iter().scan(f64::NEG_INFINITY, |top, &a| {
                        *top = if a > *top || a.is_nan() { a } else { *top };
                        Some(*top)
                    })
                }));
            }
            Op::Linear(a, map) => {
                out.resize(map.rows, 0.0);
                map.apply(of(a), out);
            }
            Op::Inverse(a) => match matrix::inverse(of(a), node.shape.as_rows().0) {
                Some(inverse) => out.extend(inverse),
                None => out.resize(len, f64::NAN),
            },
            Op::Cholesky(a) => match matrix::cholesky(of(a), node.shape.as_rows().0) {
                Some(factor) => out.extend(factor),
                None => out.resize(len, f64::NAN),
            },
            Op::Determinant(a) => out.push(matrix::determinant(of(a), tape.shape(*a).as_rows().0)),
            Op::SortedDot(a, b) => {
                let (a, b) = (of(a), of(b));
                let (first, second) = (reduction::sorting(a), reduction::sorting(b));
                out.push(first.iter().zip(&second).map(|(&i, &j)| a[i] * b[j]).sum());
            }
        }
    }

    /// What is wrong with a computed value, if its operands are to blame for nothing.
    fn fault(&self, node: &Node, value: &[f64]) -> Option<FaultKind> {
        if value.iter().all(|v| v.is_finite()) {
            return None;
        }
        let operands = node.op.operands();
        let finite = operands.iter().all(|&a| self.value(a).iter().all(|v| v.is_finite()));
        let nan_before = operands.iter().any(|&a| self.value(a).iter().any(|v| v.is_nan()));
        if nan_before || (!finite && !value.iter().any(|v| v.is_nan())) {
            return None;
        }
        Some(match &node.op {
            Op::Inverse(_) => FaultKind::Singular,
            Op::Cholesky(_) => FaultKind::NotPositiveDefinite,
            Op::Unary(cvxlayer_program::Unary::Reciprocal, _) => FaultKind::DivisionByZero,
            Op::Binary(cvxlayer_program::Binary::Div, _, b) if self.value(*b).contains(&0.0) => {
                FaultKind::DivisionByZero
            }
            Op::Power(a, exponent) if *exponent < 0.0 && self.value(*a).contains(&0.0) => {
                FaultKind::DivisionByZero
            }
            _ => FaultKind::NotFinite,
        })
    }
}

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
        let mut out = Self { values: Vec::with_capacity(tape.nodes.len()), faults: Vec::new() };
        for (id, node) in tape.nodes.iter().enumerate() {
            let value = out.compute(tape, node, input);
            assert_eq!(value.len(), node.shape.len(), "length of node {id} of a tape");
            if !matches!(node.op, Op::Constant(_) | Op::Input(_))
                && let Some(kind) = out.fault(node, &value)
            {
                out.faults.push(Fault { node: id as NodeId, kind });
            }
            out.values.push(value);
        }
        out
    }

    /// The value of a node, row by row.
    pub fn value(&self, node: NodeId) -> &[f64] {
        &self.values[node as usize]
    }

    /// The nodes without a proper value; those computed from them are not listed.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    fn compute(&self, tape: &Tape, node: &Node, input: &dyn Fn(Input) -> Vec<f64>) -> Vec<f64> {
        let len = node.shape.len();
        let of = |id: &NodeId| self.value(*id);
        match &node.op {
            Op::Constant(list) if list.len() == 1 => vec![list[0]; len],
            Op::Constant(list) => list.to_vec(),
            Op::Input(name) => input(*name),
            Op::Unary(f, a) => of(a).iter().map(|&a| elementwise::unary(*f, a)).collect(),
            Op::Binary(f, a, b) => {
                let (a, b) = (of(a), of(b));
                (0..len).map(|i| elementwise::binary(*f, a[serve(a, i)], b[serve(b, i)])).collect()
            }
            Op::Power(a, exponent) => of(a).iter().map(|&a| elementwise::power(a, *exponent)).collect(),
            Op::MatMul(a, b) => matrix::product(of(a), of(b), product_sizes(tape.shape(*a), tape.shape(*b))),
            Op::Gather(a, index) => {
                let a = of(a);
                index.iter().map(|&i| if i == ZERO_ENTRY { 0.0 } else { a[i as usize] }).collect()
            }
            Op::Concat(all) => all.iter().flat_map(|a| of(a).iter().copied()).collect(),
            Op::Reduce(r, a, group) => {
                (0..len).map(|i| reduction::value(*r, &of(a)[i * group..(i + 1) * group])).collect()
            }
            Op::CumulativeMax(a, group) => of(a)
                .chunks((*group).max(1))
                .flat_map(|group| {
                    group.iter().scan(f64::NEG_INFINITY, |top, &a| {
                        *top = if a > *top || a.is_nan() { a } else { *top };
                        Some(*top)
                    })
                })
                .collect(),
            Op::Linear(a, map) => {
                let mut out = vec![0.0; map.rows];
                map.apply(of(a), &mut out);
                out
            }
            Op::Inverse(a) => {
                matrix::inverse(of(a), node.shape.as_rows().0).unwrap_or_else(|| vec![f64::NAN; len])
            }
            Op::Cholesky(a) => {
                matrix::cholesky(of(a), node.shape.as_rows().0).unwrap_or_else(|| vec![f64::NAN; len])
            }
            Op::Determinant(a) => vec![matrix::determinant(of(a), tape.shape(*a).as_rows().0)],
            Op::SortedDot(a, b) => {
                let (a, b) = (of(a), of(b));
                let (first, second) = (reduction::sorting(a), reduction::sorting(b));
                vec![first.iter().zip(&second).map(|(&i, &j)| a[i] * b[j]).sum()]
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

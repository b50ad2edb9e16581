//! The matrix product.

use crate::atoms::matmul_shape;
use crate::atoms::prelude::*;
use crate::check::tree::NodeId;

/// The matrix product.
#[derive(Debug)]
pub struct MatMul;

static ROW: Row = Row {
    name: "matmul",
    signature: "A @ x",
    summary: "matrix product, one factor data",
    formula: "Σₖ Aᵢₖ Bₖⱼ",
    shape: "as in NumPy: [m, n] of [m, k] and [k, n]; a vector has one axis",
    example: "param A[3, 2]; var x[2]; minimize sum_squares(A @ x - 1);",
    ..Row::PRODUCT
};

impl Atom for MatMul {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        matmul_shape(call)
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let inner = call.shape(1).first().and_then(Poly::as_constant);
        call.interval(0).times(call.interval(1)).sum(inner)
    }

    product_rules!();

    fn definite(&self, call: &Call<'_>) -> Definite {
        let (a, b) = (call.arguments[0], call.arguments[1]);
        let transposed = |x: NodeId| match &call.tree[x].kind {
            Kind::Call { atom, arguments, .. } if atom.atom().row().name == "transpose" => Some(arguments[0]),
            _ => None,
        };
        let same = |x: Option<NodeId>, y: NodeId| x.is_some_and(|x| call.tree.same(x, y));
        if same(transposed(a), b) || same(transposed(b), a) {
            return Definite::Psd;
        }
        // M @ P @ M.T, and M.T @ P @ M.
        if let Kind::Call { atom, arguments, .. } = &call.tree[a].kind
            && atom.atom().row().name == "matmul"
            && (same(transposed(arguments[0]), b) || same(transposed(b), arguments[0]))
        {
            return call.tree.facts(arguments[1]).definite;
        }
        Definite::No
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.compact(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        let k = match b.shape {
            Shape::Matrix(k, _) | Shape::Vector(k) => k,
            Shape::Scalar => 1,
        };
        let m = if a.shape.rank() == 2 { a.shape.as_rows().0 } else { 1 };
        let n = if b.shape.rank() == 2 { b.shape.as_rows().1 } else { 1 };
        lower.matmul(&a, &b, (m, k, n), call.shape, call)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        Ok(tape.push(Op::MatMul(a, b), call.shape))
    }
}

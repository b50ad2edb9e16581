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
        if let Some(product) = a.matmul_blocks(&b, (k, n), call.shape) {
            lower.affordable(product.size() as f64, call)?;
            return Ok(product);
        }
        // A product of large constants is arithmetic, which the tape's evaluator does far faster.
        if a.is_numeric() && b.is_numeric() && (a.nnz() as f64) * (n as f64) > 2.0e7 {
            let (left, right) =
                (lower.lift.value(&call.arguments[0])?, lower.lift.value(&call.arguments[1])?);
            let node = lower.lift.push(Op::MatMul(left, right), call.shape);
            return lower.lift_node(node, "a product of constants".into(), "a product of constants");
        }
        // Each term of the left factor meets a row of the right one.
        let mut met = vec![0_usize; k];
        b.rows().for_each(|(i, terms)| met[i / n.max(1)] += terms.len());
        lower.affordable(a.rows().map(|(i, terms)| terms.len() as f64 * met[i % k] as f64).sum(), call)?;
        Ok(a.matmul(&b, (m, k, n), call.shape, &mut lower.products))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        Ok(tape.push(Op::MatMul(a, b), call.shape))
    }
}

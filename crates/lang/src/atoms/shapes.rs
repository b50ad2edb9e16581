//! Shape rules that several atoms share.

use super::{Call, Refusal};
use crate::check::size::Poly;
use crate::diagnostics::{Diagnostic, codes};
use crate::lower::{Application, Lower, refuse};
use cvxlayer_program::Shape;

/// The shape that two shapes broadcast to, as in NumPy; only a literal 1 stretches.
pub fn broadcast(call: &Call<'_>, a: &[Poly], b: &[Poly]) -> Option<Vec<Poly>> {
    let rank = a.len().max(b.len());
    let one = Poly::constant(1);
    let axis = |shape: &[Poly], k: usize| {
        (k + shape.len()).checked_sub(rank).map_or_else(|| one.clone(), |position| shape[position].clone())
    };
    (0..rank)
        .map(|k| match (axis(a, k), axis(b, k)) {
            (x, y) if x.is(1) => Some(y),
            (x, y) if y.is(1) => Some(x),
            // The number, where one is known, says more than the unknown that must equal it.
            (x, y) => call.agree(&x, &y).then(|| if y.as_constant().is_some() { y } else { x }),
        })
        .collect()
}

/// For each entry of the broadcast shape, the entry of the operand that stands there.
pub fn broadcast_index(from: Shape, to: Shape) -> impl Iterator<Item = usize> {
    let (m, n) = to.as_rows();
    let (p, q) = from.as_rows();
    (0..m)
        .flat_map(move |i| (0..n).map(move |j| (if p == 1 { 0 } else { i }) * q + if q == 1 { 0 } else { j }))
}

/// The shape of a matrix product, with NumPy's meaning for vectors.
///
/// # Errors
/// If an operand is a scalar or the inner sizes differ.
pub fn matmul_shape(call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
    let (a, b) = (call.shape(0), call.shape(1));
    for k in 0..2 {
        if call.shape(k).is_empty() {
            return Err(Refusal::shape("`@` is a product of matrices and vectors, and one side is a scalar")
                .label(k, "this is a scalar")
                .help("write `*` to multiply by a scalar"));
        }
    }
    let inner = (&a[a.len() - 1], &b[0]);
    if !call.agree(inner.0, inner.1) {
        return Err(Refusal::shape(format!(
            "inner sizes of `@` differ: {} against {}",
            call.tree.show(inner.0),
            call.tree.show(inner.1)
        ))
        .label(0, format!("this has shape {}", call.show(0)))
        .label(1, format!("this has shape {}", call.show(1))));
    }
    Ok(a[..a.len() - 1].iter().chain(&b[1..]).cloned().collect())
}

/// Whether the argument of a call is affine, so that its negation may be bounded as well.
pub fn affine_argument(call: &Application<'_>, lower: &Lower<'_>) -> bool {
    lower.context.model.tree.facts(call.arguments[0].node).curvature.is_affine()
}

/// The error for an atom that has no graph form; the checker admits none of them to a program.
pub fn outside(call: &Application<'_>) -> Box<Diagnostic> {
    let message = format!("`{}` of an expression with variables is outside the class of problems", call.name);
    refuse(Diagnostic::error(codes::OUTSIDE_CLASS, message).at(call.span, ""))
}

/// The size of a square matrix that the first argument must be.
///
/// # Errors
/// If it is none.
pub fn square_matrix(call: &Call<'_>, name: &str) -> Result<Poly, Refusal> {
    match call.shape(0) {
        [m, n] if call.agree(m, n) => Ok(m.clone()),
        _ => Err(Refusal::shape(format!("`{name}` is of a square matrix"))
            .label(0, format!("this is {}", call.show(0)))),
    }
}

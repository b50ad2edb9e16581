//! A quadratic form with the inverse of a matrix of data.

use super::quad_form::form;
use crate::atoms::prelude::*;

/// A quadratic form with the inverse of a matrix of data.
#[derive(Debug)]
pub struct MatrixFrac;

static ROW: Row = Row {
    name: "matrix_frac",
    signature: "matrix_frac(x, P)",
    arguments: (2, 2),
    summary: "quadratic form with an inverse, P definite data",
    formula: "xᵀ P⁻¹ x; trace(Xᵀ P⁻¹ X) of a matrix",
    shape: "a scalar",
    monotone: "not monotone",
    graph: "a quadratic block; P⁻¹ is lifted",
    example: "param S[2, 2] psd; var x[2]; minimize matrix_frac(x - [1, 2], S);",
    ..Row::QUADRATIC
};

impl Atom for MatrixFrac {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        match (call.shape(0), call.shape(1)) {
            ([n] | [n, _], [a, b]) if call.agree(n, a) && call.agree(n, b) => Ok(Vec::new()),
            _ => Err(Refusal::shape(
                "`matrix_frac` takes a vector or matrix and a square matrix with as many rows",
            )
            .label(0, format!("this is {}", call.show(0)))
            .label(1, format!("this is {}", call.show(1)))),
        }
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        match call.facts(1).definite {
            Definite::Psd => Interval::NONNEG,
            Definite::Nsd => Interval::NONPOS,
            _ => Interval::ALL,
        }
    }

    fn group(&self, call: &Call<'_>) -> Group {
        if call.facts(1).variable_free() { Group::Quadratic } else { Group::Cone }
    }

    fn curvature(&self, call: &Call<'_>) -> Curvature {
        match call.facts(1).definite {
            Definite::Psd => Curvature::Convex,
            Definite::Nsd if call.facts(1).variable_free() => Curvature::Concave,
            _ => Curvature::Unknown,
        }
    }

    fn data_argument(&self, argument: usize) -> Option<&'static str> {
        (argument == 1).then_some("the matrix of `matrix_frac` is data")
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Neither
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let x = lower.affine(&call.arguments[0])?;
        let p = lower.lift.value(&call.arguments[1])?;
        let shape = lower.lift.shape(p);
        let inverse = lower.lift.push(Op::Inverse(p), shape);
        let text = lower.context.model.text(lower.context.model.tree.span(call.arguments[1].node));
        let inverse = lower.lift_node(inverse, format!("inv({text})"), "an inverse")?;
        let (n, columns) = (shape.as_rows().0, x.shape.len() / shape.as_rows().0.max(1));
        let mut total = Affine::zeros(Shape::Scalar);
        for j in 0..columns {
            let column = x.gather(Shape::Vector(n), (0..n).map(|i| i * columns + j));
            total = total.add(&form(&column, &inverse, "matrix_frac", lower)?);
        }
        Ok(total)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (x, p) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let inverse = tape.push(Op::Inverse(p), tape.shape(p));
        let own = tape.shape(x);
        let product = tape.push(Op::MatMul(inverse, x), own);
        let terms = tape.binary(Binary::Mul, x, product, own);
        Ok(tape.reduce(Reduction::Sum, terms, None, call.shape))
    }
}

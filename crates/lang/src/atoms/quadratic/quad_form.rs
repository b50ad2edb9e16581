//! A quadratic form with a semidefinite matrix of data.

use crate::atoms::prelude::*;

/// A quadratic form with a semidefinite matrix of data.
#[derive(Debug)]
pub struct QuadForm;

static ROW: Row = Row {
    name: "quad_form",
    signature: "quad_form(x, P), x.T @ P @ x",
    arguments: (2, 2),
    summary: "quadratic form, P semidefinite data",
    formula: "xᵀ P x",
    shape: "a scalar",
    sign: "nonneg for psd P, nonpos for nsd P",
    monotone: "not monotone",
    example: "param S[2, 2] psd; var x[2]; minimize quad_form(x - [1, 2], S) + norm1(x);",
    ..Row::QUADRATIC
};

impl Atom for QuadForm {
    fn row(&self) -> &'static Row {
        &ROW
    }
    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let (x, p) = (call.shape(0), call.shape(1));
        match (x, p) {
            ([n], [a, b]) if call.agree(n, a) && call.agree(n, b) => Ok(Vec::new()),
            ([n, one], [a, b]) if one.is(1) && call.agree(n, a) && call.agree(n, b) => Ok(Vec::new()),
            _ => Err(Refusal::shape("`quad_form` takes a vector and a square matrix of its size")
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

    fn curvature(&self, call: &Call<'_>) -> Curvature {
        match call.facts(1).definite {
            _ if call.facts(0).variable_free() && call.facts(1).variable_free() => Curvature::Constant,
            Definite::Psd => Curvature::Convex,
            Definite::Nsd => Curvature::Concave,
            _ => Curvature::Unknown,
        }
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Neither
    }

    fn data_argument(&self, argument: usize) -> Option<&'static str> {
        (argument == 1).then_some("the matrix of `quad_form` is data")
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (x, p) = (lower.affine(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        form(&x, &p, call.name, lower)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (x, p) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let vector = Shape::Vector(tape.shape(x).len());
        let x = tape.reshape(x, vector);
        let product = tape.push(Op::MatMul(p, x), vector);
        let terms = tape.binary(Binary::Mul, x, product, vector);
        Ok(tape.reduce(Reduction::Sum, terms, None, call.shape))
    }
}

/// `xᵀ P x` for a vector `x` of any length of expression.
pub(super) fn form(x: &Affine, p: &Affine, name: &'static str, lower: &mut Lower<'_>) -> Lowered<Affine> {
    let n = x.shape.len();
    let x = x.clone().with_shape(Shape::Vector(n));
    if let Some(form) = x.quadratic_form(p) {
        return Ok(form);
    }
    // Expanding a long expression would square its length.
    let short = x.rows().all(|(_, terms)| terms.iter().filter(|t| t.column != Column::ONE).count() <= 1);
    let x = if short { x } else { lower.as_variable(&x, name)? };
    let product = p.matmul(&x, (n, n, 1), Shape::Vector(n), &mut lower.products);
    Ok(lower.multiply(&x, &product, Shape::Vector(n)).sum_into(Shape::Scalar, |_| 0))
}

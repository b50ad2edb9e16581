//! Functions of eigenvalues and singular values.

use crate::atoms::prelude::*;
use crate::diagnostics::codes;

/// A function of the eigenvalues or singular values of a matrix.
#[derive(Debug)]
pub struct Spectral {
    row: &'static Row,
    /// How it is computed from a matrix of data; without, it is refused altogether.
    value: Option<Computed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Computed {
    LogDeterminant,
    InverseTrace,
}

const SEMIDEFINITE: Row = Row { shape: "a scalar", cone: "a semidefinite cone", ..Row::CONE };

/// `log_det`
pub static LOG_DET: Spectral = Spectral {
    row: &Row {
        name: "log_det",
        signature: "log_det(S)",
        curvature: Curvature::Concave,
        summary: "logarithm of the determinant of a positive definite matrix",
        formula: "log det S",
        sign: "any",
        monotone: "not monotone",
        example: "param S[2, 2] psd; var x; minimize square(x - log_det(S));",
        ..SEMIDEFINITE
    },
    value: Some(Computed::LogDeterminant),
};

/// `tr_inv`
pub static TR_INV: Spectral = Spectral {
    row: &Row {
        name: "tr_inv",
        signature: "tr_inv(S)",
        summary: "trace of the inverse of a positive definite matrix",
        formula: "tr S⁻¹",
        monotone: "not monotone",
        example: "param S[2, 2] psd; var x; minimize square(x - tr_inv(S));",
        ..SEMIDEFINITE
    },
    value: Some(Computed::InverseTrace),
};

/// `lambda_max`
pub static LAMBDA_MAX: Spectral = refused(&Row {
    name: "lambda_max",
    signature: "lambda_max(S)",
    summary: "largest eigenvalue",
    formula: "λ₁(S)",
    sign: "any",
    ..SEMIDEFINITE
});

/// `lambda_min`
pub static LAMBDA_MIN: Spectral = refused(&Row {
    name: "lambda_min",
    signature: "lambda_min(S)",
    curvature: Curvature::Concave,
    summary: "smallest eigenvalue",
    formula: "λₙ(S)",
    sign: "any",
    ..SEMIDEFINITE
});

/// `lambda_sum_largest`
pub static LAMBDA_SUM_LARGEST: Spectral = refused(&Row {
    name: "lambda_sum_largest",
    aliases: &["lambda_sum_smallest"],
    signature: "lambda_sum_largest(S, k)",
    arguments: (2, 2),
    summary: "sum of the k largest eigenvalues",
    formula: "λ₁(S) + … + λₖ(S)",
    sign: "any",
    ..SEMIDEFINITE
});

/// `sigma_max`
pub static SIGMA_MAX: Spectral = refused(&Row {
    name: "sigma_max",
    signature: "norm(X, 2), sigma_max(X)",
    summary: "largest singular value of a matrix",
    formula: "σ₁(X)",
    instead: "`sum_squares(X)`, which is `norm(X, \"fro\")**2`, in the objective, or `norm(X, 1)` or `norm(X, inf)`, are inside the class",
    ..SEMIDEFINITE
});

/// `norm_nuc`
pub static NORM_NUC: Spectral = refused(&Row {
    name: "norm_nuc",
    aliases: &["normNuc"],
    signature: "norm(X, \"nuc\"), norm_nuc(X)",
    summary: "sum of the singular values of a matrix",
    formula: "Σᵢ σᵢ(X)",
    ..SEMIDEFINITE
});

const fn refused(row: &'static Row) -> Spectral {
    Spectral { row, value: None }
}

impl Atom for Spectral {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if self.value.is_none() {
            let mut refusal = Refusal::argument(format!(
                "`{}` needs {}, which the solver has not yet",
                self.row.name, self.row.cone
            ));
            refusal.code = codes::OUTSIDE_CLASS;
            return Err(if self.row.instead.is_empty() { refusal } else { refusal.help(self.row.instead) });
        }
        square_matrix(call, self.row.name)?;
        Ok(Vec::new())
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        if self.value == Some(Computed::InverseTrace) { Interval::NONNEG } else { Interval::ALL }
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        Monotonicity::Neither
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let s = tape.value(&call.arguments[0])?;
        let shape = tape.shape(s);
        let n = shape.as_rows().0;
        let diagonal = |tape: &mut TapeBuilder<'_>, of: u32| {
            tape.gather(of, Shape::Vector(n), (0..n).map(|i| i * n + i))
        };
        match self.value {
            // By the factor, since the determinant of a large matrix overflows.
            Some(Computed::LogDeterminant) => {
                let factor = tape.push(Op::Cholesky(s), shape);
                let pivots = diagonal(tape, factor);
                let logarithms = tape.unary(Unary::Log, pivots);
                let sum = tape.reduce(Reduction::Sum, logarithms, None, call.shape);
                Ok(tape.binary(Binary::Add, sum, sum, call.shape))
            }
            Some(Computed::InverseTrace) => {
                let inverse = tape.push(Op::Inverse(s), shape);
                let entries = diagonal(tape, inverse);
                Ok(tape.reduce(Reduction::Sum, entries, None, call.shape))
            }
            None => Err(outside(call)),
        }
    }
}

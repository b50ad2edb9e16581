//! Inverse, Cholesky factor and determinant of a matrix of data.

use crate::atoms::prelude::*;

/// A function of a square matrix of data.
#[derive(Debug)]
pub struct MatrixFunction {
    row: &'static Row,
    op: fn(u32) -> Op,
    /// Whether the result is a number.
    scalar: bool,
}

/// `inv`
pub static INV: MatrixFunction = MatrixFunction {
    row: &Row {
        name: "inv",
        signature: "inv(S)",
        summary: "inverse of a square matrix",
        formula: "S⁻¹",
        shape: "that of S",
        example: "param S[2, 2] psd; var x[2]; minimize quad_form(x - 1, inv(S));",
        ..Row::DATA
    },
    op: Op::Inverse,
    scalar: false,
};

/// `chol`
pub static CHOL: MatrixFunction = MatrixFunction {
    row: &Row {
        name: "chol",
        aliases: &["cholesky"],
        signature: "chol(S)",
        summary: "lower Cholesky factor of a positive definite matrix",
        formula: "lower triangular L with L Lᵀ = S",
        shape: "that of S",
        example: "param S[2, 2] psd; var x[2]; minimize sum_squares(chol(S).T @ x - 1);",
        ..Row::DATA
    },
    op: Op::Cholesky,
    scalar: false,
};

/// `det`
pub static DET: MatrixFunction = MatrixFunction {
    row: &Row {
        name: "det",
        signature: "det(S)",
        summary: "determinant of a square matrix",
        formula: "det S",
        shape: "a scalar",
        sign: "nonneg for psd S",
        example: "param S[2, 2] psd; var x[2]; minimize det(S) * norm1(x) + sum_squares(x - 1);",
        ..Row::DATA
    },
    op: Op::Determinant,
    scalar: true,
};

impl Atom for MatrixFunction {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        square_matrix(call, self.row.name)?;
        Ok(if self.scalar { Vec::new() } else { call.shape(0).to_vec() })
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        if self.scalar && call.facts(0).definite == Definite::Psd { Interval::NONNEG } else { Interval::ALL }
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        // The inverse of a semidefinite matrix, where there is one, is as definite as the matrix.
        if self.row.name == "inv" { call.facts(0).definite } else { Definite::No }
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(tape.push((self.op)(a), call.shape))
    }
}

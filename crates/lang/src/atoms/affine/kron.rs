//! The Kronecker product.

use crate::atoms::prelude::*;

/// The Kronecker product.
#[derive(Debug)]
pub struct Kron;

static ROW: Row = Row {
    name: "kron",
    signature: "kron(A, B)",
    summary: "Kronecker product, one factor data",
    formula: "Aᵢⱼ Bₖₗ at (i p + k, j q + l) for a p by q matrix B",
    shape: "[m p, n q]; of vectors [m p]",
    example: "var X[2, 2]; minimize sum(abs(kron(eye(2), X) - 1));",
    ..Row::PRODUCT
};

impl Atom for Kron {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let (a, b) = (call.shape(0), call.shape(1));
        let rank = a.len().max(b.len());
        let one = Poly::constant(1);
        let at = |list: &[Poly], k: usize| {
            (k + list.len()).checked_sub(rank).map_or_else(|| one.clone(), |k| list[k].clone())
        };
        Ok((0..rank).map(|k| at(a, k).mul(&at(b, k)).unwrap_or_default()).collect())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        product::interval(call)
    }

    fn definite(&self, call: &Call<'_>) -> Definite {
        match (call.facts(0).definite, call.facts(1).definite) {
            (Definite::Psd, Definite::Psd) => Definite::Psd,
            (Definite::No, _) | (_, Definite::No) => Definite::No,
            _ => Definite::Symmetric,
        }
    }

    product_rules!();

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (a, b) = (lower.compact(&call.arguments[0])?, lower.compact(&call.arguments[1])?);
        lower.affordable(a.nnz() as f64 * b.nnz() as f64, call)?;
        let (p, q) = b.shape.as_rows();
        let (n, columns) = (a.shape.as_rows().1, call.shape.as_rows().1);
        // Only entries that neither factor leaves out are visited, so that `kron(eye(n), X)` stays sparse.
        let mut entries: Vec<(usize, usize, usize)> = Vec::new();
        for (i, _) in a.rows() {
            for (j, _) in b.rows() {
                let (row, column) = ((i / n) * p + j / q, (i % n) * q + j % q);
                entries.push((row * columns + column, i, j));
            }
        }
        entries.sort_unstable();
        let flat = Shape::Vector(entries.len());
        let left = a.gather(flat, entries.iter().map(|e| e.1));
        let right = b.gather(flat, entries.iter().map(|e| e.2));
        Ok(lower.multiply(&left, &right, flat).scatter(call.shape, |k| entries[k].0))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        tape.context.bounded(call.shape, call.span)?;
        let (a, b) = (tape.value(&call.arguments[0])?, tape.value(&call.arguments[1])?);
        let ((_, n), (p, q)) = (tape.shape(a).as_rows(), tape.shape(b).as_rows());
        let columns = n * q;
        let at = |k: usize| (k / columns, k % columns);
        let left = (0..call.shape.len()).map(|k| (at(k).0 / p) * n + at(k).1 / q);
        let right = (0..call.shape.len()).map(|k| (at(k).0 % p) * q + at(k).1 % q);
        let left = tape.gather(a, call.shape, left.collect::<Vec<_>>());
        let right = tape.gather(b, call.shape, right.collect::<Vec<_>>());
        Ok(tape.binary(Binary::Mul, left, right, call.shape))
    }
}

//! Matrix kernels on row-by-row arrays: products, inverses, factors, determinants.

use nalgebra::{DMatrix, DMatrixView};

/// From this order on, large-matrix kernels pay.
const LARGE: usize = 48;

/// A square matrix with a condition number above this counts as singular.
const SINGULAR: f64 = 1e15;

/// A row-by-row array seen as the transpose of the matrix it holds.
fn transposed(data: &[f64], rows: usize, cols: usize) -> DMatrixView<'_, f64> {
    DMatrixView::from_slice(data, cols, rows)
}

/// `A B` for A of m × k and B of k × n.
pub(super) fn product(a: &[f64], b: &[f64], (m, k, n): (usize, usize, usize)) -> Vec<f64> {
    if n == 1 {
        return (0..m).map(|i| dot(&a[i * k..(i + 1) * k], b)).collect();
    }
    let out: DMatrix<f64> = transposed(b, k, n) * transposed(a, m, k);
    out.data.into()
}

/// Up to so many multiplications, plain loops are as fast as blocked ones and need no memory.
const FEW: usize = 4096;

/// As [`product`], appended to `out`.
pub(super) fn product_into(a: &[f64], b: &[f64], (m, k, n): (usize, usize, usize), out: &mut Vec<f64>) {
    if n == 1 {
        out.extend((0..m).map(|i| dot(&a[i * k..(i + 1) * k], b)));
    } else if m.saturating_mul(k).saturating_mul(n) <= FEW {
        let entry = |i: usize, j: usize| (0..k).map(|t| a[i * k + t] * b[t * n + j]).sum::<f64>();
        out.extend((0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| entry(i, j)));
    } else {
        out.extend(product(a, b, (m, k, n)));
    }
}

/// `C Bᵀ` for C of m × n and B of k × n.
pub(super) fn product_transposed(c: &[f64], b: &[f64], (m, k, n): (usize, usize, usize)) -> Vec<f64> {
    let out: DMatrix<f64> = transposed(b, k, n).transpose() * transposed(c, m, n);
    out.data.into()
}

/// `Aᵀ C` for A of m × k and C of m × n.
pub(super) fn transposed_product(a: &[f64], c: &[f64], (m, k, n): (usize, usize, usize)) -> Vec<f64> {
    let out: DMatrix<f64> = transposed(c, m, n) * transposed(a, m, k).transpose();
    out.data.into()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The inverse, unless the matrix is singular to working precision.
pub(super) fn inverse(a: &[f64], n: usize) -> Option<Vec<f64>> {
    if n == 0 {
        return Some(Vec::new());
    }
    if a.iter().any(|v| !v.is_finite()) {
        return None;
    }
    // The inverse of the transpose is the transpose of the inverse, so row and column order need no care.
    let inverse: Vec<f64> = if n < LARGE {
        DMatrix::from_column_slice(n, n, a).lu().try_inverse()?.data.into()
    } else {
        use faer::linalg::solvers::DenseSolveCore;
        let lu = faer::MatRef::from_column_major_slice(a, n, n).partial_piv_lu();
        let inverse = lu.inverse();
        (0..n).flat_map(|j| inverse.col(j).iter().copied().collect::<Vec<_>>()).collect()
    };
    let largest = |v: &[f64]| v.chunks(n).map(|r| r.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max);
    let condition = largest(a) * largest(&inverse);
    (condition < SINGULAR).then_some(inverse)
}

/// The lower Cholesky factor of the matrix's symmetric part, unless that is not positive definite.
pub(super) fn cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let symmetric = symmetric_part(a, n);
    if symmetric.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let lower: DMatrix<f64> = if n < LARGE {
        DMatrix::from_column_slice(n, n, &symmetric).cholesky()?.l()
    } else {
        let factor = faer::MatRef::from_column_major_slice(&symmetric, n, n).llt(faer::Side::Lower).ok()?;
        let l = factor.L();
        DMatrix::from_fn(n, n, |i, j| if j <= i { l[(i, j)] } else { 0.0 })
    };
    Some(lower.transpose().data.into())
}

/// The tangent of the Cholesky factor: `L Φ(L⁻¹ Ȧ L⁻ᵀ)`, where Φ keeps the lower triangle and halves the diagonal.
pub(super) fn cholesky_tangent(factor: &[f64], tangent: &[f64], n: usize) -> Vec<f64> {
    let lower = transposed(factor, n, n).transpose();
    let inner = DMatrix::from_column_slice(n, n, &symmetric_part(tangent, n));
    let Some(half) = lower.solve_lower_triangular(&inner) else { return vec![f64::NAN; n * n] };
    let Some(inner) = lower.solve_lower_triangular(&half.transpose()) else { return vec![f64::NAN; n * n] };
    (lower * keep_lower(inner)).transpose().data.into()
}

/// The adjoint of [`cholesky_tangent`]: the symmetric part of `L⁻ᵀ Φ(Lᵀ L̄) L⁻¹`.
pub(super) fn cholesky_adjoint(factor: &[f64], cotangent: &[f64], n: usize) -> Vec<f64> {
    let upper: DMatrix<f64> = transposed(factor, n, n).into();
    let mut bar = transposed(cotangent, n, n).transpose();
    bar.fill_upper_triangle(0.0, 1);
    let inner = keep_lower(&upper * bar);
    let Some(left) = upper.solve_upper_triangular(&inner) else { return vec![f64::NAN; n * n] };
    let Some(both) = upper.solve_upper_triangular(&left.transpose()) else { return vec![f64::NAN; n * n] };
    symmetric_part(both.as_slice(), n)
}

/// The determinant.
pub(super) fn determinant(a: &[f64], n: usize) -> f64 {
    DMatrix::from_column_slice(n, n, a).determinant()
}

/// The cofactors, which are the slopes of the determinant: `det(A) A⁻ᵀ`, well defined for singular matrices too.
pub(super) fn cofactors(a: &[f64], n: usize) -> Vec<f64> {
    if n == 0 || a.iter().any(|v| !v.is_finite()) {
        return vec![f64::NAN; n * n];
    }
    // With A = U Σ Vᵀ they are det(U) det(V) U Σ* Vᵀ, where Σ* holds the products of all other singular values.
    let matrix = DMatrix::from_row_slice(n, n, a);
    let svd = matrix.svd(true, true);
    let (Some(u), Some(v_t)) = (svd.u, svd.v_t) else { return vec![f64::NAN; n * n] };
    let values = svd.singular_values;
    let others = DMatrix::from_diagonal(&nalgebra::DVector::from_fn(n, |i, _| {
        (0..n).filter(|&j| j != i).map(|j| values[j]).product()
    }));
    let sign = (u.determinant() * v_t.determinant()).signum();
    (sign * u * others * v_t).transpose().data.into()
}

/// `(A + Aᵀ) / 2`.
pub(crate) fn symmetric_part(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|e| 0.5 * (a[e] + a[(e % n) * n + e / n])).collect()
}

/// Φ: the lower triangle with its diagonal halved.
fn keep_lower(mut m: DMatrix<f64>) -> DMatrix<f64> {
    m.fill_upper_triangle(0.0, 1);
    for i in 0..m.nrows() {
        m[(i, i)] *= 0.5;
    }
    m
}

/// Whether the matrix's symmetric part has a Cholesky factor.
pub(crate) fn is_positive_definite(a: &[f64], n: usize) -> bool {
    cholesky(a, n).is_some()
}

/// The smallest eigenvalue of the matrix's symmetric part.
pub(crate) fn smallest_eigenvalue(a: &[f64], n: usize) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let symmetric = symmetric_part(a, n);
    if n < LARGE {
        return DMatrix::from_column_slice(n, n, &symmetric).symmetric_eigenvalues().min();
    }
    let matrix = faer::MatRef::from_column_major_slice(&symmetric, n, n);
    matrix
        .self_adjoint_eigenvalues(faer::Side::Lower)
        .map_or(f64::NAN, |v| v.into_iter().fold(f64::INFINITY, f64::min))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(n: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
            })
            .collect()
    }

    #[test]
    fn small_and_large_kernels_invert_and_factor() {
        for n in [1, 2, 5, LARGE - 1, LARGE, 70] {
            let a = random(n * n, n as u64);
            let inverse = inverse(&a, n).unwrap();
            let identity = product(&a, &inverse, (n, n, n));
            for (e, v) in identity.iter().enumerate() {
                assert!((v - f64::from(e / n == e % n)).abs() < 1e-9);
            }
            let mut spd = product_transposed(&a, &a, (n, n, n));
            for i in 0..n {
                spd[i * n + i] += 1.0;
            }
            let l = cholesky(&spd, n).unwrap();
            let back = product_transposed(&l, &l, (n, n, n));
            assert!(spd.iter().zip(&back).all(|(x, y)| (x - y).abs() < 1e-10));
            assert!(smallest_eigenvalue(&spd, n) > 0.9);
        }
    }

    #[test]
    fn singular_and_indefinite_matrices_are_refused() {
        assert_eq!(inverse(&[1.0, 2.0, 2.0, 4.0], 2), None);
        assert_eq!(inverse(&[1.0, 1.0, 1.0, 1.0 + 1e-16], 2), None);
        assert_eq!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2), None);
    }

    #[test]
    fn cofactors_exist_where_the_matrix_is_singular() {
        let c = cofactors(&[1.0, 2.0, 2.0, 4.0], 2);
        for (got, want) in c.iter().zip([4.0, -2.0, -2.0, 1.0]) {
            assert!((got - want).abs() < 1e-12, "{c:?}");
        }
    }
}

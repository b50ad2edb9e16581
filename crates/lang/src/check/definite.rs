//! Definiteness of matrices that the text states.

use super::tree::{Definite, Kind, NodeId, Tree};

/// Whether a literal matrix in the text is symmetric, and semidefinite.
pub(super) fn literal_definite(tree: &Tree, rows: &[NodeId]) -> Definite {
    let n = rows.len();
    let mut matrix = vec![0.0; n * n];
    for (i, &row) in rows.iter().enumerate() {
        let Kind::Array(items) = &tree[row].kind else { return Definite::No };
        if items.len() != n {
            return Definite::No;
        }
        for (j, &item) in items.iter().enumerate() {
            let Kind::Number(bits) = tree[item].kind else { return Definite::No };
            matrix[i * n + j] = bits.get();
        }
    }
    definite_matrix(&matrix, n)
}

/// Definiteness of a small dense matrix, by an LDLᵀ factorization without pivoting.
fn definite_matrix(matrix: &[f64], n: usize) -> Definite {
    let largest = matrix.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if (0..n).any(|i| (0..i).any(|j| (matrix[i * n + j] - matrix[j * n + i]).abs() > 1e-10 * largest)) {
        return Definite::No;
    }
    let semidefinite = |sign: f64| {
        let mut a: Vec<f64> = matrix.iter().map(|v| sign * v).collect();
        let tolerance = 1e-10 * largest;
        for k in 0..n {
            let pivot = a[k * n + k];
            if pivot < -tolerance {
                return false;
            }
            if pivot <= tolerance {
                // A zero pivot is fine only if the rest of its column is zero.
                if (k + 1..n).any(|i| a[i * n + k].abs() > 1e-5 * largest.sqrt().max(largest) * 1e-3) {
                    return false;
                }
                continue;
            }
            for i in k + 1..n {
                let factor = a[i * n + k] / pivot;
                for j in k + 1..n {
                    a[i * n + j] -= factor * a[k * n + j];
                }
            }
        }
        true
    };
    if semidefinite(1.0) {
        Definite::Psd
    } else if semidefinite(-1.0) {
        Definite::Nsd
    } else {
        Definite::Symmetric
    }
}

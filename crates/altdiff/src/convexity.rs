//! Whether P is positive semidefinite, up to rounding.

use crate::Csc;
use crate::kkt::inertia_is_positive;

/// Decides by a factorization of P + δI, δ = 1e-10 of P's size; structure that settles it saves the work.
pub(crate) fn is_convex(p: &Csc) -> bool {
    let size = p.values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if size == 0.0 {
        return true;
    }
    let n = p.ncols;
    let mut diagonal = vec![0.0; n];
    let mut radius = vec![0.0; n];
    for (i, j, v) in p.iter() {
        if i == j {
            diagonal[i] = v;
        } else {
            radius[i] += v.abs();
            radius[j] += v.abs();
        }
    }
    let slack = 1e-10 * size;
    if diagonal.iter().any(|d| *d < -slack) {
        return false;
    }
    // Gershgorin: a diagonally dominant matrix needs no factorization.
    if diagonal.iter().zip(&radius).all(|(d, r)| d + slack >= *r) {
        return true;
    }
    inertia_is_positive(p, slack)
}

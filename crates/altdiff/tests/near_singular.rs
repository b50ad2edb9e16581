//! Problems whose solution is unique although curvature or constraints are close to leaving it open: their derivatives
//! are right, and nothing is said against them.

mod common;

use altdiff::{Cause, Cotangent, Csc, DerivativeOptions, Gradient, Method, Problem};
use common::{Random, by, close};

/// The gradient of the sum of x, by the interior-point method and its exact finish.
fn gradient(problem: &Problem) -> Gradient {
    let solution = by(problem, Method::Interior);
    assert!(solution.finished);
    let seed = Cotangent::x(vec![1.0; problem.variables()]);
    solution.vjp(&seed, &DerivativeOptions::default()).unwrap()
}

/// Curvatures of 1 to 1e-9 beside two equalities: x̄ = 1 gives q̄ = −(P⁻¹ − P⁻¹Aᵀ(AP⁻¹Aᵀ)⁻¹AP⁻¹)1.
#[test]
fn curvature_of_many_sizes() {
    let n = 60;
    let mut r = Random::new(11);
    let p: Vec<f64> = (0..n).map(|j| 10.0_f64.powi(-(j as i32 % 10))).collect();
    let a: Vec<[f64; 2]> = (0..n).map(|_| [1.0 + r.uniform(), r.uniform() - 0.5]).collect();
    let x: Vec<f64> = (0..n).map(|_| r.uniform()).collect();
    let entries: Vec<_> = (0..n).flat_map(|j| [(0, j, a[j][0]), (1, j, a[j][1])]).collect();
    let rows = Csc::from_triplets(2, n, &entries).unwrap();
    let b = rows.mul_vec(&x);
    let q = (0..n).map(|j| -p[j] * x[j] - a[j][0] + 2.0 * a[j][1]).collect();
    let problem = Problem::new(n).quadratic(Csc::diagonal(&p), q).equalities(rows, b);
    let gradient = gradient(&problem);

    let mut s = [[0.0; 2]; 2];
    let mut right = [0.0; 2];
    for (a, p) in a.iter().zip(&p) {
        for i in 0..2 {
            right[i] += a[i] / p;
            for k in 0..2 {
                s[i][k] += a[i] * a[k] / p;
            }
        }
    }
    let det = s[0][0] * s[1][1] - s[0][1] * s[1][0];
    let y =
        [(s[1][1] * right[0] - s[0][1] * right[1]) / det, (s[0][0] * right[1] - s[1][0] * right[0]) / det];
    let expected: Vec<f64> = (0..n).map(|j| -(1.0 - a[j][0] * y[0] - a[j][1] * y[1]) / p[j]).collect();
    close("q", &gradient.q, &expected, 1e-9);
    assert!(gradient.harmful.is_empty(), "{:?}", gradient.harmful);
}

/// The nearest convex sequence to another one: a projection is unique, however close the normals of its active second
/// differences come to depending on each other.
#[test]
fn nearly_dependent_rows_leave_x_unique() {
    let n = 4000;
    let given: Vec<f64> = (0..n).map(|j| (j as f64 / n as f64).sqrt() + 0.1 * (j as f64).sin()).collect();
    let entries: Vec<_> = (0..n - 2).flat_map(|i| [(i, i, 1.0), (i, i + 1, -2.0), (i, i + 2, 1.0)]).collect();
    let rows = Csc::from_triplets(n - 2, n, &entries).unwrap();
    let problem = Problem::new(n)
        .quadratic(Csc::identity(n), given.iter().map(|v| -v).collect())
        .inequalities(rows, vec![0.0; n - 2], vec![f64::INFINITY; n - 2]);
    let gradient = gradient(&problem);
    let free = gradient.harmful.iter().find(|h| matches!(h.cause, Cause::NotUnique(_)));
    assert!(free.is_none(), "{:?}", free.map(|h| &h.cause));
}

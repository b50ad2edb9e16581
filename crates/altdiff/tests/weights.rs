//! Objectives whose parts differ by many orders of magnitude: small multipliers are multipliers.

mod common;

use altdiff::{Cotangent, Csc, DerivativeOptions, Problem, Settings, Solver, Status, Tangent};
use common::Random;
use nalgebra::{DMatrix, DVector};

const INF: f64 = f64::INFINITY;

/// A lasso `½‖Az − b‖² + λ·1ᵀt, −t ≤ z ≤ t` whose solution is known: z is `z0`, and where that vanishes the gradient of
/// the smooth part is λ times `inner`, of size below 1.
struct Lasso {
    problem: Problem,
    hessian: DMatrix<f64>,
    z0: Vec<f64>,
    signs: Vec<f64>,
}

fn lasso(seed: u64, n: usize, lambda: f64) -> Lasso {
    let mut r = Random::new(seed);
    let a = r.matrix(2 * n, n);
    let hessian = a.transpose() * &a;
    let z0: Vec<f64> = (0..n).map(|i| if i % 3 == 0 { 0.0 } else { r.normal() }).collect();
    let signs: Vec<f64> =
        z0.iter().map(|z| if *z == 0.0 { 1.6 * r.uniform() - 0.8 } else { z.signum() }).collect();
    // Aᵀb = Hz0 + λs.
    let atb = &hessian * DVector::from_column_slice(&z0) + lambda * DVector::from_column_slice(&signs);
    let mut p = Vec::new();
    for j in 0..n {
        for i in 0..=j {
            p.push((i, j, hessian[(i, j)]));
        }
    }
    let mut g = Vec::new();
    for i in 0..n {
        g.extend([(i, i, 1.0), (i, n + i, -1.0), (n + i, i, -1.0), (n + i, n + i, -1.0)]);
    }
    let q = atb.iter().map(|v| -v).chain(vec![lambda; n]).collect();
    let problem = Problem::new(2 * n)
        .quadratic(Csc::from_triplets(2 * n, 2 * n, &p).unwrap(), q)
        .inequalities(Csc::from_triplets(2 * n, 2 * n, &g).unwrap(), vec![-INF; 2 * n], vec![0.0; 2 * n]);
    Lasso { problem, hessian, z0, signs }
}

#[test]
fn a_lasso_with_a_tiny_weight_has_its_derivative() {
    for lambda in [1.0, 1e-3, 1e-7, 1e-9] {
        for seed in 0..5 {
            let n = 9;
            let case = lasso(seed, n, lambda);
            let s =
                Solver::new(&case.problem, Settings::default()).unwrap().solve(&case.problem, None).unwrap();
            assert_eq!(s.status, Status::Solved);
            let support: Vec<usize> = (0..n).filter(|&i| case.z0[i] != 0.0).collect();
            for i in 0..n {
                assert!(
                    (s.x[i] - case.z0[i]).abs() < 1e-9,
                    "{lambda:e} {seed}: x[{i}] {:e} {:?} {}",
                    s.x[i] - case.z0[i],
                    s.residuals,
                    s.finished
                );
            }
            let d = s.degeneracy().unwrap();
            assert!(d.is_clean(), "{lambda:e} {seed}: {d:?}");
            // On the support z = H_SS⁻¹ (Aᵀb − λ sign)_S.
            let inverse =
                DMatrix::from_fn(support.len(), support.len(), |i, j| case.hessian[(support[i], support[j])])
                    .try_inverse()
                    .unwrap();
            let signs = DVector::from_iterator(support.len(), support.iter().map(|&i| case.signs[i]));
            let by_lambda = -(&inverse * &signs);
            let mut tangent = Tangent::zeros(&case.problem);
            tangent.q[n..].fill(1.0);
            let moved = s.jvp(&tangent, &DerivativeOptions::default()).unwrap();
            assert!(moved.harmful.is_empty(), "{lambda:e} {seed}: {:?}", moved.harmful);
            for i in 0..n {
                let expected = support.iter().position(|&k| k == i).map_or(0.0, |k| by_lambda[k]);
                assert!((moved.x[i] - expected).abs() < 1e-9, "{lambda:e} {seed}: dx[{i}]");
            }
            // Reverse: the first supported entry by q.
            let mut seed_vector = vec![0.0; 2 * n];
            seed_vector[support[0]] = 1.0;
            let gradient = s.vjp(&Cotangent::x(seed_vector), &DerivativeOptions::default()).unwrap();
            assert!(gradient.harmful.is_empty(), "{lambda:e} {seed}: {:?}", gradient.harmful);
            for (k, &i) in support.iter().enumerate() {
                assert!((gradient.q[i] + inverse[(0, k)]).abs() < 1e-9, "{lambda:e} {seed}: q[{i}]");
            }
        }
    }
}

#[test]
fn a_zero_weight_spoils_only_its_own_derivative() {
    // At λ = 0 the auxiliary t is not unique, but z and its derivative by the other data are.
    let case = lasso(3, 6, 0.0);
    let n = 6;
    let s = Solver::new(&case.problem, Settings::default()).unwrap().solve(&case.problem, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    let inverse = case.hessian.clone().try_inverse().unwrap();
    let mut seed = vec![0.0; 2 * n];
    seed[1] = 1.0;
    let gradient = s.vjp(&Cotangent::x(seed), &DerivativeOptions::default()).unwrap();
    for i in 0..n {
        assert!(
            (gradient.q[i] + inverse[(1, i)]).abs() < 1e-9,
            "q[{i}] {} {}",
            gradient.q[i],
            inverse[(1, i)]
        );
    }
    let spoiled = |f: &dyn Fn(&mut Tangent)| {
        let mut t = Tangent::zeros(&case.problem);
        f(&mut t);
        gradient.harmful.iter().any(|h| h.rate.as_ref().is_none_or(|r| r.dot(&t).abs() > 1e-7))
    };
    assert!(!spoiled(&|t| t.q[..n].fill(1.0)), "{:?}", gradient.harmful);
}

//! Where the solution map has no derivative: one-sided and smoothed ones, against differences of what they claim to be.

mod common;

use altdiff::{
    Cause, Csc, DerivativeOptions, Error, Gradient, Problem, Settings, Solution, Solver, Status, Tangent,
};
use common::{Random, moved, random_cotangent, random_problem, random_tangent};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;

fn solve(problem: &Problem) -> Solution {
    let s = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    s
}

fn far(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// A strictly convex problem with strongly active, weakly active and inactive rows at a known solution.
fn with_weak_rows(seed: u64, n: usize, strong: usize, weak: usize, inactive: usize) -> Problem {
    let mut r = Random::new(seed);
    let root = r.matrix(n, n);
    let hessian = root.transpose() * &root / n as f64 + DMatrix::identity(n, n) * 0.2;
    let p = strong + weak + inactive;
    let g = r.matrix(p, n);
    let x = DVector::from_vec(r.normals(n));
    let gx = &g * &x;
    let nu = DVector::from_iterator(p, (0..p).map(|i| if i < strong { 0.5 + r.uniform() } else { 0.0 }));
    let gu = (0..p).map(|i| gx[i] + if i < strong + weak { 0.0 } else { 0.5 + r.uniform() }).collect();
    let q = -(&hessian * &x + g.transpose() * nu);
    Problem::new(n).quadratic(Csc::upper_from_dense(&hessian), q.as_slice().to_vec()).inequalities(
        Csc::from_dense(&g),
        vec![-INF; p],
        gu,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    /// At weakly active rows the one-sided derivative, of x and of the multipliers, is that of the perturbed solutions,
    /// in every direction of all data.
    #[test]
    fn one_sided_derivatives_are_limits_of_differences(
        seed in 0_u64..100_000, n in 3_usize..8, strong in 0_usize..2, weak in 1_usize..3,
    ) {
        let problem = with_weak_rows(seed, n, strong, weak.min(n - 1 - strong), 3);
        let s = solve(&problem);
        let t = random_tangent(&problem, &mut Random::new(seed + 1));
        let d = s.one_sided(&t).unwrap();
        prop_assert!(d.tangent.harmful.is_empty());
        prop_assert!(far(&d.from, &s.x) < 1e-9);
        let h = 1e-7;
        let after = solve(&moved(&problem, &t, h));
        let difference = |after: &[f64], before: &[f64]| -> Vec<f64> {
            after.iter().zip(before).map(|(a, b)| (a - b) / h).collect()
        };
        let size = d.tangent.x.iter().chain(&d.tangent.nu_upper).fold(10.0_f64, |m, v| m.max(v.abs()));
        let x = far(&difference(&after.x, &s.x), &d.tangent.x);
        prop_assert!(x < 1e-5 * size * size, "x: {x:e}");
        let nu = far(&difference(&after.nu_upper, &s.nu_upper), &d.tangent.nu_upper);
        prop_assert!(nu < 1e-5 * size * size, "nu: {nu:e}");
    }

    /// Where the solution is differentiable the one-sided derivative is the derivative.
    #[test]
    fn one_sided_derivatives_extend_the_derivative(seed in 0_u64..100_000, n in 2_usize..10, m in 0_usize..3, p in 0_usize..8) {
        let problem = random_problem(seed, n, m.min(n - 1), p);
        let s = solve(&problem);
        let t = random_tangent(&problem, &mut Random::new(seed + 1));
        let two_sided = s.jvp(&t, &DerivativeOptions::default()).unwrap();
        prop_assume!(two_sided.harmful.is_empty());
        let d = s.one_sided(&t).unwrap().tangent;
        let size = two_sided.x.iter().chain(&two_sided.nu_upper).fold(1.0_f64, |m, v| m.max(v.abs()));
        for (a, b) in [
            (&d.x, &two_sided.x),
            (&d.lambda, &two_sided.lambda),
            (&d.nu_lower, &two_sided.nu_lower),
            (&d.nu_upper, &two_sided.nu_upper),
            (&d.mu_lower, &two_sided.mu_lower),
            (&d.mu_upper, &two_sided.mu_upper),
        ] {
            prop_assert!(far(a, b) < 1e-8 * size, "{:e}", far(a, b));
        }
    }

    /// The smoothed derivative is the derivative of the smoothed solution, degenerate or not, in both modes.
    #[test]
    fn smoothed_derivatives_are_those_of_the_smoothed_solution(
        seed in 0_u64..100_000, kind in 0_usize..2, mu in prop::sample::select(vec![1e-1, 1e-3, 1e-5]),
    ) {
        let problem =
            if kind == 0 { random_problem(seed, 7, 2, 6) } else { with_weak_rows(seed, 6, 1, 2, 3) };
        let mut r = Random::new(seed + 1);
        let (t, v) = (random_tangent(&problem, &mut r), random_cotangent(&problem, &mut r));
        let smoothed = solve(&problem).smoothed(mu).unwrap();
        // It is what it says: slack times multiplier is mu.
        let gx = problem.g.mul_vec(&smoothed.x);
        for i in 0..gx.len() {
            if problem.gu[i] < INF {
                let product = (problem.gu[i] - gx[i]) * smoothed.nu_upper[i];
                prop_assert!((product - mu).abs() < 1e-7 * mu, "{product:e}");
            }
            if problem.gl[i] > -INF {
                let product = (gx[i] - problem.gl[i]) * smoothed.nu_lower[i];
                prop_assert!((product - mu).abs() < 1e-7 * mu, "{product:e}");
            }
        }
        let forward = smoothed.jvp(&t).unwrap();
        let left = forward.dot(&v);
        let right = smoothed.vjp(&v).unwrap().along(&t);
        // Relative to the terms of the sum.
        let parts = [&forward.x, &forward.lambda, &forward.nu_lower, &forward.nu_upper, &forward.mu_lower, &forward.mu_upper];
        let size = parts.iter().flat_map(|p| p.iter()).fold(1.0_f64, |m, v| m.max(v.abs()));
        prop_assert!((left - right).abs() < 1e-9 * size, "{left} {right} {size}");
        let h = 1e-4 * mu;
        let at = |step: f64| solve(&moved(&problem, &t, step)).smoothed(mu).unwrap();
        let (up, down) = (at(h), at(-h));
        let check = |name: &str, d: &[f64], u: &[f64], l: &[f64]| {
            let size = d.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
            for i in 0..d.len() {
                let difference = (u[i] - l[i]) / (2.0 * h);
                assert!((d[i] - difference).abs() < 2e-4 * size, "{name}[{i}] {} {difference}", d[i]);
            }
        };
        check("x", &forward.x, &up.x, &down.x);
        check("lambda", &forward.lambda, &up.lambda, &down.lambda);
        check("nu_lower", &forward.nu_lower, &up.nu_lower, &down.nu_lower);
        check("nu_upper", &forward.nu_upper, &up.nu_upper, &down.nu_upper);
        check("mu_lower", &forward.mu_lower, &up.mu_lower, &down.mu_lower);
        check("mu_upper", &forward.mu_upper, &up.mu_upper, &down.mu_upper);
    }
}

#[test]
fn a_kink_has_two_one_sided_derivatives() {
    // minimize ½x² + qx, x ≥ 0 at q = 0: x = max(0, −q).
    let problem = Problem::new(1).quadratic(Csc::identity(1), vec![0.0]).bounds(vec![0.0], vec![INF]);
    let s = solve(&problem);
    let along = |q: f64| {
        let t = Tangent { q: vec![q], ..Tangent::default() };
        let d = s.one_sided(&t).unwrap().tangent;
        (d.x[0], d.mu_lower[0])
    };
    let close = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12;
    assert!(close(along(1.0), (0.0, 1.0)), "{:?}", along(1.0));
    assert!(close(along(-1.0), (1.0, 0.0)), "{:?}", along(-1.0));
}

#[test]
fn the_tighter_of_two_equal_constraints_decides() {
    // minimize ½x² − 2x  subject to  x ≤ 1 twice.
    let g = Csc::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 1.0)]).unwrap();
    let problem =
        Problem::new(1).quadratic(Csc::identity(1), vec![-2.0]).inequalities(g, vec![-INF; 2], vec![1.0; 2]);
    let s = solve(&problem);
    for (rates, expected) in [([1.0, 1.0], 1.0), ([1.0, -2.0], -2.0), ([3.0, 0.5], 0.5)] {
        let t = Tangent { gu: rates.to_vec(), ..Tangent::default() };
        let d = s.one_sided(&t).unwrap();
        assert!((d.tangent.x[0] - expected).abs() < 1e-9, "{rates:?}: {}", d.tangent.x[0]);
    }
    // Equalities that are pulled apart leave no solution.
    let a = Csc::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 1.0)]).unwrap();
    let problem = Problem::new(1).quadratic(Csc::identity(1), vec![0.0]).equalities(a, vec![1.0; 2]);
    let t = Tangent { b: vec![1.0, 0.0], ..Tangent::default() };
    assert!(matches!(solve(&problem).one_sided(&t), Err(Error::NoDerivative { .. })));
}

#[test]
fn a_tie_is_left_towards_the_better_vertex() {
    // minimize x0 + x1 + 3 x2 over the simplex.
    let problem = Problem::new(3)
        .linear(vec![1.0, 1.0, 3.0])
        .equalities(Csc::from_triplets(1, 3, &[(0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0)]).unwrap(), vec![1.0])
        .bounds(vec![0.0; 3], vec![INF; 3]);
    let s = solve(&problem);
    for (q, vertex) in [(vec![1.0, 0.0, 0.0], 1), (vec![0.0, 1.0, 0.0], 0)] {
        let d = s.one_sided(&Tangent { q, b: vec![2.0], ..Tangent::default() }).unwrap();
        for i in 0..3 {
            let on = f64::from(i == vertex);
            assert!((d.from[i] - on).abs() < 1e-9, "{:?}", d.from);
            assert!((d.tangent.x[i] - 2.0 * on).abs() < 1e-9, "{:?}", d.tangent.x);
        }
        assert!(matches!(&d.tangent.harmful[..], [Cause::NotUnique(_)]));
    }
}

#[test]
fn tangents_say_where_the_answer_is_not_unique() {
    let options = DerivativeOptions::default();
    // minimize ½x² − 2x  subject to  x ≤ 1 twice: x moves with both ends, but their multipliers share 1.
    let g = Csc::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 1.0)]).unwrap();
    let problem =
        Problem::new(1).quadratic(Csc::identity(1), vec![-2.0]).inequalities(g, vec![-INF; 2], vec![1.0; 2]);
    let t = Tangent { gu: vec![1.0; 2], ..Tangent::default() };
    let moved = solve(&problem).jvp(&t, &options).unwrap();
    assert!(moved.harmful.is_empty(), "{:?}", moved.harmful);
    assert!((moved.x[0] - 1.0).abs() < 1e-12);
    let [free] = &moved.free[..] else { panic!("{:?}", moved.free) };
    assert!(matches!(free.cause, Cause::Dependent(_)));
    let (sum, size) = (free.along.nu_upper[0] + free.along.nu_upper[1], free.along.nu_upper[0].abs());
    assert!(sum.abs() < 1e-9 * size && size > 0.0, "{:?}", free.along);
    // minimize x₀ + x₁ over the simplex: the objective moves with its end, the point does not.
    let problem = Problem::new(2)
        .linear(vec![1.0; 2])
        .equalities(Csc::from_triplets(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)]).unwrap(), vec![1.0])
        .bounds(vec![0.0; 2], vec![INF; 2]);
    let moved = solve(&problem).jvp(&Tangent { b: vec![1.0], ..Tangent::default() }, &options).unwrap();
    let free = moved.free.iter().find(|free| matches!(free.cause, Cause::NotUnique(_))).unwrap();
    assert!((free.along.x[0] + free.along.x[1]).abs() < 1e-9 && free.along.x[0].abs() > 1e-3);
}

#[test]
fn small_multipliers_are_told_from_rounding() {
    // minimize ½‖x‖² + x₀ + q x₁  subject to  x₀ + x₁ = 1, x₁ ≥ 0.
    let lower = |q: f64| {
        let problem = Problem::new(2)
            .quadratic(Csc::identity(2), vec![1.0, q])
            .equalities(Csc::from_triplets(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)]).unwrap(), vec![1.0])
            .bounds(vec![-INF, 0.0], vec![INF; 2]);
        let gradient = solve(&problem)
            .vjp(&altdiff::Cotangent::x(vec![0.0, 1.0]), &DerivativeOptions::default())
            .unwrap();
        (gradient.q[1], gradient.harmful.len())
    };
    // x = (1, 0) with multiplier q₁ − 2: at 2 it is a kink, and not at 2 ± 1e-10.
    assert_eq!(lower(2.0 + 1e-10), (0.0, 0));
    let (inside, doubts) = lower(2.0 - 1e-10);
    assert!((inside + 0.5).abs() < 1e-9 && doubts == 0, "{inside}, {doubts}");
    assert!(lower(2.0).1 > 0);
}

#[test]
fn a_zero_weight_is_left_inwards() {
    // minimize ½‖z − c‖² + λ·1ᵀt, −t ≤ z ≤ t at λ = 0: for λ > 0 soft thresholding, z = c − λ sign(c).
    let c = [2.0, -0.5, 0.25];
    let n = c.len();
    let mut g = Vec::new();
    for i in 0..n {
        g.extend([(i, i, 1.0), (i, n + i, -1.0), (n + i, i, -1.0), (n + i, n + i, -1.0)]);
    }
    let p = (0..n).map(|i| (i, i, 1.0)).collect::<Vec<_>>();
    let problem = Problem::new(2 * n)
        .quadratic(
            Csc::from_triplets(2 * n, 2 * n, &p).unwrap(),
            c.iter().map(|v| -v).chain(vec![0.0; n]).collect(),
        )
        .inequalities(Csc::from_triplets(2 * n, 2 * n, &g).unwrap(), vec![-INF; 2 * n], vec![0.0; 2 * n]);
    let s = solve(&problem);
    let mut t = Tangent::zeros(&problem);
    t.q[n..].fill(1.0);
    let d = s.one_sided(&t).unwrap();
    for i in 0..n {
        assert!((d.from[i] - c[i]).abs() < 1e-9 && (d.from[n + i] - c[i].abs()).abs() < 1e-9, "{:?}", d.from);
        assert!((d.tangent.x[i] + c[i].signum()).abs() < 1e-9, "{:?}", d.tangent.x);
    }
    // Outwards the objective is unbounded.
    t.q[n..].fill(-1.0);
    assert!(matches!(s.one_sided(&t), Err(Error::NoDerivative { .. })));
}

#[test]
fn smoothing_fades_with_mu() {
    let problem = random_problem(4, 8, 2, 6);
    let s = solve(&problem);
    let v = random_cotangent(&problem, &mut Random::new(5));
    let exact = s.vjp(&v, &DerivativeOptions::default()).unwrap();
    let distance = |g: &Gradient| far(&g.q, &exact.q);
    let [coarse, fine] = [1e-4, 1e-8].map(|mu| distance(&s.smoothed(mu).unwrap().vjp(&v).unwrap()));
    assert!(fine < 1e-4 && fine < 0.01 * coarse, "{coarse:e} {fine:e}");
}

#[test]
fn there_is_no_central_path_without_an_interior() {
    // x ≤ 0 and x ≥ 0 as two rows.
    let g = Csc::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 1.0)]).unwrap();
    let problem = Problem::new(1).quadratic(Csc::identity(1), vec![1.0]).inequalities(
        g,
        vec![-INF, 0.0],
        vec![0.0, INF],
    );
    let s = solve(&problem);
    assert!(matches!(s.smoothed(1e-3), Err(Error::NoDerivative { .. })));
    assert!(matches!(s.smoothed(0.0), Err(Error::Setting { .. })));
}

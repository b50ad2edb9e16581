//! Solving: hard shapes, certificates, warm starts, statuses.

mod common;

use altdiff::{Control, Csc, Error, Method, Problem, Settings, Solution, Solver, Status};
use common::{Random, cases, check_infeasible, check_unbounded, kkt_violation, random_problem};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;

fn with(problem: &Problem, settings: Settings) -> Solution {
    Solver::new(problem, settings).unwrap().solve(problem, None).unwrap()
}

fn solve(problem: &Problem) -> Solution {
    with(problem, Settings::default())
}

fn methods() -> [Method; 4] {
    [Method::Auto, Method::Alternating, Method::ActiveSet, Method::Interior]
}

#[test]
fn methods_agree() {
    for seed in 0..10 {
        let problem = random_problem(seed, 15, 3, 12);
        let base = solve(&problem);
        for method in methods() {
            let s = with(&problem, Settings { method, ..Settings::default() });
            assert_eq!(s.status, Status::Solved, "{method:?} {seed}");
            assert!(
                kkt_violation(&problem, &s) < 1e-9,
                "{method:?} {seed}: {:e}",
                kkt_violation(&problem, &s)
            );
            for (a, b) in s.x.iter().zip(&base.x) {
                assert!((a - b).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn duplicated_and_redundant_equalities() {
    for method in methods() {
        let a = DMatrix::from_row_slice(3, 3, &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, -1.0, 0.0]);
        let problem = Problem::new(3)
            .quadratic(Csc::identity(3), vec![1.0, 2.0, 3.0])
            .equalities(Csc::from_dense(&a), vec![1.0, 2.0, 0.5])
            .bounds(vec![-1.0; 3], vec![1.0; 3]);
        let s = with(&problem, Settings { method, ..Settings::default() });
        assert_eq!(s.status, Status::Solved);
        assert!(kkt_violation(&problem, &s) < 1e-9, "{method:?}");
    }
}

#[test]
fn small_and_empty_shapes() {
    // No variables at all.
    let s = solve(&Problem::new(0).constant(2.0));
    assert_eq!((s.status, s.objective), (Status::Solved, 2.0));
    // No objective, no constraint.
    let s = solve(&Problem::new(3));
    assert_eq!(s.status, Status::Solved);
    // Zero rows, satisfied and not.
    let zero_row = |l, u| Problem::new(2).inequalities(Csc::zeros(1, 2), vec![l], vec![u]);
    assert_eq!(solve(&zero_row(-1.0, 1.0)).status, Status::Solved);
    assert_eq!(solve(&zero_row(1.0, 2.0)).status, Status::Infeasible);
    assert_eq!(solve(&Problem::new(2).equalities(Csc::zeros(1, 2), vec![0.0])).status, Status::Solved);
    assert_eq!(solve(&Problem::new(2).equalities(Csc::zeros(1, 2), vec![1.0])).status, Status::Infeasible);
    // Zero-column problem with contradictory rows.
    assert_eq!(solve(&Problem::new(0).equalities(Csc::zeros(1, 0), vec![1.0])).status, Status::Infeasible);
    // Fixed variables, feasibility only.
    let s = solve(&Problem::new(2).bounds(vec![1.0, 0.0], vec![1.0, 2.0]));
    assert_eq!((s.status, s.x[0]), (Status::Solved, 1.0));
    // Free rows.
    assert_eq!(solve(&zero_row(-INF, INF)).status, Status::Solved);
    // Bounds only, one variable.
    let s = solve(&Problem::new(1).linear(vec![1.0]).bounds(vec![-3.0], vec![INF]));
    assert_eq!((s.status, s.x[0], s.mu_lower[0]), (Status::Solved, -3.0, 1.0));
    // Equal ends in G.
    let p = Problem::new(2).quadratic(Csc::identity(2), vec![0.0; 2]).inequalities(
        Csc::from_triplets(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)]).unwrap(),
        vec![1.0],
        vec![1.0],
    );
    let s = solve(&p);
    assert!((s.x[0] - 0.5).abs() < 1e-12 && (s.nu_lower[0] - 0.5).abs() < 1e-12);
}

#[test]
fn certificates() {
    let row = |v: &[f64]| Csc::from_dense(&DMatrix::from_row_slice(1, v.len(), v));
    for method in methods() {
        let settings = Settings { method, ..Settings::default() };
        // x ≥ 1 and x ≤ 0.
        let p = Problem::new(1).inequalities(
            Csc::from_dense(&DMatrix::from_row_slice(2, 1, &[1.0, 1.0])),
            vec![1.0, -INF],
            vec![INF, 0.0],
        );
        check_infeasible(&p, &with(&p, settings.clone()));
        // Contradictory equalities.
        let a = Csc::from_dense(&DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 1.0, 1.0]));
        let p = Problem::new(2).quadratic(Csc::identity(2), vec![1.0, 0.0]).equalities(a, vec![0.0, 1.0]);
        check_infeasible(&p, &with(&p, settings.clone()));
        // Budget against bounds.
        let p = Problem::new(2).equalities(row(&[1.0, 1.0]), vec![3.0]).bounds(vec![0.0; 2], vec![1.0; 2]);
        check_infeasible(&p, &with(&p, settings.clone()));
        // Empty interval.
        let p = Problem::new(2).bounds(vec![0.0, 2.0], vec![1.0, 1.0]);
        check_infeasible(&p, &with(&p, settings.clone()));
        // Infeasible and unbounded in another variable: infeasible wins.
        let p = Problem::new(2).linear(vec![0.0, 1.0]).equalities(
            Csc::from_dense(&DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 1.0, 0.0])),
            vec![0.0, 1.0],
        );
        check_infeasible(&p, &with(&p, settings.clone()));
        // Unbounded: a free variable with cost, a ray of a cone, a flat direction of P.
        let p = Problem::new(1).linear(vec![1.0]);
        check_unbounded(&p, &with(&p, settings.clone()));
        let p = Problem::new(2)
            .linear(vec![-1.0, 0.0])
            .inequalities(row(&[1.0, -1.0]), vec![-INF], vec![0.0])
            .bounds(vec![0.0; 2], vec![INF; 2]);
        check_unbounded(&p, &with(&p, settings.clone()));
        let p = Problem::new(2)
            .quadratic(Csc::diagonal(&[1.0, 0.0]), vec![1.0, -1.0])
            .bounds(vec![1.0, 0.0], vec![INF; 2]);
        check_unbounded(&p, &with(&p, settings.clone()));
    }
}

#[test]
fn bad_input_is_an_error() {
    let mut p = Problem::new(2);
    p.q[0] = f64::NAN;
    assert!(matches!(Solver::new(&p, Settings::default()), Err(Error::NotFinite { block: "q", .. })));
    let p = Problem::new(2).equalities(Csc::zeros(2, 3), vec![0.0; 2]);
    assert!(matches!(Solver::new(&p, Settings::default()), Err(Error::Shape { block: "A", .. })));
    let p = Problem::new(2).quadratic(Csc::from_triplets(2, 2, &[(1, 0, 1.0)]).unwrap(), vec![0.0; 2]);
    assert!(matches!(Solver::new(&p, Settings::default()), Err(Error::Pattern { block: "P", .. })));
    let p = Problem::new(2).bounds(vec![INF, 0.0], vec![INF, 1.0]);
    assert!(matches!(Solver::new(&p, Settings::default()), Err(Error::NotFinite { block: "lo", .. })));
    let saddle = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 1.0]);
    let p = Problem::new(2)
        .quadratic(Csc::upper_from_dense(&saddle), vec![0.0; 2])
        .bounds(vec![-1.0; 2], vec![1.0; 2]);
    assert_eq!(Solver::new(&p, Settings::default()).unwrap().solve(&p, None).unwrap_err(), Error::NotConvex);
    assert!(Csc::new(2, 2, vec![0, 2, 2], vec![1, 0], vec![1.0; 2]).is_err());
    assert!(Csc::from_triplets(1, 1, &[(1, 0, 1.0)]).is_err());
}

#[test]
fn another_pattern_is_refused_and_other_values_are_not() {
    let one = random_problem(1, 8, 2, 5);
    let two = random_problem(2, 8, 2, 5);
    let solver = Solver::new(&one, Settings::default()).unwrap();
    let s = solver.solve(&two, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    assert!(kkt_violation(&two, &s) < 1e-9);
    // The same places in the rows of A and G together, divided otherwise between them, or outside.
    let full = |rows: usize| {
        Csc::new(
            rows,
            8,
            (0..=8).map(|j| j * rows).collect(),
            (0..8).flat_map(|_| 0..rows).collect(),
            vec![1.0; 8 * rows],
        )
    };
    let base = one.clone().equalities(full(2).unwrap(), vec![0.0; 2]).inequalities(
        full(5).unwrap(),
        vec![-1.0; 5],
        vec![1.0; 5],
    );
    let solver_of_full = Solver::new(&base, Settings::default()).unwrap();
    let moved = base.clone().equalities(full(3).unwrap(), vec![0.0; 3]).inequalities(
        full(4).unwrap(),
        vec![-1.0; 4],
        vec![1.0; 4],
    );
    assert_eq!(solver_of_full.solve(&moved, None).unwrap_err(), Error::OtherPattern { block: "A" });
    let mut outside = base.clone();
    outside.g.row_idx[0] = usize::MAX;
    assert!(matches!(solver_of_full.solve(&outside, None), Err(Error::Pattern { block: "G", .. })));
    let mut short = base.clone();
    short.g.values.pop();
    assert!(matches!(solver_of_full.solve(&short, None), Err(Error::Pattern { block: "G", .. })));
    let mut unordered = base.clone();
    unordered.p.row_idx.reverse();
    assert!(matches!(solver_of_full.solve(&unordered, None), Err(Error::Pattern { block: "P", .. })));
    let other = random_problem(1, 9, 2, 5);
    assert!(matches!(solver.solve(&other, None), Err(Error::Shape { .. } | Error::OtherPattern { .. })));
}

#[test]
fn warm_start_needs_fewer_iterations() {
    let mut problem = random_problem(5, 40, 8, 30);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let cold = solver.solve(&problem, None).unwrap();
    for q in &mut problem.q {
        *q *= 1.001;
    }
    let warm = solver.solve(&problem, Some(&cold.warm_start())).unwrap();
    let again = solver.solve(&problem, None).unwrap();
    assert_eq!((warm.status, again.status), (Status::Solved, Status::Solved));
    assert!(warm.iterations < again.iterations);
    for (a, b) in warm.x.iter().zip(&again.x) {
        assert!((a - b).abs() < 1e-10);
    }
}

#[test]
fn limits_and_cancellation_end_in_a_status() {
    let problem = random_problem(3, 60, 5, 60);
    let limited = Settings {
        max_iterations: Some(1),
        method: Method::Alternating,
        finish: false,
        ..Settings::default()
    };
    assert_eq!(with(&problem, limited).status, Status::IterationLimit);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let mut calls = 0;
    let s = solver.solve_with(&problem, None, &mut |_| {
        calls += 1;
        if calls > 2 { Control::OutOfTime } else { Control::Continue }
    });
    assert_eq!(s.unwrap().status, Status::TimeLimit);
    let s = solver.solve_with(&problem, None, &mut |_| Control::Cancel);
    assert_eq!(s.unwrap().status, Status::Cancelled);
    // On every path, after a few iterations of it.
    let settings = methods().map(|method| Settings { method, ..Settings::default() });
    for settings in settings.into_iter().chain([Settings::paper()]) {
        let solver = Solver::new(&problem, settings.clone()).unwrap();
        for (answer, status) in
            [(Control::OutOfTime, Status::TimeLimit), (Control::Cancel, Status::Cancelled)]
        {
            let mut calls = 0;
            let s = solver.solve_with(&problem, None, &mut |_| {
                calls += 1;
                if calls > 1 { answer } else { Control::Continue }
            });
            assert_eq!(s.unwrap().status, status, "{settings:?}");
        }
    }
}

#[test]
fn the_plain_recursion_is_the_published_one() {
    let mut r = Random::new(9);
    let (n, m, p, rho, steps) = (6, 2, 4, 0.7, 25);
    let root = r.matrix(n, n);
    let hessian = root.transpose() * &root;
    let (a, g) = (r.matrix(m, n), r.matrix(p, n));
    let (q, b, h) = (r.normals(n), r.normals(m), r.normals(p));
    let problem = Problem::new(n)
        .quadratic(Csc::upper_from_dense(&hessian), q.clone())
        .equalities(Csc::from_dense(&a), b.clone())
        .inequalities(Csc::from_dense(&g), vec![-INF; p], h.clone());
    let plain = Some(altdiff::Plain { rho, steps });
    let s = with(&problem, Settings { plain, ..Settings::paper() });
    // The paper's recursion, written down directly.
    let v = |a: &[f64]| DVector::from_column_slice(a);
    let (q, b, h) = (v(&q), v(&b), v(&h));
    let inverse = (&hessian + rho * a.transpose() * &a + rho * g.transpose() * &g).try_inverse().unwrap();
    let (mut slack, mut lambda, mut nu, mut x) = (v(&[0.0; 4]), v(&[0.0; 2]), v(&[0.0; 4]), v(&[0.0; 6]));
    for _ in 0..steps {
        let rhs = &q + a.transpose() * (&lambda - rho * &b) + g.transpose() * (&nu + rho * (&slack - &h));
        x = -(&inverse * rhs);
        slack = (-&nu / rho - (&g * &x - &h)).map(|e| e.max(0.0));
        lambda += rho * (&a * &x - &b);
        nu += rho * (&g * &x + &slack - &h);
    }
    let close = |found: &[f64], expected: &DVector<f64>| {
        found.iter().zip(expected.iter()).all(|(f, e)| (f - e).abs() < 1e-10)
    };
    assert!(close(&s.x, &x) && close(&s.lambda, &lambda) && close(&s.nu_upper, &nu));
}

#[test]
fn a_larger_sparse_problem() {
    // A chain: minimize Σ ½(x_i − t_i)² + smoothness, with bounds and a few sums.
    let n = 5000;
    let mut r = Random::new(4);
    let mut p = Vec::new();
    for i in 0..n {
        p.push((i, i, 3.0));
        if i + 1 < n {
            p.push((i, i + 1, -1.0));
        }
    }
    let mut a = Vec::new();
    for k in 0..50 {
        for i in 0..100 {
            a.push((k, k * 100 + i, 1.0));
        }
    }
    let problem = Problem::new(n)
        .quadratic(Csc::from_triplets(n, n, &p).unwrap(), r.normals(n))
        .equalities(Csc::from_triplets(50, n, &a).unwrap(), r.normals(50))
        .bounds(vec![-0.3; n], vec![0.3; n]);
    let s = solve(&problem);
    assert_eq!(s.status, Status::Solved);
    assert!(s.finished && s.residuals.max() < 1e-12);
    let seed = altdiff::Cotangent::x(vec![1.0; n]);
    let gradient = s.vjp(&seed, &altdiff::DerivativeOptions::default()).unwrap();
    assert!(gradient.residual < 1e-12 && gradient.harmful.is_empty());
}

#[test]
fn the_solver_and_the_solution_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Solver>();
    shared::<Solution>();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(60)) })]

    /// Feasible by construction, P possibly singular with q in its range plus active normals: solved and KKT hold.
    #[test]
    fn random_feasible_problems(seed in 0_u64..100_000, n in 1_usize..12, m in 0_usize..4, p in 0_usize..15, rank in 0_usize..12) {
        let mut r = Random::new(seed);
        let m = m.min(n);
        let root = r.matrix(rank.min(n), n);
        let hessian = root.transpose() * &root;
        let (a, g) = (r.matrix(m, n), r.matrix(p, n));
        let x = DVector::from_vec(r.normals(n));
        let gx = &g * &x;
        // Multipliers chosen first; slack where they vanish.
        let nu: Vec<f64> = (0..p).map(|i| if i % 2 == 0 { r.uniform() } else { 0.0 }).collect();
        let gu: Vec<f64> = (0..p).map(|i| gx[i] + if nu[i] > 0.0 { 0.0 } else { r.uniform() }).collect();
        let lambda = DVector::from_vec(r.normals(m));
        let q = -(&hessian * &x + a.transpose() * lambda + g.transpose() * DVector::from_vec(nu));
        let problem = Problem::new(n)
            .quadratic(Csc::upper_from_dense(&hessian), q.as_slice().to_vec())
            .equalities(Csc::from_dense(&a), (&a * &x).as_slice().to_vec())
            .inequalities(Csc::from_dense(&g), vec![-INF; p], gu);
        for method in methods() {
            let s = with(&problem, Settings { method, ..Settings::default() });
            prop_assert_eq!(s.status, Status::Solved, "{:?}", method);
            // Complementarity is a product, so its size goes with that of the multipliers.
            let size = s.lambda.iter().chain(&s.nu_upper).fold(10.0_f64, |m, y| m.max(y.abs()));
            let violation = kkt_violation(&problem, &s);
            prop_assert!(violation < 1e-8 * size, "{method:?} {violation:e}");
        }
    }

    /// No claim is ever wrong, whatever the problem is.
    #[test]
    fn claims_hold(seed in 0_u64..100_000, n in 1_usize..6, m in 0_usize..4, p in 0_usize..6) {
        let mut r = Random::new(seed);
        let small = |r: &mut Random| (r.normal() * 1.5).round();
        let matrix = |r: &mut Random, rows: usize| DMatrix::from_fn(rows, n, |_, _| small(r));
        let (a, g) = (matrix(&mut r, m), matrix(&mut r, p));
        let root = matrix(&mut r, seed as usize % 3);
        let hessian = root.transpose() * &root;
        let ends = |r: &mut Random, len: usize, sign: f64| -> Vec<f64> {
            (0..len).map(|_| if r.uniform() < 0.5 { sign * INF } else { small(r) + 1.5 * sign }).collect()
        };
        let problem = Problem::new(n)
            .quadratic(Csc::upper_from_dense(&hessian), (0..n).map(|_| small(&mut r)).collect())
            .equalities(Csc::from_dense(&a), (0..m).map(|_| small(&mut r)).collect())
            .inequalities(Csc::from_dense(&g), ends(&mut r, p, -1.0), ends(&mut r, p, 1.0))
            .bounds(ends(&mut r, n, -1.0), ends(&mut r, n, 1.0));
        let s = solve(&problem);
        match s.status {
            Status::Solved => prop_assert!(kkt_violation(&problem, &s) < 1e-7, "{:e}", kkt_violation(&problem, &s)),
            Status::Infeasible => check_infeasible(&problem, &s),
            Status::Unbounded => check_unbounded(&problem, &s),
            other => prop_assert!(false, "undecided: {other}"),
        }
    }
}

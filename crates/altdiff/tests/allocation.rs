//! After construction, small problems are solved and differentiated without touching the heap.

mod common;

use altdiff::{Cotangent, DerivativeOptions, Method, Problem, Settings, Solver, Status};
use common::random_problem;

fn allocations(work: impl FnMut()) -> u64 {
    allocation_counter::measure(work).count_total
}

/// Problems with one pattern and other numbers, all of them differentiable where they are solved.
fn problems(n: usize, m: usize, p: usize) -> Vec<Problem> {
    (0..20).map(|key| random_problem(key, n, m, p)).collect()
}

#[test]
fn no_allocation_in_solve_and_derivative() {
    for (n, m, p) in [(3, 1, 2), (20, 4, 15), (50, 10, 40)] {
        let problems = problems(n, m, p);
        let solver = Solver::new(&problems[0], Settings::default()).unwrap();
        let mut workspace = solver.workspace();
        let seed = Cotangent::x(vec![1.0; n]);
        for problem in &problems {
            let mut status = None;
            let count = allocations(|| status = Some(solver.solve_in(problem, &mut workspace)));
            assert_eq!(status, Some(Ok(Status::Solved)));
            assert_eq!(workspace.method, Method::ActiveSet);
            assert_eq!(count, 0, "solve of n = {n}");
            let usual = solver.solve(problem, None).unwrap();
            if usual.degeneracy().unwrap().is_clean() {
                let count = allocations(|| {
                    let _ = solver.vjp_in(&seed, &mut workspace);
                });
                assert_eq!(count, 0, "derivative of n = {n}");
            }
        }
    }
}

#[test]
fn the_counter_counts() {
    let problem = random_problem(1, 10, 2, 5);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    assert!(allocations(|| drop(solver.solve(&problem, None))) > 0);
}

#[test]
fn the_workspace_gives_what_the_solver_gives() {
    let mut problems = problems(12, 2, 8);
    // One that is infeasible, one without curvature, one at a kink; each leaves the workspace fit for the next.
    let mut contradictory = problems[3].clone();
    (contradictory.lo[0], contradictory.hi[0]) = (2.0, 1.0);
    problems.insert(2, contradictory);
    let mut flat = problems[5].clone();
    flat.p.values.fill(0.0);
    (flat.lo, flat.hi) = (vec![-1.0; 12], vec![1.0; 12]);
    (flat.gl, flat.gu) = (vec![-100.0; 8], vec![100.0; 8]);
    flat.b.fill(0.0);
    problems.insert(4, flat);
    let mut kink = problems[7].clone();
    let base = Solver::new(&kink, Settings::default()).unwrap().solve(&kink, None).unwrap();
    let free = (0..12).find(|&i| base.mu_lower[i] == 0.0 && base.mu_upper[i] == 0.0).unwrap();
    kink.hi[free] = base.x[free];
    problems.insert(6, kink);
    let solver = Solver::new(&problems[0], Settings::default()).unwrap();
    let mut workspace = solver.workspace();
    for warm in [false, true] {
        workspace.warm = warm;
        for problem in problems.iter().flat_map(|p| [p, p]) {
            let usual = solver.solve(problem, None).unwrap();
            assert_eq!(solver.solve_in(problem, &mut workspace), Ok(usual.status));
            if usual.status != Status::Solved {
                assert!(solver.vjp_in(&Cotangent::default(), &mut workspace).is_err());
                continue;
            }
            let close = |a: &[f64], b: &[f64], what: &str| {
                assert_eq!(a.len(), b.len(), "{what}");
                for (a, b) in a.iter().zip(b) {
                    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {a:e} {b:e}");
                }
            };
            close(&workspace.x, &usual.x, "x");
            close(&workspace.lambda, &usual.lambda, "lambda");
            close(&workspace.nu_lower, &usual.nu_lower, "nu_lower");
            close(&workspace.nu_upper, &usual.nu_upper, "nu_upper");
            close(&workspace.mu_lower, &usual.mu_lower, "mu_lower");
            close(&workspace.mu_upper, &usual.mu_upper, "mu_upper");
            close(&[workspace.objective], &[usual.objective], "objective");
            let seed = Cotangent {
                x: (0..12).map(f64::from).collect(),
                lambda: vec![1.0, -1.0],
                nu_upper: vec![0.5; 8],
                mu_lower: vec![0.25; 12],
                ..Cotangent::default()
            };
            let expected = usual.vjp(&seed, &DerivativeOptions::default()).unwrap();
            let found = solver.vjp_in(&seed, &mut workspace).unwrap();
            for (what, a, b) in [
                ("P", &found.p, &expected.p),
                ("q", &found.q, &expected.q),
                ("A", &found.a, &expected.a),
                ("b", &found.b, &expected.b),
                ("G", &found.g, &expected.g),
                ("gl", &found.gl, &expected.gl),
                ("gu", &found.gu, &expected.gu),
                ("lo", &found.lo, &expected.lo),
                ("hi", &found.hi, &expected.hi),
            ] {
                close(a, b, what);
            }
            assert_eq!(found.harmful, expected.harmful);
        }
    }
}

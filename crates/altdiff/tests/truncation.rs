//! Truncated derivatives state their error: it bounds the true one, and is not much more, on problems of all kinds.

mod common;

use altdiff::{
    Cotangent, Gradient, Problem, Route, Settings, Solution, SolutionTangent, Solver, Status, Tangent,
};
use common::integer::{Kinds, Known};
use common::{Random, cases, random_cotangent, random_problem, random_tangent};

fn parts(g: &Gradient) -> Vec<f64> {
    [&g.p, &g.q, &g.a, &g.b, &g.g, &g.gl, &g.gu, &g.lo, &g.hi].into_iter().flatten().copied().collect()
}

fn moved(t: &SolutionTangent) -> Vec<f64> {
    let all = [&t.x, &t.lambda, &t.nu_lower, &t.nu_upper, &t.mu_lower, &t.mu_upper];
    all.into_iter().flatten().copied().collect()
}

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m, x| m.max(x.abs()))
}

fn bounded(what: &str, exact: &[f64], cut: &[f64], estimate: f64) {
    let error = exact.iter().zip(cut).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let (bound, rounding) = (estimate * largest(cut), 1e-9 * largest(exact).max(1e-300));
    assert!(error <= 1.000_001 * bound + rounding, "{what}: {error:e} is beyond {bound:e}");
    assert!(bound <= 1.01 * error + rounding, "{what}: {bound:e} is far beyond {error:e}");
}

fn examine(what: &str, s: &Solution, v: &Cotangent, t: &Tangent) {
    let (gradient, tangent) =
        (s.vjp(v, &Route::ReducedKkt.into()).unwrap(), s.jvp(t, &Route::ReducedKkt.into()).unwrap());
    // Where the system has no solution there is no true value to be away from.
    if gradient.residual > 1e-10 || tangent.residual > 1e-10 {
        return;
    }
    for steps in [1, 2, 3, 5, 8, 20] {
        let route = Route::Truncated { steps }.into();
        let cut = s.vjp(v, &route).unwrap();
        bounded(&format!("{what} vjp {steps}"), &parts(&gradient), &parts(&cut), cut.error_estimate);
        let cut = s.jvp(t, &route).unwrap();
        bounded(&format!("{what} jvp {steps}"), &moved(&tangent), &moved(&cut), cut.error_estimate);
    }
}

fn solve(problem: &Problem) -> Solution {
    let s = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    s
}

#[test]
fn on_random_problems() {
    for seed in 0..cases(150) {
        let n = 1 + seed as usize % 14;
        let problem = random_problem(seed, n, (seed as usize / 14 % 3).min(n - 1), seed as usize % 9);
        let mut r = Random::new(seed + 1);
        let (v, t) = (random_cotangent(&problem, &mut r), random_tangent(&problem, &mut r));
        examine(&format!("{seed}"), &solve(&problem), &v, &t);
    }
}

#[test]
fn on_degenerate_problems() {
    let all = Kinds { weak: true, redundant: true, pinned: true, singular: true, scale: 0 };
    let some = Kinds { redundant: false, ..all };
    for seed in 0..cases(150) {
        for kinds in [all, some, Kinds { scale: 10, ..some }] {
            let known = Known::new(seed, 8, kinds);
            let mut r = Random::new(seed + 1);
            let (v, t) = (random_cotangent(&known.problem, &mut r), random_tangent(&known.problem, &mut r));
            if known.unique() == Some(true) && known.multipliers_unique() {
                examine(&format!("{seed} {kinds:?}"), &solve(&known.problem), &v, &t);
            }
        }
    }
}

/// Active rows that nearly depend on one another, and weakly active ones that nearly are not.
#[test]
fn on_nearly_degenerate_problems() {
    for seed in 0..cases(150) {
        let n = 3 + seed as usize % 6;
        let mut problem = random_problem(seed, n, 1, 6);
        let mut r = Random::new(seed + 1);
        let near = 10.0_f64.powi(-r.whole(2, 6));
        let mut g = problem.g.to_dense();
        for j in 0..n {
            g[(3, j)] = g[(0, j)] + near * r.normal();
        }
        problem.g = altdiff::Csc::from_dense(&g);
        problem.gu[3] = problem.gu[0];
        problem.gl[3] = problem.gl[0];
        let solver = Solver::new(&problem, Settings::default()).unwrap();
        let s = solver.solve(&problem, None).unwrap();
        if s.status != Status::Solved {
            continue;
        }
        let (v, t) = (random_cotangent(&problem, &mut r), random_tangent(&problem, &mut r));
        examine(&format!("{seed} {near:e}"), &s, &v, &t);
    }
}

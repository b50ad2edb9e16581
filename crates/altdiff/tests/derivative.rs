//! Derivatives: routes against each other, adjoint identities, central differences.

mod common;

use altdiff::{
    Cause, Cotangent, Csc, DerivativeOptions, Gradient, Harm, Place, Problem, Route, Settings, Solution,
    Solver, Status, Tangent,
};
use common::{Random, moved, random_cotangent, random_problem, random_tangent};
use proptest::prelude::*;

fn solve(problem: &Problem) -> Solution {
    let s = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    s
}

fn blocks(g: &Gradient) -> [&Vec<f64>; 9] {
    [&g.p, &g.q, &g.a, &g.b, &g.g, &g.gl, &g.gu, &g.lo, &g.hi]
}

fn distance(a: &Gradient, b: &Gradient) -> f64 {
    let mut worst = 0.0_f64;
    let mut size = 1.0_f64;
    for (u, v) in blocks(a).iter().zip(blocks(b)) {
        for (x, y) in u.iter().zip(v) {
            worst = worst.max((x - y).abs());
            size = size.max(x.abs());
        }
    }
    worst / size
}

#[test]
fn routes_agree() {
    for seed in 0..12 {
        let problem = random_problem(seed, 12, 3, 9);
        let s = solve(&problem);
        let mut r = Random::new(100 + seed);
        let v = random_cotangent(&problem, &mut r);
        let t = random_tangent(&problem, &mut r);
        let base = s.vjp(&v, &Route::ReducedKkt.into()).unwrap();
        assert!(base.residual < 1e-12, "{}", base.residual);
        let forward = s.jvp(&t, &Route::ReducedKkt.into()).unwrap();
        for route in [Route::Alternating, Route::Bpqp] {
            let other = s.vjp(&v, &route.into()).unwrap();
            assert!(distance(&base, &other) < 1e-9, "{route:?}: {:e}", distance(&base, &other));
            let other = s.jvp(&t, &route.into()).unwrap();
            let error = forward.x.iter().zip(&other.x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(error < 1e-9, "{route:?}: {error:e}");
        }
    }
}

#[test]
fn forward_and_reverse_are_adjoint() {
    for seed in 0..12 {
        let problem = random_problem(seed, 10, 2, 8);
        let s = solve(&problem);
        let mut r = Random::new(200 + seed);
        let (v, t) = (random_cotangent(&problem, &mut r), random_tangent(&problem, &mut r));
        for route in [Route::ReducedKkt, Route::Alternating, Route::Truncated { steps: 7 }, Route::Bpqp] {
            let options = DerivativeOptions { route, examine: false };
            let left = s.jvp(&t, &options).unwrap().dot(&v);
            let right = s.vjp(&v, &options).unwrap().along(&t);
            let tolerance = if route == Route::Bpqp { 1e-10 } else { 1e-12 };
            assert!((left - right).abs() <= tolerance * left.abs().max(10.0), "{route:?}: {left} {right}");
        }
    }
}

#[test]
fn central_differences() {
    for seed in 0..8 {
        let problem = random_problem(seed, 9, 2, 7);
        let s = solve(&problem);
        let t = random_tangent(&problem, &mut Random::new(300 + seed));
        let tangent = s.jvp(&t, &DerivativeOptions::default()).unwrap();
        assert!(tangent.harmful.is_empty(), "{:?}", tangent.harmful);
        let h = 1e-6;
        let (up, down) = (solve(&moved(&problem, &t, h)), solve(&moved(&problem, &t, -h)));
        let check = |name: &str, d: &[f64], u: &[f64], l: &[f64]| {
            for i in 0..d.len() {
                let difference = (u[i] - l[i]) / (2.0 * h);
                assert!(
                    (d[i] - difference).abs() < 1e-6 * d[i].abs().max(10.0),
                    "{seed} {name}[{i}] {} {difference}",
                    d[i]
                );
            }
        };
        check("x", &tangent.x, &up.x, &down.x);
        check("lambda", &tangent.lambda, &up.lambda, &down.lambda);
        check("nu_lower", &tangent.nu_lower, &up.nu_lower, &down.nu_lower);
        check("nu_upper", &tangent.nu_upper, &up.nu_upper, &down.nu_upper);
        check("mu_lower", &tangent.mu_lower, &up.mu_lower, &down.mu_lower);
        check("mu_upper", &tangent.mu_upper, &up.mu_upper, &down.mu_upper);
    }
}

/// Whether a data tangent moves what the gradient says must not move.
fn spoils(g: &Gradient, t: &Tangent) -> bool {
    g.harmful.iter().any(|h| h.rate.as_ref().is_none_or(|r| r.dot(t).abs() > 1e-7))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// The reported error of a truncated derivative bounds the true one, and a tolerance is kept.
    #[test]
    fn truncation_error_is_bounded_by_its_estimate(
        seed in 0_u64..100_000, n in 2_usize..14, m in 0_usize..3, p in 0_usize..10, steps in 1_usize..40,
    ) {
        let problem = random_problem(seed, n, m.min(n - 1), p);
        let s = solve(&problem);
        let mut r = Random::new(seed + 1);
        let (v, t) = (random_cotangent(&problem, &mut r), random_tangent(&problem, &mut r));
        let largest = |g: &Gradient| blocks(g).iter().flat_map(|b| b.iter()).fold(0.0_f64, |m, x| m.max(x.abs()));
        let apart = |a: &Gradient, b: &Gradient| {
            let pairs = blocks(a).into_iter().flatten().zip(blocks(b).into_iter().flatten());
            pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
        };
        let exact = s.vjp(&v, &Route::ReducedKkt.into()).unwrap();
        let cut = s.vjp(&v, &Route::Truncated { steps }.into()).unwrap();
        let error = apart(&exact, &cut);
        let bound = cut.error_estimate * largest(&cut);
        prop_assert!(error <= 1.000_001 * bound + 1e-9 * largest(&exact), "{error:e} {bound:e}");
        prop_assert!(bound <= 1.000_001 * error + 1e-9 * largest(&exact), "{error:e} {bound:e}");
        let moved = s.jvp(&t, &Route::ReducedKkt.into()).unwrap();
        for tolerance in [1e-2, 1e-6] {
            let cut = s.jvp(&t, &Route::TruncatedTo { tolerance }.into()).unwrap();
            let size = [&cut.x, &cut.lambda, &cut.nu_lower, &cut.nu_upper, &cut.mu_lower, &cut.mu_upper]
                .into_iter().flatten().fold(0.0_f64, |m, x| m.max(x.abs()));
            let error = moved.x.iter().zip(&cut.x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            prop_assert!(error <= 1.01 * tolerance * size + 1e-9 * size, "{tolerance:e} {error:e}");
        }
    }
}

#[test]
fn a_constant_duplicate_row_harms_nothing() {
    // minimize ½x² + qx  subject to  x ≤ 1 twice, active with multiplier 1.
    let g = Csc::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 1.0)]).unwrap();
    let problem = Problem::new(1).quadratic(Csc::identity(1), vec![-2.0]).inequalities(
        g,
        vec![f64::NEG_INFINITY; 2],
        vec![1.0; 2],
    );
    let s = solve(&problem);
    let gradient = s.vjp(&Cotangent::x(vec![1.0]), &DerivativeOptions::default()).unwrap();
    assert!(gradient.q[0].abs() < 1e-12);
    assert!(!gradient.harmful.is_empty());
    let unit = |f: &dyn Fn(&mut Tangent)| {
        let mut t = Tangent::zeros(&problem);
        f(&mut t);
        t
    };
    assert!(!spoils(&gradient, &unit(&|t| t.q[0] = 1.0)));
    assert!(
        !spoils(&gradient, &unit(&|t| t.gu = vec![1.0, 1.0])),
        "both ends together keep the rows consistent"
    );
    assert!(spoils(&gradient, &unit(&|t| t.gu[0] = 1.0)));
    assert!((gradient.along(&unit(&|t| t.gu = vec![1.0, 1.0])) - 1.0).abs() < 1e-9);
}

#[test]
fn a_tie_in_a_linear_program_is_named() {
    // minimize x0 + x1 + 3 x2 over the simplex: the solution is not unique in x0, x1.
    let problem = Problem::new(3)
        .linear(vec![1.0, 1.0, 3.0])
        .equalities(Csc::from_triplets(1, 3, &[(0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0)]).unwrap(), vec![1.0])
        .bounds(vec![0.0; 3], vec![f64::INFINITY; 3]);
    let s = solve(&problem);
    let gradient = s.vjp(&Cotangent::x(vec![1.0, 0.0, 0.0]), &DerivativeOptions::default()).unwrap();
    assert!(
        gradient
            .harmful
            .iter()
            .any(|h| matches!(&h.cause, Cause::NotUnique(v) if v == &[0, 1]) && h.rate.is_none())
    );
    // x2 is 0 whatever happens among the others.
    let other = s.vjp(&Cotangent::x(vec![0.0, 0.0, 1.0]), &DerivativeOptions::default()).unwrap();
    assert!(other.harmful.iter().all(|h| h.rate.is_some()), "{:?}", other.harmful);
}

#[test]
fn where_nothing_is_unique_the_least_norm_is_given() {
    // minimize x0 + x1 over the simplex: any gradient of x0 by q is arbitrary, and the one given is zero along the tie.
    let problem = Problem::new(2)
        .linear(vec![1.0, 1.0])
        .equalities(Csc::from_triplets(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)]).unwrap(), vec![1.0])
        .bounds(vec![0.0; 2], vec![f64::INFINITY; 2]);
    let s = solve(&problem);
    let gradient = s.vjp(&Cotangent::x(vec![1.0, 0.0]), &DerivativeOptions::default()).unwrap();
    assert!(gradient.q.iter().all(|v| v.abs() < 1e-6), "{:?}", gradient.q);
    // By the budget: half of it, the least-norm choice.
    assert!((gradient.b[0] - 0.5).abs() < 1e-6, "{:?}", gradient.b);
    assert!(!gradient.harmful.is_empty());
}

#[test]
fn an_unused_variable_harms_nothing_that_is_asked() {
    let problem = Problem::new(2).quadratic(Csc::diagonal(&[1.0, 0.0]), vec![-1.0, 0.0]);
    let s = solve(&problem);
    let gradient = s.vjp(&Cotangent::x(vec![1.0, 0.0]), &DerivativeOptions::default()).unwrap();
    assert!((gradient.q[0] + 1.0).abs() < 1e-12);
    let mut t = Tangent::zeros(&problem);
    t.q[0] = 1.0;
    assert!(!spoils(&gradient, &t));
    t.q[1] = 1.0;
    assert!(spoils(&gradient, &t));
    assert_eq!(s.degeneracy().unwrap().not_unique, [1]);
}

#[test]
fn weak_activity_depends_on_the_parameter() {
    // minimize ½‖x − t‖² s.t. x0 ≤ 0 at t = (0, 5): weak in x0, but x1 does not see it.
    let problem = Problem::new(2)
        .quadratic(Csc::identity(2), vec![0.0, -5.0])
        .bounds(vec![f64::NEG_INFINITY; 2], vec![0.0, f64::INFINITY]);
    let s = solve(&problem);
    let on_x1 = s.vjp(&Cotangent::x(vec![0.0, 1.0]), &DerivativeOptions::default()).unwrap();
    assert!(on_x1.harmful.is_empty(), "{:?}", on_x1.harmful);
    let on_x0 = s.vjp(&Cotangent::x(vec![1.0, 0.0]), &DerivativeOptions::default()).unwrap();
    assert_eq!(on_x0.harmful[0].cause, Cause::WeaklyActive(vec![Place::BoundUpper(0)]));
    let mut t = Tangent::zeros(&problem);
    t.q[1] = 1.0;
    assert!(!spoils(&on_x0, &t));
    t.q[0] = 1.0;
    assert!(spoils(&on_x0, &t));
}

#[test]
fn only_solved_problems_are_differentiated() {
    let problem = Problem::new(1).linear(vec![1.0]);
    let s = Solver::new(&problem, Settings::default()).unwrap().solve(&problem, None).unwrap();
    assert_eq!(s.status, Status::Unbounded);
    assert!(s.vjp(&Cotangent::x(vec![1.0]), &DerivativeOptions::default()).is_err());
}

/// `|p x|` at p = 0 through its epigraph: the two rows are equal, and only p moves them apart.
#[test]
fn equal_rows_harm_what_moves_them_apart() {
    let g = Csc::new(2, 2, vec![0, 2, 4], vec![0, 1, 0, 1], vec![0.0, 0.0, -1.0, -1.0]).unwrap();
    let problem = Problem::new(2).quadratic(Csc::diagonal(&[2.0, 0.0]), vec![-2.0, 1.0]).inequalities(
        g,
        vec![f64::NEG_INFINITY; 2],
        vec![0.0; 2],
    );
    let solution = solve(&problem);
    assert_eq!(solution.degeneracy().unwrap().dependent, [Place::RowUpper(0), Place::RowUpper(1)]);
    let x = Cotangent { x: vec![1.0, 0.0], ..Cotangent::default() };
    let gradient = solution.vjp(&x, &DerivativeOptions::default()).unwrap();
    let moves = |h: &Harm| h.rate.as_ref().is_some_and(|r| (r.g[0] - r.g[1]).abs() > 0.9);
    let named = |h: &Harm| matches!(h.cause, Cause::Dependent(_)) && moves(h);
    assert!(gradient.harmful.iter().any(named), "{:?}", gradient.harmful);
}

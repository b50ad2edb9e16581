//! Newton's method on the dual of few rows gives what the other methods give: points, multipliers, active sets,
//! derivatives, proofs and statuses.

mod common;

use altdiff::{
    Control, Cotangent, Csc, DerivativeOptions, Method, Problem, Settings, Solution, Solver, Status,
};
use common::{Random, by, check_infeasible, close, kkt_violation};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;

/// The projection of q onto the simplex with caps.
fn capped_simplex(q: &[f64], total: f64, cap: f64) -> Problem {
    let n = q.len();
    Problem::new(n)
        .quadratic(Csc::identity(n), q.iter().map(|v| -v).collect())
        .equalities(Csc::from_dense(&DMatrix::from_element(1, n, 1.0)), vec![total])
        .bounds(vec![0.0; n], vec![cap; n])
}

/// Diagonal P, m equalities and p rows through a feasible point, bounds of every kind, some variables held, one of them
/// without curvature.
fn separable(key: u64, n: usize, m: usize, p: usize, density: f64) -> Problem {
    let mut r = Random::new(key);
    let mut sparse =
        |rows: usize| DMatrix::from_fn(rows, n, |_, _| if r.uniform() < density { r.normal() } else { 0.0 });
    let (a, g) = (sparse(m), sparse(p));
    let x0 = DVector::from_vec(r.normals(n));
    let (ax, gx) = (&a * &x0, &g * &x0);
    let mut lo = vec![-INF; n];
    let mut hi = vec![INF; n];
    let mut diagonal: Vec<f64> = (0..n).map(|_| 10.0_f64.powf(2.0 * r.uniform() - 1.0)).collect();
    for i in 0..n {
        match (r.uniform() * 6.0) as usize {
            0 => lo[i] = x0[i] - 0.3 * r.uniform(),
            1 => hi[i] = x0[i] + 0.3 * r.uniform(),
            2 | 3 => (lo[i], hi[i]) = (x0[i] - 0.3 * r.uniform(), x0[i] + 0.3 * r.uniform()),
            4 if i > 3 => {
                (lo[i], hi[i]) = (x0[i], x0[i]);
                diagonal[i] = 0.0;
            }
            _ => {}
        }
    }
    let (mut gl, mut gu) = (vec![-INF; p], vec![INF; p]);
    for i in 0..p {
        if i % 3 != 1 {
            gu[i] = gx[i] + 0.2 * r.uniform();
        }
        if i % 3 != 0 {
            gl[i] = gx[i] - 0.2 * r.uniform();
        }
    }
    Problem::new(n)
        .quadratic(Csc::diagonal(&diagonal), r.normals(n).iter().map(|v| 3.0 * v).collect())
        .equalities(Csc::from_dense(&a), ax.as_slice().to_vec())
        .inequalities(Csc::from_dense(&g), gl, gu)
        .bounds(lo, hi)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn agrees_with_the_interior_point_method(
        key in 0_u64..100_000, n in 1_usize..60, m in 0_usize..4, p in 0_usize..10, dense in any::<bool>(),
    ) {
        let problem = separable(key, n, m.min(n / 4), p, if dense { 1.0 } else { 0.3 });
        let (d, i) = (by(&problem, Method::DualNewton), by(&problem, Method::Interior));
        prop_assert_eq!(d.status, Status::Solved);
        prop_assert_eq!(d.method, Method::DualNewton, "{:?}", d.notes);
        let violation = kkt_violation(&problem, &d);
        prop_assert!(violation < 1e-9, "{violation:e}");
        close("x", &d.x, &i.x, 1e-9);
        let clean = |s: &Solution| {
            let d = s.degeneracy().unwrap();
            d.weakly_active.is_empty() && d.dependent.is_empty()
        };
        if clean(&d) && clean(&i) {
            prop_assert_eq!(d.active_set(), i.active_set());
            let mut r = Random::new(key);
            let seed = Cotangent { x: r.normals(n), lambda: r.normals(d.lambda.len()), ..Cotangent::default() };
            let [a, b] = [&d, &i].map(|s| s.vjp(&seed, &DerivativeOptions::default()).unwrap());
            close("q", &a.q, &b.q, 1e-7);
            close("P", &a.p, &b.p, 1e-7);
            close("A", &a.a, &b.a, 1e-7);
            close("gu", &a.gu, &b.gu, 1e-7);
            close("hi", &a.hi, &b.hi, 1e-7);
        }
    }

    /// Every row once more, scaled.
    #[test]
    fn copes_with_dependent_rows(key in 0_u64..100_000, n in 4_usize..40, m in 1_usize..3, p in 1_usize..6) {
        let base = separable(key, n, m.min(n / 4), p, 0.7);
        let twice = |c: &Csc| {
            let c = c.to_dense();
            let k = c.nrows();
            Csc::from_dense(&DMatrix::from_fn(2 * k, n, |i, j| c[(i % k, j)] * if i < k { 1.0 } else { 2.0 }))
        };
        let both = |v: &[f64]| v.iter().copied().chain(v.iter().map(|v| 2.0 * v)).collect::<Vec<f64>>();
        let problem = base
            .clone()
            .equalities(twice(&base.a), both(&base.b))
            .inequalities(twice(&base.g), both(&base.gl), both(&base.gu));
        let s = by(&problem, Method::DualNewton);
        prop_assert_eq!((s.status, s.method), (Status::Solved, Method::DualNewton), "{:?}", s.notes);
        prop_assert!(kkt_violation(&problem, &s) < 1e-8);
        close("x", &s.x, &by(&base, Method::DualNewton).x, 1e-9);
    }

    /// The sum of all variables beyond what their caps admit, among other rows.
    #[test]
    fn proves_infeasibility(key in 0_u64..100_000, n in 5_usize..50, m in 0_usize..2, p in 0_usize..6, above in any::<bool>()) {
        let mut problem = separable(key, n, m, p, 0.7);
        let mut r = Random::new(key);
        problem.lo = problem.lo.iter().map(|v| v.max(-10.0)).collect();
        problem.hi = problem.hi.iter().map(|v| v.min(10.0)).collect();
        let g = problem.g.to_dense();
        let w: Vec<f64> = (0..n).map(|_| 0.1 + r.uniform()).collect();
        let reach = |end: &[f64]| w.iter().zip(end).map(|(w, e)| w * e).sum::<f64>();
        let (mut gl, mut gu) = (problem.gl.clone(), problem.gu.clone());
        gl.push(if above { reach(&problem.hi) + 0.1 + r.uniform() } else { -INF });
        gu.push(if above { INF } else { reach(&problem.lo) - 0.1 - r.uniform() });
        let rows = DMatrix::from_fn(p + 1, n, |i, j| if i < p { g[(i, j)] } else { w[j] });
        let problem = problem.inequalities(Csc::from_dense(&rows), gl, gu);
        check_infeasible(&problem, &by(&problem, Method::DualNewton));
        check_infeasible(&problem, &by(&problem, Method::Auto));
    }
}

#[test]
fn projections_are_exact() {
    // Above the threshold −0.1: 0.3 + 0.6 + 0.1 = 1.
    let s = by(&capped_simplex(&[0.2, 0.5, 0.0, -4.0], 1.0, INF), Method::DualNewton);
    assert_eq!((s.status, s.method), (Status::Solved, Method::DualNewton));
    close("x", &s.x, &[0.3, 0.6, 0.1, 0.0], 1e-15);
    assert!((s.lambda[0] + 0.1).abs() < 1e-15);
    assert_eq!(s.active_set(), [0, 0, 0, -1]);
    // With the cap 0.4 the first shares what the second gives up.
    let s = by(&capped_simplex(&[0.2, 0.5, 0.0, -4.0], 1.0, 0.4), Method::DualNewton);
    close("x", &s.x, &[0.4, 0.4, 0.2, 0.0], 1e-15);
    // No row at all: every variable by itself.
    let s = by(
        &Problem::new(3)
            .quadratic(Csc::diagonal(&[1.0, 2.0, 4.0]), vec![-3.0, -1.0, 2.0])
            .bounds(vec![0.0; 3], vec![1.0; 3]),
        Method::DualNewton,
    );
    assert_eq!((s.status, s.method, s.iterations), (Status::Solved, Method::DualNewton, 0));
    assert_eq!(s.x, [1.0, 0.5, 0.0]);
    // A budget that binds on one side only, and one that does not bind.
    let budget = |gl, gu| {
        let ones = Csc::from_dense(&DMatrix::from_element(1, 2, 1.0));
        by(
            &Problem::new(2).quadratic(Csc::identity(2), vec![-1.0, -2.0]).inequalities(
                ones,
                vec![gl],
                vec![gu],
            ),
            Method::DualNewton,
        )
    };
    let s = budget(-1.0, 2.0);
    close("x", &s.x, &[0.5, 1.5], 1e-15);
    close("ν", &[s.nu_lower[0], s.nu_upper[0]], &[0.0, 0.5], 1e-15);
    let s = budget(-1.0, 4.0);
    close("x", &s.x, &[1.0, 2.0], 1e-15);
    assert_eq!((s.nu_lower[0], s.nu_upper[0]), (0.0, 0.0));
    close("x", &budget(5.0, INF).x, &[2.0, 3.0], 1e-15);
}

#[test]
fn totals_at_the_edge_of_what_bounds_admit() {
    // Only x = cap is feasible: the row depends on the bounds.
    let s = by(&capped_simplex(&[0.3, 0.1, 0.2], 1.5, 0.5), Method::DualNewton);
    assert_eq!(s.status, Status::Solved, "{:?}", s.notes);
    close("x", &s.x, &[0.5; 3], 1e-12);
    let s = by(&capped_simplex(&[0.3, 0.1, 0.2], 0.0, 0.5), Method::DualNewton);
    assert_eq!(s.status, Status::Solved, "{:?}", s.notes);
    close("x", &s.x, &[0.0; 3], 1e-12);
    // Nothing is feasible.
    for total in [1.6, -0.1] {
        let problem = capped_simplex(&[0.3, 0.1, 0.2], total, 0.5);
        let s = by(&problem, Method::DualNewton);
        check_infeasible(&problem, &s);
        assert_eq!(s.method, Method::DualNewton);
    }
    // A row without an entry for any variable that can move.
    let held = |b| {
        let row = Csc::from_triplets(1, 2, &[(0, 0, 1.0)]).unwrap();
        Problem::new(2)
            .quadratic(Csc::identity(2), vec![0.0; 2])
            .equalities(row, vec![b])
            .bounds(vec![1.0, -INF], vec![1.0, INF])
    };
    let s = by(&held(1.0), Method::DualNewton);
    assert_eq!(s.status, Status::Solved);
    close("x", &s.x, &[1.0, 0.0], 1e-15);
    check_infeasible(&held(2.0), &by(&held(2.0), Method::DualNewton));
}

#[test]
fn ties_end_on_a_point_that_satisfies_all_conditions() {
    // All equal, the last ones exactly at the threshold: weakly active bounds, told as such.
    let s = by(&capped_simplex(&[0.5, 0.5, 0.0, 0.0], 1.0, INF), Method::DualNewton);
    assert_eq!((s.status, s.method), (Status::Solved, Method::DualNewton));
    close("x", &s.x, &[0.5, 0.5, 0.0, 0.0], 1e-15);
    assert_eq!(s.degeneracy().unwrap().weakly_active.len(), 2);
    // Multipliers of a row cross zero on the way: gl = gu + 1 in all but name.
    let mut r = Random::new(7);
    let n = 40;
    let rows = DMatrix::from_fn(3, n, |i, _| if i == 0 { 1.0 } else { r.normal() });
    let problem = Problem::new(n)
        .quadratic(Csc::identity(n), (0..n).map(|i| f64::from(i as u32 % 4) - 1.5).collect())
        .inequalities(Csc::from_dense(&rows), vec![-1e-3; 3], vec![1e-3; 3])
        .bounds(vec![-0.5; n], vec![0.5; n]);
    let s = by(&problem, Method::DualNewton);
    assert_eq!((s.status, s.method), (Status::Solved, Method::DualNewton), "{:?}", s.notes);
    assert!(kkt_violation(&problem, &s) < 1e-12);
}

#[test]
fn chosen_where_rows_are_few_and_not_elsewhere() {
    let mut r = Random::new(3);
    let problem = capped_simplex(&r.normals(300), 1.0, 0.1);
    let s = by(&problem, Method::Auto);
    assert_eq!((s.status, s.method), (Status::Solved, Method::DualNewton));
    assert!(s.finished && s.iterations <= 3);
    let i = by(&problem, Method::Interior);
    close("x", &s.x, &i.x, 1e-9);
    assert_eq!(s.active_set(), i.active_set());
    // A variable without curvature, or with a coupling, is not for it.
    let mut flat = problem.clone();
    flat.p.values[0] = 0.0;
    let s = by(&flat, Method::DualNewton);
    assert_eq!((s.status, s.method), (Status::Solved, Method::Interior));
    assert_eq!(s.notes[0], "dual Newton: not for this problem");
    let coupled = Csc::from_triplets(2, 2, &[(0, 0, 2.0), (0, 1, 1.0), (1, 1, 2.0)]).unwrap();
    let problem = Problem::new(2).quadratic(coupled, vec![1.0, -1.0]).bounds(vec![0.0; 2], vec![INF; 2]);
    assert_eq!(by(&problem, Method::DualNewton).method, Method::Interior);
}

#[test]
fn starts_from_the_last_solution() {
    let problem = separable(11, 200, 2, 6, 1.0);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let cold = solver.solve(&problem, None).unwrap();
    assert_eq!(cold.method, Method::DualNewton);
    let mut near = problem.clone();
    let mut r = Random::new(12);
    for q in &mut near.q {
        *q += 0.5 * r.normal();
    }
    let (warm, again) =
        (solver.solve(&near, Some(&cold.warm_start())).unwrap(), solver.solve(&near, None).unwrap());
    close("x", &warm.x, &again.x, 1e-9);
    assert_eq!(warm.active_set(), again.active_set());
}

#[test]
fn keeps_to_limits_and_answers() {
    let problem = separable(5, 80, 2, 8, 1.0);
    let settings = Settings { method: Method::DualNewton, ..Settings::default() };
    let solver = Solver::new(&problem, settings.clone()).unwrap();
    let full = solver.solve(&problem, None).unwrap();
    assert!(full.iterations > 1, "{}", full.iterations);
    for (answer, status) in [(Control::OutOfTime, Status::TimeLimit), (Control::Cancel, Status::Cancelled)] {
        let mut seen = 0;
        let s = solver
            .solve_with(&problem, None, &mut |p| {
                seen = p.iteration;
                if p.iteration == 1 { answer } else { Control::Continue }
            })
            .unwrap();
        assert_eq!((s.status, s.method, seen), (status, Method::DualNewton, 1));
        assert_eq!(s.x.len(), 80);
    }
    let limited = Settings { max_iterations: Some(1), ..settings };
    let s = Solver::new(&problem, limited).unwrap().solve(&problem, None).unwrap();
    assert_eq!((s.status, s.iterations), (Status::IterationLimit, 1));
}

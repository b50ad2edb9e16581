//! The active-set method gives what the other methods give: points, multipliers, active sets, derivatives, statuses.

mod common;

use altdiff::{
    Block, Cotangent, Csc, DerivativeOptions, Method, Problem, Route, Settings, Solution, Solver, Status,
    Tangent,
};
use common::{Random, by, close, kkt_violation, random_problem};
use nalgebra::DMatrix;
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;

fn same_gradient(s: &Solution, t: &Solution, seed: &Cotangent, tolerance: f64) {
    let gradient = |s: &Solution| s.vjp(seed, &DerivativeOptions::default()).unwrap();
    let (a, b) = (gradient(s), gradient(t));
    close("P", &a.p, &b.p, tolerance);
    close("q", &a.q, &b.q, tolerance);
    close("A", &a.a, &b.a, tolerance);
    close("b", &a.b, &b.b, tolerance);
    close("G", &a.g, &b.g, tolerance);
    close("gl", &a.gl, &b.gl, tolerance);
    close("gu", &a.gu, &b.gu, tolerance);
    close("lo", &a.lo, &b.lo, tolerance);
    close("hi", &a.hi, &b.hi, tolerance);
    assert_eq!(a.harmful.is_empty(), b.harmful.is_empty(), "{:?} {:?}", a.harmful, b.harmful);
}

fn seed(r: &mut Random, s: &Solution) -> Cotangent {
    Cotangent {
        x: r.normals(s.x.len()),
        lambda: r.normals(s.lambda.len()),
        nu_lower: r.normals(s.nu_lower.len()),
        nu_upper: r.normals(s.nu_upper.len()),
        mu_lower: r.normals(s.mu_lower.len()),
        mu_upper: r.normals(s.mu_upper.len()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Two-sided rows, bounds, equalities: the same point, active set and derivative as by the interior-point method.
    #[test]
    fn agrees_with_the_interior_point_method(key in 0_u64..100_000, n in 1_usize..30, m in 0_usize..6, p in 0_usize..30) {
        let problem = random_problem(key, n, m.min(n / 2), p);
        let (a, i) = (by(&problem, Method::ActiveSet), by(&problem, Method::Interior));
        prop_assert_eq!(a.status, Status::Solved);
        prop_assert_eq!(a.method, Method::ActiveSet, "{:?}", a.notes);
        prop_assert!(kkt_violation(&problem, &a) < 1e-9, "{:e}", kkt_violation(&problem, &a));
        close("x", &a.x, &i.x, 1e-8);
        if a.degeneracy().unwrap().is_clean() && i.degeneracy().unwrap().is_clean() {
            prop_assert_eq!(a.active_set(), i.active_set());
            same_gradient(&a, &i, &seed(&mut Random::new(key), &a), 1e-6);
        }
    }

    /// Duplicated and scaled rows, some of them active: solved, and nothing claimed that is not so.
    #[test]
    fn copes_with_dependent_rows(key in 0_u64..100_000, n in 2_usize..12, copies in 1_usize..4) {
        let mut r = Random::new(key);
        let base = random_problem(key, n, 0, n);
        let g = base.g.to_dense();
        let rows: Vec<usize> = (0..copies * n).map(|_| (r.uniform() * n as f64) as usize).collect();
        let factor: Vec<f64> = rows.iter().map(|_| 0.5 + r.uniform()).collect();
        let stacked = DMatrix::from_fn(n + rows.len(), n, |i, j| if i < n { g[(i, j)] } else { factor[i - n] * g[(rows[i - n], j)] });
        let extend = |ends: &[f64]| -> Vec<f64> {
            ends.iter().copied().chain(rows.iter().zip(&factor).map(|(&i, f)| f * ends[i])).collect()
        };
        let problem = base.clone().inequalities(Csc::from_dense(&stacked), extend(&base.gl), extend(&base.gu));
        let (a, i) = (by(&problem, Method::ActiveSet), by(&base, Method::Interior));
        prop_assert_eq!(a.status, Status::Solved, "{:?}", a.notes);
        prop_assert!(kkt_violation(&problem, &a) < 1e-8, "{:e}", kkt_violation(&problem, &a));
        close("x", &a.x, &i.x, 1e-7);
        // The derivative by q does not know of redundant rows.
        let options = DerivativeOptions { examine: false, ..DerivativeOptions::default() };
        if i.degeneracy().unwrap().is_clean() {
            let v = Cotangent::x(r.normals(n));
            close("q", &a.vjp(&v, &options).unwrap().q, &i.vjp(&v, &options).unwrap().q, 1e-6);
        }
    }

    /// Forward and reverse mode are transposes of each other, and agree with the recursion.
    #[test]
    fn modes_are_adjoint(key in 0_u64..100_000, n in 2_usize..20, p in 0_usize..20) {
        let problem = random_problem(key, n, n / 4, p);
        let s = by(&problem, Method::ActiveSet);
        let mut r = Random::new(key);
        let v = seed(&mut r, &s);
        let mut t = Tangent::zeros(&problem);
        for block in [&mut t.p, &mut t.q, &mut t.a, &mut t.b, &mut t.g, &mut t.gl, &mut t.gu, &mut t.lo, &mut t.hi] {
            for e in block.iter_mut() {
                *e = r.normal();
            }
        }
        let options = DerivativeOptions::default();
        let gradient = s.vjp(&v, &options).unwrap();
        let (forward, reverse) = (s.jvp(&t, &options).unwrap().dot(&v), gradient.along(&t));
        prop_assert!((forward - reverse).abs() <= 1e-8 * forward.abs().max(1.0), "{forward} {reverse}");
        prop_assert!(gradient.residual < 1e-9, "{:e}", gradient.residual);
        if s.degeneracy().unwrap().is_clean() {
            let other = s.vjp(&v, &DerivativeOptions::from(Route::Alternating)).unwrap().along(&t);
            prop_assert!((reverse - other).abs() <= 1e-6 * other.abs().max(1.0), "{reverse} {other}");
        }
    }
}

#[test]
fn a_factored_gradient_has_the_same_entries() {
    let problem = random_problem(3, 12, 3, 9);
    let mut kink = problem.clone();
    let base = by(&problem, Method::ActiveSet);
    let free = (0..12).find(|&i| base.mu_lower[i] == 0.0 && base.mu_upper[i] == 0.0).unwrap();
    kink.hi[free] = base.x[free];
    for problem in [problem, kink] {
        let s = by(&problem, Method::ActiveSet);
        let v = seed(&mut Random::new(4), &s);
        let options = DerivativeOptions::default();
        let (g, f) = (s.vjp(&v, &options).unwrap(), s.vjp_factored(&v, &options).unwrap());
        let blocks = [&g.p, &g.q, &g.a, &g.b, &g.g, &g.gl, &g.gu, &g.lo, &g.hi];
        for (block, expected) in Block::ALL.into_iter().zip(blocks) {
            assert_eq!(&f.block(block), expected, "{block:?}");
        }
        assert_eq!(f.harmful(), &g.harmful[..]);
        for (k, (i, j, _)) in problem.p.iter().enumerate() {
            let (d, x) = (f.q(), &s.x);
            let entry = 0.5 * (d[i] * x[j] + x[i] * d[j]);
            let stored = if i == j { entry } else { 2.0 * entry };
            assert!((g.p[k] - stored).abs() <= 1e-12 * stored.abs().max(1.0));
        }
    }
}

#[test]
fn curvature_on_the_null_space_suffices() {
    // P is singular, but x₀ + x₁ = 1 takes its null direction away.
    let p = DMatrix::from_row_slice(3, 3, &[1.0, -1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 2.0]);
    let a = DMatrix::from_row_slice(1, 3, &[1.0, 1.0, 0.0]);
    let problem = Problem::new(3)
        .quadratic(Csc::upper_from_dense(&p), vec![0.0, -3.0, -1.0])
        .equalities(Csc::from_dense(&a), vec![1.0])
        .bounds(vec![0.0; 3], vec![0.8, INF, 0.25]);
    let (s, i) = (by(&problem, Method::ActiveSet), by(&problem, Method::Interior));
    assert_eq!((s.status, s.method), (Status::Solved, Method::ActiveSet));
    assert!(kkt_violation(&problem, &s) < 1e-12);
    close("x", &s.x, &i.x, 1e-10);
    same_gradient(&s, &i, &seed(&mut Random::new(5), &s), 1e-8);
}

#[test]
fn what_it_cannot_do_falls_to_the_interior_point_method_and_that_is_said() {
    let said = |s: &Solution, what: &str| assert!(s.notes.iter().any(|n| n.contains(what)), "{:?}", s.notes);
    // No curvature.
    let linear = Problem::new(2).linear(vec![1.0, 2.0]).bounds(vec![0.0; 2], vec![1.0; 2]);
    let s = by(&linear, Method::ActiveSet);
    assert_eq!((s.status, s.method), (Status::Solved, Method::Interior));
    said(&s, "P is singular on the null space");
    // Dependent equalities.
    let a = DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 2.0, 2.0]);
    let twice = Problem::new(2)
        .quadratic(Csc::identity(2), vec![1.0, 0.0])
        .equalities(Csc::from_dense(&a), vec![1.0, 2.0])
        .bounds(vec![0.0; 2], vec![INF; 2]);
    let s = by(&twice, Method::ActiveSet);
    assert_eq!((s.status, s.method), (Status::Solved, Method::Interior));
    said(&s, "equalities depend on each other");
    // Infeasible rows: a proof, not a limit.
    let g = DMatrix::from_row_slice(2, 2, &[1.0, 1.0, -1.0, -1.0]);
    let empty = Problem::new(2).quadratic(Csc::identity(2), vec![1.0, 0.0]).inequalities(
        Csc::from_dense(&g),
        vec![-INF; 2],
        vec![1.0, -2.0],
    );
    for method in [Method::ActiveSet, Method::Auto] {
        let s = by(&empty, method);
        assert_eq!(s.status, Status::Infeasible, "{method:?}");
        said(&s, "active set");
    }
}

#[test]
fn sizes_across_the_kernels_agree() {
    // Blocks begin at order 192; threads at 512; memory is kept from order 724 on.
    for (n, m, p) in [(100, 30, 60), (120, 30, 43), (150, 40, 100), (400, 120, 260)] {
        let problem = random_problem(n as u64, n, m, p);
        let (a, i) = (by(&problem, Method::ActiveSet), by(&problem, Method::Interior));
        assert_eq!((a.status, a.method), (Status::Solved, Method::ActiveSet), "{n}: {:?}", a.notes);
        assert!(kkt_violation(&problem, &a) < 1e-9, "{n}: {:e}", kkt_violation(&problem, &a));
        assert_eq!(a.active_set(), i.active_set(), "{n}");
        same_gradient(&a, &i, &Cotangent::x(vec![1.0; n]), 1e-7);
    }
}

/// Large factors are written into the memory of those before them.
#[test]
fn what_was_solved_before_changes_no_bit() {
    let full = {
        let p = random_problem(1, 600, 100, 150);
        let (lo, hi) = (vec![-INF; 600], vec![INF; 600]);
        Problem { lo, hi, ..p }
    };
    let bounded = random_problem(2, 500, 40, 100);
    let sparse = Problem { p: Csc::diagonal(&vec![1.5; 500]), ..bounded.clone() };
    let bits = |problem: &Problem| {
        let s = by(problem, Method::ActiveSet);
        assert_eq!((s.status, s.method), (Status::Solved, Method::ActiveSet), "{:?}", s.notes);
        let gradient = s.vjp(&Cotangent::x(vec![1.0; s.x.len()]), &DerivativeOptions::default()).unwrap();
        let numbers = s.x.iter().chain(&s.lambda).chain(&gradient.q).chain(&gradient.p);
        numbers.map(|v| v.to_bits()).collect::<Vec<_>>()
    };
    let problems = [&full, &bounded, &sparse];
    let first = problems.map(bits);
    for order in [[2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        for k in order {
            assert!(bits(problems[k]) == first[k], "{k}");
        }
    }
}

/// Nearly linear problems whose data are numbers of few binary digits, so that the solution they are made from is exact.
#[test]
fn small_curvature_costs_no_digits() {
    for key in 0..20 {
        let mut r = Random::new(key);
        let (n, m, p) = (60, 10, 40);
        let mut whole = |most: f64| (most * r.normal()).round();
        let curvature = 2.0_f64.powi(-22);
        let a = DMatrix::from_fn(m, n, |_, _| whole(3.0));
        let g = DMatrix::from_fn(p, n, |_, _| whole(3.0));
        let x: Vec<f64> = (0..n).map(|_| whole(300.0) / 256.0).collect();
        let lambda: Vec<f64> = (0..m).map(|_| whole(4.0)).collect();
        let nu: Vec<f64> = (0..p).map(|i| if i % 2 == 0 { whole(4.0).abs() + 1.0 } else { 0.0 }).collect();
        let dot = |row: &mut dyn Iterator<Item = f64>, v: &[f64]| row.zip(v).map(|(a, b)| a * b).sum::<f64>();
        let q = (0..n)
            .map(|j| {
                let terms = dot(&mut a.column(j).iter().copied(), &lambda)
                    + dot(&mut g.column(j).iter().copied(), &nu);
                -curvature * x[j] - terms
            })
            .collect();
        let b = (0..m).map(|i| dot(&mut a.row(i).iter().copied(), &x)).collect();
        let gu = (0..p).map(|i| dot(&mut g.row(i).iter().copied(), &x) + if nu[i] > 0.0 { 0.0 } else { 1.0 });
        let problem = Problem::new(n)
            .quadratic(Csc::diagonal(&vec![curvature; n]), q)
            .equalities(Csc::from_dense(&a), b)
            .inequalities(Csc::from_dense(&g), vec![-INF; p], gu.collect());
        let s = by(&problem, Method::ActiveSet);
        assert_eq!((s.status, s.method), (Status::Solved, Method::ActiveSet), "{:?}", s.notes);
        close("x", &s.x, &x, 1e-12);
    }
}

#[test]
fn a_warm_start_takes_one_step() {
    let problem = random_problem(7, 40, 8, 40);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let cold = solver.solve(&problem, None).unwrap();
    assert_eq!(cold.method, Method::ActiveSet);
    let mut near = problem.clone();
    for q in &mut near.q {
        *q *= 1.0 + 1e-6;
    }
    let warm = solver.solve(&near, Some(&cold.warm_start())).unwrap();
    assert_eq!((warm.status, warm.iterations, warm.active_set()), (Status::Solved, 1, cold.active_set()));
    let fresh = by(&near, Method::Interior);
    close("x", &warm.x, &fresh.x, 1e-9);
}

#[test]
fn a_change_of_ends_is_seen_by_a_solver_that_keeps_its_factor() {
    let problem = random_problem(11, 12, 2, 9);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    solver.solve(&problem, None).unwrap();
    let mut other = problem.clone();
    // A row becomes an equality, one loses its ends, a bound vanishes and one appears.
    other.gl[0] = other.gu[0];
    (other.gl[1], other.gu[1]) = (-INF, INF);
    (other.lo[0], other.hi[3]) = (-INF, problem.gu[0].abs() + 10.0);
    let s = solver.solve(&other, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    assert!(kkt_violation(&other, &s) < 1e-9);
    close("x", &s.x, &by(&other, Method::Interior).x, 1e-8);
}

/// Many more violated constraints than the equalities leave variables free: the search starts from nothing, and meets few.
#[test]
fn a_vertex_among_many_constraints_is_found_in_few_steps() {
    for key in 0..20 {
        let mut r = Random::new(key);
        let (n, m, p) = (6, 2, 120);
        let (a, g, x) = (r.matrix(m, n), r.matrix(p, n), r.normals(n));
        let at = |rows: &DMatrix<f64>| (rows * nalgebra::DVector::from_column_slice(&x)).as_slice().to_vec();
        let q = g.transpose() * nalgebra::DVector::from_element(p, -1.0);
        let problem = Problem::new(n)
            .quadratic(Csc::diagonal(&vec![1e-2; n]), q.as_slice().to_vec())
            .equalities(Csc::from_dense(&a), at(&a))
            .inequalities(
                Csc::from_dense(&g),
                vec![-INF; p],
                at(&g).iter().map(|v| v + 0.1 * r.uniform()).collect(),
            );
        let (a, i) = (by(&problem, Method::ActiveSet), by(&problem, Method::Interior));
        assert_eq!((a.status, a.method), (Status::Solved, Method::ActiveSet), "{:?}", a.notes);
        assert!(a.iterations <= 40, "{} steps", a.iterations);
        assert!(kkt_violation(&problem, &a) < 1e-9);
        close("x", &a.x, &i.x, 1e-8);
    }
}

/// Hardly any curvature, so that solutions are small beside what they are made of: refined until the residual is rounding.
#[test]
fn nearly_linear_problems_are_solved_to_rounding() {
    for key in 0..10 {
        let mut r = Random::new(key);
        let (n, m, p) = (60, 12, 12);
        let (a, g, x) = (r.matrix(m, n), r.matrix(p, n), r.normals(n));
        let at = |rows: &DMatrix<f64>| (rows * nalgebra::DVector::from_column_slice(&x)).as_slice().to_vec();
        let s = r.normals(p);
        let y = nalgebra::DVector::from_iterator(p, s.iter().map(|s| (-s).max(0.0)));
        let problem = Problem::new(n)
            .quadratic(Csc::diagonal(&vec![1e-6; n]), (g.transpose() * -y).as_slice().to_vec())
            .equalities(Csc::from_dense(&a), at(&a))
            .inequalities(
                Csc::from_dense(&g),
                vec![-INF; p],
                at(&g).iter().zip(&s).map(|(v, s)| v + s.max(0.0)).collect(),
            );
        let s = by(&problem, Method::Auto);
        assert_eq!((s.status, s.method), (Status::Solved, Method::ActiveSet), "{:?}", s.notes);
        assert!(s.residuals.max() < 1e-13, "{:e}", s.residuals.max());
    }
}

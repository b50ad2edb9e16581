//! Problems from the literature with known solutions, written down from their published formulas: Hock and Schittkowski
//! (1981), Goldfarb and Idnani's method's usual example, Beale's cycling and Klee and Minty's exponential linear programs.

use altdiff::{
    Cause, Cotangent, Csc, DerivativeOptions, Gradient, Method, Place, Problem, Settings, Solver, Status,
    Tangent,
};

const INF: f64 = f64::INFINITY;

/// wₖ, the entries of aₖ, and cₖ.
type Square<'a> = (f64, &'a [(usize, f64)], f64);

/// `minimize Σ wₖ (aₖᵀx − cₖ)² + qᵀx + r`: the form most of them come in.
fn squares(n: usize, terms: &[Square<'_>], q: Vec<f64>, mut r: f64) -> Problem {
    let (mut p, mut q) = (Vec::new(), q);
    for (w, a, c) in terms {
        for &(i, ai) in *a {
            q[i] -= 2.0 * w * c * ai;
            for &(j, aj) in a.iter().filter(|(j, _)| i <= *j) {
                p.push((i, j, 2.0 * w * ai * aj));
            }
        }
        r += w * c * c;
    }
    Problem::new(n).quadratic(Csc::from_triplets(n, n, &p).unwrap(), q).constant(r)
}

fn rows(n: usize, rows: &[&[(usize, f64)]]) -> Csc {
    let triplets: Vec<_> =
        rows.iter().enumerate().flat_map(|(i, row)| row.iter().map(move |(j, v)| (i, *j, *v))).collect();
    Csc::from_triplets(rows.len(), n, &triplets).unwrap()
}

fn check(name: &str, problem: &Problem, x: &[f64], objective: f64) {
    for method in [Method::Auto, Method::Alternating, Method::ActiveSet, Method::Interior] {
        let settings = Settings { method, ..Settings::default() };
        let s = Solver::new(problem, settings).unwrap().solve(problem, None).unwrap();
        assert_eq!(s.status, Status::Solved, "{name} {method:?}");
        let error = (s.objective - objective).abs();
        assert!(error <= 1e-9 * objective.abs().max(1.0), "{name} {method:?}: {}", s.objective);
        for (i, (a, b)) in s.x.iter().zip(x).enumerate() {
            assert!((a - b).abs() <= 1e-7 * b.abs().max(1.0), "{name} {method:?}: x[{i}] = {a}, not {b}");
        }
    }
}

#[test]
fn hock_schittkowski_21() {
    let problem = squares(2, &[(0.01, &[(0, 1.0)], 0.0), (1.0, &[(1, 1.0)], 0.0)], vec![0.0; 2], -100.0)
        .inequalities(rows(2, &[&[(0, 10.0), (1, -1.0)]]), vec![10.0], vec![INF])
        .bounds(vec![2.0, -50.0], vec![50.0, 50.0]);
    check("HS21", &problem, &[2.0, 0.0], -99.96);
}

#[test]
fn hock_schittkowski_35() {
    // 9 − 8x₁ − 6x₂ − 4x₃ + 2x₁² + 2x₂² + x₃² + 2x₁x₂ + 2x₁x₃
    let p = [(0, 0, 4.0), (1, 1, 4.0), (2, 2, 2.0), (0, 1, 2.0), (0, 2, 2.0)];
    let problem = Problem::new(3)
        .quadratic(Csc::from_triplets(3, 3, &p).unwrap(), vec![-8.0, -6.0, -4.0])
        .constant(9.0)
        .inequalities(rows(3, &[&[(0, 1.0), (1, 1.0), (2, 2.0)]]), vec![-INF], vec![3.0])
        .bounds(vec![0.0; 3], vec![INF; 3]);
    check("HS35", &problem, &[4.0 / 3.0, 7.0 / 9.0, 4.0 / 9.0], 1.0 / 9.0);
}

#[test]
fn hock_schittkowski_51_to_53() {
    let equalities =
        rows(5, &[&[(0, 1.0), (1, 3.0)], &[(2, 1.0), (3, 1.0), (4, -2.0)], &[(1, 1.0), (4, -1.0)]]);
    let with = |first: f64, b: f64| {
        squares(
            5,
            &[
                (1.0, &[(0, first), (1, -1.0)], 0.0),
                (1.0, &[(1, 1.0), (2, 1.0)], 2.0),
                (1.0, &[(3, 1.0)], 1.0),
                (1.0, &[(4, 1.0)], 1.0),
            ],
            vec![0.0; 5],
            0.0,
        )
        .equalities(equalities.clone(), vec![b, 0.0, 0.0])
    };
    check("HS51", &with(1.0, 4.0), &[1.0; 5], 0.0);
    let over = |d: f64, x: [f64; 5]| x.map(|v| v / d);
    check("HS52", &with(4.0, 0.0), &over(349.0, [-33.0, 11.0, 180.0, -158.0, 11.0]), 1859.0 / 349.0);
    let bounded = with(1.0, 0.0).bounds(vec![-10.0; 5], vec![10.0; 5]);
    check("HS53", &bounded, &over(43.0, [-33.0, 11.0, 27.0, -5.0, 11.0]), 176.0 / 43.0);
}

#[test]
fn hock_schittkowski_76() {
    let p = [(0, 0, 2.0), (1, 1, 1.0), (2, 2, 2.0), (3, 3, 1.0), (0, 2, -1.0), (2, 3, 1.0)];
    let problem = Problem::new(4)
        .quadratic(Csc::from_triplets(4, 4, &p).unwrap(), vec![-1.0, -3.0, 1.0, -1.0])
        .inequalities(
            rows(
                4,
                &[
                    &[(0, 1.0), (1, 2.0), (2, 1.0), (3, 1.0)],
                    &[(0, 3.0), (1, 1.0), (2, 2.0), (3, -1.0)],
                    &[(1, 1.0), (2, 4.0)],
                ],
            ),
            vec![-INF, -INF, 1.5],
            vec![5.0, 4.0, INF],
        )
        .bounds(vec![0.0; 4], vec![INF; 4]);
    check("HS76", &problem, &[3.0 / 11.0, 23.0 / 11.0, 0.0, 6.0 / 11.0], -103.0 / 22.0);
}

#[test]
fn hock_schittkowski_118() {
    let n = 15;
    let (mut p, mut q) = (Vec::new(), Vec::new());
    for k in 0..5 {
        for (i, (linear, square)) in [(2.3, 1e-4), (1.7, 1e-4), (2.2, 1.5e-4)].into_iter().enumerate() {
            q.push(linear);
            p.push((3 * k + i, 3 * k + i, 2.0 * square));
        }
    }
    let (mut g, mut gl, mut gu) = (Vec::new(), Vec::new(), Vec::new());
    for j in 1..5 {
        for (i, width) in [13.0, 14.0, 13.0].into_iter().enumerate() {
            g.push(vec![(3 * j + i, 1.0), (3 * (j - 1) + i, -1.0)]);
            gl.push(-7.0);
            gu.push(width - 7.0);
        }
    }
    for (k, least) in [60.0, 50.0, 70.0, 85.0, 100.0].into_iter().enumerate() {
        g.push((0..3).map(|i| (3 * k + i, 1.0)).collect());
        gl.push(least);
        gu.push(INF);
    }
    let (mut lo, mut hi) = (vec![0.0; n], [90.0, 120.0, 60.0].repeat(5));
    lo[..3].copy_from_slice(&[8.0, 43.0, 3.0]);
    hi[..3].copy_from_slice(&[21.0, 57.0, 16.0]);
    let g: Vec<&[(usize, f64)]> = g.iter().map(Vec::as_slice).collect();
    let problem = Problem::new(n)
        .quadratic(Csc::from_triplets(n, n, &p).unwrap(), q)
        .inequalities(rows(n, &g), gl, gu)
        .bounds(lo, hi);
    let x = [8.0, 49.0, 3.0, 1.0, 56.0, 0.0, 1.0, 63.0, 6.0, 3.0, 70.0, 12.0, 5.0, 77.0, 18.0];
    check("HS118", &problem, &x, 664.820_45);
}

#[test]
fn the_dual_method_s_example() {
    let problem = Problem::new(3).quadratic(Csc::identity(3), vec![0.0, -5.0, 0.0]).inequalities(
        rows(3, &[&[(0, -4.0), (1, -3.0)], &[(0, 2.0), (1, 1.0)], &[(1, -2.0), (2, 1.0)]]),
        vec![-8.0, 2.0, 0.0],
        vec![INF; 3],
    );
    check("Goldfarb-Idnani", &problem, &[10.0, 22.0, 44.0].map(|v| v / 21.0), -50.0 / 21.0);
}

#[test]
fn linear_programs_that_defeat_the_simplex_method() {
    let beale = Problem::new(4)
        .linear(vec![-0.75, 150.0, -0.02, 6.0])
        .inequalities(
            rows(
                4,
                &[
                    &[(0, 0.25), (1, -60.0), (2, -0.04), (3, 9.0)],
                    &[(0, 0.5), (1, -90.0), (2, -0.02), (3, 3.0)],
                    &[(2, 1.0)],
                ],
            ),
            vec![-INF; 3],
            vec![0.0, 0.0, 1.0],
        )
        .bounds(vec![0.0; 4], vec![INF; 4]);
    check("Beale", &beale, &[0.04, 0.0, 1.0, 0.0], -0.05);
    let n = 6;
    let power = |base: f64, k: usize| base.powi(k as i32);
    let g: Vec<Vec<(usize, f64)>> =
        (0..n).map(|i| (0..i).map(|j| (j, power(2.0, i - j + 1))).chain([(i, 1.0)]).collect()).collect();
    let g: Vec<&[(usize, f64)]> = g.iter().map(Vec::as_slice).collect();
    let klee_minty = Problem::new(n)
        .linear((0..n).map(|j| -power(2.0, n - 1 - j)).collect())
        .inequalities(rows(n, &g), vec![-INF; n], (0..n).map(|i| power(5.0, i + 1)).collect())
        .bounds(vec![0.0; n], vec![INF; n]);
    let mut x = vec![0.0; n];
    x[n - 1] = power(5.0, n);
    check("Klee-Minty", &klee_minty, &x, -power(5.0, n));
}

/// The Jacobian's row of one variable.
fn row_of(problem: &Problem, i: usize, method: Method) -> Gradient {
    let settings = Settings { method, ..Settings::default() };
    let s = Solver::new(problem, settings).unwrap().solve(problem, None).unwrap();
    let mut unit = vec![0.0; problem.variables()];
    unit[i] = 1.0;
    s.vjp(&Cotangent::x(unit), &DerivativeOptions::default()).unwrap()
}

const METHODS: [Method; 4] = [Method::Auto, Method::Alternating, Method::ActiveSet, Method::Interior];

fn close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 1e-9 * e.abs().max(1.0), "{what}: {found:?}, not {expected:?}");
    }
}

/// `minimize (x − y)²  subject to  x + y = b, x, y ≥ 0`: with a cost q, x = b/2 − (q₀ − q₁)/8.
#[test]
fn tame() {
    let problem = squares(2, &[(1.0, &[(0, 1.0), (1, -1.0)], 0.0)], vec![0.0; 2], 0.0)
        .equalities(rows(2, &[&[(0, 1.0), (1, 1.0)]]), vec![1.0])
        .bounds(vec![0.0; 2], vec![INF; 2]);
    check("TAME", &problem, &[0.5, 0.5], 0.0);
    for method in METHODS {
        let g = row_of(&problem, 0, method);
        close("dx/dq", &g.q, &[-0.125, 0.125]);
        close("dx/db", &g.b, &[0.5]);
        assert!(g.harmful.is_empty(), "{:?}", g.harmful);
    }
}

/// `minimize −2x − 3y + 2y²  subject to  x + y ≤ 2, x + 4y ≤ 4, 0 ≤ x, y ≤ 10`: y = (q₀ − q₁)/4, x = b − y.
#[test]
fn zecevic_2() {
    let problem = squares(2, &[(2.0, &[(1, 1.0)], 0.0)], vec![-2.0, -3.0], 0.0)
        .inequalities(rows(2, &[&[(0, 1.0), (1, 1.0)], &[(0, 1.0), (1, 4.0)]]), vec![-INF; 2], vec![2.0, 4.0])
        .bounds(vec![0.0; 2], vec![10.0; 2]);
    check("ZECEVIC2", &problem, &[1.75, 0.25], -4.125);
    for method in METHODS {
        let (x, y) = (row_of(&problem, 0, method), row_of(&problem, 1, method));
        close("dx/dq", &x.q, &[-0.25, 0.25]);
        close("dy/dq", &y.q, &[0.25, -0.25]);
        close("dx/du", &x.gu, &[1.0, 0.0]);
        close("dy/du", &y.gu, &[0.0, 0.0]);
        assert!(x.harmful.is_empty() && y.harmful.is_empty());
    }
}

/// HS35 with x₂ held at ½: the row holds with multiplier 0. Taken as inactive, with [4 2; 2 2] for the Hessian in x₁, x₃,
/// x₃ moves by ½q̇₁ − q̇₃ + ẋ₂.
#[test]
fn hock_schittkowski_35_with_a_fixed_variable() {
    let p = [(0, 0, 4.0), (1, 1, 4.0), (2, 2, 2.0), (0, 1, 2.0), (0, 2, 2.0)];
    let problem = Problem::new(3)
        .quadratic(Csc::from_triplets(3, 3, &p).unwrap(), vec![-8.0, -6.0, -4.0])
        .constant(9.0)
        .inequalities(rows(3, &[&[(0, 1.0), (1, 1.0), (2, 2.0)]]), vec![-INF], vec![3.0])
        .bounds(vec![0.0, 0.5, 0.0], vec![INF, 0.5, INF]);
    check("HS35MOD", &problem, &[1.5, 0.5, 0.5], 0.25);
    for method in METHODS {
        let g = row_of(&problem, 2, method);
        close("dx₃/dq", &g.q, &[0.5, 0.0, -1.0]);
        close("dx₃/du", &g.gu, &[0.0]);
        // Both bounds together; apart they contradict each other one way.
        close("dx₃/dx₂", &[g.lo[1] + g.hi[1]], &[1.0]);
        for cause in [Cause::WeaklyActive(vec![Place::RowUpper(0)]), Cause::Pinned(Place::BoundFixed(1))] {
            assert!(g.harmful.iter().any(|h| h.cause == cause), "{method:?} {:?}", g.harmful);
        }
    }
}

/// `minimize Σ (xᵢ + xᵢ₊₁)²  subject to  xᵢ + 2xᵢ₊₁ + 3xᵢ₊₂ = 1`, ten variables: x is linear in the right-hand side.
#[test]
fn generalized_hock_schittkowski_28() {
    let n = 10;
    let terms: Vec<[(usize, f64); 2]> = (0..n - 1).map(|i| [(i, 1.0), (i + 1, 1.0)]).collect();
    let terms: Vec<Square<'_>> = terms.iter().map(|t| (1.0, &t[..], 0.0)).collect();
    let a: Vec<[(usize, f64); 3]> = (0..n - 2).map(|i| [(i, 1.0), (i + 1, 2.0), (i + 2, 3.0)]).collect();
    let a: Vec<&[(usize, f64)]> = a.iter().map(|row| &row[..]).collect();
    let problem = squares(n, &terms, vec![0.0; n], 0.0).equalities(rows(n, &a), vec![1.0; n - 2]);
    for method in METHODS {
        let settings = Settings { method, ..Settings::default() };
        let s = Solver::new(&problem, settings).unwrap().solve(&problem, None).unwrap();
        assert_eq!(s.status, Status::Solved);
        assert!((s.objective - 0.927_173_693_8).abs() < 1e-9, "{}", s.objective);
        let t = Tangent { b: vec![1.0; n - 2], ..Tangent::default() };
        let moved = s.jvp(&t, &DerivativeOptions::default()).unwrap();
        close("dx/db", &moved.x, &s.x);
        close("dλ/db", &moved.lambda, &s.lambda);
        // The objective's derivative by the right-hand side is −λ, and twice the objective along it.
        close("d objective", &[-s.lambda.iter().sum::<f64>()], &[2.0 * s.objective]);
    }
}

/// Ill-conditioned, and solved at a point where the fifth constraint holds by chance: weakly active.
#[test]
fn hock_schittkowski_268() {
    let d = [
        [10197.0, -12454.0, -1013.0, 1948.0, 329.0],
        [-12454.0, 20909.0, -1733.0, -4914.0, -186.0],
        [-1013.0, -1733.0, 1755.0, 1089.0, -174.0],
        [1948.0, -4914.0, 1089.0, 1515.0, -22.0],
        [329.0, -186.0, -174.0, -22.0, 27.0],
    ];
    let b = [-9170.0, 17099.0, -2271.0, -4336.0, -43.0];
    let mut p = Vec::new();
    for i in 0..5 {
        for j in i..5 {
            p.push((i, j, 2.0 * d[i][j]));
        }
    }
    let g: [[f64; 5]; 5] = [
        [-1.0, -1.0, -1.0, -1.0, -1.0],
        [10.0, 10.0, -3.0, 5.0, 4.0],
        [-8.0, 1.0, -2.0, -5.0, 3.0],
        [8.0, -1.0, 2.0, 5.0, -3.0],
        [-4.0, -2.0, 3.0, -5.0, 1.0],
    ];
    let g: Vec<Vec<(usize, f64)>> = g.iter().map(|row| row.iter().copied().enumerate().collect()).collect();
    let g: Vec<&[(usize, f64)]> = g.iter().map(Vec::as_slice).collect();
    let problem = Problem::new(5)
        .quadratic(Csc::from_triplets(5, 5, &p).unwrap(), b.iter().map(|v| -2.0 * v).collect())
        .constant(14463.0)
        .inequalities(rows(5, &g), vec![-5.0, 20.0, -40.0, 11.0, -30.0], vec![INF; 5]);
    check("HS268", &problem, &[1.0, 2.0, -1.0, 3.0, -4.0], 0.0);
    for method in METHODS {
        let g = row_of(&problem, 0, method);
        assert!(
            g.harmful.iter().any(|h| h.cause == Cause::WeaklyActive(vec![Place::RowLower(4)])),
            "{method:?} {:?}",
            g.harmful
        );
    }
}

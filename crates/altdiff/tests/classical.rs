//! Problems from the literature with known solutions, written down from their published formulas: Hock and Schittkowski
//! (1981), Goldfarb and Idnani's method's usual example, Beale's cycling and Klee and Minty's exponential linear programs.

use altdiff::{Csc, Method, Problem, Settings, Solver, Status};

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

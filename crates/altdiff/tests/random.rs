//! Random problems of every kind that can go wrong, each built so that the right answer is known.

mod common;

use altdiff::{Csc, Method, Problem, Settings, Solution, Solver, Status};
use common::{Random, cases, check_infeasible, check_unbounded, kkt_violation};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;

fn with(problem: &Problem, method: Method) -> Solution {
    let settings = Settings { method, ..Settings::default() };
    Solver::new(problem, settings).unwrap().solve(problem, None).unwrap()
}

fn methods() -> [Method; 4] {
    [Method::Auto, Method::Alternating, Method::ActiveSet, Method::Interior]
}

/// MᵀM for a random M of the given rank.
fn hessian(r: &mut Random, n: usize, rank: usize) -> DMatrix<f64> {
    let root = r.matrix(rank.min(n), n);
    root.transpose() * &root
}

/// A problem with a direction in the null space of P and A along which G does not rise and the cost falls.
fn falling(seed: u64, n: usize, m: usize, p: usize, rank: usize, scale: i32) -> Problem {
    let mut r = Random::new(seed);
    let d = DVector::from_vec(r.normals(n)).normalize();
    let across = DMatrix::identity(n, n) - &d * d.transpose();
    // Twice, since what a row loses may be nearly all of it: the second time only rounding is left to lose.
    let mut level = |rows: usize| r.matrix(rows, n) * &across * &across;
    let root = level(rank.min(n - 1));
    let h = root.transpose() * &root * 10.0_f64.powi(scale);
    let a = level(m.min(n - 1));
    let mut g = r.matrix(p, n);
    for i in 0..p {
        let rise = (g.row(i) * &d)[0];
        if rise > 0.0 {
            g.row_mut(i).scale_mut(-1.0);
        }
    }
    let x = DVector::from_vec(r.normals(n));
    let gu: Vec<f64> = (&g * &x).iter().map(|v| v + r.uniform()).collect();
    let q = &across * DVector::from_vec(r.normals(n)) - &d * (0.1 + r.uniform());
    Problem::new(n)
        .quadratic(Csc::upper_from_dense(&h), q.as_slice().to_vec())
        .equalities(Csc::from_dense(&a), (&a * &x).as_slice().to_vec())
        .inequalities(Csc::from_dense(&g), vec![-INF; p], gu)
}

/// A P far smaller than q, small eigenvalues, and P and A that share rows up to rounding: null spaces that the rows
/// themselves do not show.
#[test]
fn hidden_null_spaces() {
    let known = [
        (881_684_073, 3, 1, 4, 2, -8),
        (46_645_200, 4, 2, 4, 2, -8),
        (506_913_179, 5, 2, 0, 1, -7),
        (509_323_195, 6, 0, 1, 5, -6),
    ];
    for (seed, n, m, p, rank, scale) in known {
        let problem = falling(seed, n, m, p, rank, scale);
        for method in methods() {
            check_unbounded(&problem, &with(&problem, method));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(40)) })]

    /// Rows whose nonnegative combination vanishes while their right sides add up to less than zero.
    #[test]
    fn infeasible(seed in 0_u64..100_000, n in 1_usize..8, p in 2_usize..10, rank in 0_usize..8, scale in -3_i32..4) {
        let mut r = Random::new(seed);
        let mut g = r.matrix(p, n) * 10.0_f64.powi(scale);
        let weights: Vec<f64> = (0..p - 1).map(|_| 0.1 + r.uniform()).collect();
        let last = -g.rows(0, p - 1).transpose() * DVector::from_column_slice(&weights);
        g.row_mut(p - 1).copy_from(&last.transpose());
        let mut gu = r.normals(p);
        gu[p - 1] = -weights.iter().zip(&gu).map(|(w, u)| w * u).sum::<f64>() - 0.1 - r.uniform();
        let h = hessian(&mut r, n, rank);
        let problem = Problem::new(n)
            .quadratic(Csc::upper_from_dense(&h), r.normals(n))
            .inequalities(Csc::from_dense(&g), vec![-INF; p], gu);
        for method in methods() {
            check_infeasible(&problem, &with(&problem, method));
        }
    }

    /// Whatever the size of P beside q.
    #[test]
    fn unbounded(seed in 0_u64..1_000_000_000, n in 2_usize..8, m in 0_usize..3, p in 0_usize..8, rank in 0_usize..6, scale in -8_i32..4) {
        let problem = falling(seed, n, m, p, rank, scale);
        for method in methods() {
            check_unbounded(&problem, &with(&problem, method));
        }
    }

    /// Duplicated, scaled and combined rows, more active than there are variables, singular P: solved with KKT right.
    #[test]
    fn degenerate_and_redundant(seed in 0_u64..100_000, n in 1_usize..8, m in 0_usize..3, p in 1_usize..8, rank in 0_usize..8) {
        let mut r = Random::new(seed);
        let (m, x) = (m.min(n), DVector::from_vec(r.normals(n)));
        let base = r.matrix(m, n);
        let combine = r.matrix(2, m);
        let a = DMatrix::from_fn(m + if m > 0 { 2 } else { 0 }, n, |i, j| {
            if i < m { base[(i, j)] } else { (combine.row(i - m) * base.column(j))[0] }
        });
        // Every row of G three times, all active at x, half of them with a multiplier.
        let core = r.matrix(p, n);
        let g = DMatrix::from_fn(3 * p, n, |i, j| core[(i / 3, j)] * [1.0, 2.0, 1.0][i % 3]);
        let nu: Vec<f64> = (0..p).map(|i| if i % 2 == 0 { r.uniform() } else { 0.0 }).collect();
        let h = hessian(&mut r, n, rank);
        let lambda = DVector::from_vec(r.normals(m));
        let q = -(&h * &x + base.transpose() * lambda + core.transpose() * DVector::from_vec(nu));
        let problem = Problem::new(n)
            .quadratic(Csc::upper_from_dense(&h), q.as_slice().to_vec())
            .equalities(Csc::from_dense(&a), (&a * &x).as_slice().to_vec())
            .inequalities(Csc::from_dense(&g), vec![-INF; 3 * p], (&g * &x).as_slice().to_vec());
        let optimum = problem.objective(x.as_slice());
        for method in methods() {
            let s = with(&problem, method);
            prop_assert_eq!(s.status, Status::Solved, "{:?} {:?}", method, s.notes);
            let size = s.lambda.iter().chain(&s.nu_upper).fold(10.0_f64, |m, y| m.max(y.abs()));
            let violation = kkt_violation(&problem, &s);
            prop_assert!(violation < 1e-8 * size, "{method:?} {violation:e}");
            prop_assert!((s.objective - optimum).abs() < 1e-7 * size, "{method:?} {} {optimum}", s.objective);
        }
    }

    /// One variable: the answer is in closed form.
    #[test]
    fn one_variable(p in prop::sample::select(vec![0.0, 0.5, 3.0]), q in -3.0_f64..3.0, lo in -2.0_f64..1.0, width in 0.0_f64..2.0, g in prop::sample::select(vec![-1.0, 0.0, 2.0]), end in -2.0_f64..2.0) {
        let problem = Problem::new(1)
            .quadratic(Csc::diagonal(&[p]), vec![q])
            .inequalities(Csc::from_triplets(1, 1, &[(0, 0, g)]).unwrap(), vec![-INF], vec![end])
            .bounds(vec![lo], vec![lo + width]);
        let (mut low, mut high) = (lo, lo + width);
        if g > 0.0 {
            high = high.min(end / g);
        } else if g < 0.0 {
            low = low.max(end / g);
        }
        let feasible = low <= high && (g != 0.0 || end >= 0.0);
        // Within rounding of the edge of feasibility either answer is right.
        prop_assume!((low - high).abs() > 1e-6);
        for method in methods() {
            let s = with(&problem, method);
            if feasible {
                let best = if p > 0.0 { -q / p } else { -q.signum() * INF };
                prop_assert_eq!(s.status, Status::Solved, "{:?}", method);
                prop_assert!((s.x[0] - best.clamp(low, high)).abs() < 1e-8, "{method:?} {}", s.x[0]);
            } else {
                check_infeasible(&problem, &s);
            }
        }
    }
}

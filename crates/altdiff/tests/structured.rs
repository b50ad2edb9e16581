//! Generators of the structures that interior-point methods find hard: constraints that are nearly dependent, dense
//! columns, many more rows than variables, and degenerate vertices. What is claimed is checked from scratch.

mod common;

use altdiff::{Cotangent, Csc, DerivativeOptions, Method, Problem, Settings, Solution, Solver, Status};
use common::{Random, kkt_violation};

const INF: f64 = f64::INFINITY;

fn check(name: &str, problem: &Problem) {
    let s = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(s.status, Status::Solved, "{name} {:?} {:?}", s.residuals, s.notes);
    let size =
        s.x.iter()
            .chain(&s.lambda)
            .chain(&s.nu_upper)
            .chain(&s.nu_lower)
            .fold(1.0_f64, |m, v| m.max(v.abs()));
    let violation = kkt_violation(problem, &s);
    assert!(violation < 1e-8 * size, "{name} {violation:e} of {size:e}");
}

/// The nearest sequence whose k-th differences are nonnegative, of values on [0, 1] and a wave (Li and Swetits 1993).
fn monotone(n: usize, k: usize, value: impl Fn(f64) -> f64) -> Problem {
    let columns = n + k;
    let q: Vec<f64> = (0..columns)
        .map(|i| -(value(i as f64 / (columns - 1) as f64) + 0.1 * (i as f64 + 1.0).sin()))
        .collect();
    let mut binomials = vec![1.0];
    for _ in 0..k {
        let next = |j: usize| {
            let before = if j > 0 { binomials[j - 1] } else { 0.0 };
            binomials.get(j).copied().unwrap_or(0.0) - before
        };
        binomials = (0..=binomials.len()).map(next).collect();
    }
    // Positive for the last value.
    let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    let g: Vec<_> =
        (0..n).flat_map(|i| binomials.iter().enumerate().map(move |(j, b)| (i, i + j, sign * b))).collect();
    Problem::new(columns).quadratic(Csc::diagonal(&vec![1.0; columns]), q).inequalities(
        Csc::from_triplets(n, columns, &g).unwrap(),
        vec![0.0; n],
        vec![INF; n],
    )
}

#[test]
fn monotone_sequences() {
    type Value = (&'static str, fn(f64) -> f64);
    let values: [Value; 5] = [
        ("root", f64::sqrt),
        ("inverse", |t| 1.0 / (0.1 + t)),
        ("cubes", |t| 10.0 * (t - 0.5).powi(3)),
        ("exponential", |t| (2.0 * t).exp()),
        ("kink", |t| if t < 0.3 { 1.0 - t } else { 0.7 + 2.0 * (t - 0.3) }),
    ];
    for (name, value) in values {
        for k in 1..=4 {
            check(&format!("{name} {k}"), &monotone(300, k, value));
        }
    }
}

#[test]
fn semi_infinite_constraints_on_a_grid() {
    // Least norm above a function at 1000 points: nearly all rows are nearly parallel to their neighbours.
    let (n, points) = (20, 1000);
    let mut g = Vec::new();
    for k in 0..points {
        let t = f64::from(k) / f64::from(points - 1);
        g.extend((0..n).map(|j| (k as usize, j as usize, t.powi(j))));
    }
    let least = (0..points).map(|k| (f64::from(k) / f64::from(points - 1)).tan()).collect();
    let columns = n as usize;
    let problem = Problem::new(columns)
        .quadratic(Csc::diagonal(&vec![1.0; columns]), (1..=n).map(|j| 1.0 / f64::from(j)).collect())
        .inequalities(
            Csc::from_triplets(points as usize, columns, &g).unwrap(),
            least,
            vec![INF; points as usize],
        );
    check("grid", &problem);
}

/// Assignment of n workers: a linear program whose every vertex is degenerate and whose rows are dependent.
fn assignment(seed: u64, n: usize, quadratic: f64) -> Problem {
    let mut r = Random::new(seed);
    let mut a = Vec::new();
    for i in 0..n {
        for j in 0..n {
            a.extend([(i, i * n + j, 1.0), (n + j, i * n + j, 1.0)]);
        }
    }
    let cost = (0..n * n).map(|_| (10.0 * r.uniform()).floor()).collect();
    Problem::new(n * n)
        .quadratic(Csc::diagonal(&vec![quadratic; n * n]), cost)
        .equalities(Csc::from_triplets(2 * n, n * n, &a).unwrap(), vec![1.0; 2 * n])
        .bounds(vec![0.0; n * n], vec![INF; n * n])
}

#[test]
fn degenerate_networks() {
    for seed in 0..3 {
        for quadratic in [0.0, 1e-6, 1.0] {
            check(&format!("assignment {seed} {quadratic}"), &assignment(seed, 15, quadratic));
        }
    }
}

#[test]
fn dense_columns_and_rows() {
    // One variable in every row, one row over all variables: an arrow both ways.
    let mut r = Random::new(3);
    let n = 400;
    let mut g: Vec<_> = (0..n - 1).flat_map(|i| [(i, i, 1.0), (i, n - 1, 0.5)]).collect();
    g.extend((0..n).map(|j| (n - 1, j, 1.0)));
    let problem = Problem::new(n)
        .quadratic(
            Csc::diagonal(&(0..n).map(|i| 10_f64.powi(i as i32 % 7 - 3)).collect::<Vec<_>>()),
            r.normals(n),
        )
        .inequalities(Csc::from_triplets(n, n, &g).unwrap(), vec![-1.0; n], vec![1.0; n])
        .bounds(vec![-2.0; n], vec![0.3; n]);
    check("arrow", &problem);
}

#[test]
fn what_takes_over_is_said() {
    // First-order steps crawl here; the method that was asked for hands over, and the notes say so.
    let problem = monotone(60, 4, f64::sqrt);
    let settings = Settings { method: Method::Alternating, ..Settings::default() };
    let s = Solver::new(&problem, settings).unwrap().solve(&problem, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    let handed = s.method != Method::Alternating;
    assert_eq!(handed, s.notes.iter().any(|n| n.starts_with("alternating: not converged")), "{:?}", s.notes);
}

/// A double integrator that is steered to rest by bounded inputs within so many steps, from an initial state: variables
/// (position, speed, input) of every step.
fn steering(steps: usize, state: [f64; 2]) -> Problem {
    let n = 3 * steps;
    let diagonal: Vec<_> = (0..n).map(|i| (i, i, if i % 3 == 2 { 0.1 } else { 1.0 })).collect();
    let mut dynamics = vec![(0, 0, 1.0), (1, 1, 1.0)];
    for k in 1..steps {
        let (row, now, before) = (2 * k, 3 * k, 3 * (k - 1));
        dynamics.extend([(row, now, 1.0), (row, before, -1.0), (row, before + 1, -0.2)]);
        dynamics.extend([(row + 1, now + 1, 1.0), (row + 1, before + 1, -1.0), (row + 1, before + 2, -0.2)]);
    }
    let mut b = vec![0.0; 2 * steps];
    b[..2].copy_from_slice(&state);
    let bound = |sign: f64| (0..n).map(|i| if i % 3 == 2 { sign } else { sign * INF }).collect();
    Problem::new(n)
        .quadratic(Csc::from_triplets(n, n, &diagonal).unwrap(), vec![0.0; n])
        .equalities(Csc::from_triplets(2 * steps, n, &dynamics).unwrap(), b)
        .bounds(bound(-1.0), bound(1.0))
}

#[test]
fn what_a_solver_solved_before_changes_no_bit() {
    let states = [[2.0, 0.0], [2.001, 0.0], [2.0, 0.5], [-1.0, 0.3], [-1.001, 0.3], [0.1, 0.0], [2.0, 0.0]];
    let shared = Solver::new(&steering(40, states[0]), Settings::default()).unwrap();
    let mut last: Option<Solution> = None;
    let mut unchanged = 0;
    for state in states {
        let problem = steering(40, state);
        let start = last.as_ref().map(Solution::warm_start);
        let alone = Solver::new(&problem, Settings::default()).unwrap();
        let (kept, fresh) =
            (shared.solve(&problem, start.as_ref()).unwrap(), alone.solve(&problem, start.as_ref()).unwrap());
        assert_eq!((kept.status, &kept.x, &kept.lambda), (fresh.status, &fresh.x, &fresh.lambda));
        assert_eq!((&kept.mu_lower, &kept.mu_upper), (&fresh.mu_lower, &fresh.mu_upper));
        let gradient = |s: &Solution| {
            s.vjp(&Cotangent::x(vec![1.0; problem.q.len()]), &DerivativeOptions::default()).unwrap()
        };
        assert_eq!(gradient(&kept), gradient(&fresh));
        assert!(kkt_violation(&problem, &kept) < 1e-12);
        unchanged += usize::from(last.is_some_and(|last| last.active_set() == kept.active_set()));
        last = Some(kept);
    }
    assert!((1..states.len() - 1).contains(&unchanged), "{unchanged}: both kinds of steps are to be seen");
}

//! What a presolve would take out changes nothing: fixed variables, empty rows, rows without ends, rows of one variable
//! and duplicate or dependent rows leave the solution, its multipliers and its derivatives as they are.

mod common;

use altdiff::{Cotangent, Csc, DerivativeOptions, Problem, Settings, Solution, Solver, Status};
use common::{Random, kkt_violation};

const INF: f64 = f64::INFINITY;

/// A chain of n variables with flows between neighbours, sparse enough for the sparse factorization.
struct Base {
    p: Vec<(usize, usize, f64)>,
    q: Vec<f64>,
    a: Vec<(usize, usize, f64)>,
    b: Vec<f64>,
    g: Vec<(usize, usize, f64)>,
    gu: Vec<f64>,
    lo: Vec<f64>,
}

fn base(seed: u64, n: usize) -> Base {
    let mut r = Random::new(seed);
    let (mut p, mut a, mut g) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        p.push((i, i, 2.0 + r.uniform()));
        if i > 0 {
            p.push((i - 1, i, r.uniform() - 0.5));
        }
    }
    let rows = n / 5;
    for k in 0..rows {
        a.extend((0..3).map(|i| (k, 5 * k + i, 1.0 + r.uniform())));
        g.extend((0..4).map(|i| (k, (5 * k + 2 * i) % n, r.normal())));
    }
    Base {
        p,
        q: r.normals(n),
        a,
        b: (0..rows).map(|_| r.uniform()).collect(),
        g,
        gu: (0..rows).map(|_| 0.1 * r.uniform()).collect(),
        lo: vec![-0.5; n],
    }
}

impl Base {
    fn problem(&self) -> Problem {
        let (n, me, mi) = (self.q.len(), self.b.len(), self.gu.len());
        Problem::new(n)
            .quadratic(Csc::from_triplets(n, n, &self.p).unwrap(), self.q.clone())
            .equalities(Csc::from_triplets(me, n, &self.a).unwrap(), self.b.clone())
            .inequalities(Csc::from_triplets(mi, n, &self.g).unwrap(), vec![-INF; mi], self.gu.clone())
            .bounds(self.lo.clone(), vec![INF; n])
    }

    /// The same with all that is redundant: three fixed variables that other constraints see, rows of one variable for
    /// bounds, every third row again in other units, the sum of two rows, empty rows, and rows without ends.
    fn padded(&self) -> Problem {
        let (n, me, mi) = (self.q.len(), self.b.len(), self.gu.len());
        let (mut p, mut q, mut a, mut b) = (self.p.clone(), self.q.clone(), self.a.clone(), self.b.clone());
        let (mut g, mut gu, mut lo) = (self.g.clone(), self.gu.clone(), self.lo.clone());
        let mut gl = vec![-INF; mi];
        let mut hi = vec![INF; n];
        for (k, value) in [0.5, -1.0, 2.0].into_iter().enumerate() {
            let j = n + k;
            p.push((j, j, 1.0));
            // Its terms are made up for on the right, and in the cost.
            p.push((k, j, 0.25));
            q[k] -= 0.25 * value;
            q.push(1.0);
            a.push((k, j, 1.5));
            b[k] += 1.5 * value;
            g.push((k, j, -2.0));
            gu[k] -= 2.0 * value;
            lo.push(value);
            hi.push(value);
        }
        let (a0, b0) = (a.clone(), b.clone());
        for k in (0..me).step_by(3) {
            let scale = [-3.0, 0.5][k % 2];
            a.extend(a0.iter().filter(|e| e.0 == k).map(|&(_, j, v)| (b.len(), j, scale * v)));
            b.push(scale * b0[k]);
        }
        a.extend(a0.iter().filter(|e| e.0 < 2).map(|&(_, j, v)| (b.len(), j, v)));
        b.push(b0[0] + b0[1]);
        b.push(0.0); // an empty row
        for j in 0..n / 4 {
            // A bound as a row; the variable itself is free.
            g.push((gu.len(), j, -2.0));
            gu.push(-2.0 * lo[j]);
            gl.push(-INF);
            lo[j] = -INF;
        }
        // An empty row, and one without ends.
        gu.extend([1.0, INF]);
        gl.extend([-1.0, -INF]);
        g.push((gu.len() - 1, 0, 1.0));
        let n = n + 3;
        Problem::new(n)
            .quadratic(Csc::from_triplets(n, n, &p).unwrap(), q)
            .equalities(Csc::from_triplets(b.len(), n, &a).unwrap(), b)
            .inequalities(Csc::from_triplets(gu.len(), n, &g).unwrap(), gl, gu)
            .bounds(lo, hi)
    }
}

fn solve(problem: &Problem) -> Solution {
    let s = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(s.status, Status::Solved, "{:?}", s.notes);
    assert!(s.finished);
    s
}

fn close(a: &[f64], b: &[f64], what: &str) {
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() < 1e-8 * (1.0 + b.abs()), "{what}[{i}]: {a} {b}");
    }
}

#[test]
fn what_is_redundant_changes_nothing() {
    for seed in 0..5 {
        let n = 120;
        let plain = base(seed, n);
        let (clean, padded) = (plain.problem(), plain.padded());
        let (s, t) = (solve(&clean), solve(&padded));
        close(&t.x[..n], &s.x, "x");
        close(&t.x[n..], &[0.5, -1.0, 2.0], "fixed");
        // Every multiplier satisfies the conditions of the problem as it was given.
        assert!(kkt_violation(&padded, &t) < 1e-9, "{seed}: {:e}", kkt_violation(&padded, &t));
        let mi = plain.gu.len();
        close(&t.nu_upper[..mi], &s.nu_upper, "nu");
        close(&t.mu_lower[n / 4..n], &s.mu_lower[n / 4..], "mu");
        // The rows for bounds have the bounds' multipliers, in their units.
        let bounds: Vec<f64> = t.nu_upper[mi..mi + n / 4].iter().map(|v| 2.0 * v).collect();
        close(&bounds, &s.mu_lower[..n / 4], "bounds as rows");
        // Duplicates share a multiplier: together they pull as the row did alone.
        let me = plain.b.len();
        let mut pull = t.lambda[..me].to_vec();
        for (copy, k) in (0..me).step_by(3).enumerate() {
            pull[k] += [-3.0, 0.5][k % 2] * t.lambda[me + copy];
        }
        let sum = t.lambda[me + me.div_ceil(3)];
        pull[0] += sum;
        pull[1] += sum;
        close(&pull, &s.lambda, "lambda");

        // The gradient by data that keep the rows consistent is that of the plain problem.
        let mut r = Random::new(seed + 100);
        let weights = r.normals(n);
        let mut padded_weights = weights.clone();
        padded_weights.extend([0.0; 3]);
        let options = DerivativeOptions::default();
        let by_plain = s.vjp(&Cotangent::x(weights), &options).unwrap();
        let by_padded = t.vjp(&Cotangent::x(padded_weights), &options).unwrap();
        assert!(by_padded.residual < 1e-9, "{:e}", by_padded.residual);
        close(&by_padded.q[..n], &by_plain.q, "dq");
        close(&by_padded.gu[..mi], &by_plain.gu, "dgu");
        close(&by_padded.lo[n / 4..n], &by_plain.lo[n / 4..], "dlo");
        let bounds: Vec<f64> = by_padded.gu[mi..mi + n / 4].iter().map(|v| -2.0 * v).collect();
        close(&bounds, &by_plain.lo[..n / 4], "dlo by rows");
    }
}

#[test]
fn inconsistent_copies_are_infeasible() {
    let plain = base(7, 60);
    let mut padded = plain.padded();
    let copy = plain.b.len() + 1;
    padded.b[copy] += 0.1;
    let s = Solver::new(&padded, Settings::default()).unwrap().solve(&padded, None).unwrap();
    assert_eq!(s.status, Status::Infeasible, "{:?}", s.notes);
    assert!(s.certificate.is_some());
    let mut empty = plain.padded();
    let last = empty.b.len() - 1;
    empty.b[last] = 1.0;
    let s = Solver::new(&empty, Settings::default()).unwrap().solve(&empty, None).unwrap();
    assert_eq!(s.status, Status::Infeasible, "{:?}", s.notes);
}

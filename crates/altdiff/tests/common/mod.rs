//! Random problems and independent checks shared by the tests.
#![allow(dead_code, unreachable_pub)]

pub mod integer;

use altdiff::{
    Certificate, Cotangent, Csc, Function, Method, Problem, Settings, SmoothTerm, Solution, Solver, Status,
    Tangent,
};
use nalgebra::{DMatrix, DVector};

/// Random problems of each kind in a test: `ordinary`, or what the environment asks for.
pub fn cases<N: std::str::FromStr>(ordinary: N) -> N {
    std::env::var("ALTDIFF_CASES").ok().and_then(|v| v.parse().ok()).unwrap_or(ordinary)
}

/// The solution by a method.
pub fn by(problem: &Problem, method: Method) -> Solution {
    let settings = Settings { method, ..Settings::default() };
    Solver::new(problem, settings).unwrap().solve(problem, None).unwrap()
}

/// Entries agree to a tolerance relative to the largest, or to 1.
pub fn close(what: &str, a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len(), "{what}");
    let size = b.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * size, "{what}[{i}]: {a:e} and {b:e}");
    }
}

/// A small deterministic generator (xorshift), uniform and roughly normal numbers.
pub struct Random(pub u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    pub fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }

    pub fn matrix(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |_, _| self.normal())
    }
}

/// A strictly convex problem with a feasible point, two-sided rows, bounds on some variables.
pub fn random_problem(seed: u64, n: usize, m: usize, p: usize) -> Problem {
    let mut r = Random::new(seed);
    let root = r.matrix(n, n);
    let hessian = root.transpose() * &root / n as f64 + DMatrix::identity(n, n) * 0.1;
    let (a, g) = (r.matrix(m, n), r.matrix(p, n));
    let x0 = DVector::from_vec(r.normals(n));
    let (ax, gx) = (&a * &x0, &g * &x0);
    let mut gl = vec![f64::NEG_INFINITY; p];
    let mut gu = vec![f64::INFINITY; p];
    for i in 0..p {
        if i % 3 != 1 {
            gu[i] = gx[i] + 0.2 * r.uniform();
        }
        if i % 3 != 0 {
            gl[i] = gx[i] - 0.2 * r.uniform();
        }
    }
    let mut lo = vec![f64::NEG_INFINITY; n];
    let mut hi = vec![f64::INFINITY; n];
    for i in 0..n {
        match i % 4 {
            0 => lo[i] = x0[i] - 0.3 * r.uniform(),
            1 => hi[i] = x0[i] + 0.3 * r.uniform(),
            2 => (lo[i], hi[i]) = (x0[i] - 0.3 * r.uniform(), x0[i] + 0.3 * r.uniform()),
            _ => {}
        }
    }
    Problem::new(n)
        .quadratic(Csc::upper_from_dense(&hessian), r.normals(n).iter().map(|v| 3.0 * v).collect())
        .equalities(Csc::from_dense(&a), ax.as_slice().to_vec())
        .inequalities(Csc::from_dense(&g), gl, gu)
        .bounds(lo, hi)
}

/// The largest violation of any KKT condition, computed from scratch with dense matrices.
pub fn kkt_violation(problem: &Problem, s: &Solution) -> f64 {
    let n = problem.variables();
    let upper = problem.p.to_dense();
    let x = DVector::from_column_slice(&s.x);
    let v = |a: &[f64]| DVector::from_column_slice(a);
    let full = DMatrix::from_fn(n, n, |i, j| if i <= j { upper[(i, j)] } else { upper[(j, i)] });
    let (a, g) = (problem.a.to_dense(), problem.g.to_dense());
    let stationarity = full * &x
        + v(&problem.q)
        + a.transpose() * v(&s.lambda)
        + g.transpose() * (v(&s.nu_upper) - v(&s.nu_lower))
        + v(&s.mu_upper)
        - v(&s.mu_lower);
    let mut worst = stationarity.amax();
    if !problem.b.is_empty() {
        worst = worst.max((a * &x - v(&problem.b)).amax());
    }
    let gx = g * &x;
    let mut side = |value: f64, l: f64, u: f64, yl: f64, yu: f64| {
        worst = worst.max(value - u).max(l - value).max(-yl).max(-yu);
        // Complementarity; an absent end admits no multiplier.
        worst = worst.max(if u.is_finite() { (yu * (u - value)).abs() } else { yu.abs() });
        worst = worst.max(if l.is_finite() { (yl * (value - l)).abs() } else { yl.abs() });
    };
    for i in 0..gx.len() {
        side(gx[i], problem.gl[i], problem.gu[i], s.nu_lower[i], s.nu_upper[i]);
    }
    for i in 0..n {
        side(x[i], problem.lo[i], problem.hi[i], s.mu_lower[i], s.mu_upper[i]);
    }
    worst
}

/// A random direction of all data.
pub fn random_tangent(problem: &Problem, r: &mut Random) -> Tangent {
    let mut t = Tangent::zeros(problem);
    for block in
        [&mut t.p, &mut t.q, &mut t.a, &mut t.b, &mut t.g, &mut t.gl, &mut t.gu, &mut t.lo, &mut t.hi]
    {
        for v in block.iter_mut() {
            *v = r.normal();
        }
    }
    t
}

/// A random cotangent of all outputs.
pub fn random_cotangent(problem: &Problem, r: &mut Random) -> Cotangent {
    let (n, m, p) = (problem.variables(), problem.b.len(), problem.gl.len());
    Cotangent {
        x: r.normals(n),
        lambda: r.normals(m),
        nu_lower: r.normals(p),
        nu_upper: r.normals(p),
        mu_lower: r.normals(n),
        mu_upper: r.normals(n),
    }
}

/// The problem with its data moved along a direction.
pub fn moved(problem: &Problem, t: &Tangent, step: f64) -> Problem {
    let mut p = problem.clone();
    let add = |v: &mut [f64], d: &[f64]| {
        for (v, d) in v.iter_mut().zip(d) {
            *v += step * d;
        }
    };
    add(&mut p.p.values, &t.p);
    add(&mut p.q, &t.q);
    add(&mut p.a.values, &t.a);
    add(&mut p.b, &t.b);
    add(&mut p.g.values, &t.g);
    add(&mut p.gl, &t.gl);
    add(&mut p.gu, &t.gu);
    add(&mut p.lo, &t.lo);
    add(&mut p.hi, &t.hi);
    add(&mut p.w, &t.w);
    p
}

/// Each function of the variable at its place.
pub fn terms(functions: &[Function]) -> Vec<SmoothTerm> {
    functions.iter().enumerate().map(|(column, &function)| SmoothTerm { function, column }).collect()
}

/// A matrix of one row.
pub fn row(values: &[f64]) -> Csc {
    let triplets: Vec<_> = values.iter().enumerate().map(|(j, v)| (0, j, *v)).collect();
    Csc::from_triplets(1, values.len(), &triplets).unwrap()
}

/// Checks a proof of infeasibility with dense arithmetic.
pub fn check_infeasible(problem: &Problem, s: &Solution) {
    assert_eq!(s.status, Status::Infeasible);
    let Some(Certificate::Infeasible { lambda, nu_lower, nu_upper, mu_lower, mu_upper }) = &s.certificate
    else {
        panic!("no certificate");
    };
    let v = |a: &[f64]| DVector::from_column_slice(a);
    let sum = problem.a.to_dense().transpose() * v(lambda)
        + problem.g.to_dense().transpose() * (v(nu_upper) - v(nu_lower))
        + v(mu_upper)
        - v(mu_lower);
    let part = |y: &[f64], end: &[f64]| -> f64 {
        y.iter().zip(end).filter(|(y, _)| **y != 0.0).map(|(y, e)| y * e).sum()
    };
    let value = part(lambda, &problem.b) + part(nu_upper, &problem.gu) - part(nu_lower, &problem.gl)
        + part(mu_upper, &problem.hi)
        - part(mu_lower, &problem.lo);
    assert!(value < 0.0, "{value}");
    // What cancels, cancels to rounding of its terms.
    let terms = problem.a.iter().chain(problem.g.iter()).fold(1.0_f64, |m, (_, _, v)| m.max(v.abs()));
    assert!(sum.is_empty() || sum.amax() <= 1e-9 * terms, "{sum}");
    let all = [lambda, nu_lower, nu_upper, mu_lower, mu_upper];
    let largest = all.iter().flat_map(|v| v.iter()).fold(0.0_f64, |m, x| m.max(x.abs()));
    assert!((largest - 1.0).abs() < 1e-12);
    assert!(all[1..].iter().flat_map(|v| v.iter()).all(|x| *x >= 0.0));
}

/// Checks a proof of unboundedness with dense arithmetic.
pub fn check_unbounded(problem: &Problem, s: &Solution) {
    assert_eq!(s.status, Status::Unbounded);
    let Some(Certificate::Unbounded { direction, point }) = &s.certificate else { panic!("no certificate") };
    let d = DVector::from_column_slice(direction);
    assert!((d.amax() - 1.0).abs() < 1e-12);
    let pd = problem.p.mul_symmetric_vec(direction);
    let terms = problem.p.values.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    assert!(pd.iter().all(|v| v.abs() < 1e-9 * terms), "{pd:?}");
    assert!(problem.a.mul_vec(direction).iter().all(|v| v.abs() < 1e-9));
    for (i, v) in problem.g.mul_vec(direction).iter().enumerate() {
        assert!(problem.gu[i] == f64::INFINITY || *v < 1e-9);
        assert!(problem.gl[i] == -f64::INFINITY || *v > -1e-9);
    }
    for (i, v) in direction.iter().enumerate() {
        assert!(problem.hi[i] == f64::INFINITY || *v <= 0.0);
        assert!(problem.lo[i] == -f64::INFINITY || *v >= 0.0);
    }
    let fall: f64 = problem.q.iter().zip(direction).map(|(q, d)| q * d).sum();
    assert!(fall < 0.0);
    for (v, b) in problem.a.mul_vec(point).iter().zip(&problem.b) {
        assert!((v - b).abs() < 1e-8);
    }
    for (i, v) in problem.g.mul_vec(point).iter().enumerate() {
        assert!(*v < problem.gu[i] + 1e-8 && *v > problem.gl[i] - 1e-8);
    }
    for (i, v) in point.iter().enumerate() {
        assert!(*v <= problem.hi[i] + 1e-8 && *v >= problem.lo[i] - 1e-8);
    }
}

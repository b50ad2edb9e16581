//! Problems of whole numbers whose solutions, multipliers and derivatives are known exactly, over all kinds of
//! structure, by every method and route.

mod common;

use altdiff::{
    Clarabel, Control, Cotangent, Gradient, Method, Problem, Route, Settings, Solution, SolutionTangent,
    Solver, Status, Tangent,
};
use common::integer::{Kinds, Known, Stand};
use common::{Random, cases, random_cotangent, random_tangent};
use nalgebra::{DMatrix, DVector};

const METHODS: [Option<Method>; 5] =
    [Some(Method::Auto), Some(Method::Alternating), Some(Method::ActiveSet), Some(Method::Interior), None];

/// By a method, or by the outside solver.
fn solve(problem: &Problem, method: Option<Method>) -> Solution {
    let settings = Settings { method: method.unwrap_or_default(), ..Settings::default() };
    let solver = Solver::new(problem, settings).unwrap();
    match method {
        Some(_) => solver.solve(problem, None).unwrap(),
        None => solver.solve_by(&mut Clarabel::default(), problem, &mut |_| Control::Continue).unwrap(),
    }
}

/// The solution of `K (a, b) = −(u, v)` on the strongly active set, before scaling.
struct System {
    condition: f64,
    lu: nalgebra::LU<f64, nalgebra::Dyn, nalgebra::Dyn>,
    active: Vec<usize>,
    n: usize,
}

impl System {
    fn new(known: &Known) -> Self {
        let (n, m) = (known.n(), known.rows.len());
        let on = |s: Stand| matches!(s, Stand::Equal | Stand::Strong);
        let active: Vec<usize> = (0..m)
            .filter(|&i| on(known.rows[i]))
            .chain((0..n).filter(|&i| on(known.vars[i])).map(|i| m + i))
            .collect();
        let normals = known.normals(on);
        let k = active.len();
        let matrix = DMatrix::from_fn(n + k, n + k, |i, j| match (i < n, j < n) {
            (true, true) => known.p[(i, j)],
            (false, true) => normals[(i - n, j)],
            (true, false) => normals[(j - n, i)],
            (false, false) => 0.0,
        });
        let condition = if matrix.is_empty() {
            1.0
        } else {
            let values = matrix.clone().svd(false, false).singular_values;
            values.max() / values.min()
        };
        Self { condition, lu: matrix.lu(), active, n }
    }

    /// Solves in the user's units for (x, all rows, all bounds).
    fn solve(&self, known: &Known, x: &[f64], y: &[f64], z: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let (n, m) = (self.n, y.len());
        let mut rhs = DVector::zeros(n + self.active.len());
        for i in 0..n {
            rhs[i] = known.d[i] * x[i] / known.c;
        }
        for (k, &i) in self.active.iter().enumerate() {
            rhs[n + k] = if i < m { y[i] / known.e[i] } else { z[i - m] / known.d[i - m] };
        }
        let s = if rhs.is_empty() { rhs } else { self.lu.solve(&rhs).expect("regular") };
        let (mut dy, mut dz) = (vec![0.0; m], vec![0.0; n]);
        for (k, &i) in self.active.iter().enumerate() {
            if i < m {
                dy[i] = known.c * s[n + k] / known.e[i];
            } else {
                dz[i - m] = known.c * s[n + k] / known.d[i - m];
            }
        }
        ((0..n).map(|i| known.d[i] * s[i]).collect(), dy, dz)
    }
}

struct Expected {
    condition: f64,
    gradient: Gradient,
    tangent: SolutionTangent,
}

/// The derivatives with weakly active constraints taken as inactive.
fn expected(known: &Known, v: &Cotangent, t: &Tangent) -> Expected {
    let p = &known.problem;
    let system = System::new(known);
    let (n, m, k) = (known.n(), p.b.len(), p.gl.len());
    let sign = |multiplier: f64, lower: f64, upper: f64| if multiplier < 0.0 { -lower } else { upper };
    let vy: Vec<f64> = (0..m + k)
        .map(|i| if i < m { v.lambda[i] } else { sign(known.y[i], v.nu_lower[i - m], v.nu_upper[i - m]) })
        .collect();
    let vz: Vec<f64> = (0..n).map(|i| sign(known.z[i], v.mu_lower[i], v.mu_upper[i])).collect();
    let (dx, dy, dz) = system.solve(known, &v.x, &vy, &vz);
    let (dx, dy, dz): (Vec<f64>, Vec<f64>, Vec<f64>) =
        (dx.iter().map(|v| -v).collect(), dy.iter().map(|v| -v).collect(), dz.iter().map(|v| -v).collect());
    let part = |d: &[f64], y: &[f64], stands: &[Stand], lower: bool| -> Vec<f64> {
        (0..d.len())
            .map(|i| {
                let on = matches!(stands[i], Stand::Equal | Stand::Strong);
                if on && (y[i] < 0.0) == lower { -d[i] } else { 0.0 }
            })
            .collect()
    };
    let outer = |row: usize, j: usize| dy[row] * known.x[j] + known.y[row] * dx[j];
    let gradient = Gradient {
        p: p.p
            .iter()
            .map(
                |(i, j, _)| if i == j { dx[i] * known.x[i] } else { dx[i] * known.x[j] + dx[j] * known.x[i] },
            )
            .collect(),
        q: dx.clone(),
        a: p.a.iter().map(|(i, j, _)| outer(i, j)).collect(),
        b: dy[..m].iter().map(|v| -v).collect(),
        g: p.g.iter().map(|(i, j, _)| outer(m + i, j)).collect(),
        gl: part(&dy[m..], &known.y[m..], &known.rows[m..], true),
        gu: part(&dy[m..], &known.y[m..], &known.rows[m..], false),
        lo: part(&dz, &known.z, &known.vars, true),
        hi: part(&dz, &known.z, &known.vars, false),
        ..Gradient::default()
    };
    // Forward.
    let mut rx: Vec<f64> = t.q.iter().map(|v| -v).collect();
    for ((i, j, _), d) in p.p.iter().zip(&t.p) {
        rx[i] -= d * known.x[j];
        if i != j {
            rx[j] -= d * known.x[i];
        }
    }
    let mut ry = vec![0.0; m + k];
    for ((i, j, _), d) in p.a.iter().zip(&t.a) {
        rx[j] -= d * known.y[i];
        ry[i] -= d * known.x[j];
    }
    for ((i, j, _), d) in p.g.iter().zip(&t.g) {
        rx[j] -= d * known.y[m + i];
        ry[m + i] -= d * known.x[j];
    }
    for i in 0..m + k {
        ry[i] += if i < m {
            t.b[i]
        } else {
            let (l, u) = (t.gl[i - m], t.gu[i - m]);
            if known.y[i] < 0.0 { l } else { u }
        };
    }
    let rz: Vec<f64> = (0..n).map(|i| if known.z[i] < 0.0 { t.lo[i] } else { t.hi[i] }).collect();
    let (mx, my, mz) = system.solve(known, &rx, &ry, &rz);
    let signed = |d: &[f64], y: &[f64], lower: bool| -> Vec<f64> {
        (0..d.len())
            .map(|i| if (y[i] < 0.0) == lower { if lower { -d[i] } else { d[i] } } else { 0.0 })
            .collect()
    };
    let tangent = SolutionTangent {
        lambda: my[..m].to_vec(),
        nu_lower: signed(&my[m..], &known.y[m..], true),
        nu_upper: signed(&my[m..], &known.y[m..], false),
        mu_lower: signed(&mz, &known.z, true),
        mu_upper: signed(&mz, &known.z, false),
        x: mx,
        ..SolutionTangent::default()
    };
    Expected { condition: system.condition, gradient, tangent }
}

/// The largest difference of two vectors, relative to the larger of 1 and the largest entry, after scaling.
fn apart(found: &[f64], expected: &[f64], scale: impl Fn(usize) -> f64) -> f64 {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().enumerate().fold(1.0_f64, |m, (i, v)| m.max((v / scale(i)).abs()));
    found.iter().zip(expected).enumerate().fold(0.0_f64, |m, (i, (a, b))| {
        let d = ((a - b) / scale(i)).abs() / size;
        if d.is_nan() { f64::INFINITY } else { m.max(d) }
    })
}

fn check(seed: u64, most: usize, kinds: Kinds, failures: &mut Vec<String>) {
    let known = Known::new(seed, most, kinds);
    let problem = &known.problem;
    let (n, m) = (known.n(), problem.b.len());
    let objective = problem.objective(&known.x);
    let unique = known.unique() == Some(true);
    let duals = unique && known.multipliers_unique();
    let regular = unique && known.independent();
    let mut r = Random::new(seed + 7);
    let (mut v, mut t) = (random_cotangent(problem, &mut r), random_tangent(problem, &mut r));
    // In the problem's own units.
    let (d, e, c) = (&known.d, &known.e, known.c);
    for i in 0..n {
        v.x[i] /= d[i];
        v.mu_lower[i] *= d[i] / c;
        v.mu_upper[i] *= d[i] / c;
        t.q[i] *= c / d[i];
        t.lo[i] *= d[i];
        t.hi[i] *= d[i];
    }
    for i in 0..problem.gl.len() {
        v.nu_lower[i] *= e[m + i] / c;
        v.nu_upper[i] *= e[m + i] / c;
        t.gl[i] *= e[m + i];
        t.gu[i] *= e[m + i];
    }
    for i in 0..m {
        v.lambda[i] *= e[i] / c;
        t.b[i] *= e[i];
    }
    for ((i, j, _), t) in problem.p.iter().zip(&mut t.p) {
        *t *= c / (d[i] * d[j]);
    }
    for ((i, j, _), t) in problem.a.iter().zip(&mut t.a) {
        *t *= e[i] / d[j];
    }
    for ((i, j, _), t) in problem.g.iter().zip(&mut t.g) {
        *t *= e[m + i] / d[j];
    }
    if !known.multipliers_unique() {
        for b in [&mut v.lambda, &mut v.nu_lower, &mut v.nu_upper, &mut v.mu_lower, &mut v.mu_upper] {
            b.fill(0.0);
        }
    }
    let wanted = regular.then(|| expected(&known, &v, &t));
    // Errors of the best a solve can do: rounding, times the condition of what it solves. Residuals are relative to the
    // largest term, so what scales badly is seen less sharply.
    let condition = wanted.as_ref().map_or(1e6, |w| w.condition);
    let blur = if kinds.scale > 0 { 1e3 } else { 1.0 };
    let (exact, near) = (blur * (1e-13 * condition).max(1e-9), blur * (1e-12 * condition).max(1e-8));
    for method in METHODS {
        let mut fail = |what: String| failures.push(format!("{seed} {most} {method:?}: {what}"));
        let s = solve(problem, method);
        if s.status != Status::Solved {
            fail(format!("{} {:?} {:?}", s.status, s.residuals, s.notes));
            continue;
        }
        if !s.finished {
            fail(format!("unfinished {:?}", s.notes));
        }
        let terms: f64 = (0..n).map(|i| (problem.q[i] * known.x[i]).abs()).fold(1.0, f64::max);
        let error = (s.objective - objective).abs() / terms.max(objective.abs());
        if beyond(error, blur * 1e-9) {
            fail(format!("objective {} not {objective}", s.objective));
        }
        if unique {
            let error = apart(&s.x, &known.x, |i| d[i]);
            if beyond(error, exact) {
                fail(format!(
                    "condition {condition:.1e} x off by {error:e} finished {} {:?}",
                    s.finished, s.notes
                ));
            }
        }
        if duals {
            let of = |y: &[f64], lower: bool| -> Vec<f64> {
                y.iter().map(|y| if lower { (-y).max(0.0) } else { y.max(0.0) }).collect()
            };
            let error = apart(&s.lambda, &known.y[..m], |i| c / e[i])
                .max(apart(&s.nu_lower, &of(&known.y[m..], true), |i| c / e[m + i]))
                .max(apart(&s.nu_upper, &of(&known.y[m..], false), |i| c / e[m + i]))
                .max(apart(&s.mu_lower, &of(&known.z, true), |i| c / d[i]))
                .max(apart(&s.mu_upper, &of(&known.z, false), |i| c / d[i]));
            if beyond(error, near) {
                fail(format!("multipliers off by {error:e} finished {}", s.finished));
            }
        }
        let Some(wanted) = &wanted else { continue };
        let degeneracy = s.degeneracy().unwrap();
        if duals {
            let weak = known.rows.iter().chain(&known.vars).filter(|s| **s == Stand::Weak).count();
            if degeneracy.weakly_active.len() != weak {
                fail(format!("{weak} weak, found {:?}", degeneracy.weakly_active));
            }
            if !degeneracy.dependent.is_empty() || !degeneracy.not_unique.is_empty() || !degeneracy.proved {
                fail(format!("{degeneracy:?}"));
            }
        }
        for route in [Route::ReducedKkt, Route::Alternating, Route::Bpqp] {
            let gradient = match s.vjp(&v, &route.into()) {
                Ok(gradient) => gradient,
                // Dependent rows can keep the recursion from settling, which it says.
                Err(_) if route == Route::Alternating && !duals => continue,
                Err(error) => {
                    fail(format!("{route:?} {error}"));
                    continue;
                }
            };
            // Data may move dependent constraints apart.
            if !duals {
                continue;
            }
            let tangent = match s.jvp(&t, &route.into()) {
                Ok(tangent) => tangent,
                Err(error) => {
                    fail(format!("{route:?} {error}"));
                    continue;
                }
            };
            let (w, u) = (&wanted.gradient, &wanted.tangent);
            let p_at: Vec<(usize, usize)> = problem.p.iter().map(|(i, j, _)| (i, j)).collect();
            let a_at: Vec<(usize, usize)> = problem.a.iter().map(|(i, j, _)| (i, j)).collect();
            let g_at: Vec<(usize, usize)> = problem.g.iter().map(|(i, j, _)| (i, j)).collect();
            let errors = [
                ("p", apart(&gradient.p, &w.p, |k| d[p_at[k].0] * d[p_at[k].1] / c)),
                ("q", apart(&gradient.q, &w.q, |i| d[i] / c)),
                ("a", apart(&gradient.a, &w.a, |k| d[a_at[k].1] / e[a_at[k].0])),
                ("b", apart(&gradient.b, &w.b, |i| 1.0 / e[i])),
                ("g", apart(&gradient.g, &w.g, |k| d[g_at[k].1] / e[m + g_at[k].0])),
                ("gl", apart(&gradient.gl, &w.gl, |i| 1.0 / e[m + i])),
                ("gu", apart(&gradient.gu, &w.gu, |i| 1.0 / e[m + i])),
                ("lo", apart(&gradient.lo, &w.lo, |i| 1.0 / d[i])),
                ("hi", apart(&gradient.hi, &w.hi, |i| 1.0 / d[i])),
                ("ẋ", apart(&tangent.x, &u.x, |i| d[i])),
                ("λ̇", apart(&tangent.lambda, &u.lambda, |i| c / e[i])),
                ("ν̇l", apart(&tangent.nu_lower, &u.nu_lower, |i| c / e[m + i])),
                ("ν̇u", apart(&tangent.nu_upper, &u.nu_upper, |i| c / e[m + i])),
                ("μ̇l", apart(&tangent.mu_lower, &u.mu_lower, |i| c / d[i])),
                ("μ̇u", apart(&tangent.mu_upper, &u.mu_upper, |i| c / d[i])),
            ];
            for (what, error) in errors {
                if beyond(error, near) {
                    fail(format!("{condition:.1e} {route:?} {what} off by {error:e}"));
                }
            }
            let clean = !known.has(Stand::Weak, 0) && !known.has(Stand::Equal, m);
            if clean && (!gradient.harmful.is_empty() || !tangent.harmful.is_empty()) {
                fail(format!("{route:?} {:?} {:?}", gradient.harmful, tangent.harmful));
            }
        }
    }
}

fn run(name: &str, most: usize, kinds: Kinds) {
    let mut failures = Vec::new();
    let start = name.bytes().fold(0_u64, |h, b| h * 31 + u64::from(b)) % 1_000_000 * 1_000_000;
    for seed in 0..cases(150) {
        check(start + seed, most, kinds, &mut failures);
    }
    if let Ok(path) = std::env::var("ALTDIFF_LOG") {
        std::fs::write(format!("{path}/{name}.txt"), failures.join("\n")).unwrap();
    }
    let shown = failures.iter().take(4).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{name}: {} failures\n{shown}", failures.len());
}

const PLAIN: Kinds = Kinds { weak: false, redundant: false, pinned: false, singular: false, scale: 0 };

/// Whether an error is more than allowed, or not a number.
fn beyond(error: f64, allowed: f64) -> bool {
    error.is_nan() || error > allowed
}

#[test]
fn regular() {
    run("regular", 8, PLAIN);
}

#[test]
fn pinned() {
    run("pinned", 8, Kinds { pinned: true, ..PLAIN });
}

#[test]
fn singular() {
    run("singular", 8, Kinds { singular: true, ..PLAIN });
}

#[test]
fn weakly_active() {
    run("weak", 8, Kinds { weak: true, ..PLAIN });
}

#[test]
fn redundant() {
    run("redundant", 8, Kinds { redundant: true, ..PLAIN });
}

#[test]
fn all_at_once() {
    run("all", 8, Kinds { weak: true, redundant: true, pinned: true, singular: true, scale: 0 });
}

#[test]
fn tiny() {
    run("tiny", 2, Kinds { weak: true, redundant: true, pinned: true, singular: true, scale: 0 });
}

#[test]
fn scaled() {
    run("scaled", 8, Kinds { scale: 10, singular: true, ..PLAIN });
}

/// Scales from 1e-6 to 1e6 on every variable, row and the cost, with all kinds of degeneracy: nearly all are solved, and no
/// claim is wrong.
#[test]
fn badly_scaled() {
    let kinds = Kinds { weak: true, redundant: true, pinned: true, singular: true, scale: 20 };
    let mut unsolved = 0;
    for seed in 0..cases(150) {
        let known = Known::new(seed, 6, kinds);
        let objective = known.problem.objective(&known.x);
        for method in METHODS {
            let s = solve(&known.problem, method);
            assert!(
                matches!(s.status, Status::Solved | Status::IterationLimit),
                "{seed} {method:?} {}",
                s.status
            );
            if s.status != Status::Solved {
                unsolved += 1;
                continue;
            }
            let terms = (0..known.n()).map(|i| (known.problem.q[i] * known.x[i]).abs()).fold(1.0, f64::max);
            let error = (s.objective - objective).abs() / terms.max(objective.abs());
            assert!(error <= 1e-6, "{seed} {method:?}: {} not {objective}", s.objective);
        }
    }
    assert!(unsolved * 100 <= cases(150) * METHODS.len() as u64, "{unsolved}");
}

//! What a solution claims, checked by arithmetic on the problem's data alone.

use altdiff::{Certificate, Problem, Solution, Status};
use std::collections::BTreeMap;
use std::path::Path;

/// What comes of the check.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// The claim holds.
    Right,
    /// A limit came first.
    Undecided,
    /// The claim does not hold: why.
    Wrong(String),
}

/// Relative error of the objective, and of the residuals.
const OBJECTIVE: f64 = 1e-6;
const RESIDUAL: f64 = 1e-6;

/// Published optima by name, from `optima.csv` in the folder.
///
/// The file of HUESTIS holds coefficients of six digits, so that its optimum differs from the published one in the sixth;
/// that of the file, found with 50 digits by Newton's method for its two multipliers, stands here.
pub(crate) fn optima(folder: &Path) -> BTreeMap<String, f64> {
    let text = std::fs::read_to_string(folder.join("optima.csv")).unwrap_or_default();
    let listed = text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        Some((fields.first()?.to_string(), fields.last()?.parse().ok()?))
    });
    let mut out: BTreeMap<String, f64> = listed.collect();
    out.entry(String::from("HUESTIS")).and_modify(|o| *o = 348_244_638_733.458_9);
    out
}

/// Relative error of the objective.
pub(crate) fn objective_error(s: &Solution, optimum: f64) -> f64 {
    (s.objective - optimum).abs() / optimum.abs().max(1.0)
}

/// Judges a claim; a problem without a known optimum is expected to be infeasible.
pub(crate) fn judge(problem: &Problem, s: &Solution, optimum: Option<f64>) -> Verdict {
    let wrong = |why: String| Verdict::Wrong(why);
    match (s.status, optimum) {
        (Status::Solved, Some(optimum)) => {
            let (error, residual) = (objective_error(s, optimum), residual(problem, s));
            if residual > RESIDUAL {
                wrong(format!("residual {residual:.1e}"))
            } else if error > OBJECTIVE {
                wrong(format!("objective off by {error:.1e}"))
            } else {
                Verdict::Right
            }
        }
        (Status::Infeasible, None) => match &s.certificate {
            Some(certificate) => match farkas(problem, certificate) {
                Ok(()) => Verdict::Right,
                Err(why) => wrong(why),
            },
            None => wrong(String::from("no certificate")),
        },
        (Status::Solved | Status::Infeasible | Status::Unbounded, _) => wrong(format!("{}", s.status)),
        _ => Verdict::Undecided,
    }
}

/// The largest violation of a KKT condition, primal and dual relative to max(1, their largest term), the gap to the
/// objective.
fn residual(problem: &Problem, s: &Solution) -> f64 {
    let px = problem.p.mul_symmetric_vec(&s.x);
    let nu: Vec<f64> = s.nu_upper.iter().zip(&s.nu_lower).map(|(u, l)| u - l).collect();
    let (aty, gty) = (problem.a.mul_transpose_vec(&s.lambda), problem.g.mul_transpose_vec(&nu));
    let (mut dual, mut terms) = (0.0_f64, 1.0_f64);
    for j in 0..s.x.len() {
        let mu = s.mu_upper[j] - s.mu_lower[j];
        dual = dual.max((px[j] + problem.q[j] + aty[j] + gty[j] + mu).abs());
        for t in [px[j], problem.q[j], aty[j], gty[j], mu] {
            terms = terms.max(t.abs());
        }
    }
    let (mut primal, mut size, mut value) = (0.0_f64, 1.0_f64, 0.0);
    let mut least = 0.0_f64;
    for (v, (b, y)) in problem.a.mul_vec(&s.x).iter().zip(problem.b.iter().zip(&s.lambda)) {
        primal = primal.max((v - b).abs());
        size = size.max(v.abs()).max(b.abs());
        value += y * b;
    }
    let mut ends = |v: f64, (l, u): (f64, f64), (yl, yu): (f64, f64)| {
        primal = primal.max(l - v).max(v - u);
        size = size.max(v.abs());
        least = least.min(yl).min(yu);
        for (y, end, sign) in [(yl, l, -1.0), (yu, u, 1.0)] {
            if y != 0.0 {
                value += sign * y * end;
            }
        }
    };
    for (i, v) in problem.g.mul_vec(&s.x).iter().enumerate() {
        ends(*v, (problem.gl[i], problem.gu[i]), (s.nu_lower[i], s.nu_upper[i]));
    }
    for (i, v) in s.x.iter().enumerate() {
        ends(*v, (problem.lo[i], problem.hi[i]), (s.mu_lower[i], s.mu_upper[i]));
    }
    let quadratic: f64 = s.x.iter().zip(&px).map(|(x, p)| x * p).sum();
    let linear: f64 = s.x.iter().zip(&problem.q).map(|(x, q)| x * q).sum();
    let gap = (quadratic + linear + value).abs() / s.objective.abs().max(1.0);
    let out = (primal / size).max(dual / terms).max(gap).max(-least);
    if out.is_nan() { f64::INFINITY } else { out }
}

/// Whether the multipliers prove that no point satisfies the constraints: they are nonnegative, their combination of the
/// constraints' left sides vanishes, term by term to rounding, and that of the right sides is negative by more.
fn farkas(problem: &Problem, certificate: &Certificate) -> Result<(), String> {
    let Certificate::Infeasible { lambda, nu_lower, nu_upper, mu_lower, mu_upper } = certificate else {
        return Err(String::from("a certificate of something else"));
    };
    let (mut value, mut sum) = (0.0, vec![0.0; problem.variables()]);
    let mut terms = vec![0.0_f64; problem.variables()];
    let mut add = |j: usize, v: f64| {
        sum[j] += v;
        terms[j] = terms[j].max(v.abs());
    };
    for (i, j, v) in problem.a.iter() {
        add(j, v * lambda[i]);
    }
    for (i, j, v) in problem.g.iter() {
        add(j, v * (nu_upper[i] - nu_lower[i]));
    }
    for j in 0..mu_lower.len() {
        add(j, mu_upper[j] - mu_lower[j]);
    }
    value += lambda.iter().zip(&problem.b).map(|(y, b)| y * b).sum::<f64>();
    for (y, end, sign) in [
        (nu_lower, &problem.gl, -1.0),
        (nu_upper, &problem.gu, 1.0),
        (mu_lower, &problem.lo, -1.0),
        (mu_upper, &problem.hi, 1.0),
    ] {
        for (y, end) in y.iter().zip(end) {
            if *y < 0.0 {
                return Err(format!("a multiplier is {y:e}"));
            }
            if *y > 0.0 {
                value += sign * y * end;
            }
        }
    }
    // Not negative, or not a number.
    if value.is_nan() || value >= 0.0 {
        return Err(format!("the right sides add up to {value:e}"));
    }
    for (r, t) in sum.iter().zip(&terms) {
        if r.abs() > 1e-9 * t || r.abs() > -1e-6 * value {
            return Err(format!("the left sides leave {r:e} of {t:e}, against {value:e}"));
        }
    }
    Ok(())
}

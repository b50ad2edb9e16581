//! Problems with exact rational solutions, multipliers and derivatives.

use altdiff::{
    Cotangent, Csc, DerivativeOptions, Gradient, Method, Problem, Route, Settings, Solver, Status,
};
use nalgebra::DMatrix;
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn rational(v: &Value) -> f64 {
    let text = v.as_str().expect("a rational is a string");
    match text.split_once('/') {
        Some((a, b)) => a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap(),
        None => text.parse().unwrap(),
    }
}

fn vector(v: &Value) -> Vec<f64> {
    v.as_array().expect("a vector").iter().map(rational).collect()
}

fn matrix(v: &Value, columns: usize) -> DMatrix<f64> {
    let rows = v.as_array().expect("a matrix");
    DMatrix::from_fn(rows.len(), columns, |i, j| rational(&rows[i][j]))
}

fn indices(v: &Value) -> Vec<usize> {
    v.as_array().unwrap().iter().map(|i| i.as_u64().unwrap() as usize).collect()
}

/// All entries are stored, so that the gradient covers the whole matrix.
fn full(m: &DMatrix<f64>, keep: impl Fn(usize, usize) -> bool) -> Csc {
    let mut triplets = Vec::new();
    for j in 0..m.ncols() {
        for i in (0..m.nrows()).filter(|&i| keep(i, j)) {
            triplets.push((i, j, m[(i, j)]));
        }
    }
    Csc::from_triplets(m.nrows(), m.ncols(), &triplets).unwrap()
}

fn close(name: &str, what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}: {what} has the wrong length");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= TOLERANCE * e.abs().max(1.0), "{name}: {what}[{i}] = {f:e}, expected {e:e}");
    }
}

struct Case {
    name: String,
    value: Value,
    problem: Problem,
}

fn cases() -> Vec<Case> {
    let all: Value = serde_json::from_str(include_str!("data/exact_qp.json")).unwrap();
    let cases = all.as_array().unwrap().iter().map(|value| {
        let n = value["n"].as_u64().unwrap() as usize;
        let (p, a, g) = (matrix(&value["P"], n), matrix(&value["A"], n), matrix(&value["G"], n));
        let h = vector(&value["h"]);
        let problem = Problem::new(n)
            .quadratic(full(&p, |i, j| i <= j), vector(&value["q"]))
            .equalities(full(&a, |_, _| true), vector(&value["b"]))
            .inequalities(full(&g, |_, _| true), vec![f64::NEG_INFINITY; h.len()], h);
        Case { name: value["name"].as_str().unwrap().to_owned(), value: value.clone(), problem }
    });
    cases.collect()
}

fn check_gradient(case: &Case, route: &str, gradient: &Gradient) {
    let (name, v, n) = (format!("{} by {route}", case.name), &case.value, case.problem.variables());
    close(&name, "dq", &gradient.q, &vector(&v["dq"]));
    close(&name, "db", &gradient.b, &vector(&v["db"]));
    close(&name, "dh", &gradient.gu, &vector(&v["dh"]));
    let dense = |m: &DMatrix<f64>| m.as_slice().to_vec();
    close(&name, "dA", &gradient.a, &dense(&matrix(&v["dA"], n)));
    close(&name, "dG", &gradient.g, &dense(&matrix(&v["dG"], n)));
    // An off-diagonal entry stored once stands for both of its mirror images.
    let dp = matrix(&v["dP"], n);
    let expected: Vec<f64> =
        case.problem.p.iter().map(|(i, j, _)| if i == j { dp[(i, j)] } else { 2.0 * dp[(i, j)] }).collect();
    close(&name, "dP", &gradient.p, &expected);
}

fn check(settings: &Settings) {
    for case in cases() {
        let v = &case.value;
        let solver = Solver::new(&case.problem, settings.clone()).unwrap();
        let s = solver.solve(&case.problem, None).unwrap();
        let name = &case.name;
        assert_eq!(s.status, Status::Solved, "{name}");
        close(name, "x", &s.x, &vector(&v["x"]));
        close(name, "lambda", &s.lambda, &vector(&v["nu"]));
        close(name, "nu", &s.nu_upper, &vector(&v["lam"]));
        close(name, "objective", &[s.objective], &[rational(&v["obj"])]);
        let weak = indices(&v["weakly_active"]);
        let seed = Cotangent::x(vector(&v["seed"]));
        for route in [Route::ReducedKkt, Route::Alternating, Route::Bpqp] {
            let gradient = s.vjp(&seed, &DerivativeOptions::from(route)).unwrap();
            check_gradient(&case, &format!("{route:?}"), &gradient);
            assert_eq!(gradient.harmful.is_empty(), weak.is_empty(), "{name}: {:?}", gradient.harmful);
        }
        let found: Vec<usize> = s
            .degeneracy()
            .unwrap()
            .weakly_active
            .iter()
            .map(|place| match place {
                altdiff::Place::RowUpper(k) => *k,
                other => panic!("{name}: {other:?}"),
            })
            .collect();
        assert_eq!(found, weak, "{name}");
    }
}

#[test]
fn automatic() {
    check(&Settings::default());
}

#[test]
fn interior() {
    check(&Settings { method: Method::Interior, ..Settings::default() });
}

#[test]
fn alternating() {
    check(&Settings { method: Method::Alternating, ..Settings::default() });
}

#[test]
fn active_set() {
    check(&Settings { method: Method::ActiveSet, ..Settings::default() });
}

//! A layer on a program written by hand: solutions, derivatives, pinning, serialized form.

mod support;

use cvxlayer::program::{Depends, FORMAT, Program};
use cvxlayer::{
    Array, Certificate, Layer, Named, Params, Question, Route, Settings, Solution, Status, passes,
};
use proptest::prelude::*;
use support::{N, portfolio};

fn layer() -> Layer {
    Layer::new(portfolio(), Settings::default()).expect("a valid program")
}

fn params() -> Params {
    let mut params = Params::new();
    let s = Array::dense(vec![N, N], vec![0.4, 0.1, 0.0, 0.1, 0.3, 0.05, 0.0, 0.05, 0.6]).unwrap();
    params.set("mu", vec![0.1, 0.3, 0.2]).set("S", s).set("cap", 0.6).set("gamma", 1.5);
    params
}

fn solve(params: &Params) -> Solution {
    let solution = layer().solve(params).expect("good parameters");
    assert_eq!(solution.status, Status::Solved);
    solution
}

fn one(name: &str, value: impl Into<Array>) -> Named<Array> {
    [(name, value.into())].into_iter().collect()
}

/// A cotangent for everything a solution holds.
fn seed(v: &[f64]) -> Named<Array> {
    let mut out = Named::default();
    out.insert("w", v[0..3].to_vec())
        .insert("risk", v[3])
        .insert("top", v[4])
        .insert("dual(budget)", v[5])
        .insert("dual(pair)", v[6])
        .insert("bounds(w)", v[7..10].to_vec())
        .insert("objective", v[10]);
    out
}

/// A direction of all parameters.
fn direction(v: &[f64]) -> Named<Array> {
    let mut out = Named::default();
    let s = vec![v[0], v[1], v[2], v[1], v[3], v[4], v[2], v[4], v[5]];
    out.insert("S", Array::dense(vec![N, N], s).unwrap())
        .insert("mu", v[6..9].to_vec())
        .insert("gamma", v[9])
        .insert("cap", v[10])
        .insert("t", v[11]);
    out
}

fn inner(a: &Named<Array>, b: &Named<Array>) -> f64 {
    a.iter().map(|(name, a)| a.to_vector().dot(&b[name].to_vector())).sum()
}

#[test]
fn the_solution_is_in_the_users_terms() {
    let solution = solve(&params());
    let w = solution.variables["w"].to_vector();
    assert!((w.sum() - 1.0).abs() < 1e-12);
    assert!((w[0] + w[1] - 0.6).abs() < 1e-9, "the pair is capped: {w}");
    let risk = solution.expressions["risk"].scalar().unwrap();
    let gain = 0.1 * w[0] + 0.3 * w[1] + 0.2 * w[2];
    assert!((solution.objective - (gain - 1.5 * risk)).abs() < 1e-12);
    assert!(solution.duals["pair"].scalar().unwrap() > 0.0);
}

#[test]
fn gradients_agree_with_central_differences_on_every_route() {
    let solution = solve(&params());
    let seed = seed(&[0.3, -0.2, 0.5, 1.0, -0.4, 0.7, 0.2, 0.1, -0.3, 0.6, 0.9]);
    let reference = solution.vjp(&seed).unwrap();
    assert!(reference.well_defined, "{:?}", reference.notes);
    for route in [Route::ReducedKkt, Route::Alternating, Route::Bpqp] {
        let query = solution.derivatives().route(route);
        let gradients = query.vjp(&seed).unwrap();
        for (name, by) in gradients.by.iter() {
            let difference = (by.to_vector() - reference[name].to_vector()).amax();
            assert!(difference < 1e-9, "{route:?} {name}: {difference}");
        }
        let verified = query.verify(&layer(), Question::Outputs(&seed), &gradients).unwrap();
        assert!(verified.largest_error < 1e-6, "{route:?}: {verified:?}");
        assert_eq!(verified.compared, N + 1 + N * N + 2);
    }
}

#[test]
fn jacobians_agree_row_by_row_and_column_by_column() {
    let solution = solve(&params());
    // Few rows: backward. Few columns: forward.
    let by_s = solution.jacobian("w", "S").unwrap();
    let by_cap = solution.jacobian("w", "cap").unwrap();
    assert_eq!((by_s.matrix.shape(), by_cap.matrix.shape()), ((N, N * N), (N, 1)));
    for j in 0..N * N {
        let mut unit = vec![0.0; N * N];
        unit[j] += 0.5;
        unit[(j % N) * N + j / N] += 0.5;
        let moved = solution.jvp(&one("S", Array::dense(vec![N, N], unit).unwrap())).unwrap();
        let difference = (moved.variables["w"].to_vector() - by_s.matrix.column(j)).amax();
        assert!(difference < 1e-12, "{difference}");
    }
    let back = solution.vjp(&one("w", vec![1.0, 0.0, 0.0])).unwrap();
    assert!((back["cap"].scalar().unwrap() - by_cap.matrix[(0, 0)]).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn forward_and_backward_are_adjoint(
        bars in prop::collection::vec(-1.0_f64..1.0, 11),
        dots in prop::collection::vec(-1.0_f64..1.0, 12),
        mu in prop::collection::vec(-0.5_f64..0.5, 3),
        cap in 0.2_f64..0.8,
    ) {
        let mut params = params();
        params.set("mu", mu).set("cap", cap);
        let solution = solve(&params);
        let (seed, direction) = (seed(&bars), direction(&dots));
        let back = solution.vjp(&seed).unwrap();
        let moved = solution.jvp(&direction).unwrap();
        let mut outputs = moved.variables.clone();
        for (name, value) in moved.expressions.iter() {
            outputs.insert(name, value.clone());
        }
        outputs
            .insert("dual(budget)", moved.duals["budget"].clone())
            .insert("dual(pair)", moved.duals["pair"].clone())
            .insert("bounds(w)", moved.bounds["w"].clone())
            .insert("objective", moved.objective);
        let (left, right) = (inner(&seed, &outputs), inner(&direction, &back.by));
        prop_assert!((left - right).abs() < 1e-12 * left.abs().max(1.0) * 10.0, "{left} {right}");
    }
}

#[test]
fn symmetric_parameters_have_symmetric_gradients_and_tangents() {
    let solution = solve(&params());
    let gradient = solution.vjp(&one("risk", 1.0)).unwrap()["S"].to_matrix();
    assert_eq!(gradient, gradient.transpose());
    let crooked = Array::dense(vec![N, N], vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
    let error = solution.jvp(&one("S", crooked)).unwrap_err().to_string();
    assert!(error.contains("`S[0, 1]` is 1 and `S[1, 0]` is 0"), "{error}");
}

#[test]
fn a_tie_that_matters_is_said() {
    let mut params = params();
    // All assets alike: w = ⅓ each, so that `max(w)` has a kink.
    let s = Array::dense(vec![N, N], vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
    params.set("mu", vec![0.1; 3]).set("cap", 0.9).set("S", s);
    let solution = solve(&params);
    let top = solution.vjp(&one("top", 1.0)).unwrap();
    assert!(!top.well_defined);
    assert_eq!(top.notes.len(), 1);
    assert!(top.notes[0].starts_with("`top` has a kink here"), "{:?}", top.notes);
    // Its derivative by the cap, which binds nothing, exists all the same.
    let by_cap = solution.derivatives().by(&["cap"]).unwrap().vjp(&one("top", 1.0)).unwrap();
    assert!(by_cap.well_defined, "{:?}", by_cap.notes);
    let risk = solution.vjp(&one("risk", 1.0)).unwrap();
    assert!(risk.well_defined, "{:?}", risk.notes);
}

#[test]
fn a_weakly_active_constraint_that_matters_is_said() {
    let mut params = params();
    let s = Array::dense(vec![N, N], vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
    params.set("mu", vec![0.1; 3]).set("cap", 2.0 / 3.0).set("S", s);
    let solution = solve(&params);
    let gradients = solution.vjp(&one("w", vec![1.0, 0.0, 0.0])).unwrap();
    assert!(!gradients.well_defined);
    assert!(gradients.notes[0].starts_with("`pair` is weakly active"), "{:?}", gradients.notes);
    // The objective does not mind, and the optimal value has a derivative.
    let objective = solution.vjp(&one("objective", 1.0)).unwrap();
    assert!(objective.well_defined, "{:?}", objective.notes);
}

#[test]
fn pinning_keeps_solutions_and_derivatives() {
    let full = solve(&params());
    let mut pinned = Params::new();
    pinned.set("gamma", 1.5).set("t", 0.0);
    let program = passes::pin(&portfolio(), &pinned).unwrap();
    assert_eq!(program.parameters.iter().map(|p| p.name.as_ref()).collect::<Vec<_>>(), ["mu", "S", "cap"]);
    assert!(program.lift.products.is_empty() && program.lift.derived.is_empty());
    let layer = Layer::new(program, Settings::default()).unwrap();
    let mut rest = Params::new();
    for name in ["mu", "S", "cap"] {
        rest.set(name, params().get(name).unwrap().clone());
    }
    let less = layer.solve(&rest).unwrap();
    assert_eq!(less.variables, full.variables);
    assert_eq!(less.expressions, full.expressions);
    let seed = seed(&[0.3, -0.2, 0.5, 1.0, -0.4, 0.7, 0.2, 0.1, -0.3, 0.6, 0.9]);
    let (a, b) = (full.vjp(&seed).unwrap(), less.vjp(&seed).unwrap());
    for (name, gradient) in b.by.iter() {
        assert!((gradient.to_vector() - a[name].to_vector()).amax() < 1e-13, "{name}");
    }
}

#[test]
fn pinned_zeros_leave_the_pattern() {
    let mut pinned = Params::new();
    let s = Array::dense(vec![N, N], vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 0.0, 0.5, 1.0]).unwrap();
    pinned.set("S", s);
    let program = passes::pin(&portfolio(), &pinned).unwrap();
    // Of six entries of the upper triangle two are structurally zero; the others are linear in gamma.
    assert_eq!(program.blocks.p.nnz(), 4);
    assert!(program.lift.products.is_empty());
    let all = passes::pin(&portfolio(), &{
        let mut p = params();
        p.set("t", 0.0);
        p
    });
    let all = all.unwrap();
    assert_eq!((all.lift.len(), all.depends), (0, Depends::default()));
}

#[test]
fn pinned_values_are_checked() {
    let mut pinned = Params::new();
    pinned.set("gamma", -1.0);
    let error = passes::pin(&portfolio(), &pinned).unwrap_err().to_string();
    assert_eq!(error, "`gamma` is -1, but `gamma` is declared nonneg");
}

#[test]
fn bad_parameters_are_all_reported() {
    let mut params = Params::new();
    params.set("mu", vec![1.0]).set("gama", 1.0).set("cap", f64::NAN);
    let error = layer().solve(&params).unwrap_err().to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(
        lines,
        [
            "the model declares no parameter, constant or size `gama`; did you mean `gamma`?",
            "`mu` has the shape [1], but is declared [3]",
            "`S` has no value",
            "`cap` is NaN, which is no finite number",
        ]
    );
}

#[test]
fn infeasibility_comes_with_its_proof() {
    let mut params = params();
    params.set("t", -3.0);
    let solution = layer().solve(&params).unwrap();
    assert_eq!(solution.status, Status::Infeasible);
    let Some(Certificate::Infeasible { duals, bounds }) = &solution.certificate else {
        panic!("a certificate")
    };
    // exp(−3) · 3 < 1: the budget against the upper bounds.
    let largest =
        duals.iter().chain(bounds.iter()).flat_map(|(_, a)| a.values()).fold(0.0_f64, |m, v| m.max(v.abs()));
    assert!((largest - 1.0).abs() < 1e-12);
    assert!(duals["budget"].scalar().unwrap() < 0.0);
    assert!(bounds["w"].values().iter().all(|v| *v > 0.9));
    assert!(solution.objective.is_nan() && solution.variables.is_empty());
    assert!(solution.vjp(&one("objective", 1.0)).is_err());
}

#[test]
fn programs_survive_serialization() {
    let program = portfolio();
    let json = cvxlayer::write_program(&program);
    assert_eq!(cvxlayer::read_program(&json).unwrap(), program);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["size"], serde_json::json!({"variables": 3, "rows": 2, "nonzeros": 11}));
}

#[test]
fn programs_of_other_versions_and_broken_ones_are_refused() {
    let json = cvxlayer::write_program(&portfolio());
    let later = json.replacen(&format!("\"format\":{FORMAT}"), "\"format\":7", 1);
    let error = cvxlayer::read_program(&later).unwrap_err().to_string();
    assert!(error.contains("format 7"), "{error}");
    assert!(cvxlayer::read_program("{}").unwrap_err().to_string().contains("no `format`"));
    let breakages: [fn(&mut Program); 5] = [
        |p| p.blocks.a.row_idx.to_mut()[0] = 9,
        |p| p.blocks.lo.constant.to_mut().truncate(1),
        |p| p.lift.products.right.to_mut()[0] = 999,
        |p| p.solution.duals.to_mut()[0].map.col_idx.to_mut()[0] = 99,
        |p| p.lets.to_mut()[0].node = 77,
    ];
    for broken in breakages {
        let mut program = portfolio();
        broken(&mut program);
        assert!(cvxlayer::read_program(&cvxlayer::write_program(&program)).is_err());
    }
}

#[test]
fn layers_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Layer>();
    shared::<Solution>();
}

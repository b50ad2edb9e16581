//! Smooth terms through the language: known solutions, all routes and central differences, duals, and the ends of domains.
#![cfg(feature = "lang")]

use cvxlayer::{Array, Data, Error, Layer, Model, Named, Params, Route, Settings, Solution, Status};

const ROUTES: [Route; 3] = [Route::ReducedKkt, Route::Alternating, Route::Bpqp];
const STEP: f64 = 1e-5;

type Values = Vec<(&'static str, Array)>;

fn layer(text: &str, sizes: &Values) -> Layer {
    let model = Model::from_text(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let mut data = Data::new();
    for (name, value) in sizes {
        data.set(*name, value.clone());
    }
    let bound = model.bind(&data).unwrap_or_else(|e| panic!("{e}\n{text}"));
    bound.layer(Settings::default()).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn solve(layer: &Layer, values: &Values) -> Solution {
    let mut params = Params::new();
    for (name, value) in values {
        params.set(*name, value.clone());
    }
    layer.solve(&params).expect("good parameters")
}

fn solved(layer: &Layer, values: &Values) -> Solution {
    let solution = solve(layer, values);
    assert_eq!(solution.status, Status::Solved, "{:?}", solution.info.notes);
    solution
}

fn once(text: &str, values: &Values) -> Solution {
    solve(&layer(text, values), values)
}

fn matrix(rows: usize, entries: &[f64]) -> Array {
    Array::dense(vec![rows, entries.len() / rows], entries.to_vec()).expect("entries fill the shape")
}

fn notes(solution: &Solution) -> String {
    solution.info.notes.join("\n")
}

fn output(solution: &Solution, name: &str) -> Array {
    match name {
        "objective" => Array::from(solution.objective),
        _ => match name.strip_prefix("dual(") {
            Some(label) => solution.duals[label.trim_end_matches(')')].clone(),
            None => solution.variables[name].clone(),
        },
    }
}

/// Every gradient of `Σ cᵢ outputᵢ` on every route against central differences, entry by entry.
fn check_gradients(text: &str, values: &Values, outputs: &[&str]) {
    let layer = layer(text, values);
    let solution = solved(&layer, values);
    for &name in outputs {
        let shape = output(&solution, name);
        let weights: Vec<f64> = (0..shape.to_dense().len()).map(|i| 1.0 - 0.37 * i as f64).collect();
        let seed_value = if shape.axes().is_empty() {
            Array::from(weights[0])
        } else {
            Array::dense(shape.axes().to_vec(), weights.clone()).expect("of the output's shape")
        };
        let seed: Named<Array> = [(name, seed_value)].into_iter().collect();
        let measure = |values: &Values| -> f64 {
            let found = output(&solved(&layer, values), name).to_dense();
            found.iter().zip(&weights).map(|(v, w)| v * w).sum()
        };
        for route in ROUTES {
            let gradients = solution.derivatives().route(route).vjp(&seed).expect("a derivative");
            assert!(gradients.well_defined, "{:?}\n{text}", gradients.notes);
            for (k, (parameter, value)) in values.iter().enumerate() {
                let entries = value.to_dense();
                let found = gradients[*parameter].to_dense();
                for i in 0..entries.len() {
                    let at = |step: f64| {
                        let mut moved = entries.clone();
                        moved[i] += step;
                        let mut all = values.clone();
                        all[k].1 = if value.axes().is_empty() {
                            Array::from(moved[0])
                        } else {
                            Array::dense(value.axes().to_vec(), moved).expect("of the same shape")
                        };
                        measure(&all)
                    };
                    let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                    assert!(
                        (found[i] - difference).abs() <= 1e-6 * difference.abs().max(1.0),
                        "{route:?}: d {name} / d {parameter}[{i}] is {}, differences give {difference}\n{text}",
                        found[i]
                    );
                }
            }
        }
    }
}

/// The softmax layer with a total and caps: closed form without caps, gradients and duals with them.
#[test]
fn a_constrained_softmax() {
    let text = "param q[4]; param A[2, 4]; param b[2]; param T pos; var x[4];
        maximize T * sum(entr(x)) + q @ x; subject to total: sum(x) == 1; caps: A @ x <= b;";
    let q = [0.3, -0.8, 1.1, 0.2];
    let caps = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
    let values = |b: [f64; 2]| -> Values {
        vec![
            ("q", Array::from(q.to_vec())),
            ("A", matrix(2, &caps)),
            ("b", Array::from(b.to_vec())),
            ("T", Array::from(0.7)),
        ]
    };
    let free = once(text, &values([2.0, 2.0]));
    let exponentials: Vec<f64> = q.iter().map(|q| (q / 0.7).exp()).collect();
    let total: f64 = exponentials.iter().sum();
    for (x, e) in free.variables["x"].to_dense().iter().zip(&exponentials) {
        assert!((x - e / total).abs() < 1e-10);
    }
    let capped = once(text, &values([0.4, 2.0]));
    assert!(capped.duals["caps"].to_dense()[0] > 0.1, "the cap is active");
    check_gradients(text, &values([0.4, 2.0]), &["x", "dual(total)", "dual(caps)", "objective"]);
}

#[test]
fn a_logistic_regression_in_its_data() {
    let text = "param X[5, 2]; param label[5]; param lambda nonneg; var w[2];
        minimize sum(logistic(-label * (X @ w))) + lambda * norm1(w) + 0.1 * sum_squares(w);";
    let values: Values = vec![
        ("X", matrix(5, &[0.5, 1.0, -1.2, 0.3, 0.8, -0.7, 1.5, 0.2, -0.4, -0.9])),
        ("label", Array::from(vec![1.0, -1.0, 1.0, 1.0, -1.0])),
        ("lambda", Array::from(0.05)),
    ];
    check_gradients(text, &values, &["w", "objective"]);
}

#[test]
fn a_log_utility_with_its_duals() {
    let text = "param p[3] nonneg; param R[3, 2]; param wealth pos; var x[2] nonneg;
        maximize p @ log(R @ x); subject to budget: sum(x) <= wealth;";
    let values: Values = vec![
        ("p", Array::from(vec![0.5, 0.3, 0.2])),
        ("R", matrix(3, &[1.4, 1.0, 0.7, 1.1, 1.2, 0.9])),
        ("wealth", Array::from(2.0)),
    ];
    // The objective is p·1 log(wealth) and a constant, so the price of wealth is 1/2.
    let solution = once(text, &values);
    assert!((solution.duals["budget"].scalar().expect("a number") - 0.5).abs() < 1e-9);
    check_gradients(text, &values, &["x", "dual(budget)", "objective"]);
}

#[test]
fn divergences_log_sum_exp_and_powers() {
    let divergence = "param p[3] pos; param r[3] nonneg; param t; var x[3];
        minimize sum(kl_div(x, p)) + sum(rel_entr(r, x)); subject to lean: x[0] - x[1] >= t;";
    let values: Values = vec![
        ("p", Array::from(vec![0.5, 1.2, 0.3])),
        ("r", Array::from(vec![0.4, 0.2, 0.7])),
        ("t", Array::from(0.3)),
    ];
    check_gradients(divergence, &values, &["x", "dual(lean)", "objective"]);
    let by_rows = "param T[2, 2]; param c nonneg; var Z[2, 2];
        minimize c * sum(log_sum_exp(Z - T, axis=1)) + sum_squares(Z); subject to tie: Z[0, 0] == Z[1, 1];";
    let values: Values = vec![("T", matrix(2, &[0.5, -1.0, 2.0, 0.3])), ("c", Array::from(1.3))];
    check_gradients(by_rows, &values, &["Z", "dual(tie)", "objective"]);
    let powers = "param a[2] nonneg; param c[2]; var x[2] nonneg;
        minimize a[0] * sum((x - c)**4) + a[1] * sum(inv_pos(x + 1)) + sum(x**1.5) - sum(x**0.3);";
    let values: Values = vec![("a", Array::from(vec![0.8, 1.5])), ("c", Array::from(vec![1.1, 0.4]))];
    check_gradients(powers, &values, &["x", "objective"]);
}

/// The end of a domain where the value is finite may be the only point left; the others keep their derivatives.
#[test]
fn an_entropy_that_is_forced_to_zero() {
    for held in ["x[1] <= 0", "x[1] == 0", "x[1] + 0.5 * x[1] <= 0", "x[1] + abs(x[2] - x[0]) <= x[2] - x[0]"]
    {
        let text = format!(
            "param c[3]; var x[3]; maximize sum(entr(x)) - c @ x; subject to total: sum(x) == 1; off: {held};"
        );
        let values: Values = vec![("c", Array::from(vec![1.6, 2.0, 1.0]))];
        let layer = layer(&text, &values);
        let solution = solved(&layer, &values);
        let x = solution.variables["x"].to_dense();
        let first = 1.0 / (1.0 + 0.6_f64.exp());
        assert!(x[1].abs() < 1e-9 && (x[0] - first).abs() < 1e-7, "{held}: {x:?}");
    }
    let text =
        "param c[3]; var x[3]; maximize sum(entr(x)) - c @ x; subject to total: sum(x) == 1; off: x[1] == 0;";
    let values: Values = vec![("c", Array::from(vec![1.0, 2.0, 3.0]))];
    let solution = once(text, &values);
    let first = 1.0 / (1.0 + (-2.0_f64).exp());
    let seed: Named<Array> = [("x", Array::from(vec![1.0, 0.0, 0.0]))].into_iter().collect();
    for route in ROUTES {
        let by = solution.derivatives().route(route).vjp(&seed).expect("a derivative")["c"].to_dense();
        let slope = first * (1.0 - first);
        for (found, exact) in by.iter().zip([-slope, 0.0, slope]) {
            assert!((found - exact).abs() < 1e-7, "{route:?}: {by:?}");
        }
    }
}

#[test]
fn a_weight_of_zero_leaves_the_domain() {
    let text = "param g nonneg; param c; var x; minimize square(x - c) - g * log(x); ";
    let at = |g: f64, c: f64| -> Values { vec![("g", Array::from(g)), ("c", Array::from(c))] };
    // Inside the domain: as if the term were not there, and its slope is the derivative by the weight.
    let inside = once(text, &at(0.0, 2.0));
    assert!((inside.variables["x"].scalar().expect("a number") - 2.0).abs() < 1e-9);
    let gradients = inside.vjp(&[("x", Array::from(1.0))].into_iter().collect()).expect("a derivative");
    assert!((gradients["g"].scalar().expect("a number") - 0.25).abs() < 1e-9, "dx/dg = 1 / (2 x)");
    assert!((gradients["c"].scalar().expect("a number") - 1.0).abs() < 1e-9);
    // Outside it: the domain stands.
    let outside = once(text, &at(0.0, -1.0));
    assert_eq!(outside.status, Status::Solved);
    assert!(outside.variables["x"].scalar().expect("a number").abs() < 1e-9);
}

#[test]
fn separable_data_have_no_solution() {
    let text = "param X[3, 2]; var w[2]; minimize sum(logistic(-(X @ w)));";
    let values: Values = vec![("X", matrix(3, &[1.0, 0.2, 2.0, -0.1, 0.5, 0.3]))];
    let solution = once(text, &values);
    assert_eq!(solution.status, Status::IterationLimit);
    assert!(notes(&solution).contains("infimum"), "{}", notes(&solution));
    let seed: Named<Array> = [("w", Array::from(vec![1.0, 0.0]))].into_iter().collect();
    assert!(matches!(solution.vjp(&seed), Err(Error::NotSolved(_))), "no derivative of what is no solution");
    // With a penalty, however small, there is one.
    let penalty = text.replace("w)));", "w))) + 0.001 * sum_squares(w);");
    assert_eq!(once(&penalty, &values).status, Status::Solved);
}

#[test]
fn a_domain_that_the_constraints_exclude_is_named() {
    let text = "param cap; var x[2]; maximize log(x[0]) + log(x[1]); subject to budget: sum(x) <= cap;";
    let at = |cap: f64| once(text, &vec![("cap", Array::from(cap))]);
    let excluded = at(-1.0);
    assert_eq!(excluded.status, Status::Infeasible);
    assert!(
        notes(&excluded).contains("domain") && notes(&excluded).contains("`x[0]` and `x[1]`"),
        "{}",
        notes(&excluded)
    );
    // Only the end of the domain is left, where the logarithm is infinite.
    let closed = at(0.0);
    assert_eq!(closed.status, Status::Infeasible);
    assert!(notes(&closed).contains("needs `x[0]` and `x[1]` to be positive"), "{}", notes(&closed));
    assert_eq!(at(1e-3).status, Status::Solved);
    let shifted = "var x; maximize log(x - 2); subject to cap: x <= 1;";
    let shifted = once(shifted, &Vec::new());
    assert_eq!(shifted.status, Status::Infeasible);
    assert!(notes(&shifted).contains("`log`"), "{}", notes(&shifted));
    // Infeasible by itself: the domain is not blamed.
    let own =
        once("var x; maximize log(x); subject to one: 2 * x + 1 <= 3 * x - 3; two: x <= 1;", &Vec::new());
    assert_eq!(own.status, Status::Infeasible);
    assert!(!notes(&own).contains("domain"), "{}", notes(&own));
}

/// What a shell sees: the exit status and the note.
#[cfg(feature = "cli")]
#[test]
fn the_command_tells_limits_from_contradictions() {
    let run = |name: &str, text: &str| {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).expect("a file");
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_cvx")).arg("solve").arg(&path).output();
        let out = command.expect("the command runs");
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (exit, text) = run("smooth_excluded.cvx", "var x; maximize log(x); subject to cap: x <= -1;");
    assert_eq!(exit, Some(3), "{text}");
    assert!(text.contains("note: the domain of the objective") && text.contains("`x`"), "{text}");
    let separable = "var w; const X[3] = [1, 2, 0.5]; minimize sum(logistic(-X * w));";
    let (exit, text) = run("smooth_separable.cvx", separable);
    assert_eq!(exit, Some(5), "{text}");
    assert!(text.contains("infimum"), "{text}");
}

//! Smoothed solutions of models: values at the point of the central path, and their derivatives by differences.
#![cfg(feature = "lang")]

use cvxlayer::{Array, Bound, Data, Error, Layer, Model, Named, Question, Settings, Solution, vjp_batch_sum};

const QUADRATIC: &str = "
    param y[3]; param lam nonneg; param total;
    var x[3] in [0, 4];
    let size = sum_squares(x);
    minimize sum_squares(x - y) + lam * norm1(x - 1);
    subject to budget: sum(x) <= total; apart: -1 <= x[0] - x[1] <= 1;
";

const SMOOTH: &str = "
    param y[3]; param w[3] nonneg; param c nonneg; param lam nonneg; param total;
    var x[3] in [0, 4]; var t;
    let size = sum_squares(x);
    minimize sum_squares(x - y) + w @ exp(x - 2) - c * sum(log(x + 0.1)) - c * sum(entr(x))
        + lam * abs(t - 1) + 0.1 * square(t);
    subject to budget: sum(x) + t <= total; apart: -1 <= x[0] - x[1] <= 1;
";

fn data() -> Data {
    let mut data = Data::new();
    // The solution has active ends and inactive ones, a kink of the absolute value, and a weight of 0.
    data.set("y", vec![-1.0, 2.5, 0.3]).set("w", vec![0.4, 0.0, 1.0]).set("c", 0.3).set("lam", 2.0);
    data.set("total", 2.5);
    data
}

fn solve(bound: &Bound) -> (Layer, Solution) {
    let layer = bound.layer(Settings::default()).unwrap();
    let solution = layer.solve(bound.params()).unwrap();
    assert!(solution.is_solved());
    (layer, solution)
}

fn seed(of: &[(&str, &[f64])]) -> Named<Array> {
    of.iter().map(|(name, v)| ((*name).to_owned(), Array::from(v.to_vec()))).collect()
}

#[test]
fn derivatives_of_models_are_those_of_the_smoothed_solution() {
    for text in [QUADRATIC, SMOOTH] {
        let model = Model::from_text(text).unwrap();
        let all = data();
        let known: Vec<&str> = ["y", "w", "c", "lam", "total"]
            .into_iter()
            .filter(|name| text.contains(&format!("param {name}")))
            .collect();
        let mut given = Data::new();
        for (name, datum) in all.iter().filter(|(name, _)| known.contains(name)) {
            given.insert(name, datum.clone());
        }
        let bound = model.bind(&given).unwrap();
        let (layer, solution) = solve(&bound);
        for mu in [1e-1, 1e-3] {
            let smoothed = solution.smoothed(mu).unwrap();
            assert_eq!((smoothed.mu(), solution.mu()), (Some(mu), None));
            assert!(smoothed.info.notes.iter().any(|note| note.contains("smoothed")));
            // slack · multiplier of the budget, in the user's terms.
            let x = &smoothed.variables["x"];
            let used: f64 = x.values().iter().sum::<f64>()
                + smoothed.variables.get("t").and_then(Array::scalar).unwrap_or(0.0);
            let product = (2.5 - used) * smoothed.duals["budget"].scalar().unwrap();
            assert!((product - mu).abs() < 1e-7 * mu, "{product}");
            let size: f64 = x.values().iter().map(|v| v * v).sum();
            assert!((smoothed.expressions["size"].scalar().unwrap() - size).abs() < 1e-12);

            let weights = seed(&[
                ("x", &[1.0, -0.5, 2.0]),
                ("size", &[0.3]),
                ("dual(budget)", &[0.7]),
                ("objective", &[0.2]),
            ]);
            let query = smoothed.derivatives();
            let gradients = query.vjp(&weights).unwrap();
            assert!(gradients.well_defined, "{:?}", gradients.notes);
            let check = query.verify(&layer, Question::Outputs(&weights), &gradients).unwrap();
            assert!(check.largest_error < 1e-5 && check.compared >= 5, "{mu}: {check:?}");
            let mut direction = seed(&[("y", &[1.0, 0.5, -1.0])]);
            direction.insert("lam".to_owned(), Array::from(0.4));
            direction.insert("total".to_owned(), Array::from(-1.0));
            let tangents = query.jvp(&direction).unwrap();
            let check = query.verify_tangents(&layer, &direction, &tangents).unwrap();
            assert!(tangents.well_defined && check.largest_error < 1e-5, "{mu}: {check:?}");
            let jacobian = query.jacobian("x", "y").unwrap();
            let check = query.verify_jacobian(&layer, "x", "y", &jacobian).unwrap();
            assert!(jacobian.well_defined && check.largest_error < 1e-5, "{mu}: {check:?}");
        }
    }
}

/// A batch of smoothed solutions has their derivatives, not those of the solutions.
#[test]
fn batches_of_smoothed_solutions_are_their_samples() {
    let model = Model::from_text("param y[2]; var x[2] in [0, 1]; minimize sum_squares(x - y);").unwrap();
    let mut data = Data::new();
    data.set("y", vec![0.5, 2.0]);
    let bound = model.bind(&data).unwrap();
    let (_, solution) = solve(&bound);
    let smoothed = solution.smoothed(0.1).unwrap();
    let weights = seed(&[("x", &[1.0, 1.0])]);
    let alone = smoothed.vjp(&weights).unwrap();
    let exact = solution.vjp(&weights).unwrap();
    assert!((alone["y"].values()[1] - exact["y"].values()[1]).abs() > 1e-3);
    let batch =
        vjp_batch_sum(&[Ok(smoothed.clone()), Ok(smoothed)], &[weights.clone(), weights], &["y"]).unwrap();
    for (sum, one) in batch.shared["y"].values().iter().zip(alone["y"].values()) {
        assert!((sum - 2.0 * one).abs() < 1e-12, "{sum} {one}");
    }
}

/// Smoothing does not make unique what no inequality touches.
#[test]
fn what_stays_free_is_said() {
    let text = "param p; var x[2]; minimize square(x[0] + x[1] - p); subject to x[0] + x[1] <= 3;";
    let twice = "param p; var x[2] in [0, 1]; minimize sum_squares(x - p); subject to x[0] - x[1] == p - 1; 2 * x[0] - 2 * x[1] == 2 * p - 2;";
    for text in [text, twice] {
        let model = Model::from_text(text).unwrap();
        let mut data = Data::new();
        data.set("p", 0.8);
        let (_, solution) = solve(&model.bind(&data).unwrap());
        let smoothed = solution.smoothed(1e-3).unwrap();
        let gradients = smoothed.vjp(&seed(&[("x", &[1.0, 0.0])])).unwrap();
        assert!(
            !gradients.well_defined && gradients.notes[0].contains("not unique"),
            "{:?}",
            gradients.notes
        );
        let moved = [("p".to_owned(), Array::from(1.0))].into_iter().collect();
        assert!(!smoothed.jvp(&moved).unwrap().well_defined);
        assert!(!smoothed.jacobian("x", "p").unwrap().well_defined);
    }
}

#[test]
fn only_solved_problems_with_room_inside_are_smoothed() {
    let smoothed = |text: &str, mu: f64| {
        let model = Model::from_text(text).unwrap();
        let bound = model.bind(&Data::new()).unwrap();
        bound.layer(Settings::default()).unwrap().solve(bound.params()).unwrap().smoothed(mu)
    };
    assert!(matches!(
        smoothed("var x; minimize x; subject to x >= 1; x <= 0;", 1.0),
        Err(Error::NotSolved(_))
    ));
    let flat = smoothed("var x; var y; minimize exp(x) - y; subject to x + y <= 1; x + y >= 1; y <= 3;", 1.0);
    assert!(flat.unwrap_err().to_string().contains("satisfies every inequality strictly"));
    assert!(smoothed("var x; minimize square(x);", -1.0).unwrap_err().to_string().contains("mu"));
}

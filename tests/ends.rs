//! At the end of a declared domain a derivative is one-sided, inward: a weight that is 0 can only grow.
#![cfg(feature = "lang")]

use cvxlayer::{Data, Model, Named, Settings};

/// The gradient of the sum of an output's entries by `lam`, at `lam`, and whether it is well defined.
fn by_weight(text: &str, output: &str, lam: f64) -> (f64, f64, bool) {
    let model = Model::from_text(text).unwrap();
    let mut data = Data::new();
    data.set("y", vec![1.0, 2.0, -0.5]).set("lam", lam);
    let bound = model.bind(&data).unwrap();
    let layer = bound.layer(Settings::default()).unwrap();
    let solution = layer.solve(bound.params()).unwrap();
    let mut seed = Named::default();
    let value = if output == "objective" {
        seed.insert(output, 1.0);
        solution.objective
    } else {
        seed.insert(output, vec![1.0, 1.0, 1.0]);
        solution.variables[output].to_vector().sum()
    };
    let gradient = solution.vjp(&seed).unwrap();
    (value, gradient["lam"].scalar().unwrap(), gradient.well_defined)
}

#[test]
fn a_weight_at_zero_has_the_derivative_from_above() {
    let models = [
        "param y[3]; param lam nonneg; var x[3]; minimize sum_squares(x - y) + lam * norm1(x);",
        "param y[3]; param lam nonneg; var x[3]; minimize sum_squares(x - y) + lam * sum(abs(x) + pos(x - 1));",
        "param y[3]; param lam nonneg; var x[3]; minimize sum_squares(x - y) + lam * max(2 * x) + lam * x[2];",
    ];
    for text in models {
        for output in ["x", "objective"] {
            let (at, slope, well_defined) = by_weight(text, output, 0.0);
            assert!(well_defined, "{text}, {output}");
            let step = 1e-5;
            let (above, beyond) = (by_weight(text, output, step).0, by_weight(text, output, 2.0 * step).0);
            // One-sided differences of second order.
            let difference = (4.0 * above - beyond - 3.0 * at) / (2.0 * step);
            assert!((slope - difference).abs() < 1e-5, "{text}, {output}: {slope} instead of {difference}");
        }
    }
}

/// Where the outputs jump as soon as the weight grows there is no derivative, on no side.
#[test]
fn a_jump_is_not_a_derivative() {
    let text = "param y[3]; param lam nonneg; var x[3] in [-1, 1]; minimize lam * sum_squares(x - y);";
    let (_, _, well_defined) = by_weight(text, "x", 0.0);
    assert!(!well_defined);
}

//! Random models, built by type, against a conic solver on a naive lowering of their own: solutions, objectives, and
//! gradients by two routes.
//!
//! `CVXLAYER_RANDOM=2000 cargo test --test random` runs as many models; a failure prints the seed and the model.
#![cfg(feature = "lang")]

#[path = "random/cone.rs"]
mod cone;
#[path = "random/generate.rs"]
mod generate;
#[path = "random/model.rs"]
mod model;
#[path = "random/piecewise.rs"]
mod piecewise;
#[allow(dead_code, reason = "the stages of other inputs are not run here")]
#[path = "hostile/stages.rs"]
mod stages;
#[path = "random/value.rs"]
mod value;

use cvxlayer::program::Shape;
use cvxlayer::{Array, Data, Layer, Model, Named, Params, Settings, Solution, Status};
use model::Parameter;

/// What became of the models of a run.
#[derive(Debug, Default)]
struct Tally {
    solved: usize,
    differentiated: usize,
    unreferenced: usize,
}

fn array(p: &Parameter, value: &[f64]) -> Array {
    Array::dense(p.shape.axes(), value.to_vec()).expect("as many entries as the shape has")
}

/// A value as JSON.
fn nested(p: &Parameter) -> serde_json::Value {
    match p.shape {
        Shape::Scalar => p.value[0].into(),
        Shape::Vector(_) => p.value.clone().into(),
        Shape::Matrix(_, n) => p.value.chunks(n).map(<[f64]>::to_vec).collect::<Vec<_>>().into(),
    }
}

/// The parameters moved by `step` along a direction.
fn moved(model: &model::Model, direction: &[Vec<f64>], step: f64) -> model::Model {
    let mut out = model.clone();
    for (p, d) in out.parameters.iter_mut().zip(direction) {
        for (v, d) in p.value.iter_mut().zip(d) {
            *v += step * d;
        }
    }
    out
}

/// A direction of all parameters that keeps symmetry.
fn direction(model: &model::Model, rng: &mut fastrand::Rng) -> Vec<Vec<f64>> {
    let mut out = Vec::new();
    for p in &model.parameters {
        let mut d: Vec<f64> = (0..p.shape.len()).map(|_| 2.0 * rng.f64() - 1.0).collect();
        if p.attribute == "psd" {
            let n = value::sizes(p.shape).0;
            for i in 0..n {
                for j in 0..i {
                    d[i * n + j] = d[j * n + i];
                }
            }
        }
        out.push(d);
    }
    out
}

fn params(model: &model::Model) -> Params {
    let mut out = Params::new();
    for (k, p) in model.parameters.iter().enumerate() {
        out.set(format!("p{k}"), array(p, &p.value));
    }
    out
}

fn solve(layer: &Layer, model: &model::Model) -> Solution {
    layer.solve(&params(model)).expect("good parameters")
}

fn points(solution: &Solution, model: &model::Model) -> value::Point {
    (0..model.variables.len()).map(|k| solution.variables[&*format!("x{k}")].to_dense()).collect()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

/// Checks one model; panics with what differs.
fn check(seed: u64, size: u32, tally: &mut Tally) {
    let model = generate::model(seed, size);
    let text = model.to_string();
    let values: Vec<String> =
        (model.parameters.iter().enumerate()).map(|(k, p)| format!("\"p{k}\": {}", nested(p))).collect();
    let context = format!("seed {seed}, size {size}\n{text}{{{}}}\n", values.join(", "));
    let compiled = Model::from_text(&text).unwrap_or_else(|e| panic!("{context}\n{e}"));
    stages::layout(&text);
    stages::compile(&text);
    let mut data = Data::new();
    for (k, p) in model.parameters.iter().enumerate() {
        data.set(format!("p{k}"), array(p, &p.value));
    }
    let bound = compiled.bind(&data).unwrap_or_else(|e| panic!("{context}\n{e}"));
    let layer = bound.layer(Settings::default()).unwrap_or_else(|e| panic!("{context}\n{e}"));
    let solution = solve(&layer, &model);
    assert_eq!(solution.status, Status::Solved, "{context}\n{:?}", solution.info);
    tally.solved += 1;
    let point = points(&solution, &model);
    let objective = model.objective.as_ref().expect("an objective");
    // What the layer reports is what the expressions are at its point.
    let (reported, at_point) = (solution.objective, value::value(&model, &point, objective)[0]);
    assert!(close(reported, at_point, 1e-9), "objective {reported}, at its point {at_point}\n{context}");
    for (k, e) in model.lets.iter().enumerate() {
        let reported = solution.expressions[&*format!("e{k}")].to_dense();
        for (a, b) in reported.iter().zip(value::value(&model, &point, e)) {
            assert!(close(*a, b, 1e-9), "e{k}: {a} instead of {b}\n{context}");
        }
    }
    let Some(reference) = cone::solve(&model) else {
        tally.unreferenced += 1;
        return;
    };
    let (ours, theirs) = (solution.objective, reference.objective);
    assert!(close(ours, theirs, 1e-6), "objective {ours}, reference {theirs}\n{context}");
    // The objective is strongly convex with modulus 0.6: an objective that is 1e-8 off holds x within this distance.
    let reach = (1e-8 * theirs.abs().max(1.0) / 0.3).sqrt();
    for (a, b) in point.iter().flatten().zip(reference.point.iter().flatten()) {
        assert!((a - b).abs() <= reach, "x: {a}, reference {b}\n{context}");
    }
    differentiate(seed, &model, &layer, &solution, tally, &context);
}

/// The derivative of the objective and of a functional of x, along a direction of all parameters.
fn differentiate(
    seed: u64,
    model: &model::Model,
    layer: &Layer,
    solution: &Solution,
    tally: &mut Tally,
    context: &str,
) {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x9e37_79b9_7f4a_7c15);
    let direction = direction(model, &mut rng);
    let weights: Vec<Vec<f64>> =
        model.variables.iter().map(|x| (0..x.shape.len()).map(|_| rng.f64() - 0.5).collect()).collect();
    let mut of_x = Named::default();
    for (k, (x, w)) in model.variables.iter().zip(&weights).enumerate() {
        of_x.insert(format!("x{k}"), Array::dense(x.shape.axes(), w.clone()).expect("fits"));
    }
    let mut of_objective = Named::default();
    of_objective.insert("objective", 1.0);
    let mut tangents = Named::default();
    for (k, (p, d)) in model.parameters.iter().zip(&direction).enumerate() {
        tangents.insert(format!("p{k}"), array(p, d));
    }
    let pair = |gradient: &Named<Array>| -> f64 {
        let mut sum = 0.0;
        for (k, d) in direction.iter().enumerate() {
            let g = gradient[&*format!("p{k}")].to_dense();
            sum += g.iter().zip(d).map(|(g, d)| g * d).sum::<f64>();
        }
        sum
    };
    let gradients = solution.vjp(&of_x).expect("a derivative");
    let by_objective = solution.vjp(&of_objective).expect("a derivative");
    let forward = solution.jvp(&tangents).expect("a derivative");
    let functional = |values: &dyn Fn(usize) -> Vec<f64>| -> f64 {
        (0..weights.len()).map(|k| values(k).iter().zip(&weights[k]).map(|(v, w)| v * w).sum::<f64>()).sum()
    };
    if !(gradients.well_defined && by_objective.well_defined) {
        assert!(!(gradients.notes.is_empty() && by_objective.notes.is_empty()), "no reason\n{context}");
        return;
    }
    tally.differentiated += 1;
    let (backward, ahead) =
        (pair(&gradients.by), functional(&|k| forward.variables[&*format!("x{k}")].to_dense()));
    assert!(close(backward, ahead, 1e-8), "vjp {backward}, jvp {ahead}\n{context}");
    // A dual is the price of the room its constraint has, in the minimization form.
    for (k, c) in model.constraints.iter().enumerate() {
        let dual: f64 = solution.duals[&*format!("#{}", k + 1)].to_dense().iter().sum();
        let price = if model.maximize { dual } else { -dual };
        let by: f64 = by_objective.by[&*format!("p{}", c.room)].to_dense().iter().sum();
        assert!(close(by, price, 1e-6), "constraint {}: dual {dual}, derivative {by}\n{context}", k + 1);
    }
    let mut closest = [f64::INFINITY; 2];
    // A step that crosses a change of the active set tells nothing; a shorter one does.
    for step in [1e-4, 1e-5, 1e-6] {
        let [up, down] = [step, -step].map(|step| solve(layer, &self::moved(model, &direction, step)));
        let value = |s: &Solution| functional(&|k| s.variables[&*format!("x{k}")].to_dense());
        let difference = (value(&up) - value(&down)) / (2.0 * step);
        let by = (up.objective - down.objective) / (2.0 * step);
        let error = |a: f64, b: f64| (a - b).abs() / a.abs().max(b.abs()).max(1.0);
        closest[0] = closest[0].min(error(backward, difference));
        closest[1] = closest[1].min(error(pair(&by_objective.by), by));
    }
    assert!(closest[0] < 1e-5, "x by parameters is {} off\n{context}", closest[0]);
    assert!(closest[1] < 1e-5, "the objective by parameters is {} off\n{context}", closest[1]);
}

#[test]
fn random_models_agree_with_a_conic_solver() {
    let count: u64 = std::env::var("CVXLAYER_RANDOM").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let first: u64 = std::env::var("CVXLAYER_RANDOM_FIRST").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for seed in first..first + count {
        let run = std::panic::AssertUnwindSafe(|| check(seed, 2 + (seed % 9) as u32, &mut tally));
        if let Err(panic) = std::panic::catch_unwind(run) {
            let message = panic.downcast_ref::<String>().cloned();
            failures.push(message.unwrap_or_else(|| format!("seed {seed}")));
        }
    }
    let failed = failures.len();
    assert!(failures.is_empty(), "{failed} of {count} models, {tally:?}\n{}", failures.join("\n"));
    // Ties are rare among random numbers, so nearly every model must have been compared in full.
    assert!(tally.unreferenced * 20 <= tally.solved, "{tally:?}");
    assert!(tally.differentiated * 100 >= 97 * (tally.solved - tally.unreferenced), "{tally:?}");
}

/// A cube held at zero by `pos`: a reason why a derivative may not exist says nothing about some of the data.
#[test]
fn a_cube_of_a_positive_part_at_zero_has_a_derivative_or_a_reason() {
    check(310, 6, &mut Tally::default());
}

/// Weakly active pieces of sorting atoms that bind nothing, and slopes of which the solver leaves no more than its residual:
/// nothing is in doubt.
#[test]
fn what_harms_nothing_leaves_the_derivative() {
    let pieces = [9375, 15505, 17549, 20035, 20227, 20319, 22763, 4277];
    let powers = [4378, 14161, 15238, 19872, 23014];
    for seed in pieces.into_iter().chain(powers) {
        let mut tally = Tally::default();
        check(seed, 2 + (seed % 9) as u32, &mut tally);
        assert_eq!(tally.differentiated, 1, "seed {seed}");
    }
}

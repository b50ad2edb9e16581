//! A model with every kind of statement, all sizes literal: solved and differentiated through its structs.

use cvxlayer::nalgebra::{SMatrix, SVector};
use cvxlayer::{Array, Data, Error, Model, Named, Route, Settings, Status};

cvxlayer::problem! {
    /// A portfolio of three assets.
    pub Portfolio;

    /// Expected returns.
    param mu[3];
    /// Covariance.
    param S[3, 3] psd;
    /// Idiosyncratic variance.
    param D[3, 3] diag nonneg;
    param cap = 0.6;
    param gamma pos = 1.5;
    const lots[2] int = [0, 2];

    /// Weights.
    var w[3] nonneg;
    var slack[2, 2] in [-1, 1];
    let risk = quad_form(w, S + D);
    let chosen = w[lots];

    maximize mu.T @ w - gamma**2 * risk - sum_squares(slack);

    subject to
      budget: sum(w) == 1;
      pair: w[0] + w[1] <= cap;
      steps: slack[i, j] >= 0.1 * i for i in 0..2, j in 0..2;
      sum(slack) <= 3;
}

fn params() -> PortfolioParams {
    PortfolioParams {
        mu: SVector::from([0.1, 0.3, 0.2]),
        S: SMatrix::from_row_slice(&[0.4, 0.1, 0.0, 0.1, 0.3, 0.05, 0.0, 0.05, 0.6]),
        D: SVector::from([0.01, 0.02, 0.03]),
        cap: 0.6,
        gamma: 1.2,
    }
}

/// The same model through text and names.
fn untyped() -> cvxlayer::Solution {
    let text =
        "param mu[3]; param S[3, 3] psd; param D[3, 3] diag nonneg; param cap = 0.6; param gamma pos = 1.5;
        const lots[2] int = [0, 2]; var w[3] nonneg; var slack[2, 2] in [-1, 1];
        let risk = quad_form(w, S + D); let chosen = w[lots];
        maximize mu.T @ w - gamma**2 * risk - sum_squares(slack);
        subject to budget: sum(w) == 1; pair: w[0] + w[1] <= cap;
        steps: slack[i, j] >= 0.1 * i for i in 0..2, j in 0..2; sum(slack) <= 3;";
    let p = params();
    let mut data = Data::new();
    data.set("mu", vec![0.1, 0.3, 0.2]).set("cap", p.cap).set("gamma", p.gamma);
    data.set("S", Array::dense(vec![3, 3], p.S.transpose().as_slice().to_vec()).unwrap());
    data.set("D", Array::diagonal(p.D.as_slice().to_vec()));
    let model = Model::from_text(text).unwrap();
    let bound = model.bind(&data).unwrap();
    bound.layer(Settings::default()).unwrap().solve(bound.params()).unwrap()
}

#[test]
fn solutions_are_those_of_the_same_text() {
    let solved = Portfolio::new().unwrap().solve(&params()).unwrap();
    let expected = untyped();
    assert_eq!((solved.status(), solved.objective), (Status::Solved, expected.objective));
    assert_eq!(solved.w.as_slice(), expected.variables["w"].values());
    assert_eq!(solved.slack.transpose().as_slice(), expected.variables["slack"].values());
    assert_eq!(Some(solved.risk), expected.expressions["risk"].scalar());
    assert_eq!(solved.chosen.as_slice(), expected.expressions["chosen"].values());
    assert_eq!(Some(solved.duals.budget), expected.duals["budget"].scalar());
    assert_eq!(Some(solved.duals.pair), expected.duals["pair"].scalar());
    assert_eq!(solved.duals.steps.transpose().as_slice(), expected.duals["steps"].values());
    assert_eq!(solved.bounds.w.as_slice(), expected.bounds["w"].values());
    assert_eq!(solved.slack[(1, 0)], 0.1);
}

#[test]
fn gradients_are_those_of_the_same_text() {
    let solved = Portfolio::new().unwrap().solve(&params()).unwrap();
    let expected = untyped();
    let mut seed: Named<Array> = Named::default();
    seed.insert("w", vec![0.3, -0.2, 0.5]).insert("risk", 1.0).insert("dual(budget)", 0.7);
    seed.insert("bounds(w)", vec![0.1, 0.2, 0.3]).insert("objective", 0.4);
    let expected = expected.vjp(&seed).unwrap();
    let cotangent = PortfolioSolution {
        w: SVector::from([0.3, -0.2, 0.5]),
        risk: 1.0,
        objective: 0.4,
        duals: PortfolioDuals { budget: 0.7, ..Default::default() },
        bounds: PortfolioBounds { w: SVector::from([0.1, 0.2, 0.3]), ..Default::default() },
        ..Default::default()
    };
    let gradient = solved.vjp(&cotangent).unwrap();
    assert!(gradient.well_defined, "{:?}", gradient.notes);
    assert_eq!(gradient.mu.as_slice(), expected["mu"].values());
    assert_eq!(gradient.S.transpose().as_slice(), expected["S"].values());
    assert_eq!(gradient.D.as_slice(), expected["D"].values());
    assert_eq!(Some(gradient.gamma), expected["gamma"].scalar());
    let other = solved.vjp_by(Route::Bpqp, &cotangent).unwrap();
    assert!((gradient.mu - other.mu).norm() < 1e-8);
}

#[test]
fn tangents_are_adjoint_to_gradients() {
    let solved = Portfolio::new().unwrap().solve(&params()).unwrap();
    let direction =
        PortfolioParams { mu: SVector::from([1.0, -2.0, 0.5]), gamma: 0.3, ..PortfolioParams::zeros() };
    let moved = solved.jvp(&direction).unwrap();
    let cotangent = PortfolioSolution { w: SVector::from([0.2, 0.4, -1.0]), risk: 2.0, ..Default::default() };
    let gradient = solved.vjp(&cotangent).unwrap();
    let forward = cotangent.w.dot(&moved.w) + 2.0 * moved.risk;
    let backward = gradient.mu.dot(&direction.mu) + gradient.gamma * direction.gamma;
    assert!((forward - backward).abs() < 1e-9 * forward.abs().max(1.0), "{forward} and {backward}");
}

#[test]
fn jacobians_are_asked_for_by_field() {
    let solved = Portfolio::new().unwrap().solve(&params()).unwrap();
    let jacobian = solved.jacobian(|s| &s.w, |p| &p.mu).unwrap();
    assert_eq!(jacobian, solved.untyped().jacobian("w", "mu").unwrap());
    let dual = solved.jacobian(|s| &s.duals.pair, |p| &p.cap).unwrap();
    assert_eq!(dual, solved.untyped().jacobian("dual(pair)", "cap").unwrap());
    assert!(solved.jacobian(|s| &s.w[0], |p| &p.mu).is_err(), "an entry is no field");
}

#[test]
fn defaults_are_filled_in() {
    let layer = Portfolio::new().unwrap();
    let p = params();
    let filled = layer.params(p.mu, p.S, p.D);
    assert_eq!((filled.cap, filled.gamma), (0.6, 1.5));
    assert!(layer.solve(&filled).unwrap().is_solved());
}

#[test]
fn batches_and_warm_starts_agree_with_single_solves() {
    let layer = Portfolio::new().unwrap();
    let batch: Vec<_> =
        (0..4).map(|i| PortfolioParams { cap: 0.5 + 0.1 * f64::from(i), ..params() }).collect();
    let all = layer.solve_batch(&batch);
    let mut earlier = layer.solve(&params()).unwrap();
    for (params, solved) in batch.iter().zip(all) {
        let solved = solved.unwrap();
        let warm = layer.solve_from(params, &earlier).unwrap();
        assert!((solved.w - warm.w).norm() < 1e-8);
        assert!(solved.w[0] + solved.w[1] <= params.cap + 1e-9);
        earlier = warm;
    }
}

#[test]
fn samples_keep_their_own_constants_and_errors() {
    cvxlayer::problem! {
        Offset;
        param a;
        param weight pos;
        var x in [0, 1];
        minimize weight * square(x - 3) + a;
    }
    let layer = Offset::new().unwrap();
    let sample = |a, weight| OffsetParams { a, weight };
    let batch =
        [sample(5.0, 1.0), sample(0.0, -1.0), sample(7.0, 2.0), sample(f64::NAN, 1.0), sample(-1.0, 3.0)];
    let all = layer.solve_batch(&batch);
    for (params, solved) in batch.iter().zip(&all) {
        match (layer.solve(params), solved) {
            (Ok(alone), Ok(solved)) => assert!((alone.objective - solved.objective).abs() < 1e-9),
            (Err(alone), Err(solved)) => assert_eq!(alone.to_string(), solved.to_string()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(all.iter().filter(|s| s.is_ok()).count(), 3);
    assert!(layer.solve_batch(&[]).is_empty());
}

#[test]
fn values_outside_their_domain_are_all_reported() {
    let layer = Portfolio::new().unwrap();
    let bad = PortfolioParams {
        gamma: -1.0,
        D: SVector::from([0.1, -0.1, 0.1]),
        mu: SVector::from([0.0, f64::NAN, 0.0]),
        ..params()
    };
    let Err(Error::Values(errors)) = layer.solve(&bad) else { panic!("values are checked") };
    let names: Vec<_> = errors.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["mu", "D", "gamma"]);
}

#[test]
fn no_solution_leaves_no_numbers() {
    cvxlayer::problem! {
        Impossible;
        param low;
        var x in [low, 1];
        minimize square(x);
    }
    let layer = Impossible::new().unwrap();
    let solved = layer.solve(&ImpossibleParams { low: 2.0 }).unwrap();
    assert_eq!(solved.status(), Status::Infeasible);
    assert!(solved.x.is_nan() && solved.objective.is_nan() && solved.bounds.x.is_nan());
    assert!(solved.certificate().is_some());
    assert!(matches!(solved.vjp(&ImpossibleSolution::default()), Err(Error::NotSolved(Status::Infeasible))));
}

#[test]
fn the_static_program_is_the_compiled_one() {
    let layer = Portfolio::new().unwrap();
    assert_eq!(layer.untyped().program().blocks, untyped().program().blocks);
    assert_eq!(layer.untyped().program().lift, untyped().program().lift);
    assert_eq!(layer.untyped().program().solution.duals, untyped().program().solution.duals);
    assert_eq!(layer.untyped().program().values, untyped().program().values);
}

cvxlayer::problem! { pub Smoother from "tests/problem/models/smoother.cvx" }

#[test]
fn models_come_from_files() {
    let layer = Smoother::new().unwrap();
    let solved = layer.solve(&layer.params(SVector::from([1.0, 1.2, 0.9, 3.0, 3.1]))).unwrap();
    let fit: SVector<f64, 5> = solved.fit;
    assert!((fit[1] - fit[0]).abs() < 1e-6, "flat where noise was: {fit}");
    assert!(fit[3] - fit[2] > 1.0, "and a jump: {fit}");
    let _: SMatrix<f64, 4, 1> = solved.steps;
}

/// The structs are data for others where the feature asks for it.
#[test]
#[cfg(feature = "serde")]
fn structs_can_be_serialized() {
    let solved = Portfolio::new().unwrap().solve(&params()).unwrap();
    let text = serde_json::to_string(&params()).unwrap();
    assert_eq!(serde_json::from_str::<PortfolioParams>(&text).unwrap(), params());
    let text = serde_json::to_string(&*solved).unwrap();
    assert_eq!(serde_json::from_str::<PortfolioSolution>(&text).unwrap(), *solved);
}

//! After a typed layer is made, small problems are solved without touching the heap.

use cvxlayer::Status;
use cvxlayer::nalgebra::{SMatrix, SVector};

cvxlayer::problem! {
    /// Everything that a closed model may hold: lifted expressions, semidefinite data, lets, duals, bounds.
    pub Everything;
    param mu[4];
    param S[4, 4] psd;
    param d[4, 4] diag pos;
    param gamma pos;
    param cap in [0, 1];
    var w[4] in [0, cap];
    let risk = quad_form(w, S) + sum(d @ square(w));
    let tilt = w * exp(mu);
    maximize mu.T @ w - gamma**2 * risk - 0.1 * sum_squares(w) / gamma;
    subject to
      budget: sum(w) == 1;
      pair: -0.5 <= w[i] - w[i + 1] <= 0.6 for i in 0..3;
}

fn params(key: u32) -> EverythingParams {
    let noise = |k: u32| f64::from((key * 31 + k * 17) % 23) / 23.0;
    let root = SMatrix::<f64, 4, 4>::from_fn(|i, j| noise((i * 4 + j) as u32));
    EverythingParams {
        mu: SVector::from_fn(|i, _| noise(i as u32)),
        S: root * root.transpose(),
        d: SVector::from_element(0.1 + noise(3)),
        gamma: 0.5 + noise(4),
        cap: 0.4 + 0.5 * noise(5),
    }
}

#[test]
fn solves_allocate_nothing() {
    let layer = Everything::new().unwrap();
    let mut workspace = layer.workspace();
    let mut solution = EverythingSolution::default();
    let batch: Vec<_> = (0..30).map(params).collect();
    for params in &batch {
        let mut status = None;
        let work = || status = Some(layer.solve_in(params, &mut workspace, &mut solution));
        let count = allocation_counter::measure(work).count_total;
        assert_eq!(status.unwrap().unwrap(), Status::Solved);
        assert_eq!(count, 0);
        let usual = layer.solve(params).unwrap();
        let close = |a: f64, b: f64, what: &str| assert!((a - b).abs() < 1e-8, "{what}: {a} and {b}");
        close((solution.w - usual.w).norm(), 0.0, "w");
        close(solution.risk, usual.risk, "risk");
        close((solution.tilt - usual.tilt).norm(), 0.0, "tilt");
        close(solution.objective, usual.objective, "objective");
        close(solution.duals.budget, usual.duals.budget, "budget");
        close((solution.duals.pair - usual.duals.pair).norm(), 0.0, "pair");
        close((solution.bounds.w - usual.bounds.w).norm(), 0.0, "bounds");
    }
}

#[test]
fn an_ordinary_solve_allocates() {
    let layer = Everything::new().unwrap();
    let params = params(1);
    assert!(allocation_counter::measure(|| drop(layer.solve(&params))).count_total > 0);
}

#[test]
fn what_has_no_solution_leaves_no_numbers() {
    let layer = Everything::new().unwrap();
    let (mut workspace, mut solution) = (layer.workspace(), EverythingSolution::default());
    let impossible = EverythingParams { cap: 0.1, ..params(2) };
    assert_eq!(layer.solve_in(&impossible, &mut workspace, &mut solution).unwrap(), Status::Infeasible);
    assert!(solution.w.iter().all(|v| v.is_nan()) && solution.duals.budget.is_nan());
    assert_eq!(layer.solve_in(&params(2), &mut workspace, &mut solution).unwrap(), Status::Solved);
    assert!((solution.w.sum() - 1.0).abs() < 1e-9);
    let bad = EverythingParams { gamma: -1.0, ..params(2) };
    assert!(layer.solve_in(&bad, &mut workspace, &mut solution).is_err());
}

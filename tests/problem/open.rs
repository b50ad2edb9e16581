//! Models with open sizes, constants and patterns, and sizes from Rust constants.

use cvxlayer::nalgebra::{DMatrix, DVector, SMatrix, SVector};
use cvxlayer::{Array, Error};

cvxlayer::problem! {
    /// Least squares with bounds.
    pub Regression;
    dim m, n;
    param A[m, n];
    param b[m];
    const limit[n] nonneg;
    var x[n];
    let residual = A @ x - b;
    minimize sum_squares(residual);
    subject to
      box: abs(x) <= limit;
      order: x[i] <= x[i + 1] + 100 for i in 0..n - 1;
      some: x[i] <= 100 for i in 0..n if i > 0;
}

fn data() -> RegressionData {
    RegressionData { m: 3, n: 2, limit: DVector::from_vec(vec![1.0, 10.0]) }
}

#[test]
fn sizes_and_constants_are_given_to_new() {
    let layer = Regression::new(&data()).unwrap();
    let params = RegressionParams {
        A: DMatrix::from_row_slice(3, 2, &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]),
        b: DVector::from_vec(vec![3.0, 1.0, 4.0]),
    };
    let solved = layer.solve(&params).unwrap();
    assert!((solved.x[0] - 1.0).abs() < 1e-9 && (solved.x[1] - 2.0).abs() < 1e-8, "{}", solved.x);
    let residual: &DVector<f64> = &solved.residual;
    assert_eq!((residual.len(), solved.duals.r#box.len(), solved.duals.order.len()), (3, 2, 1));
    assert_eq!(solved.duals.some.len(), 1);
    let seed = RegressionSolution { x: DVector::from_vec(vec![0.0, 1.0]), ..Default::default() };
    let gradient = solved.vjp(&seed).unwrap();
    assert_eq!(gradient.A.shape(), (3, 2));
    assert!((gradient.b.sum() - 1.0).abs() < 1e-8, "x1 is the mean of 1 and 3: {}", gradient.b);
    let direction =
        RegressionParams { b: DVector::from_vec(vec![0.0, 1.0, 1.0]), ..RegressionParams::zeros() };
    let moved: DVector<f64> = solved.jvp(&direction).unwrap().value.x;
    assert!((moved[1] - 1.0).abs() < 1e-8);
    let jacobian: DMatrix<f64> = solved.jacobian(|s| &s.x, |p| &p.b).unwrap().matrix;
    assert!((jacobian[(1, 2)] - 0.5).abs() < 1e-8);
}

#[test]
fn lengths_are_checked_where_types_do_not() {
    let layer = Regression::new(&data()).unwrap();
    let params = RegressionParams { A: DMatrix::zeros(2, 3), b: DVector::zeros(4) };
    let Err(Error::Values(errors)) = layer.solve(&params) else { panic!("lengths are checked") };
    let text: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(text.len(), 2);
    assert!(text[0].contains("`A` has the shape [2, 3], but is declared [3, 2]"), "{text:?}");
    let solved = layer.solve(&RegressionParams { A: DMatrix::identity(3, 2), b: DVector::zeros(3) }).unwrap();
    let seed = RegressionSolution { x: DVector::zeros(5), ..Default::default() };
    assert!(matches!(solved.vjp(&seed), Err(Error::Length { expected: 2, given: 5, .. })));
    let direction = RegressionParams { b: DVector::zeros(5), ..RegressionParams::zeros() };
    assert!(matches!(solved.jvp(&direction), Err(Error::Length { expected: 3, given: 5, .. })));
}

#[test]
fn what_does_not_fit_the_model_is_an_error_of_new() {
    let wrong = RegressionData { limit: DVector::from_vec(vec![1.0, 2.0, 3.0]), ..data() };
    let error = Regression::new(&wrong).unwrap_err().to_string();
    assert!(error.contains("limit"), "{error}");
}

const ROWS: usize = 3;
const COLS: usize = 2;

cvxlayer::problem! {
    pub Chain;
    dim n = {ROWS};
    param a[n];
    param B[n, {COLS}];
    param c[2 * {COLS} - 1];
    var x[n];
    let mixed = B.T @ x;
    minimize sum_squares(x - a) + sum_squares(mixed) / {COLS};
    subject to
      rising: x[t + 1] >= x[t] for t in 0..{ROWS} - 1;
      third: sum(c) + sum(x) >= 0;
}

#[test]
fn sizes_from_rust_constants_are_typed() {
    let params = ChainParams {
        a: SVector::from([3.0, 1.0, 2.0]),
        B: SMatrix::<f64, 3, 2>::zeros(),
        c: SVector::<f64, 3>::zeros(),
    };
    let solved = Chain::new().unwrap().solve(&params).unwrap();
    let x: SVector<f64, 3> = solved.x;
    assert!((x - SVector::from([2.0, 2.0, 2.0])).norm() < 1e-8, "{x}");
    let _: SVector<f64, 2> = solved.mixed;
    let rising: SVector<f64, 2> = solved.duals.rising;
    assert!((rising - SVector::from([2.0, 0.0])).norm() < 1e-7, "{rising}");
}

cvxlayer::problem! {
    pub Sparse;
    dim n;
    param A[n, n] sparse;
    param b[n];
    var x[n];
    minimize sum_squares(x);
    subject to balance: A @ x == b;
}

#[test]
fn sparse_parameters_are_their_stored_entries() {
    let pattern = Array::sparse(2, 2, vec![(0, 0, 1.0), (1, 0, 1.0), (1, 1, 1.0)]).unwrap();
    let layer = Sparse::new(&SparseData { n: 2, A: pattern }).unwrap();
    let params =
        SparseParams { A: DVector::from_vec(vec![2.0, 1.0, 4.0]), b: DVector::from_vec(vec![2.0, 5.0]) };
    let solved = layer.solve(&params).unwrap();
    assert!((&solved.x - DVector::from_vec(vec![1.0, 1.0])).norm() < 1e-9);
    let gradient =
        solved.vjp(&SparseSolution { x: DVector::from_vec(vec![1.0, 0.0]), ..Default::default() }).unwrap();
    // x0 = b0 / A00
    assert!((gradient.A[0] + 0.5).abs() < 1e-9 && gradient.A[2].abs() < 1e-9, "{}", gradient.A);
}

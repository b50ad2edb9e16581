//! Programs hold no more than the problem needs.

use cvxlayer::program::Program;
use cvxlayer::{Array, Data, Model, Settings};

fn compiled(text: &str, data: &Data) -> Program {
    Model::from_text(text).unwrap().bind(data).unwrap().program().unwrap()
}

fn size(program: &Program) -> (usize, usize, usize) {
    (program.variables(), program.rows(), program.nonzeros())
}

/// A matrix with `per_row` entries in each row, none of them zero or on the diagonal.
fn scattered(rows: usize, cols: usize, per_row: usize) -> Array {
    let entry =
        |i: usize, k: usize| (i as u32, ((i + 1 + k * (cols / per_row)) % cols) as u32, 1.0 + k as f64);
    let all = (0..rows).flat_map(|i| (0..per_row).map(move |k| entry(i, k)));
    Array::sparse(rows, cols, all.collect()).unwrap()
}

fn dense(rows: usize, cols: usize) -> Array {
    let entries = (0..rows * cols).map(|k| 1.0 + (k * 37 % 101) as f64).collect();
    Array::dense(vec![rows, cols], entries).unwrap()
}

/// Forty thousand rows and columns would be 1.6 thousand million entries if anything filled them in.
#[test]
fn sparse_matrices_stay_sparse() {
    const SIDE: usize = 40_000;
    let mut data = Data::new();
    data.set("A", scattered(SIDE, SIDE, 3)).set("b", vec![1.0; SIDE]);
    for (kind, theta) in [("const", SIDE), ("param", 4 * SIDE)] {
        let text = format!(
            "dim n; {kind} A[n, n] sparse; param b[n]; var x[n]; minimize sum_squares(x);
            subject to rows: A @ x == b; columns: b <= A.T @ x; scaled: 2 * (A @ x) + x <= 3 * b;"
        );
        let program = compiled(&text, &data);
        // Three entries in each row and column, and one more on the diagonal of the last; P is the identity.
        assert_eq!(size(&program), (SIDE, 3 * SIDE, (1 + 3 + 3 + 4) * SIDE), "{kind}");
        assert_eq!(program.lift.len(), theta, "{kind}");
        let linear = program.blocks.a.entries.linear.nnz();
        assert_eq!(linear, if kind == "param" { 3 * SIDE } else { 0 });
    }
}

#[test]
fn a_dense_parameter_has_one_coefficient_for_each_entry() {
    let mut data = Data::new();
    data.set("A", dense(300, 200)).set("b", vec![1.0; 300]);
    let program = compiled(
        "dim m, n; param A[m, n]; param b[m]; var x[n]; minimize sum_squares(A @ x - b) + norm1(x);",
        &data,
    );
    // Residuals of their own, and both sides of the absolute values.
    assert_eq!(size(&program), (200 + 300 + 200, 300 + 2 * 200, 300 * 200 + 300 + 2 * 2 * 200 + 300));
    assert_eq!(program.blocks.a.entries.linear.nnz(), 300 * 200);
    assert_eq!(program.lift.products.len(), 0);
}

#[test]
fn huber_has_one_row_for_each_residual() {
    let (m, n) = (50, 8);
    let mut data = Data::new();
    data.set("X", dense(m, n)).set("y", vec![1.0; m]);
    let text = "dim m, n; const X[m, n]; param y[m]; var b[n]; minimize sum(huber(X @ b - y, 1));";
    assert_eq!(size(&compiled(text, &data)), (n + 3 * m, m, m * (n + 3) + m));
    // Of a variable itself, and of what is known to be nonnegative, even less.
    assert_eq!(size(&compiled("var x[4]; minimize sum(huber(x));", &Data::new())), (3 * 4, 0, 6 * 4));
    assert_eq!(size(&compiled("var x[4] nonneg; minimize sum(huber(x));", &Data::new())), (2 * 4, 0, 3 * 4));
}

#[test]
fn huber_is_itself_where_its_form_is_short() {
    let text = "param y[5]; param M nonneg; var x[5]; minimize sum(huber(x - y, M)) + 0.5 * sum_squares(x);";
    let model = Model::from_text(text).unwrap();
    let mut data = Data::new();
    data.set("y", vec![0.3, -0.2, 2.0, -6.0, 9.0]).set("M", 1.0);
    let bound = model.bind(&data).unwrap();
    let solution = bound.layer(Settings::default()).unwrap().solve(bound.params()).unwrap();
    // Near 0, 2 (x - y) + x = 0; beyond, x = ±2 M, if that leaves |x - y| at least M.
    let expected = [0.2, -0.4 / 3.0, 4.0 / 3.0, -2.0, 2.0];
    for (value, expected) in solution.variables["x"].values().iter().zip(expected) {
        assert!((value - expected).abs() < 1e-9, "{value} {expected}");
    }
}

#[test]
fn large_quadratic_forms_hold_one_triangle() {
    const N: usize = 20;
    let entry = |i: usize, j: usize| if i == j { 3.0 } else { 1.0 / (1 + i.abs_diff(j)) as f64 };
    let p: Vec<f64> = (0..N * N).map(|k| entry(k / N, k % N)).collect();
    let b: Vec<f64> = (0..N).map(|i| i as f64 - 7.0).collect();
    for kind in ["param", "const"] {
        let text =
            format!("dim n; {kind} P[n, n] psd; param b[n]; var x[n]; minimize quad_form(x, P) + b @ x;");
        let mut data = Data::new();
        data.set("P", Array::dense(vec![N, N], p.clone()).unwrap()).set("b", b.clone());
        let model = Model::from_text(&text).unwrap();
        let bound = model.bind(&data).unwrap();
        let layer = bound.layer(Settings::default()).unwrap();
        assert_eq!(size(layer.program()), (N, 0, N * (N + 1) / 2), "{kind}");
        let solution = layer.solve(bound.params()).unwrap();
        let x = solution.variables["x"].values();
        for i in 0..N {
            let slope = b[i] + (0..N).map(|j| 2.0 * p[i * N + j] * x[j]).sum::<f64>();
            assert!(slope.abs() < 1e-8, "{kind} {i}: {slope}");
        }
    }
}

/// What neither the objective nor a constraint holds is 0, and takes no column; with a range it is one of its values.
#[test]
fn unused_variables_take_no_columns() {
    let text = "param c; var x nonneg; var spare[50, 50]; var sign[3] nonneg; var range in [c, 2];
        minimize square(x - c); let all = sum(spare) + x;";
    let mut data = Data::new();
    data.set("c", 1.5);
    let model = Model::from_text(text).unwrap();
    let bound = model.bind(&data).unwrap();
    assert_eq!(size(&bound.program().unwrap()), (2, 0, 1));
    let solution = bound.layer(Settings::default()).unwrap().solve(bound.params()).unwrap();
    assert_eq!(solution.variables["spare"].to_dense(), vec![0.0; 2500]);
    assert_eq!(solution.bounds["sign"].to_dense(), [0.0; 3]);
    assert!((1.5..=2.0).contains(&solution.variables["range"].scalar().unwrap()));
    let mut seed = cvxlayer::Named::default();
    seed.insert("all", 1.0);
    let gradients = solution.vjp(&seed).unwrap();
    assert!(gradients.well_defined && (gradients["c"].scalar().unwrap() - 1.0).abs() < 1e-9);
    // Nothing at all is left of this one.
    let nothing = Model::from_text("var x[3]; minimize 2;").unwrap();
    let bound = nothing.bind(&Data::new()).unwrap();
    assert_eq!(size(&bound.program().unwrap()), (0, 0, 0));
    let solution = bound.layer(Settings::default()).unwrap().solve(bound.params()).unwrap();
    assert!(solution.is_solved() && (solution.objective - 2.0).abs() < 1e-15);
    assert_eq!(solution.variables["x"].to_dense(), [0.0; 3]);
}

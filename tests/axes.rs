//! Matrices of one row or column: along the long axis an atom does what it does to a vector, of parameters and of
//! variables alike.
#![cfg(feature = "lang")]

use cvxlayer::{Array, Data, Model, Params, Settings};

const VALUES: [f64; 4] = [3.0, -1.0, 4.0, 2.5];

/// The entries of `e` where the variables are held at the parameters' values.
fn value(expression: &str) -> Vec<f64> {
    let text = format!(
        "param v[4]; param c[4, 1]; param r[1, 4]; var x[4]; var y[4, 1]; var z[1, 4];
        minimize sum_squares(x - v) + sum_squares(y - c) + sum_squares(z - r);
        let e = {expression};"
    );
    let array = |shape: Vec<usize>| Array::dense(shape, VALUES.to_vec()).unwrap();
    let mut params = Params::new();
    params.set("v", array(vec![4])).set("c", array(vec![4, 1])).set("r", array(vec![1, 4]));
    let model = Model::from_text(&text).unwrap();
    let bound = model.bind(&Data::new()).unwrap();
    let solution = bound.layer(Settings::default()).unwrap().solve(&params).unwrap();
    solution.expressions["e"].to_dense()
}

#[test]
fn one_row_or_column_is_as_a_vector() {
    for atom in ["cumsum", "cummax", "cummin", "diff", "flip", "sum", "max", "min", "norm1", "mean", "ptp"] {
        let vector = value(&format!("{atom}(v)"));
        for (of, axis) in [("c", 0), ("r", 1), ("y", 0), ("z", 1)] {
            let along = value(&format!("{atom}({of}, axis={axis})"));
            let apart = along.iter().zip(&vector).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(
                along.len() == vector.len() && apart < 1e-9,
                "{atom}({of}, axis={axis}): {along:?}, {vector:?}"
            );
        }
    }
    // Across it, running atoms leave every entry as it is.
    for atom in ["cumsum", "cummax", "cummin", "flip"] {
        for (of, axis) in [("c", 1), ("r", 0), ("y", 1), ("z", 0)] {
            let across = value(&format!("{atom}({of}, axis={axis})"));
            assert!(
                across.iter().zip(&VALUES).all(|(a, b)| (a - b).abs() < 1e-9),
                "{atom}({of}): {across:?}"
            );
        }
    }
}

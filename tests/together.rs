//! A `for` means its instances written out, whether they are evaluated together, as many scalar ones are, or one by one, as a
//! few are.
#![cfg(feature = "lang")]

use cvxlayer::program::{Program, SparseMap};
use cvxlayer::{Array, Data, Model};

/// How many values the index `i` has.
const ALL: usize = 48;
/// So few that instances are evaluated one by one, two values of a second index counted.
const SOME: usize = 12;

/// What all models declare.
const HEAD: &str = "param p[50]; param A[50, 50]; param s nonneg; const c[50]; const k[50] int; \
                    const short[3] = [4, 0.5, 2]; var x[50]; var y[50]; var X[50, 50]; var z; fn f(a) = a + 0.5 * a;\n";

fn data() -> Data {
    let mut data = Data::new();
    let numbers: Vec<f64> = (0..50).map(|i| f64::from(i * 7 % 50)).collect();
    data.set("c", numbers.clone()).set("k", numbers);
    data.set("p", vec![1.0; 50]).set("s", 1.0);
    data.set("A", Array::dense(vec![50, 50], vec![1.0; 2500]).expect("as many entries"));
    data
}

fn compiled(text: &str) -> Program {
    let model = Model::from_text(text).unwrap_or_else(|e| panic!("{text}\n{e}"));
    model.bind(&data()).unwrap_or_else(|e| panic!("{e}")).program().unwrap_or_else(|e| panic!("{text}\n{e}"))
}

/// The duals of all constraints, entry by entry.
fn duals(program: &Program) -> Vec<(usize, Vec<(usize, f64)>)> {
    let rows = |map: &SparseMap| (0..map.rows).map(|i| map.row(i).collect()).collect::<Vec<_>>();
    program.solution.duals.iter().flat_map(|dual| rows(&dual.map)).enumerate().collect()
}

fn same(whole: &str, parts: &str) {
    let (whole_program, parts_program) = (compiled(whole), compiled(parts));
    assert_eq!(whole_program.blocks, parts_program.blocks, "{whole}");
    assert_eq!(whole_program.lift.products, parts_program.lift.products, "{whole}");
    assert_eq!(whole_program.columns, parts_program.columns, "{whole}");
    assert_eq!(duals(&whole_program), duals(&parts_program), "{whole}");
}

/// The ranges of the index that are short enough.
fn ranges() -> impl Iterator<Item = String> {
    (0..ALL).step_by(SOME).map(|from| format!("{from}..{}", from + SOME))
}

#[test]
fn a_sum_is_its_parts() {
    for body in [
        "x[i]",
        "i * x[i]",
        "2 * x[i + 1] - 0.5 * (i - 3) * x[i] + 4",
        "c[i] * x[k[i]] - x[-1]",
        "x[i] / (i + 1) * 8",
        "p[i] * x[i] - s * z",
        "A[i, 2] * X[2, i] + A[i, i]",
        "f(f(i * x[i]))",
        "0 * x[i] + i",
        "short[1] * x[i] - short[2] * i",
        "square(x[i] - c[i])",
        "(x[i] - 0.5 * y[i]) ** 2 + z",
        "square(x[i] + x[i + 1] + y[i] + y[i + 1] + z)",
        "abs(z) + i * x[i]",
        "abs(x[i] - i) + y[i]",
        "p[i] * s * x[i]",
        "exp(p[i]) * x[i]",
        "(p[i] - x[i] * 2 + p[i + 1]) * 2",
        "sum(j * X[i, j] for j in 0..i)",
        "sum(X[i, j] - i for j in 0..3) * 2",
        "sum(sum(X[j, l] for l in i..j if l != 7) for j in 40..44)",
        "sum(x[j] for j in i..i)",
        "sum(X[i, 0:3]) + x[i]",
        "i * j * X[i, j]",
        "j * x[i] + i * x[j]",
    ] {
        for condition in ["", " if i != 5", " if i > 2 and not (i == 9 or 2 * i <= 8)"] {
            let two = body.contains('j') && !body.contains("for j");
            let second = if two { ", j in i + 1..i + 3" } else { "" };
            let loops = |range: &str| format!("i in {range}{second}{condition}");
            let model = |objective: &str| format!("{HEAD}minimize sum_squares(X) + {objective};");
            let parts: Vec<String> =
                ranges().map(|range| format!("sum({body} for {})", loops(&range))).collect();
            let whole = format!("sum({body} for {})", loops(&format!("0..{ALL}")));
            same(&model(&whole), &model(&parts.join(" + ")));
        }
    }
}

#[test]
fn joined_instances_are_their_parts() {
    for body in ["x[i] - 2 * i", "c[i] * x[i + 1]", "sum(X[i, j] for j in 0..i)", "p[i] * z", "abs(x[i])"] {
        let parts: Vec<String> = ranges().map(|range| format!("hstack({body} for i in {range})")).collect();
        let model = |joined: &str| format!("{HEAD}minimize max({joined}) + sum_squares(X);");
        same(
            &model(&format!("hstack({body} for i in 0..{ALL})")),
            &model(&format!("hstack({})", parts.join(", "))),
        );
    }
}

#[test]
fn a_constraint_is_its_parts() {
    for comparison in [
        "x[i] <= i",
        "2 * x[i] >= p[i]",
        "-x[i] <= 3",
        "x[i] <= 1",
        "x[i] + x[i + 1] <= c[i]",
        "x[i] - A[i, 1] * y[i] >= 2 * i",
        "x[i + 1] == 0.5 * x[i] + p[i] * z + 1",
        "x[i] == i",
        "-1 <= x[i] - y[i] <= i + 1",
        "i + 1 >= x[i] >= -p[i]",
        "y[i] <= x[i] <= y[i + 1]",
        "abs(x[i]) <= i + 1",
        "sum(X[i, j] for j in 0..3) <= p[i]",
        "x[3] >= i",
        "x[i] + 0 * y[i] <= 2",
        "x[i] - x[i] + y[i] <= z",
        "X[i, 0:2] == x[i]",
    ] {
        let head = format!("{HEAD}minimize sum_squares(x) + sum_squares(X) + sum_squares(y);\nsubject to ");
        let rows = |range: &str| format!("{comparison} for i in {range} if i != 5; ");
        let parts: String = ranges().map(|range| rows(&range)).collect();
        same(&format!("{head}{}", rows(&format!("0..{ALL}"))), &format!("{head}{parts}"));
    }
}

#[test]
fn the_first_instance_out_of_range_is_named() {
    for (body, message) in [
        ("x[k[i] + 3]", "the index 52 is out of range"),
        ("x[i] / (i - 40)", "division by zero"),
        ("x[k[i] - 3]", "the index -3 is out of range"),
    ] {
        let model = Model::from_text(&format!("{HEAD}minimize sum_squares(x) + sum({body} for i in 0..48);"));
        let refused = model.and_then(|m| m.bind(&data())?.program());
        let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(message), "{body}: {error}");
    }
}

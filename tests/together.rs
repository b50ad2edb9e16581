//! A `for` means its instances written out, whether they are evaluated together, as many scalar ones are, or one by one, as a
//! few are.
#![cfg(feature = "lang")]

use cvxlayer::program::{Program, SparseMap};
use cvxlayer::{Array, Data, Layer, Model, Named, Params, Settings, Solution, Status};

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

/// What the columns are, and how many of each, where columns of one name follow each other.
fn columns(program: &Program) -> Vec<(String, usize)> {
    let mut out: Vec<(String, usize)> = Vec::new();
    for own in program.columns.iter() {
        match out.last_mut() {
            Some((last, len)) if *last == *own.name => *len += own.len,
            _ => out.push((own.name.to_string(), own.len)),
        }
    }
    out
}

fn same(whole: &str, parts: &str) {
    let (whole_program, parts_program) = (compiled(whole), compiled(parts));
    assert_eq!(whole_program.blocks, parts_program.blocks, "{whole}");
    assert_eq!(whole_program.lift.products, parts_program.lift.products, "{whole}");
    assert_eq!(columns(&whole_program), columns(&parts_program), "{whole}");
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
    for body in ["x[i] - 2 * i", "c[i] * x[i + 1]", "sum(X[i, j] for j in 0..i)", "p[i] * z"] {
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

/// What the models declare that are compared by their solutions; what an objective needs for a unique one stands in it.
const SOLVED: &str = "param p[50]; param q[50]; param g[50] pos; param s pos; param u[50] in [0, 1]; param A[50, 50]; const c[50]; \
                      const k[50] int; var x[50]; var y[50]; var z;\n\
                      minimize sum_squares(x - 2 * q) + sum_squares(y + p) + square(z - s)";

/// Values that no two entries share.
fn values(rng: &mut fastrand::Rng) -> Params {
    let mut params = Params::new();
    let mut draw = |len: usize, from: f64| (0..len).map(|_| from + rng.f64()).collect::<Vec<f64>>();
    let (p, q, g, matrix) = (draw(50, -0.5), draw(50, -0.5), draw(50, 0.2), draw(2500, -0.5));
    params.set("p", p).set("q", q).set("g", g).set("u", draw(50, 0.0)).set("s", 0.9);
    params.set("A", Array::dense(vec![50, 50], matrix).expect("as many entries"));
    params
}

/// The solution, and the gradients of a fixed combination of all that it holds.
fn solved(text: &str, params: &Params) -> (Program, Solution, Named<Array>) {
    let program = compiled(text);
    let layer = Layer::new(program.clone(), Settings::default()).unwrap_or_else(|e| panic!("{text}\n{e}"));
    let solution = layer.solve(params).unwrap_or_else(|e| panic!("{text}\n{e}"));
    assert_eq!(solution.status, Status::Solved, "{text}");
    let weights = |len: usize| (0..len).map(|i| (1.0 + i as f64).sin()).collect::<Vec<f64>>();
    let mut seed = Named::default();
    seed.insert("x", weights(50)).insert("y", weights(50)).insert("z", 0.7).insert("objective", 0.2);
    if solution.expressions.get("e").is_some() {
        seed.insert("e", weights(solution.expressions["e"].to_dense().len()));
    }
    let gradient = solution.vjp(&seed).unwrap_or_else(|e| panic!("{text}\n{e}"));
    (program, solution, gradient.by)
}

fn close(a: &[f64], b: &[f64], what: &str) {
    let size = a.iter().chain(b).fold(1.0_f64, |size, v| size.max(v.abs()));
    assert_eq!(a.len(), b.len(), "{what}");
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart <= 1e-7 * size, "{what}: {apart:e}");
}

/// Holds two models to one solution, one set of duals, those of the parts end to end, and one set of gradients; the first is
/// not the larger program.
fn equivalent(whole: &str, parts: &str) {
    let params = values(&mut fastrand::Rng::with_seed(5));
    let (a, b) = (solved(whole, &params), solved(parts, &params));
    let (size_a, size_b) = [&a.0, &b.0].map(|p| (p.variables(), p.blocks.b.len(), p.blocks.gl.len())).into();
    assert!(
        size_a.0 <= size_b.0 && size_a.1 <= size_b.1 && size_a.2 <= size_b.2,
        "{whole}: {size_a:?} {size_b:?}"
    );
    close(&[a.1.objective], &[b.1.objective], whole);
    for name in ["x", "y", "z"] {
        close(&a.1.variables[name].to_dense(), &b.1.variables[name].to_dense(), whole);
    }
    let flat = |all: &Named<Array>| all.iter().flat_map(|(_, dual)| dual.to_dense()).collect::<Vec<f64>>();
    close(&flat(&a.1.duals), &flat(&b.1.duals), whole);
    close(&flat(&a.1.expressions), &flat(&b.1.expressions), whole);
    for name in ["p", "q", "g", "u", "s", "A"] {
        close(&a.2[name].to_dense(), &b.2[name].to_dense(), &format!("{whole}, gradient of {name}"));
    }
}

#[test]
fn a_sum_with_lifted_terms_or_auxiliaries_is_equivalent_to_its_parts() {
    for body in [
        "g[i]**2 * square(x[i] - p[i] * q[i])",
        "exp(p[i]) * x[i] - p[i] * q[i] * s * y[i]",
        "(p[i] + s * q[i]) * (x[i] - y[i]) * g[i]",
        "x[i] / g[i] + square(y[i]) / s",
        "s ** i * x[i] + g[i] ** (i / 7) * y[i]",
        "log(c[i] + 1) * x[i] + maximum(p[i], q[i]) * y[i]",
        "0.1 * sum(exp(p[j]) for j in 0..i) * x[i]",
        "sum(p[j] * q[j + i] * x[j] for j in 0..2)",
        "prod(A[i, 0:3]) * x[i]",
        "(A[i, 0:3] @ p[i:i + 3]) * x[i]",
        "p[k[i]] * s * x[i]",
        "g[i] * abs(x[i] - i / 50) + y[i]",
        "maximum(abs(x[i]) - p[i], 0.3)",
        "maximum(x[i], p[i], y[i + 1] - 1) + pos(y[i] - s)",
        "huber(x[i] - p[i], g[i]) + quantile_loss(z - q[i], 0.3)",
        "huber(z, g[i]) + scalene(z, g[i], s) + quantile_loss(z, u[i])",
        "hinge(x[i] + z) - minimum(x[i], y[i] / 2)",
        "square(x[i] + x[i + 1] + y[i] + y[i + 1] + z)",
        "square(pos(x[i] - p[i])) + neg(y[i])",
        "sum(abs(x[j] - p[i]) for j in 40..43) / (1 + g[i])",
        "norm1(x[i:i + 3] - q[i])",
        "max(x[i:i + 2] * g[i]) + norm_inf(A[i, 0:3] - y[i])",
        "sum_squares(y[i:i + 2] - A[i, 0:2])",
        "square(A[i, 0:3] @ x[i:i + 3] - q[i])",
        "mean(x[i:i + 3]) + variance(y[i:i + 2])",
        "sum(x[i:i + 2]) * c[i]",
        "abs(z) + i * x[i] / 50",
        "exp(x[i] - q[i]) + logistic(y[i])",
    ] {
        for condition in ["", " if i != 5"] {
            let model = |objective: &str| format!("{SOLVED} + {objective};");
            let parts: Vec<String> =
                ranges().map(|range| format!("sum({body} for i in {range}{condition})")).collect();
            let whole = format!("sum({body} for i in 0..{ALL}{condition})");
            equivalent(&model(&whole), &model(&parts.join(" + ")));
        }
    }
}

#[test]
fn a_constraint_with_lifted_terms_or_auxiliaries_is_equivalent_to_its_parts() {
    for comparison in [
        "abs(x[i] - p[i]) <= g[i]",
        "g[i] * abs(x[i]) <= s + p[i]**2",
        "maximum(x[i], y[i] + p[i]) <= g[i] / 2",
        "minimum(x[i], y[i] + 1) >= -g[i]",
        "abs(x[i]) + abs(y[i]) <= g[i]",
        "-g[i] <= x[i] - y[i] <= z + 0.2",
        "y[i] <= 2 * x[i] <= y[i + 1] + 3",
        "-p[i]**2 <= x[i] <= exp(q[i])",
        "exp(p[i]) * x[i] == p[i] * q[i] * y[i]",
        "max(x[i:i + 2]) <= g[i] / 3",
        "norm1(x[i:i + 3]) <= 2 * g[i]",
        "A[i, 0:3] @ x[i:i + 3] <= g[i] / 9",
        "x[i:i + 2] <= g[i] / 3",
        "-g[i] <= x[i:i + 2] - y[i] <= g[40:42]",
        "abs(z) <= g[i] / 2",
    ] {
        let rows = |range: &str| format!("{comparison} for i in {range} if i != 5; ");
        let parts: String = ranges().map(|range| rows(&range)).collect();
        let head = format!("{SOLVED};\nsubject to ");
        equivalent(&format!("{head}{}", rows(&format!("0..{ALL}"))), &format!("{head}{parts}"));
    }
}

#[test]
fn a_value_is_its_parts() {
    for body in [
        "exp(x[i]) * p[i]",
        "max(x[i:i + 3]) / g[i]",
        "sum(x[j] * y[i] for j in 0..i)",
        "x[i:i + 2] @ y[0:2]",
    ] {
        let model = |value: &str| format!("{SOLVED};\nlet e = {value};");
        for (join, with) in [("sum", " + "), ("hstack", ", ")] {
            let parts: Vec<String> =
                ranges().map(|range| format!("{join}({body} for i in {range})")).collect();
            let parts =
                if join == "sum" { parts.join(with) } else { format!("hstack({})", parts.join(with)) };
            equivalent(&model(&format!("{join}({body} for i in 0..{ALL})")), &model(&parts));
        }
    }
    let parts: Vec<String> =
        ranges().map(|range| format!("sum(x[i] * A[i, 0:3] for i in {range})")).collect();
    let model =
        |value: &str| format!("{SOLVED} + norm1(({value}) - [0.1, -0.2, 0.3]);\nlet e = exp({value});");
    equivalent(&model(&format!("sum(x[i] * A[i, 0:3] for i in 0..{ALL})")), &model(&parts.join(" + ")));
}

#[test]
fn the_first_instance_out_of_range_is_named() {
    for (body, message) in [
        ("x[k[i] + 3]", "the index 52 is out of range"),
        ("x[i] / (i - 40)", "division by zero"),
        ("x[k[i] - 3]", "the index -3 is out of range"),
        ("abs(x[k[i] + 3]) + exp(p[i]) * x[i]", "the index 52 is out of range"),
    ] {
        let model = Model::from_text(&format!("{HEAD}minimize sum_squares(x) + sum({body} for i in 0..48);"));
        let refused = model.and_then(|m| m.bind(&data())?.program());
        let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(message), "{body}: {error}");
    }
}

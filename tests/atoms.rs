//! Every atom by numbers, on the expressions of `crates/lang/tests/atoms`.
//!
//! Each expression is computed in two ways: on the tape, its variables given as parameters, and by its graph form, its
//! variables held at these values by constraints. Value and gradient must agree, and agree with central differences. Then
//! the variables are set free but for a quadratic that draws them to the values, and the gradient of the solution must
//! agree with central differences of solves. Where the class allows it, a constraint on the expression must lead to the
//! same solution, with the duals and gradients that belong to it.
#![cfg(feature = "lang")]

use cvxlayer::lang::atoms::{ATOMS, Group};
use cvxlayer::{Array, Data, Model, Named, Params, Settings, Solution, Status};
use std::collections::BTreeMap;
use std::fmt::Write;

const NAMES: &str = include_str!("../crates/lang/tests/atoms/names.txt");
const TABLES: [&str; 5] = [
    include_str!("../crates/lang/tests/atoms/affine.txt"),
    include_str!("../crates/lang/tests/atoms/piecewise.txt"),
    include_str!("../crates/lang/tests/atoms/quadratic.txt"),
    include_str!("../crates/lang/tests/atoms/smooth.txt"),
    include_str!("../crates/lang/tests/atoms/data.txt"),
];
/// Of gradients, relative to the largest entry or 1.
const TOLERANCE: f64 = 1e-6;
/// Of central differences, whose own error is of this order.
const DIFFERENCES: f64 = 2e-5;
const STEP: f64 = 1e-6;

#[derive(Clone, Debug)]
struct Case {
    table: usize,
    atom: &'static str,
    expression: &'static str,
    shape: &'static str,
    curvature: &'static str,
}

/// The expressions that have a value: those in the class, and those of data alone.
fn cases() -> Vec<Case> {
    let mut out = Vec::new();
    let mut atom = "";
    for (table, line) in TABLES.iter().enumerate().flat_map(|(k, table)| table.lines().map(move |l| (k, l))) {
        if let Some(heading) = line.strip_prefix("# ") {
            atom = heading;
        } else if let Some((expression, facts)) = line.rsplit_once(" : ") {
            let facts = facts.trim();
            let group = ATOMS.iter().find(|a| a.row().name == atom).map(|a| a.row().group);
            let curvature = facts.rsplit(", ").next().unwrap_or("");
            let curved = matches!(curvature, "convex" | "concave");
            let of_variables = || used(expression).iter().filter(|d| d.variable).count();
            let outside = match group {
                Some(Group::Cone) => curved && !expression.contains('*'),
                Some(Group::Smooth) => matches!(atom, "rel_entr" | "kl_div") && of_variables() > 1,
                _ => false,
            };
            if facts.starts_with('E') || curvature == "unknown" || outside {
                continue;
            }
            let shape = facts
                .split_once(", unknown")
                .or_else(|| facts.split_once(", non"))
                .or_else(|| facts.split_once(", zero"));
            let shape = shape.map_or("", |(shape, _)| shape);
            let shape = if shape == "scalar" { "" } else { shape };
            out.push(Case { table, atom, expression: expression.trim(), shape, curvature });
        }
    }
    out
}

/// A declaration of `names.txt`.
#[derive(Clone, Debug)]
struct Declared {
    name: &'static str,
    variable: bool,
    /// The shape in brackets.
    shape: &'static str,
    attributes: &'static str,
}

fn declared() -> Vec<Declared> {
    NAMES
        .lines()
        .filter_map(|line| {
            let (kind, rest) = line.trim_end_matches(';').split_once(' ')?;
            let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            let (name, rest) = rest.split_at(end);
            let shape = if rest.starts_with('[') { rest.find(']').map_or(0, |at| at + 1) } else { 0 };
            let (shape, attributes) = rest.split_at(shape);
            Some(Declared { name, variable: kind == "var", shape, attributes })
        })
        .collect()
}

/// The declared names that an expression uses.
fn used(expression: &str) -> Vec<Declared> {
    let words: Vec<&str> = expression.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    declared().into_iter().filter(|d| words.contains(&d.name)).collect()
}

/// Repeatable numbers between 0 and 1.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn axes(shape: &str) -> Vec<usize> {
    shape.trim_matches(['[', ']']).split(", ").filter_map(|n| n.parse().ok()).collect()
}

/// A value in the domain of a declaration.
fn value(one: &Declared, numbers: &mut Numbers) -> Array {
    let axes = axes(one.shape);
    let len: usize = axes.iter().product();
    let mut entries: Vec<f64> = (0..len).map(|_| 2.0 * numbers.next() - 1.0).collect();
    match one.attributes.trim() {
        "nonneg" | "pos" => entries.iter_mut().for_each(|v| *v = v.abs() + 0.05),
        "psd" => {
            let n = axes[0];
            let root = entries.clone();
            for i in 0..n {
                for j in 0..n {
                    let product: f64 = (0..n).map(|k| root[i * n + k] * root[j * n + k]).sum();
                    entries[i * n + j] = product + if i == j { 0.5 } else { 0.0 };
                }
            }
        }
        "" => {}
        _ => entries.iter_mut().for_each(|v| *v = 0.1 + 0.4 * (*v + 1.0)),
    }
    array(axes, entries)
}

fn array(axes: Vec<usize>, entries: Vec<f64>) -> Array {
    if axes.is_empty() {
        Array::from(entries[0])
    } else {
        Array::dense(axes, entries).expect("entries fill the shape")
    }
}

type Values = BTreeMap<String, Array>;

/// A direction in which the values may move.
fn direction(values: &Values, numbers: &mut Numbers) -> Values {
    let mut out = Values::new();
    for (name, value) in values {
        let axes = value.axes().to_vec();
        let mut entries: Vec<f64> = value.to_vector().iter().map(|_| 2.0 * numbers.next() - 1.0).collect();
        if name == "P" {
            let n = axes[0];
            let full = entries.clone();
            for i in 0..n {
                for j in 0..n {
                    entries[i * n + j] = full[i * n + j] + full[j * n + i];
                }
            }
        }
        out.insert(name.clone(), array(axes, entries));
    }
    out
}

fn moved(values: &Values, direction: &Values, step: f64) -> Values {
    values
        .iter()
        .map(|(name, value)| {
            let by = direction[name].to_dense();
            let entries = value.to_dense().iter().zip(by).map(|(v, d)| v + step * d).collect();
            (name.clone(), array(value.axes().to_vec(), entries))
        })
        .collect()
}

/// A model with its layer, ready for any values.
struct Problem {
    text: String,
    layer: cvxlayer::Layer,
}

impl Problem {
    fn new(text: String) -> Self {
        let model = Model::from_text(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let bound = model.bind(&Data::new()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let layer = bound.layer(Settings::default()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        Self { text, layer }
    }

    fn solve(&self, values: &Values) -> Solution {
        let mut params = Params::new();
        for (name, value) in values {
            params.set(name.as_str(), value.clone());
        }
        let solution = self.layer.solve(&params).unwrap_or_else(|e| panic!("{e}\n{}", self.text));
        assert_eq!(solution.status, Status::Solved, "{}", self.text);
        solution
    }
}

/// ⟨seed, outputs⟩.
fn measured(solution: &Solution, seed: &Named<Array>) -> f64 {
    seed.iter()
        .map(|(name, weights)| {
            let found = match name {
                "objective" => Array::from(solution.objective),
                "value" => solution.expressions["value"].clone(),
                _ => solution.variables[name].clone(),
            };
            weights.to_vector().dot(&found.to_vector())
        })
        .sum()
}

/// The gradient by the values, checked against central differences along a direction.
fn gradient(problem: &Problem, values: &Values, seed: &Named<Array>, numbers: &mut Numbers) -> Values {
    let solution = problem.solve(values);
    let gradients = solution.vjp(seed).unwrap_or_else(|e| panic!("{e}\n{}", problem.text));
    assert!(gradients.well_defined, "{:?}\n{}", gradients.notes, problem.text);
    let by: Values = values.keys().map(|name| (name.clone(), gradients[name.as_str()].clone())).collect();
    let along = direction(values, numbers);
    let slope: f64 = along.iter().map(|(name, d)| d.to_vector().dot(&by[name].to_vector())).sum();
    let ends = [STEP, -STEP].map(|step| measured(&problem.solve(&moved(values, &along, step)), seed));
    let difference = (ends[0] - ends[1]) / (2.0 * STEP);
    assert!(
        (slope - difference).abs() <= DIFFERENCES * slope.abs().max(1.0),
        "gradient {slope}, difference {difference}\n{}",
        problem.text
    );
    by
}

fn seed(name: &str, weights: Array) -> Named<Array> {
    [(name, weights)].into_iter().collect()
}

fn assert_close(a: &Array, b: &Array, what: &str) {
    let (a, b) = (a.to_vector(), b.to_vector());
    let size = a.amax().max(1.0);
    assert!((&a - &b).amax() <= TOLERANCE * size, "{what}: {a} against {b}");
}

/// Whether the expression may stand in a constraint.
fn bounded(case: &Case) -> bool {
    case.table < 2 && !case.expression.contains("square") && !case.expression.contains("quad_form")
}

fn run(case: &Case) {
    let mut numbers = Numbers(
        case.expression.bytes().fold(7, |hash: u64, b| hash.wrapping_mul(31).wrapping_add(u64::from(b))),
    );
    let names = used(case.expression);
    let mut values: Values = names.iter().map(|d| (d.name.to_owned(), value(d, &mut numbers))).collect();
    let weights = Declared { name: "weight", variable: false, shape: case.shape, attributes: " nonneg" };
    values.insert("weight".into(), value(&weights, &mut numbers));
    let measure = format!("sum(weight * ({}))", case.expression);
    let declare = |kind: &str, d: &Declared| format!("{kind} {}{}{};\n", d.name, d.shape, d.attributes);

    // By the tape.
    let mut text: String = names.iter().chain([&weights]).map(|d| declare("param", d)).collect();
    let _ = write!(text, "let value = {measure};\nvar d;\nminimize square(d - {measure});\n");
    let tape = Problem::new(text);
    let by_tape = gradient(&tape, &values, &seed("value", Array::from(1.0)), &mut numbers);
    let known = tape.solve(&values).expressions["value"].scalar().expect("a number");
    let lifted = tape.solve(&values).vjp(&seed("d", Array::from(1.0))).expect("a derivative");
    for (name, by) in &by_tape {
        assert_close(by, &lifted[name.as_str()], &format!("{}: by {name}, lifted", case.expression));
    }
    if names.iter().all(|d| !d.variable) {
        return;
    }

    // By the graph form, the variables held at the values.
    let (sense, sign) = if case.curvature == "concave" { ("maximize", "-") } else { ("minimize", "+") };
    let (mut fixed, mut free) = (String::new(), String::new());
    let (mut held, mut draw) = (String::from("subject to\n"), String::new());
    let mut at_values = Values::new();
    for d in names.iter().chain([&weights]) {
        if d.variable {
            let declaration = format!("{}param at_{}{};\n", declare("var", d), d.name, d.shape);
            fixed += &declaration;
            free += &declaration;
            let _ = writeln!(held, "  hold_{0}: {0} == at_{0};", d.name);
            let _ = write!(draw, " {sign} sum_squares({0} - at_{0})", d.name);
            at_values.insert(format!("at_{}", d.name), values[d.name].clone());
        } else {
            fixed += &declare("param", d);
            free += &declare("param", d);
            at_values.insert(d.name.to_owned(), values[d.name].clone());
        }
    }
    let graph = Problem::new(format!("{fixed}{sense} {measure};\n{held}"));
    let objective = graph.solve(&at_values).objective;
    assert!(
        (objective - known).abs() <= 1e-7 * known.abs().max(1.0),
        "{}: {objective} by the graph form, {known} on the tape",
        case.expression
    );
    let by_graph = gradient(&graph, &at_values, &seed("objective", Array::from(1.0)), &mut numbers);
    for (name, by) in &by_tape {
        let own = by_graph.get(name).unwrap_or_else(|| &by_graph[&format!("at_{name}")]);
        assert_close(by, own, &format!("{}: by {name}, graph form", case.expression));
    }

    // Below a bound that is attained: the comparison may take the expression apart.
    if bounded(case) {
        let relation = if case.curvature == "concave" { ">=" } else { "<=" };
        let capped = Problem::new(format!(
            "{free}var level{};\n{sense} sum(weight * level){draw};\nsubject to\n  cap: {} {relation} level {sign} 0.5;\n",
            case.shape, case.expression
        ));
        for d in names.iter().filter(|d| d.variable) {
            let random = Declared { attributes: "", ..d.clone() };
            let weights = value(&random, &mut numbers);
            gradient(&capped, &at_values, &seed(d.name, weights), &mut numbers);
        }
        let proximal = Problem::new(format!("{free}{sense} {measure}{draw};\n"));
        let (one, two) = (proximal.solve(&at_values), capped.solve(&at_values));
        for d in names.iter().filter(|d| d.variable) {
            let what = format!("{}: {} under a bound", case.expression, d.name);
            assert_close(&one.variables[d.name], &two.variables[d.name], &what);
        }
        let size = two.duals["cap"].to_vector() - values["weight"].to_vector();
        assert!(size.amax() <= TOLERANCE, "{}: duals off by {size}", case.expression);
    }

    // The solution where the expression decides.
    let proximal = Problem::new(format!("{free}{sense} {measure}{draw};\n"));
    for d in names.iter().filter(|d| d.variable) {
        let random = Declared { attributes: "", ..d.clone() };
        let weights = value(&random, &mut numbers);
        gradient(&proximal, &at_values, &seed(d.name, weights), &mut numbers);
    }
}

fn run_all(table: usize) {
    let mut failures = Vec::new();
    let all: Vec<_> = cases().into_iter().filter(|case| case.table == table).collect();
    assert!(all.len() > 40, "the table is read");
    for case in &all {
        if let Err(panic) = std::panic::catch_unwind(|| run(case)) {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            failures.push(format!("{}: {}\n{text}", case.atom, case.expression));
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn affine_atoms_by_numbers() {
    run_all(0);
}

#[test]
fn piecewise_linear_atoms_by_numbers() {
    run_all(1);
}

#[test]
fn quadratic_atoms_by_numbers() {
    run_all(2);
}

#[test]
fn smooth_atoms_by_numbers() {
    run_all(3);
}

#[test]
fn atoms_of_data_by_numbers() {
    run_all(4);
}

/// Atoms that are refused altogether, whose only check is their error.
const REFUSED: [&str; 5] = ["lambda_max", "lambda_min", "lambda_sum_largest", "sigma_max", "norm_nuc"];

#[test]
fn every_atom_is_documented_checked_and_computed() {
    let computed = cases();
    for atom in ATOMS {
        let row = atom.row();
        let name = row.name;
        for (what, text) in [
            ("summary", row.summary),
            ("formula", row.formula),
            ("signature", row.signature),
            ("shape", row.shape),
            ("sign", row.sign),
            ("monotonicity", row.monotone),
            ("graph form", row.graph),
        ] {
            assert!(!text.is_empty(), "`{name}` has no {what}");
        }
        let sections = TABLES.iter().flat_map(|t| t.lines()).filter(|line| *line == format!("# {name}"));
        assert_eq!(sections.count(), 1, "`{name}` has one section in the tables of rules");
        if REFUSED.contains(&name) {
            continue;
        }
        assert!(!row.example.is_empty(), "`{name}` has no example");
        let own: Vec<_> = computed.iter().filter(|c| c.atom == name).collect();
        assert!(!own.is_empty(), "`{name}` has no numeric case");
        let varies = |c: &&&Case| c.curvature != "constant";
        let of_variables =
            matches!(row.group, Group::Affine | Group::PiecewiseLinear | Group::Quadratic | Group::Smooth);
        assert!(!of_variables || own.iter().any(|c| varies(&c)), "`{name}` has no case with variables");
    }
}

/// Many weights of `dotsort` go through a sorting network. With weights `cumsum(d)`, `d ≥ 0`, it is `Σⱼ dⱼ` times the sum of
/// the `n - j` largest entries.
#[test]
fn many_sorted_weights_by_numbers() {
    const HEAD: &str = "param d[n] nonneg; param a[n]; param v[n]; var x[n] in [-2, 2];";
    let sorted = "sum(d[j] * sum_largest(x, n - j) for j in 0..n)";
    for (n, width) in [(40, 3.0), (61, 0.3)] {
        let mut numbers = Numbers(n as u64);
        let mut drawn = |scale: f64, offset: f64| {
            array(vec![n], (0..n).map(|_| offset + scale * numbers.next()).collect())
        };
        // Entries that draw near each other meet at the solution.
        let values = Values::from([
            ("d".to_owned(), drawn(0.01, 0.011)),
            ("a".to_owned(), drawn(width, 0.0)),
            ("v".to_owned(), drawn(1.0, 0.0)),
        ]);
        let problem = |value: &str| {
            let objective = format!("let value = {value}; minimize value + sum_squares(x - a);");
            Problem::new(format!("dim n = {n}; {HEAD} {objective} subject to sum(v * x) <= 1;"))
        };
        let (network, sums) = (problem("dotsort(x, flip(cumsum(d)))"), problem(sorted));
        let (one, two) = (network.solve(&values), sums.solve(&values));
        assert_close(&one.variables["x"], &two.variables["x"], "solutions");
        assert_close(&one.expressions["value"], &two.expressions["value"], "values");
        let weights = drawn(1.0, 0.0);
        for seed in [seed("objective", Array::from(1.0)), seed("x", weights)] {
            let mut numbers = Numbers(7);
            let by = gradient(&network, &values, &seed, &mut numbers);
            let of = two.vjp(&seed).unwrap_or_else(|e| panic!("{e}"));
            for name in ["d", "a", "v"] {
                assert_close(&by[name], &of[name], name);
            }
        }
        let size = |problem: &Problem| problem.layer.program().rows();
        assert!(n * n > size(&network), "{} rows for {n} weights", size(&network));
    }
}

//! Any expression of parameters may stand where a constant may: every row of the tables in `lifting` is compiled, solved
//! and differentiated.
#![cfg(feature = "lang")]

use cvxlayer::{
    Array, Data, Error, Layer, Model, Named, Params, Question, Route, Settings, Solution, Status,
};

const ACCEPTED: &str = include_str!("lifting/accepted.md");
const IRREGULAR: &str = include_str!("lifting/irregular.md");
const PARAMETERS: &str = include_str!("lifting/model.cvx");
const VARIABLES: [(&str, &str, usize); 3] = [("s", "", 1), ("x", "[3]", 3), ("X", "[3, 3]", 9)];
/// Squared distances to these points make solutions unique; no entry is at a kink of any row.
const CENTRE: &str = "square(s - 0.75) + sum_squares(x - [0.55, -0.85, 1.35]) \
                      + sum_squares(X - [[0.4, -0.3, 0.8], [0.1, 0.9, -0.6], [0.7, -0.2, 0.5]])";
const ROUTES: [Route; 3] = [Route::ReducedKkt, Route::Alternating, Route::Bpqp];

/// The cells of the tables whose header begins with these columns.
fn rows<'t>(text: &'t str, header: &str) -> Vec<Vec<&'t str>> {
    let mut out = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with('|') {
            inside = false;
        } else if line == header {
            inside = true;
        } else if inside && !line.starts_with("|---") {
            out.push(line.trim_matches('|').split(" | ").map(str::trim).collect());
        }
    }
    out
}

fn code(cell: &str) -> &str {
    cell.strip_prefix('`').and_then(|c| c.strip_suffix('`')).unwrap_or(cell)
}

fn declarations(kind: &str) -> String {
    let lines: Vec<_> = VARIABLES.iter().map(|(name, axes, _)| format!("{kind} {name}{axes};\n")).collect();
    lines.concat()
}

fn in_objective(e: &str, sign: &str) -> String {
    format!("{PARAMETERS}{}let e = {e};\nminimize {CENTRE} {sign} sum(e);\n", declarations("var"))
}

fn in_constraint(e: &str, relation: &str) -> String {
    format!(
        "{PARAMETERS}param level;\n{}let e = {e};\nminimize {CENTRE};\nsubject to\n  row: sum(e) {relation} level;\n",
        declarations("var")
    )
}

fn compile(text: &str) -> Result<Layer, Error> {
    Model::from_text(text)?.bind(&Data::new())?.layer(Settings::default())
}

/// The code of the first error.
fn refusal(text: &str) -> Option<&'static str> {
    match compile(text) {
        Err(Error::Model(error)) => error.diagnostics.first().map(|d| d.code.id),
        _ => None,
    }
}

/// All parameters of a layer, moved from their defaults; symmetric ones are scaled, which keeps what they are.
fn params(layer: &Layer, set: usize) -> Params {
    let defaults = Model::from_text(&format!("{PARAMETERS}var s;\nminimize square(s);\n"))
        .and_then(|m| m.bind(&Data::new()).map(|b| b.params().clone()))
        .expect("the declarations are fine");
    let mut out = Params::new();
    for parameter in layer.program().parameters.iter() {
        let Some(value) = defaults.get(&parameter.name) else { continue };
        let mut rng = fastrand::Rng::with_seed(set as u64);
        let scale = 1.0 + 0.21 * set as f64;
        let whole = parameter.name == "P" || parameter.name == "S" || parameter.name == "D";
        let entries = value
            .to_dense()
            .iter()
            .map(|v| v * scale * if whole || set == 0 { 1.0 } else { 0.9 + 0.2 * rng.f64() })
            .collect();
        out.set(&*parameter.name, Array::dense(value.axes().to_vec(), entries).expect("the same shape"));
    }
    out
}

/// The same expression with its variables as parameters: it is then evaluated instead of expanded.
struct Evaluator {
    layer: Layer,
}

impl Evaluator {
    fn new(e: &str) -> Self {
        let text = format!(
            "{PARAMETERS}param level = 0;\n{}let e = {e};\nlet total = sum(e);\nlet centre = {CENTRE};\nvar idle;\nminimize square(idle);\n",
            declarations("param")
        );
        Self { layer: compile(&text).unwrap_or_else(|error| panic!("{e} as data: {error}")) }
    }

    /// `sum(e)` and the distance from the centre.
    fn at(&self, params: &Params, point: &[Vec<f64>]) -> (f64, f64) {
        let mut given = params.clone();
        for ((name, _, _), value) in VARIABLES.iter().zip(point) {
            let axes = self
                .layer
                .program()
                .parameters
                .iter()
                .find(|p| *p.name == **name)
                .expect("declared")
                .shape
                .axes();
            given.set(*name, Array::dense(axes, value.clone()).expect("as long"));
        }
        let solution = self.layer.solve(&given).expect("good values");
        let of = |name: &str| solution.expressions[name].scalar().expect("a number");
        (of("total"), of("centre"))
    }
}

fn point(solution: &Solution) -> Vec<Vec<f64>> {
    VARIABLES.iter().map(|(name, _, _)| solution.variables[*name].to_dense()).collect()
}

/// The Lagrangian `centre + weight · sum(e)` is least at the point: it grows in every direction as its modulus demands.
fn least(evaluator: &Evaluator, params: &Params, at: &[Vec<f64>], weight: f64, context: &str) {
    let lagrangian = |point: &[Vec<f64>]| {
        let (total, centre) = evaluator.at(params, point);
        centre + weight * total
    };
    let bottom = lagrangian(at);
    let mut rng = fastrand::Rng::with_seed(7);
    for _ in 0..12 {
        let mut squared = 0.0;
        let mut moved = at.to_vec();
        for entry in moved.iter_mut().flatten() {
            let step = 1e-4 * (2.0 * rng.f64() - 1.0);
            *entry += step;
            squared += step * step;
        }
        let growth = lagrangian(&moved) - bottom;
        assert!(
            growth >= 0.99 * squared - 1e-13 * bottom.abs().max(1.0),
            "{context}: it grows by {growth}, not {squared}"
        );
    }
}

fn differentiate(layer: &Layer, solution: &Solution, with_dual: bool, context: &str) {
    let mut seed = Named::default();
    let mut rng = fastrand::Rng::with_seed(3);
    for (name, _, len) in VARIABLES {
        let weights = (0..len).map(|_| rng.f64() - 0.5).collect();
        let axes = solution.variables[name].axes().to_vec();
        seed.insert(name, Array::dense(axes, weights).expect("as long"));
    }
    seed.insert("objective", 0.7);
    if with_dual {
        seed.insert("dual(row)", 0.4);
    }
    let mut reference: Option<Named<Array>> = None;
    for route in ROUTES {
        let query = solution.derivatives().route(route);
        let gradients = query.vjp(&seed).expect("a derivative");
        assert!(gradients.well_defined, "{context}: {:?}", gradients.notes);
        if let Some(reference) = &reference {
            for (name, by) in gradients.by.iter() {
                let other = reference[name].to_vector();
                let difference = (by.to_vector() - &other).amax();
                assert!(
                    difference < 1e-8 * other.amax().max(1.0),
                    "{context}: {route:?} by {name} is {difference} off"
                );
            }
            continue;
        }
        let verified = query.verify(layer, Question::Outputs(&seed), &gradients).expect("differences");
        assert!(verified.largest_error < 1e-5 && verified.skipped == 0, "{context}: {verified:?}");
        reference = Some(gradients.by);
    }
}

fn solve(layer: &Layer, params: &Params, context: &str) -> Solution {
    let solution = layer.solve(params).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_eq!(solution.status, Status::Solved, "{context}");
    solution
}

#[test]
fn every_accepted_expression_is_solved_and_differentiated() {
    let mut failures = Vec::new();
    let table = rows(ACCEPTED, "| expression | curvature | constraint |");
    assert!(table.len() > 90, "{} rows", table.len());
    for row in &table {
        let [e, curvature, constraint] = row[..] else { panic!("{row:?}") };
        let e = code(e);
        if let Err(panic) = std::panic::catch_unwind(|| check(e, curvature, constraint)) {
            let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            failures.push(format!("`{e}`: {message}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(e: &str, curvature: &str, constraint: &str) {
    let (sign, relation) = if curvature == "concave" { ("-", ">=") } else { ("+", "<=") };
    let (objective, row) = (in_objective(e, sign), in_constraint(e, relation));
    let weight = if curvature == "concave" { -1.0 } else { 1.0 };
    if curvature.starts_with('E') {
        assert_eq!(refusal(&objective), Some(curvature), "in the objective");
        assert_eq!(refusal(&row), Some(constraint), "in a constraint");
        return;
    }
    let evaluator = Evaluator::new(e);
    let layer = compile(&objective).unwrap_or_else(|error| panic!("{error}"));
    for set in [0, 1] {
        let params = params(&layer, set);
        let context = format!("objective, values {set}");
        let solution = solve(&layer, &params, &context);
        let at = point(&solution);
        let (total, centre) = evaluator.at(&params, &at);
        assert!(
            (solution.objective - centre - weight * total).abs()
                < 1e-9 * centre.abs().max(total.abs()).max(1.0),
            "{context}"
        );
        least(&evaluator, &params, &at, weight, &context);
        differentiate(&layer, &solution, false, &context);
    }
    if constraint != "yes" {
        assert_eq!(refusal(&row), Some(constraint), "in a constraint");
        return;
    }
    let layer = compile(&row).unwrap_or_else(|error| panic!("in a constraint: {error}"));
    for set in [0, 1] {
        let context = format!("constraint, values {set}");
        let mut params = params(&layer, set);
        params.set("level", 1e6 * weight);
        let free = solve(&layer, &params, &context);
        let (total, _) = evaluator.at(&params, &point(&free));
        if curvature == "constant" {
            params.set("level", total - 0.1);
            let status = layer.solve(&params).expect("good values").status;
            assert_eq!(status, Status::Infeasible, "{context}");
            continue;
        }
        let level = total - weight * 0.05 * total.abs().max(0.5);
        params.set("level", level);
        let solution = solve(&layer, &params, &context);
        let at = point(&solution);
        let dual = solution.duals["row"].scalar().expect("one row");
        let (total, _) = evaluator.at(&params, &at);
        assert!((total - level).abs() < 1e-8 && dual > 1e-6, "{context}: {total} at {level}, dual {dual}");
        least(&evaluator, &params, &at, weight * dual, &context);
        differentiate(&layer, &solution, true, &context);
    }
}

/// The model's values with those of a cell like `p = 0, v = [1, 2, 3]`.
fn values(layer: &Layer, cell: &str) -> Params {
    let mut out = params(layer, 0);
    // A new value begins after a comma that a name and `=` follow.
    let mut text = String::new();
    for (k, part) in cell.split(" = ").enumerate() {
        text.push_str(if k == 0 { "" } else { "\": " });
        match part.rsplit_once(", ").filter(|(_, name)| name.chars().all(char::is_alphabetic)) {
            Some((value, name)) => text += &[value, ", \"", name].concat(),
            None if k == 0 => text += &["\"", part].concat(),
            None => text.push_str(part),
        }
    }
    let mut data = Data::new();
    data.read_json(&format!("{{{text}}}"), cell).unwrap_or_else(|e| panic!("{cell}: {e}"));
    for (name, datum) in data.iter() {
        out.set(name, datum.value.clone());
    }
    out
}

#[test]
fn kinks_have_a_documented_choice_and_a_note() {
    for row in rows(IRREGULAR, "| expression | values | by | derivative | note |") {
        let [e, cell, by, derivative, note] = row[..] else { panic!("{row:?}") };
        let e = code(e);
        let layer = compile(&in_objective(e, "+")).unwrap_or_else(|error| panic!("{e}: {error}"));
        let solution = solve(&layer, &values(&layer, cell), e);
        let mut seed = Named::default();
        seed.insert("objective", 1.0);
        // The optimal value moves as `e` does, whose factor is a variable: the choice is the derivative by that factor.
        let (factor, name) = (solution.variables["s"].scalar().expect("a number"), by);
        let factor = if e.ends_with("(s + 1)") { factor + 1.0 } else { factor };
        for route in ROUTES {
            let gradients = solution.derivatives().route(route).vjp(&seed).expect("a derivative");
            assert!(!gradients.well_defined, "{e}");
            assert!(gradients.notes.iter().any(|n| n.contains(note)), "{e}: {:?}", gradients.notes);
            let chosen = gradients[name].scalar().expect("a number") / factor;
            let wanted: f64 = derivative.parse().expect("a number");
            assert!((chosen - wanted).abs() < 1e-9, "{e}: {chosen} instead of {wanted}");
        }
    }
}

#[test]
fn expressions_without_a_value_are_named() {
    for row in rows(IRREGULAR, "| expression | values | message |") {
        let [e, cell, message] = row[..] else { panic!("{row:?}") };
        let e = code(e);
        let layer = compile(&in_objective(e, "+")).unwrap_or_else(|error| panic!("{e}: {error}"));
        let error = layer.solve(&values(&layer, cell)).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(message), "{e} at {cell}: {error:?}");
    }
}

//! What the language promises, on small models: each case of `tests/contract` is a model, its data, and what must come out.
//!
//! The expectations hold `status`, `objective`, `variables`, `expressions`, `duals` and `bounds`; `certificate` and
//! `certificate_bounds`; `gradients` by the expression asked for; `undefined`, expressions whose derivative is not proved to
//! exist, with a part of the note that says why; `error`, the parts of a message. A text such as `"1/3"` is a number.
//! Every gradient is computed by each route, and compared with central differences as well.
#![cfg(feature = "lang")]

use cvxlayer::lang::Source;
use cvxlayer::{Certificate, Data, Error, Model, Question, Route, Settings, Solution};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};

const PAGES: [&str; 4] = [
    include_str!("contract/duals.md"),
    include_str!("contract/parameters.md"),
    include_str!("contract/degenerate.md"),
    include_str!("contract/statuses.md"),
];
/// Relative to the largest entry, or 1.
const TOLERANCE: f64 = 1e-7;
/// Of central differences.
const DIFFERENCES: f64 = 1e-5;

struct Case {
    title: &'static str,
    model: &'static str,
    data: &'static str,
    expected: Value,
}

/// The text of the block that a fence opens.
fn block(section: &'static str, fence: &str) -> Option<&'static str> {
    let start = section.find(&format!("```{fence}\n"))? + fence.len() + 4;
    Some(&section[start..start + section[start..].find("```")?])
}

fn cases() -> Vec<Case> {
    let sections = PAGES.iter().flat_map(|page| page.split("\n## ").skip(1));
    sections
        .map(|section| {
            let expected = block(section, "json expected").expect("what is expected");
            Case {
                title: section.lines().next().expect("a title"),
                model: block(section, "cvx").expect("a model"),
                data: block(section, "json data").unwrap_or("{}"),
                expected: serde_json::from_str(expected).expect("JSON"),
            }
        })
        .collect()
}

/// A number, or a fraction.
fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => {
            let (over, under) = text.split_once('/').expect("a fraction");
            over.parse::<f64>().expect("a number") / under.parse::<f64>().expect("a number")
        }
        number => number.as_f64().unwrap_or(f64::NAN),
    }
}

/// All entries, and how they are nested. Of a sparse matrix the values of its pattern.
fn flat(value: &Value, shape: &mut String) -> Vec<f64> {
    match value {
        Value::Array(items) => {
            shape.push('[');
            let all = items.iter().flat_map(|item| flat(item, shape)).collect();
            shape.push(']');
            all
        }
        Value::Object(sparse) => flat(&sparse["value"], shape),
        one => {
            shape.push('.');
            vec![number(one)]
        }
    }
}

fn compare(what: &str, got: &Value, expected: &Value) {
    let (mut shape, mut wanted_shape) = (String::new(), String::new());
    let (got, wanted) = (flat(got, &mut shape), flat(expected, &mut wanted_shape));
    assert_eq!(shape, wanted_shape, "the shape of {what}");
    let size = wanted.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for (a, b) in got.iter().zip(&wanted) {
        assert!((a - b).abs() <= TOLERANCE * size, "{what}: {a} instead of {b}");
    }
}

/// Compares what is expected by name with what there is.
fn named(what: &str, got: &impl serde::Serialize, expected: &Value) {
    let got = serde_json::to_value(got).expect("JSON");
    for (name, value) in expected.as_object().into_iter().flatten() {
        compare(&format!("{what} {name}"), &got[name], value);
    }
}

fn check(case: &Case) -> Result<(), Error> {
    let expected = &case.expected;
    let model = Model::from_source(Source::new("model.cvx", case.model))?;
    let mut data = Data::new();
    data.read_json(case.data, "data.json")?;
    let bound = model.bind(&data)?;
    let layer = bound.layer(Settings::default())?;
    bound.complete()?;
    let solution = layer.solve(bound.params()).map_err(|e| model.explain(e))?;
    let status = expected["status"].as_str().unwrap_or("solved");
    assert_eq!(solution.status.to_string(), status);
    match &solution.certificate {
        None => {}
        Some(Certificate::Infeasible { duals, bounds }) => {
            named("multiplier of", duals, &expected["certificate"]);
            named("multiplier of the bounds of", bounds, &expected["certificate_bounds"]);
        }
        Some(Certificate::Unbounded { direction, .. }) => {
            named("direction of", direction, &expected["certificate"]);
        }
        Some(_) => unreachable!("there are two kinds"),
    }
    assert_eq!(solution.certificate.is_some(), status != "solved");
    if let Some(objective) = expected.get("objective") {
        compare("objective", &solution.objective.into(), objective);
    }
    named("variable", &solution.variables, &expected["variables"]);
    named("let", &solution.expressions, &expected["expressions"]);
    named("dual of", &solution.duals, &expected["duals"]);
    named("dual of the bounds of", &solution.bounds, &expected["bounds"]);
    for of in expected["gradients"].as_object().into_iter().flatten() {
        differentiate(&solution, &bound.expression(layer.program(), of.0)?, &layer, of)?;
    }
    for (of, note) in expected["undefined"].as_object().into_iter().flatten() {
        let gradients = solution.gradient_of(&bound.expression(layer.program(), of)?)?;
        let note = note.as_str().unwrap_or_default();
        assert!(!gradients.well_defined, "`{of}` is said to have a derivative");
        assert!(gradients.notes.iter().any(|n| n.contains(note)), "{of}: {:?}", gradients.notes);
    }
    Ok(())
}

fn differentiate(
    solution: &Solution,
    expression: &cvxlayer::Expression,
    layer: &cvxlayer::Layer,
    (of, wanted): (&String, &Value),
) -> Result<(), Error> {
    for route in [Route::ReducedKkt, Route::Alternating, Route::Bpqp] {
        let query = solution.derivatives().route(route);
        let gradients = query.gradient_of(expression)?;
        assert!(gradients.well_defined, "{of}: {:?}", gradients.notes);
        named(&format!("{route:?} derivative of `{of}` by"), &gradients.by, wanted);
        // Where only one side is inside the domain there is nothing to compare.
        let verified = query.verify(layer, Question::Expression(expression), &gradients)?;
        assert!(verified.largest_error < DIFFERENCES, "{of}: {verified:?}");
    }
    Ok(())
}

#[test]
fn every_case_comes_out_as_expected() {
    let cases = cases();
    assert!(cases.len() > 55, "{} cases", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let refused = |parts: &Value, error: &Error| {
            for part in parts.as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(error.to_string().contains(part), "no {part:?} in {error}");
            }
        };
        let run = || match (check(case), case.expected.get("error")) {
            (Ok(()), None) => {}
            (Err(error), Some(parts)) => refused(parts, &error),
            (Ok(()), Some(_)) => panic!("it is not refused"),
            (Err(error), None) => panic!("{error}"),
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            failures.push(format!("{}: {}", case.title, message.unwrap_or_default()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

//! Runs the command on whole cases: a model, its data, and what must come out, in `tests/cases` and `examples`.
//!
//! `expected.json` may hold `status`, `objective`, `variables`, `duals` with `tolerance`; `gradient_of` with `gradients`
//! and `gradient_tolerance` (relative to the largest entry); `well_defined`; `exit`; `error_contains`; and `data`, the file.
//! The gradients of the examples are central differences of solves.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn cvx(folder: &Path, data: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cvx"));
    command.current_dir(folder).args(arguments);
    if folder.join(data).exists() {
        command.args(["--data", data]);
    }
    command.output().expect("the command runs")
}

fn flat(value: &Value, shape: &mut Vec<usize>, depth: usize) -> Vec<f64> {
    match value {
        Value::Array(items) => {
            if shape.len() == depth {
                shape.push(items.len());
            }
            assert_eq!(shape[depth], items.len(), "a ragged array");
            items.iter().flat_map(|item| flat(item, shape, depth + 1)).collect()
        }
        number => vec![number.as_f64().unwrap_or(f64::NAN)],
    }
}

fn assert_close(got: &Value, expected: &Value, tolerance: f64, what: &str) {
    let (mut shape, mut wanted_shape) = (Vec::new(), Vec::new());
    let (got, wanted) = (flat(got, &mut shape, 0), flat(expected, &mut wanted_shape, 0));
    assert_eq!(shape, wanted_shape, "the shape of {what}");
    let size = wanted.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    for (a, b) in got.iter().zip(&wanted) {
        assert!((a - b).abs() <= tolerance * size, "{what}: {a} instead of {b}");
    }
}

fn run(folder: &Path) {
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let data = expected["data"].as_str().unwrap_or("data.json");
    let solved = cvx(folder, data, &["solve", "model.cvx", "--json"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&solved.stdout), String::from_utf8_lossy(&solved.stderr));
    assert!(!stderr.contains("panicked"), "{name}: {stderr}");
    let by_status = match expected["status"].as_str() {
        Some("solved") => 0,
        Some("infeasible") => 3,
        Some("unbounded") => 4,
        _ => 2,
    };
    let exit = expected["exit"].as_i64().unwrap_or(by_status);
    assert_eq!(solved.status.code().map(i64::from), Some(exit), "{name}: {stderr}");
    if let Some(text) = expected["error_contains"].as_str() {
        assert!(stderr.contains(text), "{name}: no {text:?} in {stderr}");
    }
    let Some(status) = expected["status"].as_str() else { return };
    let out: Value = serde_json::from_str(&stdout).expect("one JSON object");
    assert_eq!(out["status"], status, "{name}");
    let tolerance = expected["tolerance"].as_f64().unwrap_or(1e-6);
    if expected.get("objective").is_some() {
        assert_close(&out["objective"], &expected["objective"], tolerance, &format!("{name}: objective"));
    }
    for kind in ["variables", "duals"] {
        for (key, value) in expected[kind].as_object().into_iter().flatten() {
            assert_close(&out[kind][key], value, tolerance, &format!("{name}: {kind}.{key}"));
        }
    }
    if status != "solved" {
        assert!(out["certificate"].is_object(), "{name}: no certificate");
        let grad = cvx(folder, data, &["grad", "model.cvx", "--of", "objective", "--json"]);
        assert_eq!(
            grad.status.code().map(i64::from),
            Some(exit),
            "{name}: a derivative of an unsolved problem"
        );
        assert!(!String::from_utf8_lossy(&grad.stdout).contains("gradients"), "{name}");
    }
    if let Some(of) = expected["gradient_of"].as_str() {
        for route in ["kkt", "alternating", "bpqp"] {
            let grad = cvx(folder, data, &["grad", "model.cvx", "--of", of, "--json", "--route", route]);
            assert_eq!(grad.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&grad.stderr));
            let out: Value = serde_json::from_slice(&grad.stdout).expect("one JSON object");
            let tolerance = expected["gradient_tolerance"].as_f64().unwrap_or(1e-6);
            for (key, value) in expected["gradients"].as_object().into_iter().flatten() {
                assert_close(
                    &out["gradients"][key],
                    value,
                    tolerance,
                    &format!("{name}: {route} gradient of {key}"),
                );
            }
            let defined = expected.get("well_defined").unwrap_or(&Value::Bool(true));
            assert_eq!(&out["well_defined"], defined, "{name}: {}", out["notes"]);
        }
    }
}

#[test]
fn every_case_comes_out_as_expected() {
    let mut folders: Vec<_> = ["tests/cases", "examples"]
        .iter()
        .flat_map(|root| {
            std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(root)).expect("a folder")
        })
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("expected.json").exists())
        .collect();
    folders.sort();
    assert!(folders.len() >= 12, "the cases are there");
    for folder in &folders {
        run(folder);
    }
}

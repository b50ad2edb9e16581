//! Bad input: each mistake gets exit code 2 and an error that names the place and the declaration; nothing panics.

use std::path::Path;
use std::process::Command;

/// Runs `cvx solve model.cvx` in a folder with these files, and returns the exit code and what it wrote to stderr.
fn solve(files: &[(&str, &[u8])], arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    run(folder.path(), arguments)
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cvx"))
        .current_dir(folder)
        .arg("solve")
        .args(arguments)
        .output()
        .expect("the command runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!stderr.contains("panicked"), "{stderr}");
    (output.status.code(), stderr)
}

/// Asserts exit code 2 and that the error mentions every part.
fn refuses(files: &[(&str, &[u8])], arguments: &[&str], parts: &[&str]) {
    let (code, stderr) = solve(files, arguments);
    assert_eq!(code, Some(2), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "no {part:?} in:\n{stderr}");
    }
}

fn model(text: &str, parts: &[&str]) {
    refuses(&[("model.cvx", text.as_bytes())], &["model.cvx"], parts);
}

const LASSO: &str = "dim m, n;\nparam A[m, n];\nparam b[m];\nparam lam nonneg;\nvar x[n];\n\
                     minimize sum_squares(A @ x - b) + lam * norm1(x);\n";

fn data(json: &str, parts: &[&str]) {
    let files: [(&str, &[u8]); 2] = [("model.cvx", LASSO.as_bytes()), ("data.json", json.as_bytes())];
    refuses(&files, &["model.cvx", "--data", "data.json"], parts);
}

#[test]
fn files() {
    refuses(&[], &["missing.cvx"], &["missing.cvx"]);
    refuses(&[("model.cvx", b"var x;\nminimize x; // \xff\xfe\n")], &["model.cvx"], &["UTF-8"]);
    model("const c[2] from \"../c.csv\";\nvar x[2];\nminimize sum(x);\n", &["../c.csv", "folder"]);
    model("const c[2] from \"/etc/c.csv\";\nvar x[2];\nminimize sum(x);\n", &["/etc/c.csv"]);
    refuses(&[("model.cvx", LASSO.as_bytes())], &["model.cvx", "--data", "nowhere.json"], &["nowhere.json"]);
}

#[test]
fn texts() {
    model("var x[2;\nminimize sum(x);\n", &["model.cvx:1", "["]);
    model("var x[2];\nminimize sum(x;\n", &["model.cvx:2"]);
    model("var value[2];\nminimize sum(valeu);\n", &["model.cvx:2:14", "valeu", "did you mean `value`?"]);
    model("var x[2];\nminimize nrom1(x);\n", &["model.cvx:2:10", "did you mean `norm1`?"]);
    model("var x[2];\nvar y[3];\nminimize sum(x + y);\n", &["model.cvx:3", "[2]", "[3]"]);
    model("param p;\nminimize p;\n", &["no variable"]);
    model("var x[2] psd;\nminimize sum(x);\n", &["model.cvx:1"]);
    model("var x bool;\nminimize x;\n", &["continuous"]);
}

#[test]
fn convexity_and_class() {
    model("var x[2];\nmaximize sum_squares(x);\n", &["model.cvx:2", "concave", "convex"]);
    model("var x;\nvar y;\nminimize x * y;\n", &["model.cvx:3", "product"]);
    model(
        "var x[2];\nminimize sum(x);\nsubject to sum_squares(x) <= 1;\n",
        &["model.cvx:3", "second-order cone"],
    );
    model("param p;\nvar x;\nminimize p * abs(x);\n", &["model.cvx:3", "nonneg"]);
    model("param S[2, 2] symmetric;\nvar x[2];\nminimize quad_form(x, S);\n", &["model.cvx:3", "psd"]);
}

#[test]
fn values() {
    data(r#"{"A": [[1, 2]], "b": [1]}"#, &["lam"]);
    data(r#"{"A": [[1, 2]], "b": [1], "lam": 1, "mu": 3}"#, &["mu"]);
    data(r#"{"A": [[1, 2]], "b": [1, 2], "lam": 1}"#, &["`b`", "model.cvx:3", "`m` is 1, from `A`"]);
    data(r#"{"A": [[1, 2], [3]], "b": [1, 2], "lam": 1}"#, &["A"]);
    data(r#"{"A": [1, 2], "b": [1, 2], "lam": 1}"#, &["`A`"]);
    data(r#"{"A": [[1, "x"]], "b": [1], "lam": 1}"#, &["A"]);
    data(r#"{"A": [[1, NaN]], "b": [1], "lam": 1}"#, &["`A[0, 1]` is NaN", "model.cvx:2", "data.json"]);
    data(r#"{"A": [[1, 2]], "b": [-Infinity], "lam": 1}"#, &["`b[0]` is -inf", "model.cvx:3", "data.json"]);
    data(r#"{"A": [[1, 1e999]], "b": [1], "lam": 1}"#, &["data.json"]);
    data(r#"{"A": [[1, 2]], "b": [1], "lam": -1}"#, &["lam", "nonneg"]);
    data("{", &["data.json"]);
}

#[test]
fn matrices() {
    let text = "dim n;\nparam P[n, n] psd;\nvar x[n];\nminimize quad_form(x, P) + sum(x);\n";
    let with = |json: &str, parts: &[&str]| {
        refuses(
            &[("model.cvx", text.as_bytes()), ("d.json", json.as_bytes())],
            &["model.cvx", "--data", "d.json"],
            parts,
        );
    };
    with(r#"{"P": [[1, 2], [0, 1]]}"#, &["`P`", "symmetric"]);
    with(r#"{"P": [[1, 2], [2, 1]]}"#, &["`P`", "psd"]);
    with(r#"{"P": [[1, 2, 3], [2, 1, 3]]}"#, &["`P`"]);
}

#[test]
fn command_line_values() {
    let files: [(&str, &[u8]); 1] = [("model.cvx", b"param p;\nvar x nonneg;\nminimize x - p;\n")];
    refuses(&files, &["model.cvx", "--param", "p=two"], &["p"]);
    refuses(&files, &["model.cvx", "--param", "q=2"], &["q"]);
    refuses(&files, &["model.cvx", "--param", "p=@none.csv"], &["none.csv"]);
    let (code, stderr) = solve(&files, &["model.cvx", "--param", "p=2"]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn hostile_sizes() {
    model("var x[1000000000000];\nminimize sum(x);\n", &["model.cvx:1", "too large"]);
    model("dim n = 9000000000 * 9000000000;\nvar x[n];\nminimize sum(x);\n", &["model.cvx:1"]);
    model("fn f(a) = f(a);\nvar x;\nminimize f(x);\n", &["calls itself"]);
    model("let a = b;\nlet b = a;\nvar x;\nminimize x + a;\n", &["depends on itself"]);
    let deep = format!("var x;\nminimize {}x{};\n", "(".repeat(100_000), ")".repeat(100_000));
    model(&deep, &["nested"]);
}

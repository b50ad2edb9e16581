//! The commands about texts: `cvx explain`, `cvx fmt`, `cvx check --fix` and `--tree`.
#![cfg(feature = "cli")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Folder(tempfile::TempDir);

/// What a command did: its exit status, output and messages.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).expect("a file")
    }

    fn cvx(&self, arguments: &[&str]) -> Ran {
        cvx(self.0.path(), arguments, "")
    }
}

fn cvx(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cvx"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("it reads");
    let out = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let ran =
        Ran { code: out.status.code().expect("a status"), out: text(&out.stdout), err: text(&out.stderr) };
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

#[test]
fn explain_prints_a_page_or_the_list() {
    let folder = Folder::new();
    let ran = folder.cvx(&["explain", "E0301"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("E0301: composition\n\n") && ran.out.contains("    minimize c * norm1(x);"));
    assert!(!ran.out.contains("```") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    assert_eq!(folder.cvx(&["explain", "composition"]).out, ran.out);
    let list = folder.cvx(&["explain"]).out;
    assert_eq!(list.lines().count(), cvxlayer::lang::diagnostics::codes::ALL.len());
    assert!(list.contains("E0301  a composition"));
    let unknown = folder.cvx(&["explain", "E031"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean `E030"), "{}", unknown.err);
    assert!(folder.cvx(&["explain", "nothing-like-it"]).err.contains("lists them all"));
}

#[test]
fn errors_say_where_to_read_on() {
    let folder = Folder::new();
    folder.write("m.cvx", "var x;\nvar y;\nminimize x * y;\n");
    let ran = folder.cvx(&["check", "m.cvx"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`cvx explain E0302`") && ran.err.contains("`cvx check --tree`"), "{}", ran.err);
}

#[test]
fn fmt_formats_files_and_standard_input() {
    let folder = Folder::new();
    let (rough, smooth) =
        ("var  x ;// why\nminimize   abs( x-1 );\n", "var x; // why\nminimize abs(x - 1);\n");
    folder.write("m.cvx", rough);
    let ran = folder.cvx(&["fmt", "--check", "m.cvx"]);
    assert_eq!((ran.code, &*ran.out), (1, "m.cvx:1: not formatted\n"));
    assert_eq!(folder.read("m.cvx"), rough, "--check changes nothing");
    let ran = folder.cvx(&["fmt", "m.cvx"]);
    assert_eq!((ran.code, &*ran.out, &*folder.read("m.cvx")), (0, "m.cvx: formatted\n", smooth));
    let ran = folder.cvx(&["fmt", "--check", "m.cvx"]);
    assert_eq!((ran.code, &*ran.out), (0, ""));
    let ran = cvx(folder.0.path(), &["fmt", "--stdin"], rough);
    assert_eq!((ran.code, &*ran.out), (0, smooth));
    assert_eq!(folder.cvx(&["fmt"]).code, 2, "there is nothing to format");
}

#[test]
fn fmt_leaves_broken_models_alone() {
    let folder = Folder::new();
    folder.write("bad.cvx", "var  x[3;\n");
    folder.write("good.cvx", "var  x;\n");
    let ran = folder.cvx(&["fmt", "bad.cvx", "nowhere.cvx", "good.cvx"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("bad.cvx:1") && ran.err.contains("nowhere.cvx"), "{}", ran.err);
    assert_eq!((folder.read("bad.cvx"), folder.read("good.cvx")), ("var  x[3;\n".into(), "var x;\n".into()));
    assert_eq!(std::fs::read_dir(folder.0.path()).expect("a folder").count(), 2, "nothing is left behind");
}

#[test]
fn fix_applies_what_is_safe_and_says_it() {
    let folder = Folder::new();
    let text =
        "// A model.\nvar X[3, 4] nonnegative\nvar y; /* of mine */\nminimize max(sum(X, 0)) + y ^ 2;\n";
    folder.write("m.cvx", text);
    let ran = folder.cvx(&["check", "--fix", "m.cvx"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        folder.read("m.cvx"),
        "// A model.\nvar X[3, 4] nonneg;\nvar y; /* of mine */\nminimize max(sum(X, axis=0)) + y ** 2;\n"
    );
    for part in ["m.cvx:2:24: end the statement (E0105)", "here it is `nonneg`", "m.cvx: 4 edits applied"] {
        assert!(ran.out.contains(part), "{part} in {}", ran.out);
    }
    let again = folder.cvx(&["check", "--fix", "m.cvx"]);
    assert!(again.code == 0 && !again.out.contains("applied"), "{}", again.out);
    // What only a human can decide stays.
    folder.write("n.cvx", "var x[3];\nminimize norm1(z);\n");
    let ran = folder.cvx(&["check", "--fix", "n.cvx"]);
    assert_eq!((ran.code, &*folder.read("n.cvx")), (2, "var x[3];\nminimize norm1(z);\n"));
}

#[test]
fn sizes_name_the_files_that_disagree() {
    let folder = Folder::new();
    folder.write(
        "m.cvx",
        "dim n;\nparam a[n];\nparam b[n];\nvar x[n];\nminimize norm1(x - a) + norm1(x - b);\n",
    );
    folder.write("first.json", r#"{"a": [1, 2]}"#);
    folder.write("second.json", r#"{"b": [1, 2, 3]}"#);
    let ran = folder.cvx(&["solve", "m.cvx", "--data", "first.json", "--data", "second.json"]);
    assert_eq!(ran.code, 2);
    for part in ["E0614", "first.json", "second.json", "m.cvx:3:7", "`n` is 2"] {
        assert!(ran.err.contains(part), "{part} in {}", ran.err);
    }
}

#[test]
fn what_is_differentiated_is_one_finite_number() {
    let folder = Folder::new();
    folder.write("m.cvx", "param p;\nvar x[2];\nlet e = log(sum(x) - 9);\nminimize sum_squares(x - p);\n");
    let ask = |question: &[&str]| folder.cvx(&[&["grad", "m.cvx", "--param", "p=1"], question].concat());
    let ran = ask(&["--of", "x"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`x` has shape [2]: take one of its entries, or `sum(x)`"), "{}", ran.err);
    folder.write("seed.json", r#"{"e": 1}"#);
    for question in [["--of", "log(sum(x) - 9)"], ["--seed", "seed.json"]] {
        let ran = ask(&[&question[..], &["--json"]].concat());
        assert!(ran.out.contains(r#""well_defined":false"#), "{}", ran.out);
        assert!(ran.out.contains("no finite value here"), "{}", ran.out);
    }
    assert!(ask(&["--of", "log(sum(x))", "--json"]).out.contains(r#""well_defined":true"#));
}

#[test]
fn smoothed_derivatives_are_asked_for_by_mu() {
    let folder = Folder::new();
    // x is held at 0 by nothing but its bound where p is 0: a kink of the solution.
    folder.write("qp.cvx", "param p;\nvar x nonneg;\nminimize square(x - p);\n");
    folder.write(
        "smooth.cvx",
        "param p;\nparam w nonneg = 1;\nvar x in [0, inf];\nminimize w * exp(x) - (1 + p) * x;\n",
    );
    folder.write(
        "flat.cvx",
        "param p;\nvar x;\nvar y;\nminimize exp(x) + square(y);\nsubject to x + y >= p; x + y <= p;\n",
    );
    let ask = |model: &str, more: &[&str]| {
        folder.cvx(&[&["grad", model, "--param", "p=0", "--of", "x"], more].concat())
    };
    for model in ["qp.cvx", "smooth.cvx"] {
        assert!(ask(model, &["--json"]).out.contains(r#""well_defined":false"#));
        let ran = ask(model, &["--smoothed", "1e-8", "--verify", "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(json["mu"], 1e-8);
        assert_eq!(json["well_defined"], true);
        let by_p = json["gradients"]["p"].as_f64().unwrap();
        assert!((by_p - 0.5).abs() < 1e-3, "{model}: {by_p}");
        let error = json["verify"]["largest_error"].as_f64().unwrap();
        assert!(error < 1e-3, "{model}: {error}");
        let told = ask(model, &["--smoothed", "1e-8"]).out;
        assert!(told.contains("slack · multiplier is 1e-8"), "{told}");
    }
    let ran = ask("flat.cvx", &["--smoothed", "1e-3"]);
    assert!(ran.code != 0 && ran.err.contains("satisfies every inequality strictly"), "{}", ran.err);
    for wrong in ["0", "-1", "nan"] {
        let ran = ask("qp.cvx", &[&format!("--smoothed={wrong}")]);
        assert!(ran.code != 0 && ran.err.contains("mu"), "{}", ran.err);
    }
    assert_ne!(ask("qp.cvx", &["--smoothed", "1e-3", "--route", "bpqp"]).code, 0);
}

#[test]
fn trees_show_how_curvature_comes_about() {
    let folder = Folder::new();
    folder.write(
        "m.cvx",
        "param c;\nvar x[3];\nminimize c * norm1(x) + 2 * x[0];\nsubject to\n  far: norm1(x) >= 1;\n  sum(x) == 1;\n",
    );
    let ran = folder.cvx(&["check", "--tree", "m.cvx"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.out);
    let ran = folder.cvx(&["check", "--tree", "--json", "m.cvx"]);
    assert_eq!(ran.code, 2);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("one object");
    let product = &json["trees"][0]["sides"][0]["parts"][0];
    assert_eq!((&json["ok"], &json["trees"][2]["ok"]), (&false.into(), &true.into()));
    assert_eq!((&product["text"], &product["ok"]), (&"c * norm1(x)".into(), &false.into()));
    assert_eq!(
        (&product["parts"][1]["curvature"], &product["parts"][1]["sign"]),
        (&"convex".into(), &"nonneg".into())
    );
}

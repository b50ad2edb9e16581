//! The command: output, exit statuses, and every kind of bad input.
#![cfg(feature = "cli")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MODEL: &str = "\
dim n;
param y[n];
param lam nonneg = 1;
param S[n, n] psd;
var x[n] in [-10, 10];
let fit = quad_form(x - y, S);
minimize fit + lam * norm1(x);
subject to total: sum(x) <= 3;
";
const DATA: &str = r#"{"y": [3, -1, 2], "S": [[2, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]}"#;

struct Case(tempfile::TempDir);

impl Case {
    fn new() -> Self {
        let case = Self(tempfile::tempdir().unwrap());
        case.write("model.cvx", MODEL);
        case.write("data.json", DATA);
        case
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn cvx(&self, arguments: &str) -> Output {
        let words: Vec<String> = arguments
            .split('|')
            .flat_map(|part| {
                // Between bars stands one argument as it is; elsewhere words are separated by spaces.
                match part.strip_prefix('=') {
                    Some(argument) => vec![argument.to_owned()],
                    None => part.split_whitespace().map(str::to_owned).collect(),
                }
            })
            .collect();
        Command::new(env!("CARGO_BIN_EXE_cvx")).args(words).current_dir(self.path()).output().unwrap()
    }

    /// Runs with JSON output and gives that, with the exit status.
    fn json(&self, arguments: &str) -> (i32, serde_json::Value) {
        let out = self.cvx(&format!("{arguments} --json"));
        let text = String::from_utf8(out.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&out.stderr);
        (
            out.status.code().unwrap(),
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}{stderr}")),
        )
    }

    /// Runs what must fail as bad input and gives the message.
    fn bad(&self, arguments: &str) -> String {
        let out = self.cvx(arguments);
        let message = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{message}");
        assert!(out.stdout.is_empty() && !message.contains("panicked"), "{message}");
        message
    }
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    match value {
        serde_json::Value::Array(all) => all.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().expect("a number")],
    }
}

#[test]
fn solve_prints_the_object_of_the_contract() {
    let case = Case::new();
    let (code, out) = case.json("solve model.cvx --data data.json");
    assert_eq!((code, &out["status"]), (0, &"solved".into()));
    let keys: Vec<_> = out.as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        "bounds",
        "duals",
        "expressions",
        "iterations",
        "method",
        "objective",
        "residuals",
        "seconds",
        "variables",
    ] {
        assert!(keys.contains(&key), "{key} among {keys:?}");
    }
    let x = numbers(&out["variables"]["x"]);
    let fit = out["expressions"]["fit"].as_f64().unwrap();
    let objective = out["objective"].as_f64().unwrap();
    assert!((objective - fit - x.iter().map(|v| v.abs()).sum::<f64>()).abs() < 1e-9);
    assert!(out["duals"]["total"].as_f64().unwrap() >= 0.0);
    assert!(out["residuals"]["primal"].as_f64().unwrap() < 1e-9);
}

#[test]
fn every_status_has_its_exit_and_its_proof() {
    let case = Case::new();
    case.write("infeasible.cvx", "param a; var x; minimize x; subject to low: x >= a; high: x <= 0;");
    let (code, out) = case.json("solve infeasible.cvx --param a=1");
    assert_eq!((code, &out["status"]), (3, &"infeasible".into()));
    let proof: Vec<f64> =
        out["certificate"].as_object().unwrap().values().filter_map(serde_json::Value::as_f64).collect();
    assert!(proof.iter().any(|v| (v.abs() - 1.0).abs() < 1e-9), "{out}");
    assert!(out["objective"].is_null());

    case.write("unbounded.cvx", "param a nonneg; var x[2] nonneg; minimize -x[0] + a * x[1];");
    let (code, out) = case.json("solve unbounded.cvx -p a=1");
    assert_eq!((code, &out["status"]), (4, &"unbounded".into()));
    assert!(numbers(&out["certificate"]["x"])[0] > 0.99);

    let (code, out) = case.json("solve model.cvx -d data.json --plain --steps 2");
    assert_eq!((code, &out["status"]), (5, &"iteration_limit".into()));

    let (code, out) = case.json("grad infeasible.cvx --param a=1 --of x");
    assert_eq!(code, 3);
    assert!(out.get("gradients").is_none());
}

#[test]
fn grad_answers_four_kinds_of_questions() {
    let case = Case::new();
    let (code, of) = case.json("grad model.cvx -d data.json --verify --of |=sum(x) + 2*dual(total)|");
    assert_eq!((code, &of["well_defined"]), (0, &true.into()), "{of}");
    assert!(of["verify"]["largest_error"].as_f64().unwrap() < 1e-6, "{of}");
    assert_eq!(numbers(&of["gradients"]["S"]).len(), 9);

    case.write("seed.json", r#"{"x": [1, 1, 1], "dual(total)": 2}"#);
    let (_, seed) = case.json("grad model.cvx -d data.json --seed seed.json --route bpqp");
    for name in ["y", "lam", "S"] {
        let (a, b) = (numbers(&of["gradients"][name]), numbers(&seed["gradients"][name]));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9), "{name}");
    }

    let differences = |out: &serde_json::Value, compared: u64| {
        assert!(out["verify"]["largest_error"].as_f64().unwrap() < 1e-6, "{out}");
        assert_eq!(out["verify"]["compared"].as_u64(), Some(compared), "{out}");
    };
    let (_, jacobian) = case.json("grad model.cvx -d data.json --verify --jacobian x y");
    differences(&jacobian, 3);
    differences(&case.json("grad model.cvx -d data.json --verify --jacobian dual(total) S").1, 9);
    let rows = numbers(&jacobian["jacobian"]);
    case.write("t.json", r#"{"y": [0, 1, 0]}"#);
    let (_, forward) = case.json("grad model.cvx -d data.json --verify --forward t.json");
    differences(&forward, 1);
    let moved = numbers(&forward["tangents"]["x"]);
    assert!((0..3).all(|i| (rows[3 * i + 1] - moved[i]).abs() < 1e-12));
    assert!(forward["tangents"]["dual(total)"].is_number() && forward["tangents"]["fit"].is_number());

    let (code, bounds) = case.json("grad model.cvx -d data.json --of |=bounds(x)[0] + x[0]|");
    assert_eq!(
        (code, &bounds["value"]),
        (0, &numbers(&case.json("solve model.cvx -d data.json").1["variables"]["x"])[0].into())
    );
    assert!(
        case.bad("grad model.cvx -d data.json --of x")
            .contains("asks about one number, and `x` has shape [3]")
    );
    assert!(case.bad("grad model.cvx -d data.json --of dual(x)").contains("bounds(x)"));
    case.write("nan.json", r#"{"x": [1, NaN, 1]}"#);
    assert!(case.bad("grad model.cvx -d data.json --seed nan.json").contains("no finite number"));
}

#[test]
fn a_serialized_program_runs_without_its_source() {
    let case = Case::new();
    let out = case.cvx("canon model.cvx -d data.json --json");
    let text = String::from_utf8(out.stdout).unwrap();
    case.write("p.json", &text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value["size"]["variables"].as_u64().unwrap() >= 3);
    let (code, program) = case.json("solve p.json --data data.json");
    let (_, model) = case.json("solve model.cvx --data data.json");
    assert_eq!(code, 0);
    assert_eq!((&program["variables"], &program["duals"]), (&model["variables"], &model["duals"]));
    let (_, gradient) = case.json("grad p.json --data data.json --of fit");
    assert!(gradient["gradients"]["lam"].is_number());

    case.write("later.json", text.replacen("\"format\":2", "\"format\":99", 1));
    assert!(case.bad("solve later.json").contains("format 99"));
    case.write("broken.json", text.replacen("\"cols\":", "\"cols\":1", 1));
    assert!(case.bad("solve broken.json -d data.json").contains("not a valid program"));
}

#[test]
fn canon_tells_when_the_form_changes() {
    let case = Case::new();
    let sized = "--data data.json";
    assert_eq!(
        case.cvx(&format!("canon model.cvx {sized} --check model.canon --write")).status.code(),
        Some(0)
    );
    assert_eq!(case.cvx(&format!("canon model.cvx {sized} --check model.canon")).status.code(), Some(0));
    case.write("model.cvx", MODEL.replace("<= 3", "<= 4"));
    let out = case.cvx(&format!("canon model.cvx {sized} --check model.canon"));
    assert_eq!(out.status.code(), Some(1));
    let diff = String::from_utf8(out.stdout).unwrap();
    assert!(diff.contains("\n-") && diff.contains("\n+") && diff.contains("<= 4"), "{diff}");
    assert!(
        case.bad(&format!("canon model.cvx {sized} --check nowhere.canon")).contains("`--write` makes it")
    );
}

#[test]
fn check_needs_no_data_and_reports_everything() {
    let case = Case::new();
    let out = case.cvx("check model.cvx");
    assert_eq!(out.status.code(), Some(0));
    assert!(String::from_utf8(out.stdout).unwrap().starts_with("model.cvx: fine; minimizes"));
    case.write("bad.cvx", "var x[3]\nvar y[2];\nminimize sum(x) + foo(y);\nsubject to x == y;\n");
    let out = case.cvx("check bad.cvx model.cvx");
    let message = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(
        message.contains("bad.cvx:1") && message.contains("bad.cvx:3") && message.contains("bad.cvx:4"),
        "{message}"
    );
    let (code, report) = case.json("check bad.cvx");
    assert_eq!((code, &report["ok"]), (2, &false.into()));
    assert!(report["diagnostics"].as_array().unwrap().len() >= 3);
}

#[test]
fn bad_input_is_named() {
    let case = Case::new();
    let given = |extra: &str| case.bad(&format!("solve model.cvx --data data.json {extra}"));
    assert!(case.bad("solve nowhere.cvx").contains("nowhere.cvx: there is no such file"));
    case.write("bytes.cvx", [b'v', 0xff, 0xfe]);
    assert!(case.bad("solve bytes.cvx").contains("byte 1 is not UTF-8"));
    case.write("open.cvx", "var x[3;\nminimize sum((x);\n");
    assert!(case.bad("solve open.cvx").contains("open.cvx:1"));
    case.write("name.cvx", "param gamma; var x; minimize square(x) + gama * x;\n");
    assert!(case.bad("solve name.cvx").contains("gamma"));
    case.write("none.cvx", "param a; minimize a;\n");
    let nothing = case.cvx("solve none.cvx --param a=1");
    assert!(matches!(nothing.status.code(), Some(0 | 2)));

    let missing = case.bad("solve model.cvx");
    assert!(missing.contains("`y` has no value") && missing.contains("`S` has no value"), "{missing}");
    assert!(missing.contains("model.cvx:2"), "{missing}");
    assert!(given("--param lamm=1").contains("did you mean `lam`?"));
    assert!(given("--param lam=-1").contains("`lam` is -1, but `lam` is declared nonneg"));
    assert!(given("--param lam=[1,2]").contains("lam"));
    assert!(given("--param lam=nan").contains("--param lam=nan"));
    assert!(given("--param S=[[1,2,0],[0,1,0],[0,0,1]]").contains("declared symmetric"));
    let indefinite = given("--param S=[[1,2,0],[2,1,0],[0,0,1]]");
    assert!(indefinite.contains("declared psd") && indefinite.contains("-1.0"), "{indefinite}");
    let conflict = given("--param y=[1,2]");
    assert!(conflict.contains('n') && (conflict.contains("`y`") || conflict.contains("`S`")), "{conflict}");
    assert!(given("--param y=@nowhere.csv").contains("no such file"));
    case.write("ragged.json", r#"{"y": [1, 2, 3], "S": [[1, 2], [3]]}"#);
    assert!(case.bad("solve model.cvx -d ragged.json").contains("ragged.json: `S`: its lists are ragged"));
    assert!(case.bad("grad model.cvx -d data.json --of sum(z)").contains("`z`"));
    assert!(case.bad("grad model.cvx -d data.json --of x").contains('3'));
    assert!(case.bad("grad model.cvx -d data.json --jacobian x z").contains("no parameter `z`"));
}

#[test]
fn mistakes_of_values_are_told_in_the_users_names() {
    let case = Case::new();
    case.write("ends.cvx", "param u[2]; var x[2]; minimize sum_squares(x); subject to cap: -1 <= x <= u;\n");
    let out = case.bad("solve ends.cvx --param u=[1,-Infinity]");
    assert!(out.contains("the upper end of `cap[1]`, given by `u`, is -inf"), "{out}");
    assert!(case.bad("grad ends.cvx --param u=[1,1] --of |=x[0] <= 1|").contains("this is a comparison"));
    case.write("wrap.cvx", "param S[2, 2]; var x[2]; minimize quad_form(x, psd_wrap(S));\n");
    let out = case.bad("solve wrap.cvx --param S=[[1,0],[0,-1]]");
    assert!(out.contains("`psd_wrap(S)` must be psd here, but has the eigenvalue -1.0"), "{out}");
    let out = case.bad(&format!("solve wrap.cvx --param S=[[1,0],[0,1]] --param {}=1", "a".repeat(500)));
    assert!(out.contains("E0502") && out.lines().all(|line| line.len() < 200), "{out}");
}

#[test]
fn models_read_files_only_in_their_folder() {
    let case = Case::new();
    std::fs::create_dir(case.path().join("inner")).unwrap();
    case.write("secret.csv", "1\n2\n");
    case.write("inner/c.csv", "1\n2\n");
    let model = |path: &str| format!("const c[2] from \"{path}\"; var x[2]; minimize sum_squares(x - c);");
    case.write("inner/good.cvx", model("c.csv"));
    let (code, out) = case.json("solve inner/good.cvx");
    assert_eq!(code, 0);
    assert!(numbers(&out["variables"]["x"]).iter().zip([1.0, 2.0]).all(|(x, c)| (x - c).abs() < 1e-12));
    case.write("inner/up.cvx", model("../secret.csv"));
    assert!(case.bad("solve inner/up.cvx").contains("no `..`"));
    assert_eq!(case.cvx("solve inner/up.cvx --allow-path .").status.code(), Some(0));
    case.write("inner/root.cvx", model("/etc/hostname"));
    assert!(case.bad("solve inner/root.cvx").contains("no absolute paths"));
}

#[test]
fn human_output_has_tables() {
    let case = Case::new();
    let out = String::from_utf8(case.cvx("solve model.cvx -d data.json").stdout).unwrap();
    assert!(
        out.starts_with("solved") && out.contains("objective") && out.contains("active constraints"),
        "{out}"
    );
    let out = String::from_utf8(case.cvx("grad model.cvx -d data.json --of fit").stdout).unwrap();
    assert!(out.contains("d fit / d ") && out.contains("well defined: yes"), "{out}");
}

#[test]
fn atoms_are_listed_and_explained() {
    let case = Case::new();
    let text = |arguments: &str| String::from_utf8(case.cvx(arguments).stdout).unwrap();
    assert!(text("atoms").contains("sum_largest(x, k, axis=, keepdims=)"));
    let page = text("atoms pinball");
    assert!(page.starts_with("quantile_loss(x, tau)") && page.contains("curvature    convex"), "{page}");
    assert!(text("atoms --markdown").contains("### Piecewise linear"));
    let wrong = case.cvx("atoms hubber");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean `huber`?"));
}

#[test]
fn functions_of_the_model_are_known_at_the_solution() {
    let case = Case::new();
    let functions =
        "fn twice(v) = 2 * v;\nfn spread(v) = max(v) - min(v) + // of\n twice(0);\nfn first(v) = v[0];\n";
    case.write("model.cvx", format!("{functions}{MODEL}"));
    let (status, out) = case.json("grad model.cvx --data data.json --of |=spread(x) + twice(lam)|");
    assert_eq!(status, 0, "{out}");
    let plain = case.json("grad model.cvx --data data.json --of |=max(x) - min(x) + 2 * lam|").1;
    assert_eq!(out["gradients"], plain["gradients"]);
    let wrong = case.cvx("grad model.cvx --data data.json --of |=spread(x, x)|");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`spread` takes 1 argument"));
    // What is wrong in the body is said where it is called.
    let inside = case.cvx("grad model.cvx --data data.json --of |=1 + first(lam)|");
    assert_eq!(inside.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&inside.stderr).contains("1 + first(lam)"));
}

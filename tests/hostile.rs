//! Texts that nobody means well: every stage ends in a result or an error, within bounded time and memory.
//!
//! `CVXLAYER_MUTATIONS=100000 cargo test --test hostile` tries as many mutations of the models of the repository;
//! `CVXLAYER_MUTATIONS_SEED` draws others.
#![cfg(feature = "lang")]

#[path = "hostile/files.rs"]
mod files;
#[path = "hostile/mutate.rs"]
mod mutate;
#[path = "hostile/stages.rs"]
mod stages;

use cvxlayer::{Data, Error, Model};
use std::fmt::Write as _;
use std::path::Path;

/// How many mutations to try.
fn count(default: usize) -> usize {
    std::env::var("CVXLAYER_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Which ones.
fn seed() -> u64 {
    std::env::var("CVXLAYER_MUTATIONS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// Every model in the repository, sound or broken.
fn models() -> Vec<String> {
    fn visit(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                visit(&path, out);
            } else if path.extension().is_some_and(|e| e == "cvx") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["examples", "tests", "crates/lang/tests"] {
        visit(&root.join(folder), &mut paths);
    }
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

#[test]
#[allow(clippy::print_stdout, reason = "a long run reports its counts")]
fn mutated_models_end_in_a_result() {
    let models = models();
    assert!(models.len() > 100, "{} models", models.len());
    let count = count(1500);
    let mut rng = fastrand::Rng::with_seed(seed());
    let mut compiled = 0;
    // Half of the mutations start from a model that compiles, or too few would get past the parser.
    let good: Vec<String> = models.iter().filter(|text| stages::compile(text)).cloned().collect();
    for k in 0..models.len() + count {
        let text = if k < models.len() {
            models[k].clone()
        } else {
            mutate::mutate(if k % 2 == 0 { &models } else { &good }, &mut rng)
        };
        let run = || {
            stages::parse(&text);
            stages::examine(&text);
            stages::layout(&text);
            stages::compile(&text)
        };
        let result = std::panic::catch_unwind(run);
        assert!(result.is_ok(), "this text makes a stage panic:\n{text}");
        compiled += usize::from(k >= models.len() && result.unwrap_or_default());
    }
    println!("{compiled} of {count} compiled");
    // Mutations that are all refused by the parser would test the parser alone.
    assert!(compiled * 20 >= 3 * count, "only {compiled} of {count} compiled");
}

/// The codes of the errors that a model ends in; none if it compiles.
fn codes(text: &str) -> Vec<&'static str> {
    let result =
        Model::from_text(text).and_then(|m| m.bind(&Data::new()).and_then(|b| b.program()).map(drop));
    match result {
        Ok(()) => Vec::new(),
        Err(Error::Model(error)) => {
            error.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code.id).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

fn refused(code: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(codes(text).first(), Some(&code), "{}", &text[..text.len().min(200)]);
    }
}

#[test]
fn giant_arrays_are_refused() {
    refused(
        "E0613",
        &[
            "var x[1000000000000];\nminimize sum(x);",
            "var X[100000, 100000];\nminimize sum(abs(X));",
            "param a[50000];\nvar s;\nminimize square(s) + sum(outer(a, a)) * s;",
            "param a[20000];\nvar x[20000];\nminimize sum(abs(outer(a, x)));",
            "param a[1000, 1000];\nvar X[1000, 1000];\nminimize sum(abs(kron(a, X)));",
            "var x[100000];\nminimize sum_squares(ones(100000, 100000) @ x - 1);",
            "var s;\nminimize square(s) + sum(abs(eye(200000) * s));",
            "var s;\nminimize square(s) + sum(eye(200000)) * s;",
            "var s;\nminimize square(s) + sum(eye(200000) @ eye(200000)) * s;",
            "var s;\nminimize square(s) + trace(inv(eye(20000))) * s;",
            "var s;\nminimize square(s);\nsubject to eye(200000) <= s;",
            "const c[100000, 100000] = 1;\nvar x[100000];\nminimize sum_squares(c @ x);",
            "param a[200000];\nvar s;\nminimize square(s) + sum(exp(diag(a))) * s;",
            "var x[200000];\nminimize sum(abs(diag(x)));",
            "var x[10];\nminimize sum_squares(tile(repeat(x, 1000000), 100000));",
            "var s;\nminimize square(s) + sum(linspace(0, 1, 900000000)) * s;",
            "var s;\nminimize square(s) + sum(arange(100000000000)) * s;",
        ],
    );
}

#[test]
fn models_with_too_many_rows_are_refused() {
    refused(
        "E0613",
        &[
            "var x[3000];\nminimize norm1(outer(ones(3000), x));",
            "var x[100000];\nparam w[100000];\nminimize dotsort(x, w);",
            "var x[60000000];\nminimize sum_squares(x);",
            "var x;\nparam a[9000000];\nminimize square(x);\nsubject to x <= a;",
            "var x;\nparam a[3000, 3000];\nminimize square(x);\nsubject to max(a * x) <= 1;",
        ],
    );
}

#[test]
fn large_and_sparse_is_fine() {
    for text in [
        "var x[20000];\nminimize sum_squares(eye(20000) @ x - 1);",
        "param a[20000];\nvar x[20000];\nminimize sum_squares(diag(a) @ x - 1);",
        "var x[20000];\nminimize sum_squares(-eye(20000).T @ x - 1);",
        "var X[300, 300];\nminimize sum(einsum(\"ij,jk->ik\", ones(300, 300), X));",
        "param p[2000, 2000];\nvar x[2000];\nminimize einsum(\"ij,i,j\", p, ones(2000), x);",
        "var x[1000000];\nminimize norm1(x);",
    ] {
        assert_eq!(codes(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn sizes_that_overflow_are_refused() {
    refused("E0611", &["dim n = 3000000000;\nvar x[n*n*n*n];\nminimize sum(x);"]);
    refused("E0611", &["dim n = 9223372036854775807;\nvar x[n+1];\nminimize sum(x);"]);
    refused("E0611", &["var x;\nminimize square(x) + sum(x for i in 0..9000000000000000000);"]);
    refused("E0206", &["dim n = 2**10000;\nvar x[n];\nminimize sum(x);"]);
    let long = "9".repeat(400);
    for text in ["1e400", long.as_str(), "-1e999"] {
        refused("E0103", &[&format!("var x nonneg;\nminimize x + {text};")]);
    }
    refused("E0103", &[&format!("var x[{long}];\nminimize sum(x);")]);
}

#[test]
fn exponential_comprehensions_are_refused() {
    refused(
        "E0613",
        &[
            "var x;\nminimize square(x) + sum(sum(i * j * x for i in 0..1000000) for j in 0..1000000);",
            "var x;\nminimize square(x) + sum(sum(sum(i*j*k*x for i in 0..1000) for j in 0..1000) for k in 0..1000);",
            "var x;\nminimize square(x) + sum(sum(sum(sum(sum(i*j*k*l*m*x for i in 0..1000) for j in 0..1000) for k in 0..1000) for l in 0..1000) for m in 0..1000);",
            "var x[9];\nminimize sum_squares(x);\nsubject to sum(sum(i*j*x[k] for i in 0..1000) for j in 0..1000) <= 1 for k in 0..9;",
            "var x;\nminimize square(x) + sum(i * j * k * x for i in 0..1000000, j in 0..1000000, k in 0..1000000);",
            "var x;\nminimize square(x) + sum(x for i in 0..1000000, j in 0..1000000 if i + j < 0);",
            "var x[3];\nminimize sum_squares(x);\nsubject to x[0] >= i + j for i in 0..1000000, j in 0..1000000;",
        ],
    );
}

/// A chain of 60 declarations, each of which uses the one before twice.
fn chain(first: &str, next: impl Fn(usize) -> String, last: &str) -> String {
    let mut out = format!("{first}\n");
    for k in 1..60 {
        let _ = writeln!(out, "{}", next(k));
    }
    out + last
}

#[test]
fn exponential_chains_cost_what_they_say() {
    let lets = chain(
        "var x; param p; let a0 = p + x;",
        |k| format!("let a{k} = 0.5 * a{0} + 0.25 * a{0};", k - 1),
        "minimize square(x) + a59;",
    );
    assert_eq!(codes(&lets), Vec::<&str>::new());
    let lifted = chain(
        "var x; param p; param q; let a0 = p + q;",
        |k| format!("let a{k} = a{0} * a{0};", k - 1),
        "minimize square(x) + a59 * x;",
    );
    assert_eq!(codes(&lifted), Vec::<&str>::new());
    let stacked = chain(
        "var x[2]; let a0 = x;",
        |k| format!("let a{k} = hstack(a{0}, a{0});", k - 1),
        "minimize sum(a59);",
    );
    refused("E0613", &[&stacked]);
    let functions = chain(
        "fn f0(a) = a + a;",
        |k| format!("fn f{k}(a) = f{0}(a) + f{0}(f{0}(a));", k - 1),
        "var x; minimize square(x) + f25(x);",
    );
    refused("E0601", &[&functions]);
    // A function that uses its argument twice, applied to itself, for each value of an index.
    let nested = |inner: &str| format!("{}{inner}{}", "f(".repeat(40), ")".repeat(40));
    let doubled = |body: &str| {
        let (head, tail) = ("fn f(a) = a + a;\nvar x[2];\nminimize sum_squares(x) + ", "for i in 0..2");
        format!("{head}sum({body} {tail});")
    };
    let numbers = format!("{} * x[i]", nested("exp(i + 0.5)"));
    let lifted = format!("{} * x[i]", nested("exp(p * i)"));
    for text in [nested("i * x[i]"), nested("abs(i * x[i])"), numbers, lifted] {
        assert_eq!(codes(&format!("param p;\n{}", doubled(&text))), Vec::<&str>::new());
    }
    refused("E0203", &["fn f(a) = f(f(a));\nvar x;\nminimize f(x);"]);
    refused("E0203", &["fn f(a) = g(a) + g(a);\nfn g(a) = f(a) + 1;\nvar x;\nminimize f(x);"]);
}

#[test]
fn odd_characters() {
    assert_eq!(codes("\u{feff}var x;\nminimize square(x);"), Vec::<&str>::new());
    assert_eq!(codes("var x;\r\nminimize square(x);\r\n"), Vec::<&str>::new());
    refused("E0101", &["var x;\0\nminimize square(x);", "var \u{202e}x;\nminimize square(x);"]);
    let name = "x".repeat(200_000);
    assert_eq!(codes(&format!("var {name};\nminimize square({name});")), Vec::<&str>::new());
    refused("E0602", &[&format!("var {name};\nminimize square({name});", name = "x".repeat(1 << 20))]);
    let deep = format!("var x;\nminimize {}x{};", "abs(".repeat(50_000), ")".repeat(50_000));
    refused("E0601", &[&deep]);
}

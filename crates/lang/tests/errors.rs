//! What users read when a model is wrong: each file of the corpus breaks one rule.

mod support;

use cvxlayer_lang::diagnostics::render::{Style, render_all};
use cvxlayer_lang::{Source, check, lower};
use support::given;

/// Everything that is said about a model; where it checks, also what its sizes and data bring up. The first line of
/// such a file says what is given: `// given A[3, 4] from "A.npy"`.
fn said(text: &str) -> String {
    let checked = check(text);
    let mut diagnostics = checked.diagnostics.clone();
    if !checked.has_errors() {
        let first = text.lines().next().and_then(|line| line.strip_prefix("// given"));
        diagnostics.extend(lower(&checked.model, &given(first.unwrap_or(""))).err().into_iter().flatten());
    }
    render_all(&Source::new("model.cvx", text), &diagnostics, Style::Plain)
}

/// A warning is worth nothing if good models have it.
#[test]
fn good_models_are_not_warned_about() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = std::fs::read_dir(root.join("../../examples")).expect("the examples");
    let mut models: Vec<_> =
        examples.map(|entry| entry.expect("a folder").path().join("model.cvx")).collect();
    for name in ["lasso", "mpc", "optnet_qp", "portfolio_factor", "sparsemax", "tv_denoise"] {
        models.push(root.join("tests/corpus/ok").join(name).with_extension("cvx"));
    }
    models.retain(|path| path.exists());
    assert!(models.len() > 10, "the models are found");
    for path in models {
        let text = std::fs::read_to_string(&path).expect("a model");
        assert_eq!(said_of_text(&text), "", "{}", path.display());
    }
}

/// What is said before any data are there.
fn said_of_text(text: &str) -> String {
    match check(text).diagnostics {
        none if none.is_empty() => String::new(),
        some => render_all(&Source::new("model.cvx", text), &some, Style::Plain),
    }
}

#[test]
fn broken_models_are_explained() {
    let mut right = Vec::new();
    insta::glob!("corpus/err/*.cvx", |path| {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        // Those that do not parse are `syntax/errors.rs`'s.
        if name.starts_with("syntax_") {
            return;
        }
        let text = std::fs::read_to_string(path).expect("a model");
        let said = said(&text);
        if said.is_empty() {
            right.push(name.to_owned());
        }
        insta::with_settings!({ description => text, omit_expression => true }, {
            insta::assert_snapshot!(said);
        });
    });
    assert_eq!(right, [""; 0], "nothing is said about these");
}

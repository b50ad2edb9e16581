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

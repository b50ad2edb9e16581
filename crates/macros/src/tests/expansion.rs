//! Snapshots of generated code.

use super::expanded;

fn pretty(text: &str) -> String {
    let file = syn::parse2(expanded(text)).unwrap_or_else(|e| panic!("generated code does not parse: {e}"));
    prettyplease::unparse(&file)
}

#[test]
fn a_closed_model() {
    insta::assert_snapshot!(pretty(
        "/// Weights on a simplex.
         pub Simplex;
         /// Scores.
         param score[3];
         param sharp pos = 1;
         /// Weights.
         var w[3] nonneg;
         maximize score.T @ w - sharp * sum_squares(w);
         subject to
           budget: sum(w) == 1;"
    ));
}

#[test]
#[cfg(feature = "lang")]
fn an_open_model() {
    insta::assert_snapshot!(pretty(
        "pub(crate) Line;
         dim n, k = {K};
         param x[n, k];
         const y[n];
         var slope[k];
         let error = x @ slope - y;
         minimize sum_squares(error) + WEIGHT * norm1(slope);
         const WEIGHT nonneg = {crate::WEIGHT};"
    ));
}

/// A broken model leaves its structs, so that their uses are no errors of their own.
#[test]
fn a_broken_model() {
    insta::assert_snapshot!(pretty(
        "Broken;
         param a[3];
         var x[2];
         minimize sum_squares(x - a);
         subject to cap: x <= 1"
    ));
}

#[test]
fn a_file() {
    let text = pretty("pub Box from \"src/tests/models/box.cvx\"");
    assert!(text.contains("include_bytes!"), "changes are watched: {text}");
    assert!(text.contains("/src/tests/models/box.cvx"), "{text}");
    assert!(text.contains("pub struct Box "), "{text}");
}

/// What the macro calls with, when it is called wrongly.
#[test]
fn bad_calls() {
    let calls = [
        "",
        "pub",
        "Name",
        "param x; var y;",
        "#[derive(Clone)] pub Name; var x;",
        "/// docs",
        "Name from models",
        "Name from",
        "Name from \"a.cvx\" b",
        "Name from \"missing.cvx\"",
    ];
    let said: Vec<_> = calls
        .iter()
        .map(|call| format!("{call}\n  {}", super::diagnostics::messages(call).join("\n")))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

//! The formatter: one style, nothing lost.

use cvxlayer_lang::Source;
use cvxlayer_lang::diagnostics::render::{Style, render_all};
use cvxlayer_lang::format::{WIDTH, format};
use cvxlayer_lang::syntax::parse;
use cvxlayer_lang::syntax::token::tokenize;

use proptest::prelude::*;

use super::corpus::models;

/// Checks what holds for every model that parses.
pub(super) fn check(text: &str) {
    // Whatever the text says, the later stages say something about it.
    let checked = cvxlayer_lang::check(text);
    checked.outlines();
    render_all(&Source::new("m", text), &checked.diagnostics, Style::Plain);
    let Ok(formatted) = format(text) else { return };
    let tree = |text: &str| serde_json::to_string(&parse(text).ast).unwrap();
    assert_eq!(tree(text), tree(&formatted), "formatting changed\n{text}\ninto\n{formatted}");
    assert_eq!(format(&formatted).as_deref(), Ok(&*formatted), "formatting twice changed\n{text}");
    let comments = |text: &str| {
        let tokens = tokenize(text).into_iter().filter(|token| token.kind.is_comment());
        tokens.map(|token| token.span.text(text).trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(comments(text), comments(&formatted));
    assert!(!formatted.contains("\n\n\n") || text.contains("/*"));
}

#[test]
fn good_models_parse_and_are_formatted() {
    for (name, text) in models("ok") {
        let diagnostics = parse(&text).diagnostics;
        assert_eq!(diagnostics, [], "{name}");
        check(&text);
        let formatted = format(&text).unwrap();
        assert!(formatted.lines().all(|line| line.chars().count() <= WIDTH), "{name}");
        insta::with_settings!({ description => text, omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(std::format!("format_{name}"), formatted);
        });
    }
}

/// Many models of that corpus break a rule of another stage than the syntax.
#[test]
fn models_with_other_mistakes_are_formatted() {
    let formatted = models("err").iter().filter(|(_, text)| format(text).is_ok()).count();
    assert!(formatted > 100);
    for (_, text) in models("err") {
        check(&text);
    }
}

#[test]
fn broken_models_are_left_alone() {
    assert_eq!(format("var x[3;").unwrap_err().len(), 1);
}

#[test]
fn empty_texts_stay_empty() {
    assert_eq!(format("").as_deref(), Ok(""));
    assert_eq!(format(" \n\n ; ;").as_deref(), Ok(""));
    assert_eq!(format("\n\n// only this").as_deref(), Ok("// only this\n"));
}

#[test]
fn examples_are_formatted() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut count = 0;
    for folder in std::fs::read_dir(examples).unwrap() {
        let path = folder.unwrap().path().join("model.cvx");
        if let Ok(text) = std::fs::read_to_string(&path) {
            assert_eq!(format(&text).as_deref(), Ok(&*text), "{} is not formatted", path.display());
            count += 1;
        }
    }
    assert!(count > 2, "the examples are found");
}

#[test]
fn comments_past_the_end_of_a_line_are_indented_as_what_follows() {
    let text = "subject to\n  x <= 1 // one\n  // two\n  ;\n  x >= 0;\n";
    let formatted = "subject to\n  x <= 1; // one\n  // two\n  x >= 0;\n";
    assert_eq!(format(text).as_deref(), Ok(formatted));
    assert_eq!(format(formatted).as_deref(), Ok(formatted));
}

#[test]
fn comments_after_a_line_comment_have_lines_of_their_own() {
    let text = "minimize x // one\n  ; /* two */ /* three */ // four\nx >= 0;\n";
    let formatted = "minimize x; // one\n/* two */\n/* three */\n// four\nx >= 0;\n";
    assert_eq!(format(text).as_deref(), Ok(formatted));
    assert_eq!(format(formatted).as_deref(), Ok(formatted));
}

#[test]
fn a_fresh_line_comment_keeps_its_line() {
    let text = "minimize f(\n  a, // first\n  // about b\n  b\n) + x;\n";
    assert_eq!(format(text).unwrap(), "minimize f(\n  a, // first\n  // about b\n  b\n)\n  + x;\n");
}

/// Random expressions, as text.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-e]",
        "[1-9][0-9]{0,6}",
        Just("inf".to_owned()),
        Just("[1, 2, 3]".to_owned()),
        Just("A[0, :]".to_owned()),
        Just("long_name_of_a_parameter".to_owned()),
        Just("x[1:-1]".to_owned()),
        Just("X.T".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 4, |inner| {
        let operator = prop::sample::select(vec![" + ", "-", " * ", "/", " @ ", "**"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("({a})")),
            prop::collection::vec(inner.clone(), 1..5).prop_map(|all| format!("maximum({})", all.join(","))),
            inner.clone().prop_map(|a| format!("sum({a}, axis=1)")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("[{}]", all.join(", "))),
            inner.prop_map(|a| format!("sum({a} for t in 0..T, j in t+1..n if t + j < k and not t == 1)")),
        ]
    })
}

/// Random statements, as text.
fn statements() -> impl Strategy<Value = String> {
    let e = expressions;
    prop_oneof![
        e().prop_map(|e| format!("minimize {e};")),
        e().prop_map(|e| format!("let name = {e};")),
        e().prop_map(|e| format!("fn f(v, w) = {e};")),
        (e(), e()).prop_map(|(a, b)| format!("var x[{a}] nonneg in [{b}, inf];")),
        (e(), e()).prop_map(|(a, b)| format!("subject to budget: {a} <= {b} for t in 0..T;")),
        (e(), e(), e()).prop_map(|(a, b, c)| format!("{a} <= {b} <= {c};")),
        Just("/// Documented.\nparam p[n] sparse;".to_owned()),
        Just("dim n, T = 24;".to_owned()),
    ]
}

proptest! {
    /// Whatever stands between the tokens, formatting changes no meaning and loses no comment, and once is enough.
    #[test]
    fn random_models(
        all in prop::collection::vec(statements(), 1..5),
        between in prop::collection::vec(
            prop::sample::select(vec!["", "", "", "", " ", "\n", " // remark\n", "\n// own line\n", " /* in */ "]),
            1..40,
        ),
    ) {
        let plain = all.join("\n");
        let tokens: Vec<_> = tokenize(&plain).into_iter().map(|token| token.span.text(&plain)).collect();
        let spread: String =
            tokens.iter().zip(between.iter().cycle()).flat_map(|(token, space)| [*token, *space]).collect();
        for text in [&plain, &spread] {
            prop_assert!(format(text).is_ok(), "{text}");
            check(text);
        }
    }
}

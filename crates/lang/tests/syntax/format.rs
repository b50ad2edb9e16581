//! The formatter: one style, nothing lost.

use cvxlayer_lang::format::{WIDTH, format};
use cvxlayer_lang::syntax::parse;
use cvxlayer_lang::syntax::token::tokenize;

use super::corpus::models;

/// Checks what holds for every model that parses.
pub(super) fn check(text: &str) {
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

//! What users read when a model does not parse: each file of the corpus breaks one rule.

use cvxlayer_lang::Source;
use cvxlayer_lang::diagnostics::edits::apply_safe;
use cvxlayer_lang::diagnostics::render::{Style, render_all};
use cvxlayer_lang::syntax::parse;

use super::corpus::models;

#[test]
fn broken_models_are_explained() {
    for (name, text) in models("err") {
        if !name.starts_with("syntax_") {
            continue;
        }
        let parsed = parse(&text);
        assert!(!parsed.diagnostics.is_empty(), "{name} is not broken");
        let source = Source::new("model.cvx", text.clone());
        let rendered = render_all(&source, &parsed.diagnostics, Style::Plain);
        insta::with_settings!({ description => text, omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, rendered);
        });
    }
}

/// Safe edits mend what they are about: each application leaves fewer diagnostics, and never new ones of that kind.
#[test]
fn safe_edits_mend() {
    for (name, text) in models("err") {
        let before = parse(&text).diagnostics;
        let (mended, applied) = apply_safe(&text, &before);
        let after = parse(&mended).diagnostics;
        assert!(applied == 0 || after.len() < before.len(), "{name}:\n{mended}\n{after:#?}");
        assert_eq!(applied == 0, mended == text);
    }
}

#[test]
fn a_broken_statement_hides_no_other() {
    let text = "var x[3]\nvar y[2];\nminimize sum(x) + ;\nsubject to\n  x <= ;\n  sum(y = 3;\n";
    let source = Source::new("model.cvx", text);
    let lines: Vec<_> =
        parse(text).diagnostics.iter().map(|it| source.position(it.span().unwrap().start).line).collect();
    assert_eq!(lines, [1, 3, 5, 6]);
}

#[test]
fn declared_names_survive() {
    use cvxlayer_lang::syntax::ast::StatementKind;
    let text = "dim n = , m;\nvar x[;\nlet e = 3 +;\nfn f(a, b) = ;\nminimize;\n";
    let parsed = parse(text);
    assert_eq!(parsed.diagnostics.len(), 5);
    let names: Vec<_> = parsed
        .ast
        .statements
        .iter()
        .flat_map(|statement| match &statement.kind {
            StatementKind::Dim(sizes) => sizes.iter().map(|size| size.name.text.clone()).collect(),
            StatementKind::Declare(declaration) => vec![declaration.name.text.clone()],
            StatementKind::Let { name, .. } | StatementKind::Fn { name, .. } => vec![name.text.clone()],
            StatementKind::Objective { .. } => vec!["objective".to_owned()],
            _ => vec![],
        })
        .collect();
    assert_eq!(names, ["n", "m", "x", "e", "f", "objective"]);
}

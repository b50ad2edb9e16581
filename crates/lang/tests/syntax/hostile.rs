//! Text that nobody means well: no panic, no overflow, no long wait.

use std::time::{Duration, Instant};

use cvxlayer_lang::diagnostics::edits::apply_safe;
use cvxlayer_lang::diagnostics::render::{Style, render_all};
use cvxlayer_lang::format::format;
use cvxlayer_lang::syntax::ast::{Expr, ExprId, IndexItem};
use cvxlayer_lang::syntax::{Parsed, parse, parse_expression};
use cvxlayer_lang::{Source, Span};
use proptest::prelude::*;

use super::corpus::models;
use super::tokens::lexemes;

/// Checks what holds for every text.
fn check(text: &str) -> Parsed {
    let began = Instant::now();
    let parsed = check_tree(text);
    let (mended, _) = apply_safe(text, &parsed.diagnostics);
    parse(&mended);
    let (ast, id, _) = parse_expression(text);
    assert!(id.index() < ast.exprs.len());
    super::format::check(text);
    assert!(began.elapsed() < Duration::from_secs(20), "{} bytes took {:?}", text.len(), began.elapsed());
    parsed
}

/// Checks what holds for every tree and every diagnostic.
fn check_tree(text: &str) -> Parsed {
    let parsed = parse(text);
    let inside = |span: Span| {
        let range = span.range();
        assert!(text.get(range.clone()).is_some(), "{range:?} is outside of {text:?}");
    };
    for diagnostic in &parsed.diagnostics {
        assert!(!diagnostic.labels.is_empty(), "{diagnostic:?} has no place");
        diagnostic.labels.iter().for_each(|label| inside(label.span));
        diagnostic.edits.iter().for_each(|edit| inside(edit.span));
    }
    assert!(parsed.diagnostics.windows(2).all(|pair| pair[0].span() <= pair[1].span()));
    for statement in &parsed.ast.statements {
        inside(statement.span);
    }
    for (id, expr) in parsed.ast.exprs.iter() {
        inside(parsed.ast.exprs.span(id));
        assert!(children(expr).into_iter().all(|child| child < id), "a child follows its parent");
    }
    render_all(&Source::new("m", text), &parsed.diagnostics, Style::Plain);
    parsed
}

fn children(expr: &Expr) -> Vec<ExprId> {
    match expr {
        Expr::Number(_) | Expr::Infinity | Expr::Text(_) | Expr::Name(_) | Expr::Error => vec![],
        Expr::Unary { operand, .. } => vec![*operand],
        Expr::Binary { lhs, rhs, .. } => vec![*lhs, *rhs],
        Expr::Compare { first, rest } => std::iter::once(*first).chain(rest.iter().map(|it| it.2)).collect(),
        Expr::Call { arguments, options, .. } => {
            arguments.iter().copied().chain(options.iter().map(|it| it.1)).collect()
        }
        Expr::Comprehension { body, ranges, options, .. } => std::iter::once(*body)
            .chain(ranges.loops.iter().flat_map(|it| [it.from, it.to]))
            .chain(ranges.condition)
            .chain(options.iter().map(|it| it.1))
            .collect(),
        Expr::Index { base, items } => std::iter::once(*base)
            .chain(items.iter().flat_map(|item| match item {
                IndexItem::At(id) => vec![*id],
                IndexItem::Slice { start, stop, step, .. } => {
                    [*start, *stop, *step].into_iter().flatten().collect()
                }
            }))
            .collect(),
        Expr::Transpose(id) => vec![*id],
        Expr::Array(entries) => entries.clone(),
    }
}

/// So many cases, unless the environment asks for another number.
pub(super) fn cases(number: u32) -> ProptestConfig {
    match std::env::var("PROPTEST_CASES") {
        Ok(_) => ProptestConfig::default(),
        Err(_) => ProptestConfig::with_cases(number),
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn any_characters(text in "\\PC{0,60}") {
        check(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn token_soups(parts in prop::collection::vec(lexemes(), 0..30), space in any::<bool>()) {
        check(&parts.join(if space { " " } else { "" }));
    }

    #[test]
    fn mutated_models(
        model in prop::sample::select(models("ok")),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..8, lexemes()), 1..6),
    ) {
        let mut text: Vec<char> = model.1.chars().collect();
        for (place, cut, insert) in changes {
            let at = place.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, insert.chars());
        }
        check(&text.into_iter().collect::<String>());
    }
}

#[test]
fn deep_nesting_is_an_error() {
    const N: usize = 100_000;
    let deep = [
        format!("minimize {}x{};", "(".repeat(N), ")".repeat(N)),
        format!("minimize {};", "(".repeat(N)),
        format!("minimize {};", "(]".repeat(N)),
        format!("minimize {}{};", "(".repeat(N), "]".repeat(N)),
        format!("minimize {};", ")".repeat(N)),
        format!("minimize {}x;", "-".repeat(N)),
        format!("minimize {}x;", "- ".repeat(N)),
        format!("minimize {}x;", "+-".repeat(N)),
        format!("minimize x{};", " ** x".repeat(N)),
        format!("minimize x{};", " ** -x".repeat(N)),
        format!("minimize x{};", "**(x)".repeat(N)),
        format!("minimize x{};", "²".repeat(N)),
        format!("x <= 1 for i in 0..n if {}i == 1;", "not ".repeat(N)),
        format!("x <= 1 for i in 0..n if {}i == 1;", "not i + ".repeat(N)),
        format!("minimize {}x{};", "f(".repeat(N), ")".repeat(N)),
        format!("minimize {}0{};", "x[".repeat(N), "]".repeat(N)),
        format!("minimize {}0{};", "[".repeat(N), "]".repeat(N)),
        format!("minimize {}1;", "f(x for i in 0..".repeat(N)),
        "(".repeat(N),
        "[".repeat(N),
        "/*".repeat(N),
        format!("minimize x {} ;", "/*".repeat(N) + &"*/".repeat(N)),
    ];
    for text in deep {
        let parsed = check(&text);
        assert!(!parsed.diagnostics.is_empty() || text.contains("*/"), "{}", &text[..40]);
    }
}

#[test]
fn long_texts_work() {
    const N: usize = 100_000;
    for text in [
        format!("minimize x{};", " + x".repeat(N)),
        format!("minimize x{};", " - x * y @ z".repeat(N / 4)),
        format!("minimize x{};", ".T".repeat(N)),
        format!("minimize x{};", "[0]".repeat(N)),
        format!("const c = [{}1];", "1, ".repeat(N)),
        format!("x <= 1 for i in 0..n if i == 1{};", " and i == 1".repeat(N / 4)),
        format!("minimize {};", "a".repeat(N)),
        "x <= 1;\n".repeat(N / 4),
        "/// doc\n".repeat(N / 4) + "var x;",
        ";".repeat(N),
    ] {
        let parsed = check_tree(&text);
        assert_eq!(parsed.diagnostics, [], "{}", &text[..40]);
        assert!(format(&text).is_ok());
    }
}

#[test]
fn many_errors_are_bounded() {
    for text in [
        "x <= ;\n".repeat(10_000),
        "x <= 1\n".repeat(10_000),
        "$ ".repeat(10_000),
        "var x[3 ".repeat(10_000),
        "x = 1;".repeat(10_000),
        "x < = 1 ".repeat(10_000),
        "/// doc\n;".repeat(10_000),
        format!("x{} <= 1;", " < x".repeat(10_000)),
        format!("minimize f({});", "a=1, ".repeat(300)),
        "'".repeat(10_000),
        "“".repeat(10_000),
        "st x ".repeat(10_000),
        "for i in ".repeat(10_000),
    ] {
        let parsed = check(&text);
        assert!((1..=101).contains(&parsed.diagnostics.len()), "{}", &text[..20]);
    }
}

#[test]
fn large_texts_are_refused() {
    let text = " ".repeat((1 << 20) + 1);
    assert_eq!(parse(&text).diagnostics.len(), 1);
    assert_eq!(parse_expression(&text).2.len(), 1);
}

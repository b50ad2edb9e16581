//! The lexer and the grammar agree on where tokens begin and end.

use cvxlayer_lang::syntax::token::{TokenKind, tokenize};
use cvxlayer_lang::syntax::{Grammar, Rule, parse};
use pest::Parser;
use pest::iterators::Pair;
use proptest::prelude::*;

use super::corpus::models;

/// The spans of the tokens that pest saw: pairs without pairs inside.
fn leaves(pair: Pair<'_, Rule>, spans: &mut Vec<(usize, usize)>) {
    let span = (pair.as_span().start(), pair.as_span().end());
    let token =
        matches!(pair.as_rule(), Rule::name | Rule::number | Rule::text | Rule::infinity | Rule::comparison);
    let mut inner = pair.into_inner().peekable();
    if token || inner.peek().is_none() {
        if span.0 < span.1 {
            spans.push(span);
        }
        return;
    }
    inner.for_each(|pair| leaves(pair, spans));
}

fn agree(text: &str) -> bool {
    let Ok(pairs) = Grammar::parse(Rule::model, text) else { return false };
    let mut spans = Vec::new();
    pairs.for_each(|pair| leaves(pair, &mut spans));
    let tokens: Vec<_> =
        tokenize(text).iter().filter(|it| !it.kind.is_trivia()).map(|it| it.span.range()).collect();
    for (start, end) in spans {
        // Empty brackets are a pair without pairs inside, and two tokens.
        let shown = &text[start..end];
        let empty = shown.starts_with(['(', '[']) && shown.ends_with([')', ']']);
        let boundaries = tokens.iter().any(|it| it.start == start) && tokens.iter().any(|it| it.end == end);
        let whole = empty || shown == ":" || tokens.contains(&(start..end));
        assert!(boundaries && whole, "{shown:?} at {start} in {text:?}");
    }
    // What the grammar accepts holds nothing that the lexer does not know.
    let unknown =
        |kind| matches!(kind, TokenKind::Unknown | TokenKind::Foreign | TokenKind::Quote | TokenKind::Hash);
    assert!(!tokenize(text).iter().any(|token| unknown(token.kind)), "{text:?}");
    true
}

#[test]
fn on_the_corpus() {
    for (name, text) in models("ok") {
        assert!(agree(&text), "{name}");
    }
    for (_, text) in models("err") {
        agree(&text);
    }
}

#[test]
fn on_awkward_neighbours() {
    for text in [
        "minimize x.T@y;",
        "minimize x . T;",
        "minimize 1.5e-3.T;",
        "minimize 2.T;",
        "minimize inf-infx;",
        "minimize-x**-y;",
        "x[0:n:2]<=-1 for i in 0..n,j in 1..2 if not(i==j)and i<j;",
        "minimize x/**/+/*/**/*/y;//\n",
        "minimize x[::];",
        "varx<=vary;",
        "forx:inx<=notx;",
        "const c[2]from\"a//b\";",
        "subject to;;;",
    ] {
        assert!(agree(text), "{text}");
    }
}

/// A macro sees tokens without their layout, and hands them on with spaces between.
#[test]
fn spaces_between_all_tokens_change_nothing() {
    let tree = |text: &str| {
        let parsed = parse(text);
        assert_eq!(parsed.diagnostics, [], "{text}");
        serde_json::to_string(&parsed.ast).unwrap()
    };
    for (name, text) in models("ok") {
        let spread = tokenize(&text)
            .into_iter()
            .filter(|token| !token.kind.is_trivia() || token.kind == TokenKind::DocComment)
            .map(|token| {
                let space = if token.kind.is_trivia() { '\n' } else { ' ' };
                format!("{space}{}{space}", token.span.text(&text))
            })
            .collect::<Vec<_>>();
        assert_eq!(tree(&text), tree(&spread.concat()), "{name}");
    }
}

/// Pieces of models, to be thrown together.
pub(super) fn lexemes() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "dim",
        "param",
        "const",
        "var",
        "let",
        "fn",
        "minimize",
        "maximize",
        "subject to",
        "subject",
        "to",
        "for",
        "in",
        "if",
        "from",
        "and",
        "or",
        "not",
        "inf",
        "x",
        "y",
        "n",
        "T",
        "f",
        "λ",
        "_",
        "x1",
        "sum",
        "nonneg",
        "1",
        "0.5",
        "1e-3",
        "1_000",
        "1.",
        ".5",
        "2x",
        "1e",
        ";",
        ";",
        ";",
        ",",
        ",",
        ":",
        "..",
        ".",
        ".T",
        "(",
        "(",
        ")",
        ")",
        "[",
        "[",
        "]",
        "]",
        "+",
        "-",
        "*",
        "**",
        "/",
        "@",
        "<=",
        ">=",
        "==",
        "!=",
        "<",
        ">",
        "=",
        "\"f.csv\"",
        "\"",
        "'",
        "'a'",
        "#",
        "^",
        "&&",
        "≤",
        "²",
        "·",
        "ᵀ",
        "“",
        "”",
        "…",
        "$",
        "{",
        "}",
        "\\",
        "// c\n",
        "/// d\n",
        "/* c */",
        "/*",
        "*/",
        "\n",
        " ",
        "\u{A0}",
        "\u{FEFF}",
        "st",
        "s.t.",
        "variable",
        "range",
        "lambda",
        "else",
        "where",
        "0..n",
        "for i in 0..n",
        "x <= 1;",
        "var x[3];",
        "let e = 1;",
    ])
}

proptest! {
    #![proptest_config(super::hostile::cases(1500))]

    #[test]
    fn on_token_soups(parts in prop::collection::vec(lexemes(), 0..12), space in any::<bool>()) {
        agree(&parts.join(if space { " " } else { "" }));
    }
}

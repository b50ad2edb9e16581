//! The text that tokens stand for.

use crate::source::Source;
use cvxlayer_lang::Span;
use proc_macro2::TokenStream;

fn source(text: &str) -> Source {
    let tokens: TokenStream = text.parse().unwrap();
    Source::from_tokens(tokens.into_iter().collect(), proc_macro2::Span::call_site())
}

#[test]
fn text_survives() {
    let texts = [
        "param mu[3];\nvar w[3] in [0, 0.5];\nminimize -mu.T @ w + 2 ** 3;\nsubject to\n  a: 0 <= w[1:2] <= 1e-3;\n",
        "/// docs, with \"quotes\" and \\ and λ\nparam λ;\n",
        "var x; x >= inf; x[0..n] == x[-1];\n",
        "const a from \"a b.csv\";\n",
        "x ^ 2 && y || !z != 3 <> 4 # 5;\n",
        "var type; let self = r;\n",
    ];
    for text in texts {
        assert_eq!(source(text).text, text);
    }
}

#[test]
fn comments_vanish_and_lines_stay() {
    let text = source("//! inner\nvar x; // a remark\n\n\n\n/* another */ var y;\n").text;
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    assert_eq!(lines, ["var x;", "", "var y;"]);
}

#[test]
fn raw_names_are_plain() {
    assert_eq!(source("param r#match;").text, "param match;\n");
}

#[test]
fn doc_attributes_are_doc_comments() {
    let text = source("#[doc = \" one\"]\n#[doc = r#\" two \"quoted\"\"#]\nvar x;").text;
    assert_eq!(text, "/// one\n/// two \"quoted\"\nvar x;\n");
    assert_eq!(source("/** first\nsecond */\nvar x;").text, "/// first\n ///second \nvar x;\n");
}

/// The token at a place, by its position in the text it came from.
fn covered(text: &str, part: &str) -> String {
    let source = source(text);
    let start = source.text.find(part).unwrap();
    let (first, last) = source.tokens(Span::new(start, start + part.len()));
    format!("{}:{}-{}:{}", first.start().line, first.start().column, last.end().line, last.end().column)
}

#[test]
fn places_lead_back_to_tokens() {
    let text = "var x;\nminimize   square(x\n  - 3);\n";
    assert_eq!(covered(text, "square(x\n  - 3)"), "2:11-3:6");
    assert_eq!(covered(text, "- 3"), "3:2-3:5");
    let source = source(text);
    // Between tokens, and past the end, the token before is meant.
    let place = |at: usize| source.tokens(Span::at(at)).0.start();
    assert_eq!((place(5).line, place(5).column), (1, 4));
    assert_eq!(place(source.text.len()).line, 3);
    assert_eq!((place(0).line, place(0).column), (1, 0));
}

#[test]
fn constants_become_names() {
    let names = |text: &str| {
        let source = source(text);
        let all =
            source.interpolations.iter().map(|i| format!("{}{}", i.name, if i.is_size { "#" } else { "" }));
        let spaces = source.text.split_whitespace().collect::<Vec<_>>().join(" ");
        (spaces.replace(" ,", ",").replace(" ;", ";"), all.collect::<Vec<_>>().join(" "))
    };
    let expect = |text: &str, model: &str, constants: &str| {
        assert_eq!(names(text), (model.to_owned(), constants.to_owned()), "{text}");
    };
    expect("var x in [0, {CAP}];", "var x in [0, CAP]; param CAP;", "CAP");
    expect("var x[{N}, 2 * {N}];", "var x[N, 2 * N]; dim N;", "N#");
    expect("var x[3]; x[{I}] <= {I};", "var x[3]; x[I] <= I; dim I;", "I#");
    expect("dim n = {N}, m, k = {K};", "dim n, m, k;", "n# k#");
    expect("dim n = {N} + 1;", "dim n = N + 1; dim N;", "N#");
    expect("const c[2] nonneg = {C};", "param c[2] nonneg;", "c");
    expect(
        "const c[2] = [{A}, {a::B}];",
        "const c[2] = [A, constant]; param A; param constant;",
        "A constant",
    );
    expect("sum(x[t] for t in 0..{T}) <= {U};", "sum(x[t] for t in 0..T) <= U; dim T; param U;", "T# U");
    expect("x[t] <= {A} for t in 0..{T};", "x[t] <= A for t in 0..T; param A; dim T;", "A T#");
    expect("param A; x <= {A};", "param A; x <= A_; param A_;", "A_");
}

//! Every diagnostic of the language, seen through the macro.

use super::expanded;
use crate::tokens::string_value;
use cvxlayer_lang::diagnostics::codes;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;

/// What `compile_error!` and warnings say in the expansion of a call.
pub(super) fn messages(call: &str) -> Vec<String> {
    let mut out = Vec::new();
    collect(expanded(call), &mut out);
    out
}

fn collect(tokens: TokenStream, out: &mut Vec<String>) {
    let mut before = String::new();
    for token in tokens {
        match &token {
            TokenTree::Group(group) => {
                let first = group.stream().into_iter().next().map(|t| t.to_string()).unwrap_or_default();
                let is_error = group.delimiter() == Delimiter::Brace && before.ends_with("compile_error!");
                if is_error {
                    out.extend(string_value(&first));
                } else if first == "deprecated" {
                    let TokenTree::Group(inner) = group.stream().into_iter().nth(1).unwrap() else {
                        continue;
                    };
                    out.extend(inner.stream().into_iter().last().and_then(|t| string_value(&t.to_string())));
                } else {
                    collect(group.stream(), out);
                }
                before.clear();
            }
            token => before.push_str(&token.to_string()),
        }
    }
}

/// The broken programs on the pages of all codes, and those of the corpus.
fn broken_programs() -> Vec<String> {
    let pages = codes::ALL.iter().map(|code| code.page);
    let mut out: Vec<String> = pages
        .flat_map(|page| page.split("```cvx broken\n").skip(1))
        .filter_map(|rest| rest.split("```").next())
        .map(str::to_owned)
        .collect();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lang/tests/corpus/err");
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    out.extend(files.iter().map(|file| std::fs::read_to_string(file).unwrap()));
    out
}

/// Codes of a program as the command would say them.
fn codes_of(text: &str) -> BTreeSet<&'static str> {
    cvxlayer_lang::check(text).diagnostics.iter().map(|d| d.code.id).collect()
}

/// Broken programs for rules without a page.
const MORE: &[(&str, &str)] = &[
    ("E0201", "var x; minimize square(x - y);"),
    ("E0202", "param a; var a; minimize square(a);"),
    ("E0203", "let a = b; let b = a; var x; minimize square(x - a);"),
    ("E0204", "var x[3]; param a[2]; minimize sum_squares(x - a);"),
    ("E0205", "var x[3]; minimize square(x[3]);"),
    ("E0206", "param n; var x[n]; minimize sum_squares(x);"),
    ("E0207", "var x[3]; minimize sum(square(x), axis=5);"),
    ("E0208", "var x bool; minimize square(x);"),
    ("E0209", "var x in [2, 1]; minimize square(x);"),
    ("E0210", "var x; minimize square(x); minimize x;"),
    ("E0211", "param a; minimize a;"),
    ("E0212", "var x[3]; minimize max(x[i] for i in 0..0);"),
    ("E0213", "param p; const c = p; var x; minimize square(x - c);"),
    ("E0214", "const k[2] int = [0.5, 1]; var x[3]; minimize sum_squares(x[k]);"),
    ("E0215", "var x; minimize square(x / 0);"),
    ("E0301", "var x; minimize square(square(x) - 1);"),
    ("E0302", "var x; var y; minimize x * y;"),
    ("E0303", "var x; minimize square(x) - square(2 * x);"),
    ("E0304", "var x; maximize square(x);"),
    ("E0305", "var x; minimize x; subject to square(x) >= 1;"),
    ("E0306", "var X[2, 2]; minimize det(X);"),
    ("E0307", "var x; minimize max([square(x), -square(x)]);"),
    ("E0401", "var x; minimize x; subject to square(x) <= 1;"),
    ("E0602", ""),
    ("E0603", ""),
    ("E0611", "const n = 4000000000; var x[n * n * n]; minimize sum_squares(x);"),
    ("E0612", "dim n = 2; var x[n - 3]; minimize sum_squares(x);"),
    ("E0613", "var x[1000000, 1000000]; minimize sum_squares(x);"),
    ("W1002", "param A[2, 2]; param b[2]; var x; minimize square(x - sum(A * b));"),
    ("W1003", "param a; var x; minimize square(x);"),
];

/// Codes that only values or files bring about, and texts larger than a test should be.
const ELSEWHERE: &[&str] = &[
    // Rust's own lexer refuses a comment or string without an end, and pairs brackets.
    "E0104", "E0115", // Values are given when the layer runs.
    "E0501", "E0502", "E0503", "E0504", "E0505", "E0506", "E0507", "E0508", "E0614", "E0615", "E0616",
    "E0617", "E0618", // A text of many MiB.
    "E0602",
];

#[test]
fn every_code_is_seen_through_the_macro() {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut programs: Vec<String> = broken_programs();
    programs.extend(MORE.iter().filter(|(_, text)| !text.is_empty()).map(|(_, text)| (*text).to_owned()));
    programs.push(format!("var x; minimize square(x);\n{}", "x <= ^;\n".repeat(500)));
    for text in programs {
        // What rustc's lexer refuses never reaches the macro.
        let Ok(tokens) = text.parse::<TokenStream>() else { continue };
        let said = messages(&format!("pub Broken;\n{text}"));
        let own = ["enable the feature `lang`", "does not read the values of constants from files"];
        for message in said.iter().filter(|m| !own.iter().any(|own| m.contains(own))) {
            let code = message.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
            assert!(codes::find(&code).is_some(), "no code in {message:?} for\n{text}");
            seen.insert(code);
        }
        // The macro says what the command says of the same text, unless comments decide.
        let printed: Vec<TokenTree> = tokens.into_iter().collect();
        let rebuilt = crate::source::Source::from_tokens(printed, proc_macro2::Span::call_site());
        if rebuilt.interpolations.is_empty() {
            let expected = codes_of(&rebuilt.text);
            let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
            let got = said.iter().filter_map(|m| m.split(['[', ']']).nth(1)).map(str::to_owned).collect();
            assert!(expected.is_subset(&got), "{expected:?} of the text, {got:?} of the macro\n{text}");
        }
    }
    let missing: Vec<_> =
        codes::ALL.iter().map(|c| c.id).filter(|id| !seen.contains(*id) && !ELSEWHERE.contains(id)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "codes that no program here brings about");
}

/// Each program for a rule without a page breaks that rule.
#[test]
fn programs_break_their_rule() {
    for (code, text) in MORE.iter().filter(|(_, text)| !text.is_empty()) {
        let said = messages(&format!("pub Broken; {text}"));
        assert!(said.iter().any(|m| m.contains(&format!("[{code}]"))), "{code}: {text}\n{said:#?}");
    }
}

/// One mistake is one error.
#[test]
fn mistakes_do_not_multiply() {
    assert_eq!(
        messages("pub B; var x[3]; param a[2]; minimize sum_squares(x - a); subject to cap: x <= 1;").len(),
        1
    );
    assert_eq!(messages("pub B; var x[3]; minimize sum_squares(x - a) + y; z >= 0;").len(), 3);
}

#[test]
fn mistakes_in_files_show_the_file() {
    let said = messages("pub Broken from \"src/tests/models/broken.cvx\"");
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn what_the_macro_cannot_do_is_said() {
    let said = messages("pub Data; const A[2, 2] from \"a.csv\"; var x[2]; minimize sum_squares(A @ x);");
    assert!(said[0].contains("does not read the values of constants from files"), "{said:?}");
    let said = messages("pub Open; dim n; param a[n]; var x[n]; minimize sum_squares(x - a);");
    assert_eq!(said.is_empty(), cfg!(feature = "lang"), "{said:?}");
}

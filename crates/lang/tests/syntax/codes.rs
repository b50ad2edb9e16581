//! The registry of codes, and the programs on its pages.

use cvxlayer_lang::diagnostics::codes::{ALL, find};
use cvxlayer_lang::syntax::parse;

#[test]
fn codes_are_unique_and_in_order() {
    for pair in ALL.windows(2) {
        assert!(pair[0].id < pair[1].id, "{:?} comes before {:?}", pair[0], pair[1]);
    }
    let mut names: Vec<_> = ALL.iter().map(|code| code.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}

#[test]
fn codes_are_found() {
    assert_eq!(find("e0105").map(|code| code.name), Some("missing-semicolon"));
    assert_eq!(find("missing-semicolon").map(|code| code.id), Some("E0105"));
    assert_eq!(find("E9999"), None);
}

/// The blocks of a page: what the fence says, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("```");
    parts.next();
    let mut blocks = Vec::new();
    while let (Some(block), Some(_)) = (parts.next(), parts.next()) {
        blocks.push(block.split_once('\n').unwrap());
    }
    blocks
}

/// Each page of a syntax code shows a program that breaks the rule, then one that does not.
#[test]
fn pages_tell_the_truth() {
    for code in ALL {
        let syntax = code.id.starts_with("E01") || code.id.starts_with("E060") || code.id == "W1001";
        let Some(page) = code.page else {
            assert!(!code.id.starts_with("E01"), "{code:?} has no page");
            continue;
        };
        assert!(page.starts_with(&format!("# {}: {}\n", code.id, code.name)), "title of {code:?}");
        if !syntax {
            continue;
        }
        let blocks = blocks(page);
        assert!(blocks.iter().any(|(kind, _)| *kind == "cvx broken"), "{code:?} shows no broken program");
        assert!(blocks.iter().any(|(kind, _)| *kind == "cvx"), "{code:?} shows no mended program");
        for (kind, text) in blocks {
            let diagnostics = parse(text).diagnostics;
            match kind {
                "cvx broken" => {
                    assert!(!diagnostics.is_empty(), "{code:?} is not triggered by\n{text}");
                    for diagnostic in diagnostics {
                        assert_eq!(diagnostic.code, *code, "{}\n{text}", diagnostic.message);
                    }
                }
                "cvx" => assert_eq!(diagnostics, [], "{code:?}:\n{text}"),
                other => panic!("{code:?} has a block of kind {other:?}"),
            }
        }
    }
}

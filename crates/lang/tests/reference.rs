//! Every model in the language reference and the readme checks without errors.

use cvxlayer_lang::diagnostics::render;
use cvxlayer_lang::{Source, atoms, check};

fn blocks(page: &str) -> impl Iterator<Item = &str> {
    page.split("```cvx\n").skip(1).filter_map(|rest| rest.split("```").next())
}

/// The tables of atoms stand between these lines.
const MARKS: (&str, &str) = ("<!-- atoms -->\n", "<!-- end of atoms -->\n");

#[test]
fn the_reference_lists_the_atoms_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../grammar/reference.md");
    let page = std::fs::read_to_string(path).expect("the reference");
    let (before, rest) = page.split_once(MARKS.0).expect("a mark before the tables");
    let (tables, after) = rest.split_once(MARKS.1).expect("a mark behind the tables");
    let wanted = format!("\n{}\n", atoms::page::markdown());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        let page = format!("{before}{}{wanted}{}{after}", MARKS.0, MARKS.1);
        std::fs::write(path, page).expect("the reference can be written");
        return;
    }
    assert!(
        tables == wanted,
        "the atoms in grammar/reference.md are out of date: UPDATE_REFERENCE=1 writes them"
    );
}

#[test]
fn models_in_the_documentation_are_right() {
    let mut count = 0;
    for (name, page) in [
        ("grammar/reference.md", include_str!("../../../grammar/reference.md")),
        ("README.md", include_str!("../../../README.md")),
    ] {
        for text in blocks(page) {
            let checked = check(text);
            let source = Source::new(name, text);
            let errors = render::render_all(&source, &checked.diagnostics, render::Style::Plain);
            assert!(!checked.has_errors(), "{errors}");
            count += 1;
        }
    }
    assert!(count >= 5, "the blocks are found");
}

//! Every model in the language reference and the readme checks without errors.

use cvxlayer_lang::diagnostics::render;
use cvxlayer_lang::{Source, check};

fn blocks(page: &str) -> impl Iterator<Item = &str> {
    page.split("```cvx\n").skip(1).filter_map(|rest| rest.split("```").next())
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

//! Snapshots of the canonical form: one small model for each rule of lowering.

use cvxlayer_lang::diagnostics::render;
use cvxlayer_lang::{Inputs, Source, check, lower};

fn canonical(text: &str) -> String {
    let checked = check(text);
    let source = Source::new("model.cvx", text);
    if !checked.diagnostics.is_empty() {
        return render::render_all(&source, &checked.diagnostics, render::Style::Plain);
    }
    match lower(&checked.model, &Inputs::default()) {
        Ok(program) => program.to_string(),
        Err(errors) => render::render_all(&source, &errors, render::Style::Plain),
    }
}

#[test]
fn canonical_forms() {
    insta::glob!("canon/*.cvx", |path| {
        let text = std::fs::read_to_string(path).expect("a model");
        insta::with_settings!({ description => text.clone(), omit_expression => true }, {
            insta::assert_snapshot!(canonical(&text));
        });
    });
}

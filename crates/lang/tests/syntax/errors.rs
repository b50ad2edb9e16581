//! What users read when a model does not parse: each file of the corpus breaks one rule.

use cvxlayer_lang::Source;
use cvxlayer_lang::diagnostics::render::{Style, render_all};
use cvxlayer_lang::syntax::parse;

#[test]
fn broken_models_are_explained() {
    insta::glob!("../corpus/err", "syntax_*.cvx", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let parsed = parse(&text);
        let source = Source::new("model.cvx", text.clone());
        let rendered = render_all(&source, &parsed.diagnostics, Style::Plain);
        assert!(!parsed.diagnostics.is_empty(), "{} is not broken", path.display());
        insta::with_settings!({ description => text, omit_expression => true }, {
            insta::assert_snapshot!(rendered);
        });
    });
}

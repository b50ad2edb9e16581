//! Models that are right.

use cvxlayer_lang::syntax::parse;

#[test]
fn good_models_parse() {
    insta::glob!("../corpus/ok", "*.cvx", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let parsed = parse(&text);
        assert_eq!(parsed.diagnostics, [], "{}", path.display());
    });
}

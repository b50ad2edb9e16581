//! What must hold of every text whatever; the fuzz targets in `fuzz` and the test `hostile` call the same functions.

use cvxlayer::lang::diagnostics::render::{Style, render_all};
use cvxlayer::lang::{Source, check, format, syntax};
use cvxlayer::{Data, Error, Model};

/// Parses, and words what is wrong.
pub(crate) fn parse(text: &str) {
    let parsed = syntax::parse(text);
    render_all(&Source::new("model.cvx", text), &parsed.diagnostics, Style::Plain);
}

/// Checks, and words what is wrong: every place lies in the text.
pub(crate) fn examine(text: &str) {
    let checked = check(text);
    for label in checked.diagnostics.iter().flat_map(|d| &d.labels) {
        assert!(text.get(label.span.range()).is_some(), "a place outside of the text");
    }
    render_all(&Source::new("model.cvx", text), &checked.diagnostics, Style::Plain);
}

/// Formats; what comes out is formatted already.
pub(crate) fn layout(text: &str) {
    if let Ok(once) = format::format(text) {
        assert_eq!(format::format(&once).as_deref().ok(), Some(&*once), "formatting is idempotent");
    }
}

/// Compiles with sizes of 3 where the text says none; an error is data, never a panic. Says whether it compiled.
pub(crate) fn compile(text: &str) -> bool {
    let Ok(model) = Model::from_text(text) else { return false };
    let mut data = Data::new();
    for dim in model.checked().dims.iter().filter(|dim| dim.rounded.is_none()) {
        data.set(&*dim.name, 3.0);
    }
    match model.bind(&data).and_then(|bound| bound.program()) {
        Ok(program) => {
            assert!(cvxlayer::passes::validate(&program).is_ok(), "a program that contradicts itself");
            true
        }
        Err(error) => {
            assert!(matches!(error, Error::Model(_) | Error::Values(_) | Error::Lift { .. }), "{error}");
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

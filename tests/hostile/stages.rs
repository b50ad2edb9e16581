//! What must hold of every text whatever; the fuzz targets in `fuzz` and the test `hostile` call the same functions.

use cvxlayer::lang::diagnostics::render::{Style, render_all};
use cvxlayer::lang::{Source, check, format, syntax};
use cvxlayer::program::{Check, Derived, Program};
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

/// The program up to quotations of the text, or the codes of the errors that there are instead.
fn meant(program: Result<Program, Error>) -> Result<Program, Vec<&'static str>> {
    let mut program = program.map_err(|error| match error {
        Error::Model(error) => error.diagnostics.iter().map(|d| d.code.id).collect(),
        _ => Vec::new(),
    })?;
    let derived = program.lift.derived.iter();
    program.lift.derived = derived.map(|d| Derived { text: "".into(), ..d.clone() }).collect();
    let checks = program.checks.iter();
    program.checks = checks.map(|c| Check { text: "".into(), ..c.clone() }).collect();
    Ok(program)
}

/// The program, at sizes of 3 where the text says none.
fn program(text: &str) -> Result<Program, Error> {
    let model = Model::from_text(text)?;
    let mut data = Data::new();
    for dim in model.checked().dims.iter().filter(|dim| dim.rounded.is_none()) {
        data.set(&*dim.name, 3.0);
    }
    model.bind(&data)?.program()
}

/// Compiles; an error is data, never a panic. The formatted text means the same: it compiles to the same program, or breaks
/// the same rules. Says whether it compiled.
pub(crate) fn compile(text: &str) -> bool {
    let own = program(text);
    match &own {
        Ok(program) => {
            assert!(cvxlayer::passes::validate(program).is_ok(), "a program that contradicts itself");
        }
        Err(error) => {
            assert!(matches!(error, Error::Model(_) | Error::Values(_) | Error::Lift { .. }), "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
    let compiled = own.is_ok();
    if let Ok(formatted) = format::format(text)
        && formatted != text
    {
        let same = meant(own) == meant(program(&formatted));
        assert!(same, "formatting changes the meaning, to\n{formatted}");
    }
    compiled
}

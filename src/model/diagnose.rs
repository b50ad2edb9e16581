//! Errors about values as diagnostics that point at declarations.

use super::Model;
use crate::data::{ValueError, ValueFault};
use crate::error::Error;
use cvxlayer_lang::check::tree::NodeId;
use cvxlayer_lang::diagnostics::{codes, render};
use cvxlayer_lang::{Diagnostic, Source, Span};
use std::fmt;

/// What is wrong with a model, or with what was given for it.
#[derive(Clone, Debug)]
pub struct ModelError {
    /// The text that the places are in.
    pub source: Source,
    /// Errors, and warnings beside them.
    pub diagnostics: Vec<Diagnostic>,
}

impl ModelError {
    pub(super) fn new(source: Source, diagnostics: Vec<Diagnostic>) -> Self {
        Self { source, diagnostics }
    }
}

impl std::error::Error for ModelError {}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(render::render_all(&self.source, &self.diagnostics, render::Style::Plain).trim_end())
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

/// The diagnostic for a value that does not fit.
pub(super) fn diagnostic(model: &Model, error: &ValueError) -> Diagnostic {
    let code = match error.fault {
        ValueFault::Missing => codes::MISSING_VALUE,
        ValueFault::Unknown(_) => codes::UNDECLARED_VALUE,
        ValueFault::Shape { .. } => codes::VALUE_SHAPE,
        ValueFault::NotFinite { .. } => codes::VALUE_NOT_FINITE,
        _ => codes::VALUE_DOMAIN,
    };
    let bare = ValueError { origin: None, ..error.clone() };
    let mut out = Diagnostic::error(code, bare.to_string());
    let required = matches!(error.fault, ValueFault::Required(_));
    if let Some(span) = if required { written(model, &error.name) } else { place(model, &error.name) } {
        let label = match error.fault {
            ValueFault::Missing => "this needs a value",
            ValueFault::Required(_) => "",
            _ => "declared here",
        };
        out = out.at(span, label);
    }
    if let Some(origin) = &error.origin {
        out = out.note(format!("the value is from {origin}"));
    }
    if error.fault == ValueFault::Missing {
        let name = &error.name;
        out = out
            .help(format!("give it in a file with `--data`, or with `--param {name}=…`, or write a default"));
    }
    out
}

/// Where a name is declared, or where an expression stands.
fn place(model: &Model, text: &str) -> Option<Span> {
    let checked = &model.checked;
    checked.declaration_span(text).or_else(|| written(model, text))
}

/// Where an expression stands.
fn written(model: &Model, text: &str) -> Option<Span> {
    let checked = &model.checked;
    let nodes = (0..checked.tree.len() as u32).map(|id| checked.tree.span(NodeId(id)));
    let mut spans = nodes.filter(|span| !span.is_empty() && span.len() >= text.len());
    spans.find(|span| checked.text(*span) == text)
}

/// Points errors about values at what they concern.
pub(super) fn explain(model: &Model, error: Error) -> Error {
    match error {
        Error::Values(errors) => {
            let mut all: Vec<_> = errors.iter().map(|e| diagnostic(model, e)).collect();
            cvxlayer_lang::diagnostics::sort(&mut all);
            model.error(all)
        }
        Error::Lift { text, kind } => {
            let mut out =
                Diagnostic::error(codes::NO_VALUE, format!("`{text}` {kind} at the given parameters"));
            if let Some(span) = place(model, &text) {
                out = out.at(span, "this must have a value");
            }
            model.error(vec![out])
        }
        other => other,
    }
}

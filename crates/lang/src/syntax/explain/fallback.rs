//! "expected …, found …", for mistakes without a name.

use super::site::{BracketKind, Failure};
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::token::TokenKind;

/// Says what the grammar wants at the place of the mistake.
pub(super) fn explain(failure: &Failure<'_>) -> Diagnostic {
    let (expected, found) = (expected(failure), failure.found_text());
    let diagnostic =
        Diagnostic::error(codes::UNEXPECTED_TOKEN, format!("expected {expected}, found {found}"));
    let label = if failure.found().is_some() { "not expected here" } else { "something is missing here" };
    let diagnostic = diagnostic.at(failure.place(), label);
    match failure.bracket().and_then(|bracket| failure.site.token(bracket.at)) {
        Some(open) => diagnostic.also(open.span, "inside this bracket"),
        None => diagnostic,
    }
}

fn expected(failure: &Failure<'_>) -> &'static str {
    if failure.after_operand() { after_operand(failure) } else { before_operand(failure) }
}

fn after_operand(failure: &Failure<'_>) -> &'static str {
    if failure.for_clause().is_some() {
        return match failure.bracket() {
            Some(_) => "an operator, a comma, `if` or `)`",
            None => "an operator, a comma, `if` or `;`",
        };
    }
    match (failure.bracket_kind(), failure.head()) {
        (Some(BracketKind::Call), _) => "an operator, a comma, `for` or `)`",
        (Some(BracketKind::Parameters), _) => "a comma or `)`",
        (Some(BracketKind::Group), _) => "an operator or `)`",
        (Some(BracketKind::Index), _) => "an operator, a comma, `:` or `]`",
        (Some(_), _) => "an operator, a comma or `]`",
        (None, Some(TokenKind::Dim)) => "`=`, a comma or `;`",
        (None, Some(head)) if head.declares() => {
            let value = failure.level().any(|at| failure.site.kind(at) == Some(TokenKind::Equals));
            if value { "an operator or `;`" } else { "a shape, an attribute, `=` or `;`" }
        }
        (None, Some(head)) if head.begins_statement() => "an operator or `;`",
        _ => "an operator, a comparison or `;`",
    }
}

fn before_operand(failure: &Failure<'_>) -> &'static str {
    match failure.before_kind() {
        None => "a statement",
        Some(TokenKind::For) => "the name of an index",
        Some(TokenKind::Let | TokenKind::Fn) => "a name",
        Some(kind) if kind.declares() => "a name",
        Some(TokenKind::Comma) if failure.head() == Some(TokenKind::Dim) && failure.bracket().is_none() => {
            "a name"
        }
        Some(TokenKind::From) => "a file name between double quotes",
        Some(_) if failure.bracket_kind() == Some(BracketKind::Parameters) => "a name",
        Some(_) => "an expression",
    }
}

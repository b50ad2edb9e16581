//! Why a statement does not parse.
//!
//! Pest says how far it came; the tokens around that place say what the user probably meant. Each file of this folder
//! knows the mistakes of one region of the language, as functions from a [`Failure`] to a diagnostic; the first that
//! recognizes its mistake wins, and [`fallback`] answers for the rest.

mod declarations;
mod fallback;
mod names;
mod operators;
mod python;
mod ranges;
mod site;

pub(super) use site::Site;

use site::Failure;

use super::token::TokenKind;
use crate::diagnostics::{Diagnostic, codes};

/// What is wrong with a statement.
pub(super) struct Explained {
    /// The one mistake that is reported.
    pub(super) diagnostic: Diagnostic,
    /// Where another statement begins after all: the token after the end of the first one, and the first token of
    /// the second.
    pub(super) split: Option<(usize, usize)>,
}

/// A function that recognizes one kind of mistake.
type Recognizer = fn(&Failure<'_>) -> Option<Diagnostic>;

/// The recognizers, the more specific ones first.
const RECOGNIZERS: &[Recognizer] = &[
    names::variance,
    names::keyword,
    names::underscore,
    declarations::several_names,
    declarations::parenthesized_shape,
    declarations::shape_of_a_let,
    declarations::bound,
    declarations::annotation,
    declarations::late_attribute,
    declarations::late_shape,
    declarations::bounds,
    declarations::file,
    declarations::body,
    declarations::colon_after_objective,
    ranges::leading_for,
    ranges::second_for,
    ranges::missing_in,
    ranges::range_call,
    ranges::missing_dots,
    ranges::condition_word,
    ranges::homeless_for,
    ranges::homeless_if,
    ranges::homeless_dots,
    declarations::bounds_as_constraint,
    names::lambda,
    names::module,
    names::attribute,
    operators::decimal_comma,
    operators::split_operator,
    operators::single_equals,
    operators::comparison,
    operators::label,
    operators::membership,
    operators::tuple,
    operators::conjunction,
    operators::call_of_a_value,
    operators::missing_colon,
    operators::missing_operator,
    operators::missing_operand,
];

/// Explains why the statement at `site` stops making sense at the byte `offset` of the source.
pub(super) fn explain(site: &Site<'_>, offset: usize) -> Explained {
    let failure = Failure::new(site, offset);
    if let Some(explained) = missing_semicolon(&failure) {
        return explained;
    }
    let diagnostic = RECOGNIZERS.iter().find_map(|recognizer| recognizer(&failure));
    Explained { diagnostic: diagnostic.unwrap_or_else(|| fallback::explain(&failure)), split: None }
}

/// Two statements without a `;` between them, or with a comma instead.
fn missing_semicolon(failure: &Failure<'_>) -> Option<Explained> {
    let at = failure.at;
    if failure.bracket().is_some() || !failure.complete_before() {
        return None;
    }
    let place = failure.found()?;
    if place.kind == TokenKind::Comma {
        let (last, len) = (at + 1 == failure.site.len(), failure.site.len());
        let another = last || failure.site.kinds(at + 1..len).any(TokenKind::compares);
        let objective = matches!(failure.head(), Some(TokenKind::Minimize | TokenKind::Maximize));
        if !another || !(failure.is_constraint() || objective) || failure.for_clause().is_some() {
            return None;
        }
        let message = if last { "a statement ends with `;`" } else { "constraints are separated by `;`" };
        let diagnostic = Diagnostic::error(codes::MISSING_SEMICOLON, message)
            .at(place.span, "a comma ends no statement")
            .fix(place.span, ";", "write `;`");
        return Some(Explained { diagnostic, split: (!last).then_some((at, at + 1)) });
    }
    if !place.kind.begins_operand() || !failure.first_on_line() {
        return None;
    }
    let last = failure.before()?.span;
    let diagnostic = Diagnostic::error(codes::MISSING_SEMICOLON, "a statement ends with `;`")
        .at(last.after(), "expected `;` here")
        .fix(last.after(), ";", "end the statement");
    Some(Explained { diagnostic, split: Some((at, at)) })
}

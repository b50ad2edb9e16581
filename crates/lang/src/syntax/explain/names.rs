//! Keywords where names are wanted, and names that are no values.

use super::site::{BracketKind, Failure};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::token::TokenKind;

/// Prefixes of Python modules; the atoms here have none.
const MODULES: [&str; 8] = ["np", "cp", "numpy", "cvxpy", "math", "torch", "scipy", "sp"];

/// `var(x)`, which in NumPy is the variance.
pub(super) fn variance(failure: &Failure<'_>) -> Option<Diagnostic> {
    let called = failure.site.kind(failure.at + 1) == Some(TokenKind::OpenParen);
    let place = failure.found().filter(|found| found.kind == TokenKind::Var && called)?.span;
    Some(
        Diagnostic::error(codes::KEYWORD_AS_NAME, "`var` declares a variable")
            .at(place, "not a function")
            .fix(place, "variance", "the variance is `variance`"),
    )
}

/// A keyword where a name is wanted.
pub(super) fn keyword(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind.is_keyword())?;
    // `for in 0..n` lacks its index.
    if found.kind == TokenKind::In
        && failure.site.kind(failure.at + 1) != Some(TokenKind::In)
        && failure.for_clause().is_some()
    {
        return None;
    }
    let role = match failure.before_kind()? {
        TokenKind::Dim => "a size",
        TokenKind::Param => "a parameter",
        TokenKind::Const => "a constant",
        TokenKind::Var => "a variable",
        TokenKind::Let => "an expression",
        TokenKind::Fn => "a function",
        TokenKind::For => "an index",
        TokenKind::Comma if failure.for_clause().is_some() => "an index",
        TokenKind::Comma if failure.head() == Some(TokenKind::Dim) && failure.bracket().is_none() => "a size",
        TokenKind::OpenParen | TokenKind::Comma
            if failure.bracket_kind() == Some(BracketKind::Parameters) =>
        {
            "an argument"
        }
        _ => return None,
    };
    let word = failure.found_word();
    Some(
        Diagnostic::error(codes::KEYWORD_AS_NAME, format!("`{word}` is a keyword and cannot name {role}"))
            .at(found.span, "choose another name")
            .suggest(found.span, format!("{word}_"), format!("`{word}_` is free")),
    )
}

/// `_` alone.
pub(super) fn underscore(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|_| failure.found_word() == "_")?;
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, "`_` alone is not a name")
            .at(found.span, "")
            .help("every index and argument has a name, even one that is not used: `for _t in 0..T`"),
    )
}

/// `lambda v: …`
pub(super) fn lambda(failure: &Failure<'_>) -> Option<Diagnostic> {
    let before = failure.before().filter(|_| failure.before_word() == "lambda")?;
    failure.found().filter(|found| matches!(found.kind, TokenKind::Name | TokenKind::Colon))?;
    Some(
        Diagnostic::error(codes::FOREIGN_SPELLING, "there are no anonymous functions")
            .at(before.span, "")
            .help("a function is a statement of its own: `fn f(v) = sum(abs(v));`"),
    )
}

/// `np.sum(x)`
pub(super) fn module(failure: &Failure<'_>) -> Option<Diagnostic> {
    let name = failure.at.checked_sub(2).filter(|_| failure.before_kind() == Some(TokenKind::Dot))?;
    let prefix = failure.site.token(name).filter(|_| MODULES.contains(&failure.site.word(name)))?;
    let dot = failure.before()?;
    let atom = failure.found_word();
    Some(
        Diagnostic::error(codes::FOREIGN_SPELLING, "functions have no prefix")
            .at(prefix.span.to(dot.span), "there are no modules")
            .fix(prefix.span.to(dot.span), "", format!("write `{atom}`")),
    )
}

/// `x.sum()`, `x.shape`
pub(super) fn attribute(failure: &Failure<'_>) -> Option<Diagnostic> {
    let dot = failure.before().filter(|before| before.kind == TokenKind::Dot)?;
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "only `.T` may follow a point");
    let Some(found) = failure.found().filter(|found| found.kind == TokenKind::Name) else {
        return Some(diagnostic.at(dot.span, "expected `.T`, the transpose"));
    };
    let word = failure.found_word();
    let open = failure.at + 1;
    let close = failure.site.closer(open).filter(|_| failure.site.kind(open) == Some(TokenKind::OpenParen));
    let close = close.and_then(|at| failure.site.token(at));
    if matches!(word, "t" | "transpose") {
        let all = close.map_or(found.span, |close| found.span.to(close.span));
        return Some(diagnostic.at(found.span, "").suggest(all, "T", "the transpose is `.T`"));
    }
    let Some(close) = close else {
        let diagnostic = diagnostic.at(found.span, "values have no attributes");
        return Some(match word {
            "shape" | "size" => diagnostic.help("sizes have names: declare `dim n;`, and write `n`"),
            "value" => diagnostic.help("values are known at the solution: `cvx solve` prints them"),
            _ => diagnostic,
        });
    };
    let diagnostic = diagnostic.at(found.span, "values have no methods");
    let operand = failure.at.checked_sub(2).and_then(|at| failure.site.token(at));
    let Some(operand) = operand.filter(|operand| operand.kind == TokenKind::Name) else {
        return Some(diagnostic.help(format!("write `{word}(…)`")));
    };
    let name = operand.span.text(failure.site.text);
    let inner = Span { start: failure.site.token(open)?.span.end, end: close.span.start };
    let arguments = match inner.text(failure.site.text).trim() {
        "" => name.to_owned(),
        arguments => format!("{name}, {arguments}"),
    };
    Some(diagnostic.suggest(operand.span.to(close.span), format!("{word}({arguments})"), "call a function"))
}

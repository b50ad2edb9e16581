//! Mistakes in `dim`, `param`, `const`, `var`, `let`, `fn` and objectives.

use super::site::{BracketKind, Failure};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::AttributeKind;
use crate::syntax::token::TokenKind;

/// Whether the mistake is in a `param`, `const` or `var`, outside all brackets.
fn in_declaration(failure: &Failure<'_>) -> bool {
    matches!(failure.head(), Some(TokenKind::Param | TokenKind::Const | TokenKind::Var))
        && failure.bracket().is_none()
}

/// Whether the value of the declaration has begun.
fn has_value(failure: &Failure<'_>) -> bool {
    failure.level().any(|at| matches!(failure.site.kind(at), Some(TokenKind::Equals | TokenKind::From)))
}

/// `var x, y;`
pub(super) fn several_names(failure: &Failure<'_>) -> Option<Diagnostic> {
    let comma = failure.found().filter(|found| found.kind == TokenKind::Comma)?;
    let declares = in_declaration(failure) || failure.head() == Some(TokenKind::Let);
    if !declares || failure.bracket().is_some() {
        return None;
    }
    let head = failure.site.word(0);
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, format!("a `{head}` declares one name"))
            .at(comma.span, "a second one begins here")
            .suggest(comma.span, format!("; {head}"), "declare it on its own"),
    )
}

/// `var x(n);`, and `let f(v) = …;`
pub(super) fn parenthesized_shape(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::OpenParen && failure.at == 2)?;
    if failure.head() == Some(TokenKind::Let) {
        let head = failure.site.token(0)?;
        return Some(
            Diagnostic::error(codes::UNEXPECTED_TOKEN, "a `let` takes no arguments")
                .at(found.span, "")
                .suggest(head.span, "fn", "a function is declared with `fn`"),
        );
    }
    if !in_declaration(failure) {
        return None;
    }
    let close = failure.site.closer(failure.at).and_then(|at| failure.site.token(at))?;
    let span = found.span.to(close.span);
    let inner = Span { start: found.span.end, end: close.span.start }.text(failure.site.text);
    Some(Diagnostic::error(codes::UNEXPECTED_TOKEN, "a shape stands between brackets").at(span, "").fix(
        span,
        format!("[{inner}]"),
        format!("write `[{inner}]`"),
    ))
}

/// `let e[n] = …;`, `dim n[3];`
pub(super) fn shape_of_a_let(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::OpenBracket)?;
    let (message, label) = match failure.head()? {
        TokenKind::Let => ("a `let` declares no shape", "its shape is that of its expression"),
        TokenKind::Dim => ("a `dim` has no shape", "a size is a whole number"),
        _ => return None,
    };
    if failure.bracket().is_some() || failure.at != 2 {
        return None;
    }
    let close = failure.site.closer(failure.at).and_then(|at| failure.site.token(at));
    let span = close.map_or(found.span, |close| found.span.to(close.span));
    Some(Diagnostic::error(codes::MISPLACED_PART, message).at(span, label).suggest(
        span,
        "",
        "remove the brackets",
    ))
}

/// `var x[n] >= 0;`
pub(super) fn bound(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind.compares())?;
    if !in_declaration(failure) || has_value(failure) {
        return None;
    }
    let (sign, zero) = (failure.found_word(), failure.site.word(failure.at + 1) == "0");
    let alone = failure.site.len() == failure.at + 2;
    let word = match found.kind {
        TokenKind::Ge if zero && alone => Some("nonneg"),
        TokenKind::Le if zero && alone => Some("nonpos"),
        TokenKind::Gt if zero && alone => Some("pos"),
        TokenKind::Lt if zero && alone => Some("neg"),
        _ => None,
    };
    let diagnostic = Diagnostic::error(codes::MISPLACED_PART, "a declaration compares nothing")
        .at(found.span, format!("`{sign}` belongs to a constraint"));
    Some(match word {
        Some(word) => {
            let last = failure.site.token(failure.at + 1)?.span;
            diagnostic.suggest(found.span.to(last), word, format!("declare it `{word}`"))
        }
        None => diagnostic.help("bounds are written `in [lo, hi]`, with `-inf` or `inf` for none"),
    })
}

/// `param x: [n];`, `const c = 1:5;`
pub(super) fn annotation(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::Colon && in_declaration(failure))?;
    if has_value(failure) {
        return Some(
            Diagnostic::error(codes::UNEXPECTED_TOKEN, "a slice stands in an index only")
                .at(found.span, "")
                .help("numbers in a row are `arange(first, end)`, without the end, or `linspace(first, last, n)`"),
        );
    }
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, "a declaration has no colon")
            .at(found.span, "")
            .help("shape and attributes follow the name, as in `param d[n] nonneg;`"),
    )
}

/// `param g = 1 nonneg;`
pub(super) fn late_attribute(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|_| in_declaration(failure) && has_value(failure))?;
    let word = failure.found_word();
    let known = !matches!(AttributeKind::from_word(word), AttributeKind::Unknown(_));
    if found.kind != TokenKind::In && !known {
        return None;
    }
    Some(
        Diagnostic::error(codes::MISPLACED_PART, format!("`{word}` comes too late"))
            .at(found.span, "attributes stand before the value")
            .help("as in `param gamma nonneg = 1;`"),
    )
}

/// `var x nonneg [n];`, `param A[m][n];`
pub(super) fn late_shape(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::OpenBracket)?;
    if !in_declaration(failure) || has_value(failure) {
        return None;
    }
    if let Some(close) = failure.before().filter(|before| before.kind == TokenKind::CloseBracket) {
        return Some(
            Diagnostic::error(codes::MISPLACED_PART, "both sizes stand in one pair of brackets")
                .at(close.span.to(found.span), "")
                .fix(close.span.to(found.span), ", ", "write a comma"),
        );
    }
    let name = failure.site.word(1);
    Some(
        Diagnostic::error(codes::MISPLACED_PART, "a shape directly follows the name")
            .at(found.span, "")
            .help(format!("as in `{} {name}[n] nonneg;`", failure.site.word(0))),
    )
}

/// `var x in (0, 1);`, `var x in [0];`, `var x in [0, 1, 2];`
pub(super) fn bounds(failure: &Failure<'_>) -> Option<Diagnostic> {
    let after_in = in_declaration(failure) && failure.before_kind() == Some(TokenKind::In);
    if !after_in && failure.bracket_kind() != Some(BracketKind::Bounds) {
        return None;
    }
    let ends = [TokenKind::Comma, TokenKind::CloseBracket, TokenKind::Dots, TokenKind::Colon];
    let miscounted = failure.after_operand() && failure.found_kind().is_some_and(|kind| ends.contains(&kind));
    if !after_in && !miscounted {
        return None;
    }
    let place = failure.place();
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "bounds are two ends between brackets")
        .at(place, format!("found {}", failure.found_text()));
    Some(match ends_of(failure) {
        Some((span, meant)) => diagnostic.suggest(span, meant.clone(), format!("write `{meant}`")),
        None => diagnostic.help("as in `in [0, 1]`; `-inf` and `inf` stand for no bound"),
    })
}

/// The ends that `in (lo, hi)` and `in lo..hi` mean.
fn ends_of(failure: &Failure<'_>) -> Option<(Span, String)> {
    let (first, text) = (failure.found()?.span, failure.site.text);
    if failure.before_kind() != Some(TokenKind::In) {
        return None;
    }
    if failure.found_kind() == Some(TokenKind::OpenParen) {
        let at = failure.site.closer(failure.at)?;
        let close = failure.site.token(at)?.span;
        let inner = Span { start: first.end, end: close.start }.text(text);
        let commas = failure.site.kinds(failure.at..at).filter(|kind| *kind == TokenKind::Comma).count();
        return (commas == 1).then(|| (first.to(close), format!("[{inner}]")));
    }
    let dots = (failure.at..failure.site.len()).find(|&at| failure.site.kind(at) == Some(TokenKind::Dots))?;
    let (lo, dots) = (failure.site.token(dots.checked_sub(1)?)?.span, failure.site.token(dots)?.span);
    let span = first.to(failure.site.span());
    let span = Span { start: first.start, end: span.end };
    let (lo, hi) = (first.to(lo).text(text), Span { start: dots.end, end: span.end }.text(text));
    let plain = |end: &str| !end.is_empty() && !end.contains(char::is_whitespace);
    (plain(lo) && plain(hi)).then(|| (span, format!("[{lo}, {hi}]")))
}

/// `x in [0, 1];` as a constraint
pub(super) fn bounds_as_constraint(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::In && failure.after_operand())?;
    if !failure.is_constraint() || failure.bracket().is_some() || failure.for_clause().is_some() {
        return None;
    }
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "a constraint compares its sides")
        .at(found.span, "`in` gives a declaration its bounds, and an index its range");
    let (site, open) = (failure.site, failure.at + 1);
    let first = failure.level().rfind(|&at| site.kind(at) == Some(TokenKind::Colon)).map_or(0, |at| at + 1);
    let mended = || {
        let close = site.closer(open)?;
        let mut commas = (open..close).filter(|&at| site.kind(at) == Some(TokenKind::Comma));
        let (comma, None) = (commas.next()?, commas.next()) else { return None };
        let text = |from: usize, to: usize| {
            Some(site.token(from)?.span.to(site.token(to)?.span).text(site.text).to_owned())
        };
        let (lo, hi) = (text(open + 1, comma - 1)?, text(comma + 1, close - 1)?);
        let span = site.token(first)?.span.to(site.token(close)?.span);
        Some((span, format!("{lo} <= {} <= {hi}", text(first, failure.at - 1)?)))
    };
    Some(match mended() {
        Some((span, meant)) => diagnostic.suggest(span, meant.clone(), format!("write `{meant}`")),
        None => diagnostic.help("as in `0 <= x <= 1`"),
    })
}

/// `const c "file.csv";`, `const c from file.csv;`
pub(super) fn file(failure: &Failure<'_>) -> Option<Diagnostic> {
    if !in_declaration(failure) {
        return None;
    }
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "a file is written `from \"file.csv\"`");
    match failure.found() {
        Some(found) if found.kind == TokenKind::Text && !has_value(failure) => {
            Some(diagnostic.at(found.span, "").fix(found.span.before(), "from ", "write `from`"))
        }
        Some(found) if failure.before_kind() == Some(TokenKind::From) => {
            // `data/c.csv` is several tokens, and a name where a value is wanted.
            let path = found.span.to(failure.site.span());
            let path = Span { start: found.span.start, end: path.end };
            let shown = path.text(failure.site.text);
            let diagnostic = diagnostic.at(path, "expected a string");
            Some(if shown.contains(['"', '\n']) {
                diagnostic
            } else {
                diagnostic.suggest(path, format!("\"{shown}\""), "write double quotes")
            })
        }
        Some(found) if found.kind == TokenKind::From && failure.before_kind() == Some(TokenKind::Equals) => {
            let equals = failure.before()?.span;
            Some(diagnostic.at(equals, "").fix(equals.to(found.span), "from", "write `from` alone"))
        }
        _ => None,
    }
}

/// `let e;`, `let e: …`, `fn f = …`, `fn f(x) { … }`
pub(super) fn body(failure: &Failure<'_>) -> Option<Diagnostic> {
    let equals = failure.level().any(|at| failure.site.kind(at) == Some(TokenKind::Equals));
    if failure.bracket().is_some() || equals || failure.at < 2 {
        return None;
    }
    let name = failure.site.word(1);
    let (message, help) = match failure.head()? {
        TokenKind::Let => ("a `let` needs an expression", format!("as in `let {name} = sum(x);`")),
        TokenKind::Fn if failure.at == 2 => {
            ("a `fn` needs arguments", format!("as in `fn {name}(v) = sum(v);`"))
        }
        TokenKind::Fn => ("a `fn` needs a body", format!("as in `fn {name}(v) = sum(v);`")),
        _ => return None,
    };
    let wanted = if failure.head() == Some(TokenKind::Fn) && failure.at == 2 { "(" } else { "=" };
    let label = format!("expected `{wanted}`, found {}", failure.found_text());
    Some(Diagnostic::error(codes::UNEXPECTED_TOKEN, message).at(failure.place(), label).help(help))
}

/// `minimize: f;`
pub(super) fn colon_after_objective(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure
        .found()
        .filter(|found| failure.at == 1 && matches!(found.kind, TokenKind::Colon | TokenKind::Equals))?;
    let head = matches!(failure.head(), Some(TokenKind::Minimize | TokenKind::Maximize));
    let (word, sign) = (failure.site.word(0), failure.found_word());
    head.then(|| {
        Diagnostic::error(codes::UNEXPECTED_TOKEN, format!("`{word}` is followed by its expression"))
            .at(found.span, "")
            .fix(found.span, "", format!("remove the `{sign}`"))
    })
}

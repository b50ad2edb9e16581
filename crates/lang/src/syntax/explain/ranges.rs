//! Mistakes around `for … in … if …`.

use super::site::{BracketKind, Failure};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::token::TokenKind;

const EXAMPLE: &str = "as in `for i in 0..n, j in 0..m if i != j`";

/// `for i in 0..n: x[i] >= 0`, `name: for i in 0..n: x[i] >= 0`
pub(super) fn leading_for(failure: &Failure<'_>) -> Option<Diagnostic> {
    let begins = failure.at == 0 || failure.at == 2 && failure.site.kind(1) == Some(TokenKind::Colon);
    let found = failure.found().filter(|found| found.kind == TokenKind::For && begins)?;
    let diagnostic = Diagnostic::error(codes::MISPLACED_PART, "a `for` follows what it repeats")
        .at(found.span, "nothing to repeat yet");
    Some(match moved(failure) {
        Some((span, statement)) => diagnostic.fix(span, statement, "write it after the constraint"),
        None => diagnostic.help("as in `x[i] >= 0 for i in 0..n;`"),
    })
}

/// `for clause: constraint` as `constraint for clause`, and the place of all that.
fn moved(failure: &Failure<'_>) -> Option<(Span, String)> {
    let site = failure.site;
    let mut at = failure.at;
    // A colon between brackets belongs to a slice.
    let colon = loop {
        match site.kind(at)? {
            TokenKind::Colon => break at,
            kind if kind.closer().is_some() => at = site.closer(at)? + 1,
            _ => at += 1,
        }
    };
    let body = colon + 1..site.len();
    let compares = site.kinds(body.clone()).any(TokenKind::compares);
    if !compares || site.kinds(body).any(|kind| matches!(kind, TokenKind::For | TokenKind::Colon)) {
        return None;
    }
    let whole = site.token(failure.at)?.span.to(site.token(site.len() - 1)?.span);
    // A comment could swallow what is moved behind it.
    if whole.text(site.text).contains("//") {
        return None;
    }
    let (clause, constraint) =
        whole.text(site.text).split_at((site.token(colon)?.span.start - whole.start) as usize);
    Some((whole, format!("{} {}", constraint[1..].trim(), clause.trim())))
}

/// `for i in 0..n for j in 0..m`, `for i in 0..n and j in 0..m`
pub(super) fn second_for(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| matches!(found.kind, TokenKind::For | TokenKind::And))?;
    let word = failure.found_word();
    let clause = failure.for_clause().filter(|clause| clause.condition.is_none())?;
    let first = failure.site.token(clause.at)?.span;
    let before = failure.before()?.span;
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, "further ranges follow a comma")
            .at(found.span, format!("`{word}` cannot stand here"))
            .also(first, "the ranges begin here")
            .fix(before.after().to(found.span), ",", "write a comma"),
    )
}

/// `for i = 0..n`, `for i, j in 0..n`, `for 3 in 0..n`
pub(super) fn missing_in(failure: &Failure<'_>) -> Option<Diagnostic> {
    let clause = failure.for_clause().filter(|clause| clause.condition.is_none())?;
    let place = failure.place();
    if failure.at == clause.start {
        // `f(x for i in 0..n, 3)`: a comma may also begin another argument.
        return Some(
            Diagnostic::error(codes::UNEXPECTED_TOKEN, "an index is missing")
                .at(place, format!("expected a name, found {}", failure.found_text()))
                .help(EXAMPLE),
        );
    }
    if failure.at != clause.start + 1 {
        return None;
    }
    let index = failure.before_word();
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, format!("the range of `{index}` is missing"))
        .at(place, format!("expected `in`, found {}", failure.found_text()));
    Some(match failure.found_kind() {
        Some(TokenKind::Equals | TokenKind::EqEq | TokenKind::Colon) => {
            diagnostic.fix(place, "in", "write `in`")
        }
        Some(TokenKind::Comma) => diagnostic.help(format!("each index has a range of its own, {EXAMPLE}")),
        _ => diagnostic.help(EXAMPLE),
    })
}

/// `for i in range(n)`, `for i in range(a, b)`
pub(super) fn range_call(failure: &Failure<'_>) -> Option<Diagnostic> {
    let clause = failure.for_clause()?;
    let word = failure.site.word(clause.start + 2);
    if !matches!(word, "range" | "Range" | "arange" | "len") || clause.condition.is_some() {
        return None;
    }
    let open = clause.start + 3;
    let close =
        failure.site.closer(open).filter(|_| failure.site.kind(open) == Some(TokenKind::OpenParen))?;
    let span = failure.site.token(clause.start + 2)?.span.to(failure.site.token(close)?.span);
    let diagnostic = Diagnostic::error(codes::FOREIGN_SPELLING, "a range is written `from..to`").at(span, "");
    let (open, close) = (failure.site.token(open)?.span, failure.site.token(close)?.span);
    let inner = Span { start: open.end, end: close.start }.text(failure.site.text);
    let parts: Vec<_> = inner.split(',').map(str::trim).collect();
    Some(match parts[..] {
        // A comma between nested brackets would cut an argument in two.
        _ if inner.contains(['(', '[']) => diagnostic.help(EXAMPLE),
        [to] if !to.is_empty() && word != "len" => {
            diagnostic.fix(span, format!("0..{to}"), format!("write `0..{to}`"))
        }
        [from, to] if word != "len" => {
            diagnostic.fix(span, format!("{from}..{to}"), format!("write `{from}..{to}`"))
        }
        _ => diagnostic.help(EXAMPLE),
    })
}

/// `for i in n`, `for i in 0:n`, `for i in 0, 1`
pub(super) fn missing_dots(failure: &Failure<'_>) -> Option<Diagnostic> {
    let clause = failure.for_clause().filter(|clause| clause.condition.is_none())?;
    let dots = failure.level().any(|at| at >= clause.start && failure.site.kind(at) == Some(TokenKind::Dots));
    if failure.site.kind(clause.start + 1) != Some(TokenKind::In) || failure.at < clause.start + 3 || dots {
        return None;
    }
    if !failure.after_operand() {
        return None;
    }
    let place = failure.place();
    let set = failure.site.token(clause.start + 2)?.span.to(failure.before()?.span);
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "a range is written `from..to`");
    if failure.found_kind() == Some(TokenKind::Colon) {
        return Some(diagnostic.at(place, "a colon makes a slice").fix(place, "..", "write `..`"));
    }
    let (shown, diagnostic) = (set.text(failure.site.text), diagnostic.at(set, "its other end is missing"));
    Some(if shown.len() <= 20 {
        let message = format!("`0..{shown}` runs from 0 to {shown} - 1");
        diagnostic.suggest(set, format!("0..{shown}"), message)
    } else {
        diagnostic.help(EXAMPLE)
    })
}

/// `for i in 0..n where i != j`
pub(super) fn condition_word(failure: &Failure<'_>) -> Option<Diagnostic> {
    failure.for_clause().filter(|clause| clause.condition.is_none())?;
    let word = failure.found_word();
    let found = failure.found()?;
    matches!(word, "where" | "when" | "with" | "such" | "suchthat" | "unless" | "st").then(|| {
        Diagnostic::error(codes::FOREIGN_SPELLING, "a condition begins with `if`").at(found.span, "").suggest(
            found.span,
            "if",
            "write `if`",
        )
    })
}

/// A `for` where there is nothing to repeat.
pub(super) fn homeless_for(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::For)?;
    let diagnostic = Diagnostic::error(codes::MISPLACED_PART, "`for` cannot stand here");
    let (label, help) = match (failure.bracket_kind(), failure.head()?) {
        (Some(BracketKind::Array | BracketKind::Index), _) => (
            "an array lists its entries",
            "entries by a rule are `hstack(e for i in 0..n)`, rows are `vstack(…)`",
        ),
        (Some(BracketKind::Group), _) => (
            "nothing says what to do with the values",
            "add them up, `sum(e for i in 0..n)`, or use `max`, `min`, `hstack`, `vstack`",
        ),
        (None, TokenKind::Minimize | TokenKind::Maximize | TokenKind::Let | TokenKind::Fn) => {
            ("there is one expression, not many", "add them up: `sum(e for i in 0..n)`")
        }
        (None, head) if head.declares() => (
            "a declaration is not repeated",
            "declare an array, with one axis for each index: `var x[n, m];`",
        ),
        _ if failure.for_clause().is_some() => {
            ("the condition comes last", "as in `for i in 0..n, j in 0..m if i != j`")
        }
        _ => return None,
    };
    Some(diagnostic.at(found.span, label).help(help))
}

/// `a if c else b`
pub(super) fn homeless_if(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found()?;
    let is_else = failure.found_word() == "else";
    if found.kind != TokenKind::If && !is_else {
        return None;
    }
    if failure.before_kind() == Some(TokenKind::If) || (failure.for_clause().is_some() && !is_else) {
        return None;
    }
    Some(
        Diagnostic::error(codes::MISPLACED_PART, format!("`{}` cannot stand here", failure.found_word()))
            .at(found.span, "there is no conditional expression")
            .help("a condition may follow the ranges of a `for`; pieces are joined by `maximum`, `minimum`, `pos`, `abs`"),
    )
}

/// `x[0..3]`, `x in 0..3`
pub(super) fn homeless_dots(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::Dots && failure.after_operand())?;
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "a range stands after `in` only");
    Some(if failure.bracket_kind() == Some(BracketKind::Index) {
        diagnostic.at(found.span, "").fix(found.span, ":", "a slice is written with `:`")
    } else {
        diagnostic.at(found.span, "").help(EXAMPLE)
    })
}

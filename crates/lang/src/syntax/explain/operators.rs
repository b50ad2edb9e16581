//! Operators, comparisons and operands that are missing or misplaced.

use super::python;
use super::site::{BracketKind, Failure};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::token::TokenKind;

/// `x < = 3`, `x = = 3`, `x * * 2`
pub(super) fn split_operator(failure: &Failure<'_>) -> Option<Diagnostic> {
    joined(failure, failure.at.checked_sub(1)?).or_else(|| joined(failure, failure.at))
}

/// The operator that the token at `at` and the next one make together.
fn joined(failure: &Failure<'_>, at: usize) -> Option<Diagnostic> {
    let (first, second) = (failure.site.token(at)?, failure.site.token(at + 1)?);
    let (left, right) = (failure.site.word(at), failure.site.word(at + 1));
    let joined = format!("{left}{right}");
    let meant = match joined.as_str() {
        "<=" | ">=" | "==" | "**" | "!=" => joined.as_str(),
        "===" => "==",
        "<==" => "<=",
        ">==" => ">=",
        ">>" | "<<" if failure.is_constraint() => {
            return Some(
                Diagnostic::error(
                    codes::OUTSIDE_CLASS,
                    "a semidefinite constraint needs the semidefinite cone, which the solver has not yet",
                )
                .at(first.span.to(second.span), "")
                .note(
                    "the class is: convex quadratic or smooth objectives over piecewise-linear constraints",
                ),
            );
        }
        _ => return None,
    };
    let span = first.span.to(second.span);
    Some(Diagnostic::error(codes::FOREIGN_SPELLING, format!("`{meant}` is one operator")).at(span, "").fix(
        span,
        meant,
        format!("write `{meant}`"),
    ))
}

/// `sum(w) = 1`
pub(super) fn single_equals(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::Equals && failure.after_operand())?;
    let condition = failure.for_clause().is_some_and(|clause| clause.condition.is_some());
    let outside = failure.bracket().is_none();
    let constrains = outside && failure.is_constraint();
    if !condition && !constrains && failure.bracket_kind() != Some(BracketKind::Group) {
        return None;
    }
    let diagnostic = Diagnostic::error(codes::FOREIGN_SPELLING, "an equation is written `==`")
        .at(found.span, "`=` gives a value to a name")
        .fix(found.span, "==", "write `==`");
    if outside
        && failure.at == 1
        && !condition
        && let Some(mended) = python::assignment(failure)
    {
        return Some(mended);
    }
    // `risk = …` at the beginning of a statement may also have lost its `let`.
    Some(if outside && failure.at == 1 && !condition {
        let name = failure.site.token(0)?.span;
        diagnostic.suggest(name.before(), "let ", "or declare a named expression")
    } else {
        diagnostic
    })
}

/// A comparison where a value is wanted.
pub(super) fn comparison(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind.compares() && failure.after_operand())?;
    if failure.bracket().is_none() && failure.for_clause().is_some_and(|clause| clause.condition.is_none()) {
        return Some(
            Diagnostic::error(codes::MISPLACED_COMPARISON, "a range compares nothing")
                .at(found.span, "")
                .help("the comparison of a constraint stands before `for`; a condition follows `if`"),
        );
    }
    let (label, help) = match (failure.bracket_kind(), failure.head()?) {
        (None, TokenKind::Minimize | TokenKind::Maximize) => {
            ("an objective is a single expression", "a constraint is a statement of its own, after `;`")
        }
        (None, TokenKind::Let | TokenKind::Fn) => {
            ("this gives a name to a value", "a constraint is a statement of its own")
        }
        (None, TokenKind::Dim) => ("a size is given or found", "as in `dim n, T = 24;`"),
        (Some(BracketKind::Call), _) => (
            "an argument is a value",
            "compare the result of the call, as in `sum(x) <= 1`; options are given with `=`",
        ),
        (Some(BracketKind::Index), _) => (
            "an index is a number, a slice or an `int` constant",
            "there are no masks: sum over a range with a condition, as in `sum(x[i] for i in 0..n if i != k)`",
        ),
        (Some(BracketKind::Array), _) if failure.bracket().is_some_and(|bracket| bracket.at == 0) => {
            ("constraints make no list", "constraints are statements: each ends with `;`")
        }
        (Some(_), _) => ("a value is wanted here", "a constraint compares two sides outside all brackets"),
        _ => return None,
    };
    Some(
        Diagnostic::error(
            codes::MISPLACED_COMPARISON,
            format!("`{}` cannot stand here", failure.found_word()),
        )
        .at(found.span, label)
        .help(help),
    )
}

/// `x[0]: y <= 1`
pub(super) fn label(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::Colon)?;
    let outside = failure.is_constraint() && failure.bracket().is_none() && failure.for_clause().is_none();
    let compares = failure.level().any(|at| failure.site.kind(at).is_some_and(TokenKind::compares));
    if !outside || compares {
        return None;
    }
    let span = failure.site.token(0)?.span.to(failure.before().unwrap_or(found).span);
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, "a label is a single name")
            .at(span, "this is not one")
            .help("as in `budget: sum(w) == 1;`"),
    )
}

/// `budget sum(w) == 1`
pub(super) fn missing_colon(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind.begins_operand() && failure.at == 1)?;
    let name = failure.before().filter(|before| before.kind == TokenKind::Name)?;
    let compares = |at: usize| failure.site.kind(at).is_some_and(TokenKind::compares);
    if !failure.is_constraint() || !(1..failure.site.len()).any(compares) {
        return None;
    }
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, "nothing stands between two values")
            .at(found.span, "expected `:` or an operator before this")
            .also(name.span, "")
            .suggest(name.span.after(), ":", "if this is the label of the constraint, it ends in a colon"),
    )
}

/// `x in [0, 1]` as a constraint
pub(super) fn membership(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::In && failure.after_operand())?;
    if !failure.is_constraint() || failure.bracket().is_some() || failure.for_clause().is_some() {
        return None;
    }
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, "a constraint compares; `in` declares the range of a variable")
            .at(found.span, "not a comparison")
            .help("write a chain, `lo <= e <= hi`, or the range where the variable is declared, `var x in [lo, hi];`"),
    )
}

/// `(3, 2)`
pub(super) fn tuple(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind == TokenKind::Comma && failure.after_operand())?;
    let bracket = failure.bracket().filter(|_| failure.bracket_kind() == Some(BracketKind::Group))?;
    let open = failure.site.token(bracket.at)?;
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "lists and shapes stand between brackets")
        .at(found.span, "a comma in parentheses");
    Some(match failure.site.closer(bracket.at).and_then(|at| failure.site.token(at)) {
        Some(close) => {
            let inner = Span::new(open.span.end as usize, close.span.start as usize);
            let inner = inner.text(failure.site.text);
            diagnostic.suggest(open.span.to(close.span), format!("[{inner}]"), "write brackets")
        }
        None => diagnostic.help("as in `reshape(x, [3, 2], order=\"C\")`"),
    })
}

/// `x >= 0 and y >= 0`
pub(super) fn conjunction(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure
        .found()
        .filter(|found| matches!(found.kind, TokenKind::And | TokenKind::Or | TokenKind::Not))?;
    let diagnostic = Diagnostic::error(
        codes::MISPLACED_COMPARISON,
        format!("`{}` cannot stand here", failure.found_word()),
    )
    .at(found.span, "it joins conditions, which stand after `if` only");
    Some(match found.kind {
        TokenKind::And if failure.is_constraint() && failure.bracket().is_none() => {
            let space = failure.before().map_or(found.span, |before| before.span.after().to(found.span));
            diagnostic.suggest(space, ";", "write two constraints; both hold")
        }
        TokenKind::Or if failure.is_constraint() && failure.bracket().is_none() => {
            diagnostic.note("that one of two constraints holds is not a convex condition")
        }
        _ => diagnostic,
    })
}

/// `f(x)(y)`, `2(x)`
pub(super) fn call_of_a_value(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found =
        failure.found().filter(|found| found.kind == TokenKind::OpenParen && failure.after_operand())?;
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, "only a name can be called")
            .at(found.span, "this would call a value")
            .suggest(found.span.before(), " * ", "write `*` if a product is meant"),
    )
}

/// `2 x`, `f(x y)`
pub(super) fn missing_operator(failure: &Failure<'_>) -> Option<Diagnostic> {
    let found = failure.found().filter(|found| found.kind.begins_operand() && failure.after_operand())?;
    let before = failure.before()?;
    // Words of a declaration are not operands.
    let value = failure.level().any(|at| failure.site.kind(at) == Some(TokenKind::Equals));
    let declares = failure.head().is_some_and(TokenKind::declares) && failure.bracket().is_none() && !value;
    if declares || failure.bracket_kind() == Some(BracketKind::Parameters) {
        return None;
    }
    let listed = matches!(
        failure.bracket_kind(),
        Some(BracketKind::Call | BracketKind::Array | BracketKind::Index | BracketKind::Shape)
    );
    let label = if listed {
        "expected an operator or a comma before this"
    } else {
        "expected an operator before this"
    };
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "nothing stands between two values")
        .at(found.span, label)
        .also(before.span, "");
    let place = before.span.after().to(found.span.before());
    Some(if listed {
        diagnostic.suggest(place, ", ", "separate them by a comma")
    } else {
        diagnostic.suggest(place, " * ", "write `*` for the product of entries, `@` for the matrix product")
    })
}

/// `0,5`
pub(super) fn decimal_comma(failure: &Failure<'_>) -> Option<Diagnostic> {
    let comma = failure.found().filter(|found| found.kind == TokenKind::Comma)?;
    let digits = failure.site.token(failure.at + 1)?;
    let number = failure.before_kind() == Some(TokenKind::Number) && digits.kind == TokenKind::Number;
    if !number || failure.before()?.span.end != comma.span.start || comma.span.end != digits.span.start {
        return None;
    }
    Some(
        Diagnostic::error(codes::MALFORMED_NUMBER, "decimals are written with a point")
            .at(comma.span, "")
            .fix(comma.span, ".", "write `.`"),
    )
}

/// `x + ;`, `sum(, y)`, `x * / y`
pub(super) fn missing_operand(failure: &Failure<'_>) -> Option<Diagnostic> {
    let before = failure.before()?;
    if !(before.kind.is_infix()
        || matches!(before.kind, TokenKind::Not | TokenKind::Equals | TokenKind::Dots | TokenKind::If))
    {
        return None;
    }
    let word = failure.before_word();
    let found = failure.found_kind();
    if found.is_some_and(TokenKind::begins_operand) {
        return None;
    }
    let message = match found {
        Some(kind) if kind.is_infix() => {
            format!("`{word}` and `{}` cannot follow one another", failure.found_word())
        }
        _ => format!("`{word}` needs an expression after it"),
    };
    Some(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, message)
            .at(failure.place(), format!("expected an expression, found {}", failure.found_text()))
            .also(before.span, ""),
    )
}

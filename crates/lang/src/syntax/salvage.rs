//! What a broken statement still tells: the names it declares.
//!
//! Later passes must know those names, or each use of them would be an error of its own.

use super::ast::{DeclKind, Declaration, DimDecl, Expr, ExprId, Exprs, Name, Sense, StatementKind};
use super::explain::Site;
use super::token::TokenKind;
use crate::source::Span;

/// The statements that a broken one was meant to be, with holes: one, or a declaration for each name of a list.
pub(super) fn salvage(site: &Site<'_>, exprs: &mut Exprs) -> Vec<StatementKind> {
    let kind = match site.kind(0) {
        Some(TokenKind::Param) => DeclKind::Param,
        Some(TokenKind::Const) => DeclKind::Const,
        Some(TokenKind::Var) => DeclKind::Var,
        _ => return salvage_one(site, exprs).into_iter().collect(),
    };
    let declaration = |name: Name| {
        let shape_span = name.span.after();
        let shape = vec![exprs.push(Expr::Error, site.span())];
        StatementKind::Declare(Declaration {
            kind,
            name,
            shape,
            shape_span,
            attributes: Vec::new(),
            init: None,
        })
    };
    listed(site).into_iter().map(declaration).collect()
}

/// The names that follow the keyword and the commas outside of brackets.
fn listed(site: &Site<'_>) -> Vec<Name> {
    let (mut names, mut depth) = (Vec::new(), 0usize);
    for at in 1..site.len() {
        let Some(kind) = site.kind(at) else { break };
        let begins = at == 1 || site.kind(at - 1) == Some(TokenKind::Comma);
        names.extend(name(site, at).filter(|_| begins && depth == 0));
        depth = (depth + usize::from(kind.closer().is_some())).saturating_sub(usize::from(kind.closes()));
    }
    names
}

fn salvage_one(site: &Site<'_>, exprs: &mut Exprs) -> Option<StatementKind> {
    let first = site.kind(0)?;
    let hole = |exprs: &mut Exprs| -> ExprId { exprs.push(Expr::Error, site.span()) };
    match first {
        TokenKind::Dim => {
            let sizes =
                listed(site).into_iter().map(|name| DimDecl { name, value: Some(hole(exprs)) }).collect();
            Some(StatementKind::Dim(sizes))
        }
        TokenKind::Let => {
            let name = name(site, 1)?;
            Some(StatementKind::Let { name, value: hole(exprs) })
        }
        TokenKind::Fn => {
            let named = name(site, 1)?;
            let arguments = (3..site.len()).take_while(|&at| site.kind(at) != Some(TokenKind::CloseParen));
            let arguments = arguments.filter_map(|at| name(site, at)).collect();
            Some(StatementKind::Fn { name: named, arguments, body: hole(exprs) })
        }
        TokenKind::Minimize => Some(StatementKind::Objective { sense: Sense::Minimize, value: hole(exprs) }),
        TokenKind::Maximize => Some(StatementKind::Objective { sense: Sense::Maximize, value: hole(exprs) }),
        TokenKind::Subject => Some(StatementKind::SubjectTo),
        _ => None,
    }
}

fn name(site: &Site<'_>, at: usize) -> Option<Name> {
    let token = site.token(at).filter(|token| token.kind == TokenKind::Name)?;
    let span: Span = token.span;
    Some(Name { text: span.text(site.text).to_owned(), span })
}

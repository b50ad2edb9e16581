//! What a broken statement still tells: the names it declares.
//!
//! Later passes must know those names, or each use of them would be an error of its own.

use super::ast::{DeclKind, Declaration, DimDecl, Expr, ExprId, Exprs, Name, Sense, StatementKind};
use super::explain::Site;
use super::token::TokenKind;
use crate::source::Span;

/// The statement that a broken one was meant to be, with holes.
pub(super) fn salvage(site: &Site<'_>, exprs: &mut Exprs) -> Option<StatementKind> {
    let first = site.kind(0)?;
    let hole = |exprs: &mut Exprs| -> ExprId { exprs.push(Expr::Error, site.span()) };
    match first {
        TokenKind::Dim => {
            let (mut sizes, mut depth) = (Vec::new(), 0usize);
            for at in 1..site.len() {
                let kind = site.kind(at)?;
                let names = matches!(site.kind(at - 1), Some(TokenKind::Dim | TokenKind::Comma));
                if let Some(name) = name(site, at).filter(|_| names && depth == 0) {
                    sizes.push(DimDecl { name, value: Some(hole(exprs)) });
                }
                depth =
                    (depth + usize::from(kind.closer().is_some())).saturating_sub(usize::from(kind.closes()));
            }
            Some(StatementKind::Dim(sizes))
        }
        TokenKind::Param | TokenKind::Const | TokenKind::Var => {
            let kind = match first {
                TokenKind::Param => DeclKind::Param,
                TokenKind::Const => DeclKind::Const,
                _ => DeclKind::Var,
            };
            let name = name(site, 1)?;
            let shape_span = name.span.after();
            let shape = vec![hole(exprs)];
            let declaration =
                Declaration { kind, name, shape, shape_span, attributes: Vec::new(), init: None };
            Some(StatementKind::Declare(declaration))
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

//! From pest's pairs to statements.
//!
//! The grammar is a little wider than the language; what it lets through too much is reported here, where the reason
//! is known. Expressions are in [`super::expression`].

use std::cell::RefCell;

use pest::iterators::{Pair, Pairs};

use super::ast::{
    Attribute, AttributeKind, Comparison, Constraint, DeclKind, Declaration, DimDecl, Expr, ExprId, Exprs,
    Init, Loop, Name, Ranges, Sense, StatementKind,
};
use super::excerpt::Excerpt;
use super::findings::Findings;
use super::grammar::Rule;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// Builds the tree of one statement. Methods take `&self`, since the Pratt parser calls several of them in turn.
pub(super) struct Builder<'a> {
    excerpt: &'a Excerpt<'a>,
    exprs: RefCell<&'a mut Exprs>,
    diagnostics: RefCell<&'a mut Findings>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(excerpt: &'a Excerpt<'a>, exprs: &'a mut Exprs, diagnostics: &'a mut Findings) -> Self {
        Self { excerpt, exprs: RefCell::new(exprs), diagnostics: RefCell::new(diagnostics) }
    }

    /// The place of a pair in the source.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        self.excerpt.source(span.start(), span.end())
    }

    pub(super) fn push(&self, expr: Expr, span: Span) -> ExprId {
        self.exprs.borrow_mut().push(expr, span)
    }

    pub(super) fn is_error(&self, id: ExprId) -> bool {
        self.exprs.borrow().is_error(id)
    }

    /// The place of an expression.
    pub(super) fn span_of(&self, id: ExprId) -> Span {
        self.exprs.borrow().span(id)
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// Reports a mistake and leaves a hole in its place.
    pub(super) fn hole(&self, span: Span, diagnostic: Diagnostic) -> ExprId {
        self.report(diagnostic);
        self.push(Expr::Error, span)
    }

    pub(super) fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Name { text: pair.as_str().to_owned(), span: self.span(pair) }
    }

    /// A statement, or nothing when what is left of it would mislead.
    pub(super) fn statement(&self, pair: Pair<'_, Rule>) -> Option<StatementKind> {
        let rule = pair.as_rule();
        let span = self.span(&pair);
        let inner = pair.into_inner();
        match rule {
            Rule::subject_to => Some(StatementKind::SubjectTo),
            Rule::dim => Some(self.dim(inner)),
            Rule::declaration => self.declaration(inner).map(StatementKind::Declare),
            Rule::definition => self.definition(inner),
            Rule::function => self.function(inner),
            Rule::objective => self.objective(inner),
            Rule::constraint => self.constraint(inner, span).map(StatementKind::Constraint),
            _ => None,
        }
    }

    fn dim(&self, inner: Pairs<'_, Rule>) -> StatementKind {
        let sizes = inner.filter(|pair| pair.as_rule() == Rule::size).filter_map(|size| {
            let mut parts = size.into_inner();
            let name = self.name(&parts.next()?);
            let value = parts.find(|part| part.as_rule() == Rule::expression);
            Some(DimDecl { name, value: value.map(|value| self.number(value)) })
        });
        StatementKind::Dim(sizes.collect())
    }

    fn declaration(&self, mut inner: Pairs<'_, Rule>) -> Option<Declaration> {
        let kind = match inner.next()?.as_str() {
            "param" => DeclKind::Param,
            "const" => DeclKind::Const,
            _ => DeclKind::Var,
        };
        let name = self.name(&inner.next()?);
        let mut declaration = Declaration {
            kind,
            shape_span: name.span.after(),
            name,
            shape: Vec::new(),
            attributes: Vec::new(),
            init: None,
        };
        for part in inner {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::shape => {
                    declaration.shape_span = span;
                    declaration.shape = self.expressions(part.into_inner());
                    if declaration.shape.is_empty() {
                        self.report(
                            Diagnostic::error(codes::EMPTY_BRACKETS, "a scalar is declared without brackets")
                                .at(span, "no sizes")
                                .fix(span, "", "remove the brackets"),
                        );
                    }
                }
                Rule::attribute => declaration.attributes.extend(self.attribute(part, span)),
                Rule::init => declaration.init = self.init(kind, part, span),
                Rule::file => declaration.init = self.file(kind, part, span),
                _ => {}
            }
        }
        Some(declaration)
    }

    fn attribute(&self, pair: Pair<'_, Rule>, span: Span) -> Option<Attribute> {
        let inner = pair.into_inner().next()?;
        let kind = if inner.as_rule() == Rule::word {
            AttributeKind::from_word(inner.as_str())
        } else {
            match self.expressions(inner.into_inner())[..] {
                [lo, hi] => AttributeKind::In { lo, hi },
                _ => return None,
            }
        };
        Some(Attribute { kind, span })
    }

    fn init(&self, kind: DeclKind, pair: Pair<'_, Rule>, span: Span) -> Option<Init> {
        let equals = pair.clone().into_inner().next().map(|equals| self.span(&equals));
        let value = pair.into_inner().find(|part| part.as_rule() == Rule::expression)?;
        if kind == DeclKind::Const && value.as_str().starts_with('"') && value.as_str().ends_with('"') {
            self.report(
                Diagnostic::error(codes::MISPLACED_PART, "a file is named after `from`")
                    .at(self.span(&value), "a string is not a value")
                    .fix(equals.unwrap_or(span), "from", "write `from`"),
            );
            return Some(Init::Value(self.push(Expr::Error, span)));
        }
        if kind == DeclKind::Var {
            self.report(
                Diagnostic::error(codes::MISPLACED_PART, "a variable has no value")
                    .at(span, "the solver chooses its value")
                    .help("a fixed value is a constraint (`x == 0`), or a `const` instead of a `var`"),
            );
            return None;
        }
        Some(Init::Value(self.number(value)))
    }

    fn file(&self, kind: DeclKind, pair: Pair<'_, Rule>, span: Span) -> Option<Init> {
        let text = pair.into_inner().find(|part| part.as_rule() == Rule::text)?;
        if kind != DeclKind::Const {
            let message = match kind {
                DeclKind::Var => "a variable has no value",
                _ => "only a constant comes from a file that the model names",
            };
            let help = match kind {
                DeclKind::Var => "the solver chooses the value of a variable",
                _ => "declare a `const`, or give the parameter at each solve: `--param name=@file.csv`",
            };
            self.report(Diagnostic::error(codes::MISPLACED_PART, message).at(span, "").help(help));
            return None;
        }
        let path = text.as_str().trim_matches('"').to_owned();
        Some(Init::File { path, span: self.span(&text) })
    }

    fn definition(&self, mut inner: Pairs<'_, Rule>) -> Option<StatementKind> {
        let name = self.name(&inner.find(|part| part.as_rule() == Rule::name)?);
        let value = self.number(inner.find(|part| part.as_rule() == Rule::expression)?);
        Some(StatementKind::Let { name, value })
    }

    fn function(&self, mut inner: Pairs<'_, Rule>) -> Option<StatementKind> {
        let name = self.name(&inner.find(|part| part.as_rule() == Rule::name)?);
        let parameters = inner.find(|part| part.as_rule() == Rule::parameters)?.into_inner();
        let arguments = parameters.filter(|part| part.as_rule() == Rule::name).map(|part| self.name(&part));
        let arguments = arguments.collect();
        let body = self.number(inner.find(|part| part.as_rule() == Rule::expression)?);
        Some(StatementKind::Fn { name, arguments, body })
    }

    fn objective(&self, mut inner: Pairs<'_, Rule>) -> Option<StatementKind> {
        let sense = match inner.next()?.as_rule() {
            Rule::kw_maximize => Sense::Maximize,
            _ => Sense::Minimize,
        };
        Some(StatementKind::Objective { sense, value: self.number(inner.next()?) })
    }

    fn constraint(&self, inner: Pairs<'_, Rule>, span: Span) -> Option<Constraint> {
        let (mut label, mut first, mut operator, mut rest, mut ranges) = (None, None, None, Vec::new(), None);
        for part in inner {
            match part.as_rule() {
                Rule::label => label = part.into_inner().next().map(|name| self.name(&name)),
                Rule::comparison => operator = Some((comparison(part.as_str()), self.span(&part))),
                Rule::ranges => ranges = self.ranges(part),
                _ => match operator.take() {
                    None => first = Some(self.number(part)),
                    Some((op, place)) => rest.push((op, place, self.number(part))),
                },
            }
        }
        let constraint = Constraint { label, first: first?, rest, ranges };
        self.checked_chain(constraint, span)
    }

    /// Lets through what is one comparison or an interval.
    fn checked_chain(&self, mut constraint: Constraint, span: Span) -> Option<Constraint> {
        let mut usable = true;
        for (op, place, _) in &mut constraint.rest {
            let meant = match op {
                Comparison::Lt => Comparison::Le,
                Comparison::Gt => Comparison::Ge,
                Comparison::Ne => {
                    usable = false;
                    self.report(
                        Diagnostic::error(codes::STRICT_INEQUALITY, "`!=` cannot be a constraint")
                            .at(*place, "what it allows is not convex")
                            .help("`!=` can stand in the condition of a range: `for i in 0..n if i != k`"),
                    );
                    continue;
                }
                _ => continue,
            };
            self.report(
                Diagnostic::error(
                    codes::STRICT_INEQUALITY,
                    format!("`{}` cannot be a constraint", op.symbol()),
                )
                .at(*place, "strict inequalities have no closest feasible point")
                .fix(*place, meant.symbol(), format!("write `{}`", meant.symbol())),
            );
            *op = meant;
        }
        match constraint.rest[..] {
            [] => {
                self.report(
                    Diagnostic::error(codes::UNKNOWN_STATEMENT, "this statement says nothing")
                        .at(span, "an expression alone is no constraint")
                        .help(
                            "a constraint compares two sides: `lhs <= rhs`, `lhs == rhs` or `lo <= e <= hi`",
                        ),
                );
                usable = false;
            }
            [_] => {}
            [(one, ..), (two, ..)] if one == two && one != Comparison::Eq => {}
            [(one, first, _), (two, second, _), ..] => {
                let diagnostic = if constraint.rest.len() > 2 {
                    let third = constraint.rest[2].1;
                    Diagnostic::error(codes::BAD_CHAIN, "a constraint compares at most three sides")
                        .at(third, "one comparison too many")
                } else if one == Comparison::Eq || two == Comparison::Eq {
                    Diagnostic::error(codes::BAD_CHAIN, "a chain of comparisons cannot hold `==`")
                        .at(if two == Comparison::Eq { second } else { first }, "")
                } else {
                    Diagnostic::error(codes::BAD_CHAIN, "the comparisons of a chain must point the same way")
                        .at(second, format!("`{}`", two.symbol()))
                        .also(first, format!("`{}`", one.symbol()))
                };
                self.report(
                    diagnostic.help(
                        "a chain states an interval, `lo <= e <= hi`; write other constraints one by one",
                    ),
                );
                usable = false;
            }
        }
        usable.then_some(constraint)
    }

    pub(super) fn ranges(&self, pair: Pair<'_, Rule>) -> Option<Ranges> {
        let span = self.span(&pair);
        let (mut loops, mut condition) = (Vec::new(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::r#loop => {
                    let mut parts = part.into_inner();
                    let name = self.name(&parts.next()?);
                    if let [from, to] = self.expressions(parts)[..] {
                        loops.push(Loop { name, from, to });
                    }
                }
                Rule::condition => condition = Some(self.condition(part)),
                _ => {}
            }
        }
        Some(Ranges { loops, condition, span })
    }

    /// The expressions among some pairs.
    pub(super) fn expressions(&self, pairs: Pairs<'_, Rule>) -> Vec<ExprId> {
        pairs.filter(|pair| pair.as_rule() == Rule::expression).map(|pair| self.number(pair)).collect()
    }
}

/// The comparison written so.
pub(super) fn comparison(symbol: &str) -> Comparison {
    match symbol {
        "<=" => Comparison::Le,
        ">=" => Comparison::Ge,
        "<" => Comparison::Lt,
        ">" => Comparison::Gt,
        "!=" => Comparison::Ne,
        _ => Comparison::Eq,
    }
}

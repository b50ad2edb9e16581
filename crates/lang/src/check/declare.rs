//! Declarations: the order of the text does not matter, cycles do.

use super::attributes::attributes;
use super::build::Checker;
use super::constants::{ConstantState, placeholder};
use super::dims::SizeState;
use super::lets::{Function, LetState};
use super::model::Parameter;
use super::names::Symbol;
use super::size::{Poly, Unknown};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{DeclKind, Name, StatementKind};

/// How far a lazily resolved declaration is.
#[derive(Clone, Debug)]
pub(super) enum Progress<T> {
    Waiting,
    Running,
    Done(T),
}

impl Checker {
    /// Checks the whole model.
    pub(crate) fn model(&mut self) {
        let statements = std::mem::take(&mut self.ast.statements);
        self.model.doc = statements.first().and_then(|s| s.doc.clone());
        let mut parameters = Vec::new();
        let mut variables = Vec::new();
        for statement in &statements {
            match &statement.kind {
                StatementKind::Dim(dims) => {
                    for dim in dims {
                        let symbol = Symbol::Size(self.sizes.len());
                        self.declare(&dim.name, symbol);
                        self.sizes.push(SizeState {
                            name: dim.name.text.clone(),
                            span: dim.name.span,
                            value: dim.value,
                            found: Progress::Waiting,
                        });
                    }
                }
                StatementKind::Declare(declaration) => {
                    let symbol = match declaration.kind {
                        DeclKind::Param => Symbol::Parameter(parameters.len()),
                        DeclKind::Const => Symbol::Constant(self.constants.len()),
                        DeclKind::Var => Symbol::Variable(variables.len()),
                    };
                    self.declare(&declaration.name, symbol);
                    match declaration.kind {
                        DeclKind::Param => parameters.push((declaration, statement.doc.clone())),
                        DeclKind::Var => variables.push((declaration, statement.doc.clone())),
                        DeclKind::Const => self.constants.push(ConstantState {
                            declaration: declaration.clone(),
                            doc: statement.doc.clone(),
                            found: Progress::Waiting,
                        }),
                    }
                }
                StatementKind::Let { name, value } => {
                    let symbol = Symbol::Let(self.lets.len());
                    self.declare(name, symbol);
                    self.lets.push(LetState {
                        name: name.text.clone(),
                        span: name.span,
                        value: *value,
                        doc: statement.doc.clone(),
                        found: Progress::Waiting,
                    });
                }
                StatementKind::Fn { name, arguments, body } => {
                    let symbol = Symbol::Function(self.functions.len());
                    self.declare(name, symbol);
                    self.distinct(arguments);
                    let (name, arguments, body) = (name.clone(), arguments.clone(), *body);
                    let text = statement.span.text(&self.model.source).trim_end_matches(';');
                    self.model.functions.push(format!("{text};"));
                    self.functions.push(Function {
                        name,
                        arguments,
                        body,
                        open: false,
                        expanded: false,
                        elsewhere: false,
                        own: None,
                    });
                }
                StatementKind::Constraint(constraint) => {
                    if let Some(label) = &constraint.label {
                        self.labels.entry(label.text.clone()).or_insert(label.span);
                    }
                }
                _ => {}
            }
        }
        self.model.constants = vec![placeholder(); self.constants.len()];
        for k in 0..self.sizes.len() {
            self.size_value(k, self.sizes[k].span);
        }
        // Positions first, so that ranges and defaults may name any parameter or variable.
        for (declaration, doc) in &parameters {
            let shape = self.declared_shape(declaration);
            self.model.parameters.push(Parameter {
                name: declaration.name.text.clone(),
                shape,
                kind: attributes(&declaration.attributes),
                range: None,
                default: None,
                doc: doc.clone(),
                span: declaration.name.span,
            });
            self.pending.push(Some((*declaration).clone()));
        }
        for (declaration, doc) in &variables {
            self.declare_variable(declaration, doc.clone());
        }
        for k in 0..self.constants.len() {
            self.constant(k, self.constants[k].declaration.name.span);
        }
        for k in 0..parameters.len() {
            self.read_pending(k);
        }
        for (k, (declaration, _)) in variables.iter().enumerate() {
            self.variable_details(k, declaration);
        }
        for k in 0..self.lets.len() {
            self.let_value(k, self.lets[k].span);
        }
        self.model.lets = self.finished_lets();
        self.objective_and_constraints(&statements);
        self.uncalled_functions();
        if variables.is_empty() && self.diagnostics.is_empty() && !self.partial {
            let error = Diagnostic::error(codes::NO_VARIABLE, "the model has no variable")
                .help("declare what is to be decided: `var x[n];`");
            let start = statements.first().map_or(Span::default(), |s| s.span);
            self.report(error.at(start, "nothing to decide in this model"));
        }
        self.ast.statements = statements;
        self.warnings();
    }

    /// Refuses two arguments of one name.
    fn distinct(&mut self, arguments: &[Name]) {
        for (k, name) in arguments.iter().enumerate() {
            if let Some(first) = arguments[..k].iter().find(|before| before.text == name.text) {
                let message = format!("the argument `{}` is declared twice", name.text);
                let error = Diagnostic::error(codes::DUPLICATE_NAME, message);
                self.report(error.at(name.span, "again here").also(first.span, "first here"));
            }
        }
    }

    fn declare(&mut self, name: &Name, symbol: Symbol) {
        if let Some(error) = self.names.declare(&name.text, symbol, name.span) {
            self.report(error);
        }
    }

    /// The error for a declaration that depends on itself.
    pub(super) fn cycle(&self, what: &str, name: &str, span: Span) -> Diagnostic {
        let error = Diagnostic::error(codes::CYCLE, format!("the {what} `{name}` depends on itself"));
        let start = self.resolving.iter().position(|one| one == name).unwrap_or(0);
        let mut error = error.at(span, "this closes the circle");
        if let Some(declared) = self.names.place(name).filter(|declared| *declared != span) {
            error = error.also(declared, "declared here");
        }
        let circle = &self.resolving[start..];
        if circle.len() > 1 {
            let chain = circle.iter().skip(1).chain([&circle[0]]);
            let chain = chain.map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", which needs ");
            error = error.note(format!("`{name}` needs {chain}"));
        }
        error
    }

    /// Declares the names of a model that was checked before, for an expression asked for at the solution.
    pub(super) fn redeclare(&mut self) {
        let model = self.model.clone();
        self.redeclare_functions(&model.functions);
        let mut declare = |name: &str, symbol| {
            let _ = self.names.declare(name, symbol, Span::default());
        };
        for (k, p) in model.parameters.iter().enumerate() {
            declare(&p.name, Symbol::Parameter(k));
        }
        for (k, c) in model.constants.iter().enumerate() {
            declare(&c.name, Symbol::Constant(k));
        }
        for (k, v) in model.variables.iter().enumerate() {
            declare(&v.name, Symbol::Variable(k));
        }
        for (k, l) in model.lets.iter().enumerate() {
            declare(&l.name, Symbol::Let(k));
        }
        for (k, d) in model.dims.iter().enumerate() {
            declare(&d.name, Symbol::Size(k));
            self.sizes.push(SizeState {
                name: d.name.clone(),
                span: d.span,
                value: None,
                found: Progress::Done(Some(Poly::unknown(Unknown::Dim(k as u32)))),
            });
        }
        for (k, fixed) in model.sizes.iter().enumerate() {
            let _ = self.names.declare(&fixed.name, Symbol::Size(model.dims.len() + k), Span::default());
            let found = Progress::Done(Some(fixed.size.clone()));
            self.sizes.push(SizeState { name: fixed.name.clone(), span: fixed.span, value: None, found });
        }
    }
}

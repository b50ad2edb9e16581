//! Declarations: the order of the text does not matter, cycles do.

use super::build::Checker;
use super::curvature::Curvature;
use super::interval::Interval;
use super::model::{Constant, Constraint, Dim, Let, Parameter, ParameterKind, Variable};
use super::names::Symbol;
use super::size::{Poly, Unknown};
use super::tree::{Class, Definite, Facts, Kind, Level, NodeId};
use crate::atoms::Call;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{
    Ast, Attribute, AttributeKind, DeclKind, Declaration, ExprId, Init, Name, StatementKind,
};

/// A `dim` on its way to a value.
#[derive(Clone, Debug)]
pub(super) struct SizeState {
    name: String,
    span: Span,
    value: Option<ExprId>,
    found: Progress<Option<Poly>>,
}

/// A `let` on its way to a node.
#[derive(Clone, Debug)]
pub(super) struct LetState {
    name: String,
    span: Span,
    value: ExprId,
    doc: Option<String>,
    found: Progress<NodeId>,
}

/// A `const` on its way to a node.
#[derive(Clone, Debug)]
pub(super) struct ConstantState {
    declaration: Declaration,
    doc: Option<String>,
    found: Progress<NodeId>,
}

/// A user-written atom.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Its name.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<Name>,
    /// What a call expands to.
    pub body: ExprId,
    /// Whether it is being expanded.
    pub open: bool,
    /// Whether it was expanded, and so checked.
    pub expanded: bool,
    /// Whether it was declared in another text than the one that is checked.
    pub elsewhere: bool,
    /// The tree its body stands in, if that is not the checker's.
    pub own: Option<Ast>,
}

/// How far a lazily resolved declaration is.
#[derive(Clone, Debug)]
enum Progress<T> {
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
                _ => {}
            }
        }
        for k in 0..self.sizes.len() {
            self.size_value(k);
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
        self.model.constants = vec![placeholder(); self.constants.len()];
        for k in 0..self.constants.len() {
            self.constant(k, self.constants[k].declaration.name.span);
        }
        for k in 0..parameters.len() {
            self.read_pending(k);
        }
        for (declaration, doc) in &variables {
            self.declare_variable(declaration, doc.clone());
        }
        for k in 0..self.lets.len() {
            self.let_value(k, self.lets[k].span);
        }
        self.model.lets = self.finished_lets();
        self.objective_and_constraints(&statements);
        self.uncalled_functions();
        if variables.is_empty()
            && self.diagnostics.is_empty()
            && !self.ast.exprs.iter().any(|(id, _)| self.ast.exprs.is_error(id))
        {
            let error = Diagnostic::error(codes::NO_VARIABLE, "the model has no variable")
                .help("declare what is to be decided: `var x[n];`");
            let start = statements.first().map_or(Span::default(), |s| s.span);
            self.report(error.at(start, "nothing to decide in this model"));
        }
        self.ast.statements = statements;
        self.warnings();
    }

    fn finished_lets(&self) -> Vec<Let> {
        let done = |l: &LetState| match l.found {
            Progress::Done(node) if !self.is_error(node) => {
                Some(Let { name: l.name.clone(), node, doc: l.doc.clone() })
            }
            _ => None,
        };
        self.lets.iter().filter_map(done).collect()
    }

    fn declare(&mut self, name: &Name, symbol: Symbol) {
        if let Some(error) = self.names.declare(&name.text, symbol, name.span) {
            self.report(error);
        }
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
        for (k, (name, size)) in model.sizes.iter().enumerate() {
            let _ = self.names.declare(name, Symbol::Size(model.dims.len() + k), Span::default());
            let found = Progress::Done(Some(size.clone()));
            self.sizes.push(SizeState { name: name.clone(), span: Span::default(), value: None, found });
        }
    }

    /// The value of a `dim`: itself where it is free.
    pub(super) fn size_value(&mut self, k: usize) -> Option<Poly> {
        match &self.sizes[k].found {
            Progress::Done(size) => return size.clone(),
            Progress::Running => {
                let (name, span) = (self.sizes[k].name.clone(), self.sizes[k].span);
                self.report(cycle("size", &name, span));
                return None;
            }
            Progress::Waiting => {}
        }
        self.sizes[k].found = Progress::Running;
        let (name, span) = (self.sizes[k].name.clone(), self.sizes[k].span);
        let size = match self.sizes[k].value {
            None => {
                let unknown = Unknown::Dim(self.model.dims.len() as u32);
                self.model.dims.push(Dim { name: name.clone(), span });
                self.model.tree.dims.push(name);
                Some(Poly::unknown(unknown))
            }
            Some(value) => {
                self.names.enter(Vec::new());
                let size = self.size_of(value);
                self.names.leave();
                if let Some(negative) = size.as_ref().and_then(Poly::as_constant).filter(|v| *v < 0) {
                    let error = Diagnostic::error(
                        codes::NEGATIVE_SIZE,
                        format!("the size `{name}` is negative: {negative}"),
                    );
                    self.report(error.at(self.ast.exprs.span(value), ""));
                }
                if let Some(size) = &size {
                    self.model.sizes.push((name, size.clone()));
                }
                size
            }
        };
        self.sizes[k].found = Progress::Done(size.clone());
        size
    }

    /// The node of a `let`.
    pub(super) fn let_value(&mut self, k: usize, span: Span) -> NodeId {
        if self.at_solution {
            return self.model.lets[k].node;
        }
        match self.lets[k].found {
            Progress::Done(node) => return node,
            Progress::Running => {
                let name = self.lets[k].name.clone();
                self.report(cycle("let", &name, span));
                return self.error_node(span);
            }
            Progress::Waiting => {}
        }
        self.lets[k].found = Progress::Running;
        self.names.enter(Vec::new());
        let expansions = std::mem::take(&mut self.expansions);
        let node = self.expression(self.lets[k].value);
        self.expansions = expansions;
        self.names.leave();
        self.lets[k].found = Progress::Done(node);
        node
    }

    /// Reads the range and default of a parameter before its first use, since its sign depends on them.
    fn read_pending(&mut self, k: usize) {
        if let Some(declaration) = self.pending.get_mut(k).and_then(Option::take) {
            self.names.enter(Vec::new());
            self.parameter_details(k, &declaration);
            self.names.leave();
        }
    }

    /// The node of a parameter.
    pub(super) fn parameter(&mut self, k: usize, span: Span) -> NodeId {
        self.read_pending(k);
        let kind = Kind::Parameter(k as u32);
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let parameter = &self.model.parameters[k];
        let (interval, definite) =
            (self.range_interval(parameter.range, parameter.kind), definite(parameter.kind));
        let shape = parameter.shape.clone();
        let facts = Facts { interval, definite, level: Level::Parameter, size: None, ..Facts::number(0.0) };
        self.leaf(kind, shape, facts, span)
    }

    /// The node of a variable.
    pub(super) fn variable(&mut self, k: usize, span: Span) -> NodeId {
        let kind = Kind::Variable(k as u32);
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let Some(variable) = self.model.variables.get(k) else { return self.error_node(span) };
        let flags =
            ParameterKind { nonneg: variable.nonneg, nonpos: variable.nonpos, ..ParameterKind::default() };
        let facts = Facts {
            curvature: Curvature::Affine,
            interval: self.range_interval(variable.range, flags),
            definite: if variable.symmetric || variable.diag { Definite::Symmetric } else { Definite::No },
            class: Class::Affine,
            level: Level::Variable,
            linear: true,
            size: None,
            indexed: false,
        };
        let shape = variable.shape.clone();
        self.leaf(kind, shape, facts, span)
    }

    fn range_interval(&self, range: Option<(NodeId, NodeId)>, kind: ParameterKind) -> Interval {
        let mut interval = Interval::ALL;
        if kind.nonneg || kind.pos {
            interval = interval.meet(Interval { nonzero: kind.pos, ..Interval::NONNEG });
        }
        if kind.nonpos || kind.neg {
            interval = interval.meet(Interval { nonzero: kind.neg, ..Interval::NONPOS });
        }
        if let Some((lo, hi)) = range {
            let (lo, hi) = (self.model.tree.facts(lo).interval.lo, self.model.tree.facts(hi).interval.hi);
            interval = interval.meet(Interval::new(lo, hi));
        }
        interval
    }

    /// The node of a constant.
    pub(super) fn constant(&mut self, k: usize, span: Span) -> NodeId {
        let kind = Kind::Constant(k as u32);
        if self.at_solution {
            return match self.model.tree.find(&kind) {
                Some(known) => self.again(known, kind, span),
                None => self.error_node(span),
            };
        }
        match self.constants[k].found {
            Progress::Done(node) if self.is_error(node) => return node,
            Progress::Done(node) => return self.again(node, kind, span),
            Progress::Running => {
                let name = self.constants[k].declaration.name.text.clone();
                self.report(cycle("const", &name, span));
                return self.error_node(span);
            }
            Progress::Waiting => {}
        }
        self.constants[k].found = Progress::Running;
        self.names.enter(Vec::new());
        let node = self.declare_constant(k);
        self.names.leave();
        self.constants[k].found = Progress::Done(node);
        node
    }

    fn declare_constant(&mut self, k: usize) -> NodeId {
        let state = self.constants[k].clone();
        let declaration = &state.declaration;
        let span = declaration.name.span;
        let mut shape = self.declared_shape(declaration);
        let flags = attributes(&declaration.attributes);
        let range = self.range(&declaration.attributes);
        let (mut init, mut file, mut file_span) = (None, None, Span::default());
        let mut facts =
            Facts { level: Level::Constant, size: None, interval: Interval::ALL, ..Facts::number(0.0) };
        match &declaration.init {
            Some(Init::Value(value)) => {
                let node = self.expression(*value);
                if self.is_error(node) {
                    return self.error_node(span);
                }
                let tree = &self.model.tree;
                if tree.facts(node).level > Level::Constant {
                    let error = Diagnostic::error(
                        codes::NOT_FIXED,
                        format!(
                            "the constant `{}` depends on a parameter or variable",
                            declaration.name.text
                        ),
                    );
                    let at = self.ast.exprs.span(*value);
                    self.report(
                        error
                            .at(at, "this is not fixed when the model is compiled")
                            .help("declare it with `let`, or make it a `param`"),
                    );
                    return self.error_node(span);
                }
                if declaration.shape.is_empty() {
                    shape = tree.shape(node).to_vec();
                }
                facts = Facts { level: Level::Constant, ..tree.facts(node).clone() };
                init = Some(node);
                self.fits(node, &shape, "the value", self.ast.exprs.span(*value));
            }
            Some(Init::File { path, span }) => (file, file_span) = (Some(path.clone()), *span),
            None => {}
        }
        let stated = self.range_interval(range, flags);
        facts.interval = facts.interval.meet(stated);
        if definite(flags) != Definite::No && facts.definite == Definite::No {
            facts.definite = definite(flags);
        }
        if flags.diag && flags.nonneg {
            facts.definite = Definite::Psd;
        }
        self.model.constants[k] = Constant {
            name: declaration.name.text.clone(),
            shape: shape.clone(),
            kind: flags,
            range,
            init,
            file,
            doc: state.doc,
            span,
            file_span,
        };
        self.check_attributes(declaration, &shape);
        // A scalar of sizes keeps being one, so that it may stand where sizes do.
        if !shape.is_empty() {
            facts.size = None;
        }
        self.leaf(Kind::Constant(k as u32), shape, facts, span)
    }

    fn parameter_details(&mut self, k: usize, declaration: &Declaration) {
        let shape = self.model.parameters[k].shape.clone();
        self.check_attributes(declaration, &shape);
        self.model.parameters[k].range = self.range(&declaration.attributes);
        match &declaration.init {
            Some(Init::Value(value)) => {
                let node = self.expression(*value);
                if self.is_error(node) {
                    return;
                }
                let at = self.ast.exprs.span(*value);
                if self.model.tree.facts(node).level > Level::Constant {
                    let error =
                        Diagnostic::error(codes::NOT_FIXED, "a default is a number or an array of numbers");
                    self.report(error.at(at, "this depends on a parameter or variable"));
                    return;
                }
                self.fits(node, &shape, "the default", at);
                self.model.parameters[k].default = Some(node);
            }
            Some(Init::File { span, .. }) => {
                let error = Diagnostic::error(
                    codes::BAD_ATTRIBUTE,
                    "a parameter is not read from a file of the model",
                );
                self.report(error.at(*span, "give it with the data, or declare a `const`"));
            }
            None => {}
        }
    }

    fn fits(&mut self, node: NodeId, shape: &[Poly], what: &str, at: Span) {
        let tree = &self.model.tree;
        let own = tree.shape(node);
        if own.is_empty() {
            return;
        }
        let call = Call::new(tree, &[], &[]);
        if own.len() != shape.len() || !own.iter().zip(shape).all(|(a, b)| call.agree(a, b)) {
            let error = Diagnostic::error(
                codes::SHAPE_MISMATCH,
                format!(
                    "{what} is {}, and the declaration says {}",
                    tree.show_shape(own),
                    tree.show_shape(shape)
                ),
            );
            self.report(error.at(at, format!("this is {}", tree.show_shape(own))));
        }
    }

    fn declare_variable(&mut self, declaration: &Declaration, doc: Option<String>) {
        let shape = self.declared_shape(declaration);
        self.check_attributes(declaration, &shape);
        let flags = attributes(&declaration.attributes);
        let range = self.range(&declaration.attributes);
        if let Some((lo, hi)) = range {
            let tree = &self.model.tree;
            for end in [lo, hi] {
                if !tree.facts(end).variable_free() {
                    let error =
                        Diagnostic::error(codes::BAD_ATTRIBUTE, "the ends of a range contain no variable")
                            .at(tree.span(end), "this depends on a variable")
                            .help("write it as a constraint");
                    self.report(error);
                    return;
                }
            }
            let (low, high) = (tree.facts(lo).interval, tree.facts(hi).interval);
            if low.lo > high.hi {
                let error = Diagnostic::error(
                    codes::EMPTY_RANGE,
                    format!("no value lies in the range of `{}`", declaration.name.text),
                )
                .at(tree.span(lo), "the lower end is above the upper end");
                self.report(error);
            }
        }
        if let Some(Init::Value(value)) = &declaration.init {
            let at = self.ast.exprs.span(*value);
            self.report(
                Diagnostic::error(codes::BAD_ATTRIBUTE, "a variable has no value of its own").at(at, ""),
            );
        }
        self.model.variables.push(Variable {
            name: declaration.name.text.clone(),
            shape,
            nonneg: flags.nonneg,
            nonpos: flags.nonpos,
            symmetric: flags.symmetric,
            diag: flags.diag,
            range,
            doc,
            span: declaration.name.span,
        });
    }

    fn range(&mut self, attributes: &[Attribute]) -> Option<(NodeId, NodeId)> {
        let mut out = None;
        for attribute in attributes {
            if let AttributeKind::In { lo, hi } = attribute.kind {
                let (lo, hi) = (self.expression(lo), self.expression(hi));
                if !self.is_error(lo) && !self.is_error(hi) {
                    out = Some((lo, hi));
                }
            }
        }
        out
    }

    fn declared_shape(&mut self, declaration: &Declaration) -> Vec<Poly> {
        let span = declaration.shape_span;
        if declaration.shape.len() > 2 {
            self.report(
                Diagnostic::error(codes::SHAPE_MISMATCH, "an array has at most two axes")
                    .at(span, format!("`{}` has {}", declaration.name.text, declaration.shape.len())),
            );
        }
        let shape: Vec<_> = declaration.shape.iter().take(2).filter_map(|&size| self.size_of(size)).collect();
        for (size, &id) in shape.iter().zip(&declaration.shape) {
            if let Some(value) = size.as_constant() {
                let at = self.ast.exprs.span(id);
                if value < 0 {
                    self.report(
                        Diagnostic::error(codes::NEGATIVE_SIZE, format!("the size is negative: {value}"))
                            .at(at, ""),
                    );
                } else if value > crate::lower::MAX_ENTRIES {
                    let error =
                        Diagnostic::error(codes::TOO_LARGE, format!("an axis of size {value} is too large"));
                    self.report(error.at(at, format!("the largest size is {}", crate::lower::MAX_ENTRIES)));
                }
            }
        }
        shape
    }

    fn check_attributes(&mut self, declaration: &Declaration, shape: &[Poly]) {
        let square = shape.len() == 2 && shape[0] == shape[1];
        for attribute in &declaration.attributes {
            let kind = declaration.kind;
            let (bad, word): (Option<String>, &str) = match &attribute.kind {
                AttributeKind::Unknown(word) => {
                    self.unknown_attribute(word, attribute.span);
                    continue;
                }
                AttributeKind::Pos | AttributeKind::Neg if kind == DeclKind::Var => (
                    Some("a strict sign is for data; a variable can only be `nonneg` or `nonpos`".into()),
                    "strict",
                ),
                AttributeKind::Psd | AttributeKind::Nsd if kind == DeclKind::Var => (
                    Some(
                        "a semidefinite variable needs the semidefinite cone, which the solver has not yet"
                            .into(),
                    ),
                    "psd",
                ),
                AttributeKind::Symmetric | AttributeKind::Psd | AttributeKind::Nsd | AttributeKind::Diag
                    if !square =>
                {
                    (
                        Some(format!(
                            "this is for square matrices, and `{}` is {}",
                            declaration.name.text,
                            self.model.tree.show_shape(shape)
                        )),
                        "square",
                    )
                }
                AttributeKind::Sparse if kind == DeclKind::Var => {
                    (Some("only data are sparse".into()), "sparse")
                }
                AttributeKind::Sparse if shape.len() != 2 => {
                    (Some("only matrices are sparse".into()), "sparse")
                }
                AttributeKind::Int if kind != DeclKind::Const => (
                    Some("only a constant is an index vector; the class of problems is continuous".into()),
                    "int",
                ),
                _ => (None, ""),
            };
            let _ = word;
            if let Some(message) = bad {
                self.report(Diagnostic::error(codes::BAD_ATTRIBUTE, message).at(attribute.span, ""));
            }
        }
    }

    fn unknown_attribute(&mut self, word: &str, span: Span) {
        let error = if matches!(word, "bool" | "boolean" | "integer" | "binary") {
            Diagnostic::error(codes::BAD_ATTRIBUTE, "the class of problems is continuous")
                .at(span, "integer and boolean variables are outside it")
                .help("relax it: `in [0, 1]`")
        } else {
            let known = AttributeKind::WORDS.iter().map(|(w, _)| *w);
            let error =
                Diagnostic::error(codes::BAD_ATTRIBUTE, format!("unknown attribute `{word}`")).at(span, "");
            match crate::diagnostics::suggest::nearest(word, known) {
                Some(near) => error.suggest(span, near, format!("did you mean `{near}`?")),
                None => error.help("the attributes are nonneg nonpos pos neg symmetric psd nsd diag sparse int, and `in [lo, hi]`"),
            }
        };
        self.report(error);
    }

    fn objective_and_constraints(&mut self, statements: &[crate::syntax::ast::Statement]) {
        let mut labels: std::collections::BTreeMap<String, Span> = std::collections::BTreeMap::new();
        let mut objective: Option<Span> = None;
        let mut position = 0;
        for statement in statements {
            match &statement.kind {
                StatementKind::Objective { sense, value } => {
                    if let Some(first) = objective {
                        let error =
                            Diagnostic::error(codes::SECOND_OBJECTIVE, "a model has at most one objective");
                        self.report(error.at(statement.span, "the second one").also(first, "the first one"));
                        continue;
                    }
                    objective = Some(statement.span);
                    let node = self.expression(*value);
                    let at = self.ast.exprs.span(*value);
                    if self.is_error(node) {
                        continue;
                    }
                    self.check_objective(*sense, node, at, statement.span);
                    self.model.objective = Some((*sense, node));
                }
                StatementKind::Constraint(constraint) => {
                    position += 1;
                    let label =
                        constraint.label.as_ref().map_or_else(|| format!("#{position}"), |l| l.text.clone());
                    if let Some(name) = &constraint.label
                        && let Some(first) = labels.insert(label.clone(), name.span)
                    {
                        let error = Diagnostic::error(
                            codes::DUPLICATE_NAME,
                            format!("the label `{label}` is used twice"),
                        );
                        self.report(error.at(name.span, "again here").also(first, "first here"));
                    }
                    self.constraint(constraint, label, statement.span);
                }
                _ => {}
            }
        }
    }

    fn constraint(&mut self, constraint: &crate::syntax::ast::Constraint, label: String, span: Span) {
        let loops = constraint.ranges.as_ref().map(|ranges| self.open(ranges));
        let first = self.expression(constraint.first);
        let rest: Vec<_> = constraint
            .rest
            .iter()
            .map(|(comparison, _, side)| (Self::relation(*comparison), self.expression(*side)))
            .collect();
        if let Some(ranges) = &constraint.ranges {
            self.close(ranges);
        }
        let sides: Vec<NodeId> = std::iter::once(first).chain(rest.iter().map(|r| r.1)).collect();
        if sides.iter().any(|&s| self.is_error(s)) || loops.as_ref().is_some_and(Option::is_none) {
            return;
        }
        let call = Call::new(&self.model.tree, &sides, &[]);
        let shape = match call.broadcast() {
            Ok(shape) => shape,
            Err(refusal) => {
                let error = self.refusal(&refusal, &sides, span);
                self.report(error);
                return;
            }
        };
        let requirements = call.requirements.into_inner();
        let constraint = Constraint { label, first, rest, loops: loops.flatten(), shape, requirements, span };
        if self.check_constraint(&constraint) {
            self.model.constraints.push(constraint);
        }
    }
}

fn placeholder() -> Constant {
    Constant {
        name: String::new(),
        shape: Vec::new(),
        kind: ParameterKind::default(),
        range: None,
        init: None,
        file: None,
        doc: None,
        span: Span::default(),
        file_span: Span::default(),
    }
}

fn cycle(what: &str, name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::CYCLE, format!("the {what} `{name}` depends on itself")).at(span, "")
}

fn attributes(attributes: &[Attribute]) -> ParameterKind {
    let has = |kind: &AttributeKind| attributes.iter().any(|a| a.kind == *kind);
    ParameterKind {
        nonneg: has(&AttributeKind::Nonneg),
        nonpos: has(&AttributeKind::Nonpos),
        pos: has(&AttributeKind::Pos),
        neg: has(&AttributeKind::Neg),
        symmetric: has(&AttributeKind::Symmetric),
        psd: has(&AttributeKind::Psd),
        nsd: has(&AttributeKind::Nsd),
        diag: has(&AttributeKind::Diag),
        sparse: has(&AttributeKind::Sparse),
        int: has(&AttributeKind::Int),
    }
}

fn definite(kind: ParameterKind) -> Definite {
    if kind.psd || (kind.diag && (kind.nonneg || kind.pos)) {
        Definite::Psd
    } else if kind.nsd || (kind.diag && (kind.nonpos || kind.neg)) {
        Definite::Nsd
    } else if kind.symmetric || kind.diag {
        Definite::Symmetric
    } else {
        Definite::No
    }
}

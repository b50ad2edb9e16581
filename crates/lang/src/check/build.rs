//! The checker: builds the tree, one node an expression, with its facts.

use super::curvature::{self, Curvature};
use super::fold;
use super::interval::Interval;
use super::model::{CheckedModel, Relation};
use super::names::{Local, Names, Symbol};
use super::size::{Poly, Unknown};
use super::tree::{
    Bits, Class, Condition, Definite, Facts, Kind, Level, Loops, Node, NodeId, OptionValue, Order,
};
use crate::atoms::{AtomId, Call, Group, Refusal};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Ast, BinaryOp, Comparison, Expr, ExprId, Name, Ranges, UnaryOp};

/// Builds a [`CheckedModel`] out of a syntax tree.
#[derive(Debug)]
pub struct Checker {
    pub(super) ast: Ast,
    pub(super) model: CheckedModel,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) names: Names,
    pub(super) sizes: Vec<super::declare::SizeState>,
    pub(super) lets: Vec<super::declare::LetState>,
    pub(super) constants: Vec<super::declare::ConstantState>,
    pub(super) functions: Vec<super::declare::Function>,
    /// Parameters whose ranges and defaults are not read yet.
    pub(super) pending: Vec<Option<crate::syntax::ast::Declaration>>,
    /// The range of each index, for proofs that positions are in range.
    pub(super) ranges: Vec<(Poly, Poly)>,
    /// Whether some `if` cuts the ranges around the current expression.
    pub(super) conditional: usize,
    /// Calls of user-written atoms around the current expression.
    pub(super) expansions: Vec<(Span, String)>,
    pub(super) heights: Vec<u32>,
    pub(super) used: std::collections::BTreeSet<String>,
    pub(super) at_solution: bool,
    depth: usize,
}

/// How deep expressions may nest, lets and user-written atoms expanded.
const MAX_DEPTH: usize = 160;
const MAX_HEIGHT: u32 = 320;
/// How many expressions a model may expand to.
const MAX_NODES: usize = 2_000_000;

impl Checker {
    /// A checker of a model text.
    pub fn new(text: &str, ast: Ast) -> Self {
        let model = CheckedModel { source: text.to_owned(), ..CheckedModel::default() };
        Self::over(model, ast)
    }

    /// A checker of an expression over a checked model.
    pub fn resume(model: &CheckedModel, text: &str, ast: Ast) -> Self {
        let mut checker = Self::over(CheckedModel { source: text.to_owned(), ..model.clone() }, ast);
        checker.at_solution = true;
        checker.redeclare();
        checker
    }

    fn over(model: CheckedModel, ast: Ast) -> Self {
        Self {
            ast,
            model,
            diagnostics: Vec::new(),
            names: Names::default(),
            sizes: Vec::new(),
            lets: Vec::new(),
            constants: Vec::new(),
            functions: Vec::new(),
            pending: Vec::new(),
            ranges: Vec::new(),
            conditional: 0,
            expansions: Vec::new(),
            heights: Vec::new(),
            used: std::collections::BTreeSet::new(),
            at_solution: false,
            depth: 0,
        }
    }

    /// The model and what was found.
    pub fn finish(self) -> (CheckedModel, Vec<Diagnostic>) {
        (self.model, self.diagnostics)
    }

    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        for (span, name) in self.expansions.iter().rev().take(4) {
            diagnostic = diagnostic.also(*span, format!("in this call of `{name}`"));
        }
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn error_node(&mut self, span: Span) -> NodeId {
        let facts =
            Facts { curvature: Curvature::Unknown, level: Level::Variable, ..Facts::number(f64::NAN) };
        let facts = Facts { interval: Interval::ALL, size: None, ..facts };
        self.push(Node { kind: Kind::Error, shape: Vec::new(), facts, requirements: Vec::new() }, span)
    }

    pub(super) fn is_error(&self, node: NodeId) -> bool {
        self.model.tree[node].kind == Kind::Error
    }

    pub(super) fn push(&mut self, node: Node, span: Span) -> NodeId {
        let id = self.model.tree.push(node, span);
        let height = self
            .model
            .tree
            .operands(id)
            .iter()
            .map(|o| self.heights.get(o.0 as usize).copied().unwrap_or(0))
            .max();
        self.heights.resize(id.0 as usize, 0);
        self.heights.push(height.map_or(0, |h| h + 1));
        id
    }

    /// The node of a leaf or of anything whose facts are at hand.
    pub(super) fn leaf(&mut self, kind: Kind, shape: Vec<Poly>, facts: Facts, span: Span) -> NodeId {
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        self.push(Node { kind, shape, facts, requirements: Vec::new() }, span)
    }

    /// A node for another place where a known expression stands.
    pub(super) fn again(&mut self, known: NodeId, kind: Kind, span: Span) -> NodeId {
        if self.model.tree.span(known) == span {
            return known;
        }
        let node = Node { kind, ..self.model.tree[known].clone() };
        self.push(node, span)
    }

    pub(super) fn number(&mut self, value: f64, span: Span) -> NodeId {
        self.leaf(Kind::Number(Bits::new(value)), Vec::new(), Facts::number(value), span)
    }

    pub(super) fn size_node(&mut self, size: Poly, span: Span) -> NodeId {
        if let Some(value) = size.as_constant() {
            return self.number(value as f64, span);
        }
        let interval = size.interval(&|u| match u {
            Unknown::Dim(_) => Interval { lo: 1.0, hi: f64::INFINITY, nonzero: true },
            Unknown::Index(k) => self.index_interval(k),
        });
        let facts =
            Facts { interval, indexed: size.has_index(), size: Some(size.clone()), ..Facts::number(0.0) };
        self.leaf(Kind::Size(size), Vec::new(), facts, span)
    }

    fn index_interval(&self, index: u32) -> Interval {
        match self.ranges.get(index as usize).and_then(|(from, _)| from.as_constant()) {
            Some(from) => Interval::new(from as f64, f64::INFINITY),
            None => Interval::ALL,
        }
    }

    /// Checks an expression.
    pub(crate) fn expression(&mut self, id: ExprId) -> NodeId {
        let span = self.ast.exprs.span(id);
        if self.depth >= MAX_DEPTH || self.model.tree.len() > MAX_NODES {
            let what =
                if self.depth >= MAX_DEPTH { "is nested too deep" } else { "expands to too many terms" };
            self.report(
                Diagnostic::error(codes::NESTED_TOO_DEEP, format!("this expression {what}")).at(span, ""),
            );
            return self.error_node(span);
        }
        self.depth += 1;
        let node = self.dispatch(id, span);
        self.depth -= 1;
        if self.heights.get(node.0 as usize).is_some_and(|&h| h > MAX_HEIGHT) && !self.is_error(node) {
            self.report(
                Diagnostic::error(codes::NESTED_TOO_DEEP, "this expression is nested too deep")
                    .at(span, "lets expanded"),
            );
            return self.error_node(span);
        }
        node
    }

    fn dispatch(&mut self, id: ExprId, span: Span) -> NodeId {
        match self.ast.exprs[id].clone() {
            Expr::Number(value) => self.number(value, span),
            Expr::Infinity => self.number(f64::INFINITY, span),
            Expr::Name(name) => self.name(&name, span),
            Expr::Text(_) => {
                self.report(
                    Diagnostic::error(codes::MISPLACED_PART, "a string is not a value")
                        .at(span, "")
                        .help("strings name files (`const c from \"c.csv\"`) and options (`order=\"F\"`)"),
                );
                self.error_node(span)
            }
            Expr::Unary { op: UnaryOp::Plus, operand } => self.expression(operand),
            Expr::Unary { op: UnaryOp::Neg, operand } => {
                let operand = self.expression(operand);
                self.negate(operand, span)
            }
            Expr::Unary { op: UnaryOp::Not, .. } | Expr::Compare { .. } => {
                self.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, "a comparison is no value")
                        .at(span, "comparisons stand in constraints and after `if`"),
                );
                self.error_node(span)
            }
            Expr::Binary { op: BinaryOp::Add | BinaryOp::Sub, .. } => self.sum(id, span),
            Expr::Binary { op, op_span, lhs, rhs } => {
                let lhs = self.expression(lhs);
                let rhs = self.expression(rhs);
                self.binary(op, op_span, lhs, rhs, span)
            }
            Expr::Call { function, arguments, options } => {
                self.function(&function, &arguments, &options, span)
            }
            Expr::Comprehension { function, body, ranges, options } => {
                self.comprehension(&function, body, &ranges, &options, span)
            }
            Expr::Index { base, items } => {
                let base = self.expression(base);
                self.index(base, &items, span)
            }
            Expr::Transpose(base) => {
                let base = self.expression(base);
                self.apply("transpose", vec![base], Vec::new(), span)
            }
            Expr::Array(items) => {
                let items: Vec<_> = items.into_iter().map(|item| self.expression(item)).collect();
                self.array(&items, span)
            }
            Expr::Error => self.error_node(span),
        }
    }

    /// A chain of sums and differences as one sum, so that long chains do not nest.
    fn sum(&mut self, id: ExprId, span: Span) -> NodeId {
        let mut terms = Vec::new();
        let mut current = id;
        while let Expr::Binary { op: op @ (BinaryOp::Add | BinaryOp::Sub), lhs, rhs, .. } =
            self.ast.exprs[current]
        {
            terms.push((op == BinaryOp::Sub, rhs));
            current = lhs;
        }
        terms.push((false, current));
        let mut arguments = Vec::with_capacity(terms.len());
        for (minus, term) in terms.into_iter().rev() {
            let node = self.expression(term);
            let term_span = self.ast.exprs.span(term);
            arguments.push(if minus { self.negate(node, term_span) } else { node });
        }
        self.apply("add", arguments, Vec::new(), span)
    }

    pub(super) fn negate(&mut self, node: NodeId, span: Span) -> NodeId {
        self.apply("negative", vec![node], Vec::new(), span)
    }

    fn name(&mut self, name: &str, span: Span) -> NodeId {
        match self.names.local(name) {
            Some(Local::Index(k)) => {
                let size = Poly::unknown(Unknown::Index(*k));
                return self.size_node(size, span);
            }
            // The argument as it stands in the call: that is where a message about it should point.
            Some(Local::Value(node)) => return *node,
            None => {}
        }
        if let Some(symbol) = self.names.global(name) {
            self.used.insert(name.to_owned());
            return self.symbol(symbol, name, span);
        }
        if self.at_solution && name == "objective" {
            let facts = Facts {
                curvature: Curvature::Unknown,
                level: Level::Variable,
                size: None,
                ..Facts::number(0.0)
            };
            let facts = Facts { interval: Interval::ALL, ..facts };
            return self.leaf(Kind::Objective, Vec::new(), facts, span);
        }
        let error = self.names.unknown(name, span, false);
        self.report(error);
        self.error_node(span)
    }

    fn symbol(&mut self, symbol: Symbol, name: &str, span: Span) -> NodeId {
        match symbol {
            Symbol::Size(k) => match self.size_value(k) {
                Some(size) => self.size_node(size, span),
                None => self.error_node(span),
            },
            Symbol::Parameter(k) => self.parameter(k, span),
            Symbol::Constant(k) => self.constant(k, span),
            Symbol::Variable(k) => self.variable(k, span),
            Symbol::Let(k) => self.let_value(k, span),
            Symbol::Function(_) => {
                self.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, format!("`{name}` is a function"))
                        .at(span, format!("write `{name}(…)`")),
                );
                self.error_node(span)
            }
        }
    }

    fn array(&mut self, items: &[NodeId], span: Span) -> NodeId {
        if items.iter().any(|&i| self.is_error(i)) {
            return self.error_node(span);
        }
        let kind = Kind::Array(items.to_vec());
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let tree = &self.model.tree;
        let first = items.first().map_or(&[][..], |&i| tree.shape(i));
        if let Some(&other) = items.iter().find(|&&i| tree.shape(i) != first) {
            let error = Diagnostic::error(codes::SHAPE_MISMATCH, "the entries of an array differ in shape")
                .at(tree.span(other), format!("this is {}", tree.show_shape(tree.shape(other))))
                .also(tree.span(items[0]), format!("this is {}", tree.show_shape(first)));
            self.report(error);
            return self.error_node(span);
        }
        if first.len() > 1 {
            self.report(
                Diagnostic::error(codes::SHAPE_MISMATCH, "an array has at most two axes").at(span, ""),
            );
            return self.error_node(span);
        }
        let mut shape = vec![Poly::constant(items.len() as i64)];
        shape.extend(first.iter().cloned());
        let facts = items.iter().map(|&i| tree.facts(i).clone());
        let mut all = facts.reduce(|a, b| join(&a, &b)).unwrap_or_else(|| Facts::number(0.0));
        all.size = None;
        all.definite = super::definite::literal_definite(tree, items);
        self.push(Node { kind, shape, facts: all, requirements: Vec::new() }, span)
    }

    /// A call of a built-in atom by its canonical name.
    pub(super) fn apply(
        &mut self,
        name: &str,
        arguments: Vec<NodeId>,
        options: Vec<(String, OptionValue)>,
        span: Span,
    ) -> NodeId {
        match AtomId::named(name) {
            Some(atom) => self.call(atom, arguments, options, span),
            None => self.error_node(span),
        }
    }

    /// A call of an atom.
    pub(super) fn call(
        &mut self,
        atom: AtomId,
        arguments: Vec<NodeId>,
        options: Vec<(String, OptionValue)>,
        span: Span,
    ) -> NodeId {
        if arguments.iter().any(|&a| self.is_error(a)) {
            return self.error_node(span);
        }
        if let Some(node) = self.fold(atom, &arguments, &options, span) {
            return node;
        }
        let kind = Kind::Call { atom, arguments, options };
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let Kind::Call { arguments, options, .. } = &kind else { return self.error_node(span) };
        let call = Call::new(&self.model.tree, arguments, options);
        match facts(atom, &call) {
            Ok((shape, facts)) => {
                let requirements = call.requirements.into_inner();
                self.push(Node { kind, shape, facts, requirements }, span)
            }
            Err(refusal) => {
                let error = self.refusal(&refusal, arguments, span);
                self.report(error);
                self.error_node(span)
            }
        }
    }

    pub(super) fn refusal(&self, refusal: &Refusal, arguments: &[NodeId], span: Span) -> Diagnostic {
        let mut error = Diagnostic::error(refusal.code, &*refusal.message).at(span, "");
        for (argument, label) in &refusal.labels {
            if let Some(&node) = arguments.get(*argument) {
                error = error.also(self.model.tree.span(node), label.clone());
            }
        }
        match &refusal.help {
            Some(help) => error.help(&**help),
            None => error,
        }
    }

    /// Sizes and literal numbers are computed at once.
    fn fold(
        &mut self,
        atom: AtomId,
        arguments: &[NodeId],
        options: &[(String, OptionValue)],
        span: Span,
    ) -> Option<NodeId> {
        if !options.is_empty() {
            return None;
        }
        let tree = &self.model.tree;
        let name = atom.atom().row().name;
        if arguments.len() == 1 && name == "add" {
            return Some(arguments[0]);
        }
        if name == "transpose" {
            let a = arguments[0];
            // A vector is its own transpose, and so is a symmetric matrix.
            if tree.shape(a).len() < 2 || tree.facts(a).definite != Definite::No {
                return Some(a);
            }
            if let Kind::Call { atom: inner, arguments, .. } = &tree[a].kind
                && *inner == atom
            {
                return Some(arguments[0]);
            }
        }
        if arguments.iter().all(|&a| matches!(tree[a].kind, Kind::Number(_))) && !arguments.is_empty() {
            let values: Vec<_> = arguments
                .iter()
                .filter_map(|&a| if let Kind::Number(bits) = tree[a].kind { Some(bits.get()) } else { None })
                .collect();
            return fold::scalar(name, &values).map(|value| self.number(value, span));
        }
        let sizes: Option<Vec<&Poly>> = arguments.iter().map(|&a| tree.facts(a).size.as_ref()).collect();
        let sizes = sizes.filter(|all| !all.is_empty())?;
        let value = match (name, &sizes[..]) {
            ("add", all) => all.iter().try_fold(Poly::default(), |sum, p| sum.add(p)),
            ("negative", [p]) => Poly::default().sub(p),
            ("multiply", [p, q]) => p.mul(q),
            _ => return None,
        };
        if let Ok(size) = value {
            Some(self.size_node(size, span))
        } else {
            self.report(
                Diagnostic::error(codes::SIZE_OVERFLOW, "this size is too large to compute").at(span, ""),
            );
            Some(self.error_node(span))
        }
    }

    /// Opens the ranges of a `for`; [`close`](Self::close) undoes it.
    pub(super) fn open(&mut self, ranges: &Ranges) -> Option<Loops> {
        let mut out = Vec::new();
        let mut good = true;
        for one in &ranges.loops {
            let (from, to) = (self.size_of(one.from), self.size_of(one.to));
            let (Some(from), Some(to)) = (from, to) else {
                good = false;
                // The index still has a name, so that its uses are not reported as well.
                self.declare_index(&one.name, Poly::constant(0), Poly::constant(1));
                continue;
            };
            let index = self.declare_index(&one.name, from.clone(), to.clone());
            out.push((index, from, to));
        }
        let condition = match ranges.condition {
            None => None,
            Some(id) => {
                self.conditional += 1;
                let condition = self.condition(id);
                good &= condition.is_some();
                condition
            }
        };
        good.then_some(Loops { ranges: out, condition })
    }

    fn declare_index(&mut self, name: &Name, from: Poly, to: Poly) -> u32 {
        let index = self.model.tree.indices.len() as u32;
        self.model.tree.indices.push(name.text.clone());
        self.ranges.resize(index as usize, (Poly::default(), Poly::default()));
        self.ranges.push((from, to));
        self.names.push(&name.text, Local::Index(index));
        index
    }

    /// Closes the ranges of a `for`.
    pub(super) fn close(&mut self, ranges: &Ranges) {
        self.names.pop(ranges.loops.len());
        if ranges.condition.is_some() {
            self.conditional = self.conditional.saturating_sub(1);
        }
    }

    fn condition(&mut self, id: ExprId) -> Option<Condition> {
        let span = self.ast.exprs.span(id);
        if self.depth >= MAX_DEPTH {
            self.report(
                Diagnostic::error(codes::NESTED_TOO_DEEP, "this condition is nested too deep").at(span, ""),
            );
            return None;
        }
        self.depth += 1;
        let out = self.condition_inner(id, span);
        self.depth -= 1;
        out
    }

    fn condition_inner(&mut self, id: ExprId, span: Span) -> Option<Condition> {
        match self.ast.exprs[id].clone() {
            Expr::Compare { first, rest } => {
                let mut left = self.size_of(first);
                let mut all: Option<Condition> = None;
                let mut good = left.is_some();
                for (comparison, _, right) in rest {
                    let right = self.size_of(right);
                    let (Some(a), Some(b)) = (left.clone(), right.clone()) else {
                        good = false;
                        left = right;
                        continue;
                    };
                    let order = match comparison {
                        Comparison::Le => Order::Le,
                        Comparison::Ge => Order::Ge,
                        Comparison::Eq => Order::Eq,
                        Comparison::Lt => Order::Lt,
                        Comparison::Gt => Order::Gt,
                        Comparison::Ne => Order::Ne,
                    };
                    let one = Condition::Compare(order, a, b);
                    all = Some(match all {
                        None => one,
                        Some(before) => Condition::And(Box::new(before), Box::new(one)),
                    });
                    left = right;
                }
                all.filter(|_| good)
            }
            Expr::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), lhs, rhs, .. } => {
                let (a, b) = (self.condition(lhs), self.condition(rhs));
                let (a, b) = (Box::new(a?), Box::new(b?));
                Some(if op == BinaryOp::And { Condition::And(a, b) } else { Condition::Or(a, b) })
            }
            Expr::Unary { op: UnaryOp::Not, operand } => {
                Some(Condition::Not(Box::new(self.condition(operand)?)))
            }
            Expr::Error => None,
            _ => {
                self.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, "a condition compares indices and sizes")
                        .at(span, "this is no comparison"),
                );
                None
            }
        }
    }

    /// A size: an integer expression of `dim`s and indices.
    pub(super) fn size_of(&mut self, id: ExprId) -> Option<Poly> {
        let node = self.expression(id);
        let span = self.ast.exprs.span(id);
        if self.is_error(node) {
            return None;
        }
        let size = self.model.tree.facts(node).size.clone();
        if size.is_none() {
            self.report(Diagnostic::error(codes::NOT_A_SIZE, "this is not a size").at(
                span,
                "a size is an integer, a `dim`, an index, or a sum, difference or product of sizes",
            ));
        }
        size
    }

    /// The relation of a comparison in a constraint; strict ones were reported by the parser.
    pub(super) fn relation(comparison: Comparison) -> Relation {
        match comparison {
            Comparison::Le | Comparison::Lt => Relation::AtMost,
            Comparison::Ge | Comparison::Gt => Relation::AtLeast,
            Comparison::Eq | Comparison::Ne => Relation::Equal,
        }
    }
}

/// The facts that hold of an array whose parts have these facts.
pub(super) fn join(a: &Facts, b: &Facts) -> Facts {
    let curvature = match (a.curvature, b.curvature) {
        (x, y) if x == y => x,
        (Curvature::Constant, y) => y,
        (x, Curvature::Constant) => x,
        (Curvature::Affine, y) => y,
        (x, Curvature::Affine) => x,
        _ => Curvature::Unknown,
    };
    Facts {
        curvature,
        interval: a.interval.hull(b.interval),
        definite: Definite::No,
        class: a.class.max(b.class),
        level: a.level.max(b.level),
        linear: a.linear && b.linear,
        size: None,
        indexed: a.indexed || b.indexed,
    }
}

/// Shape and facts of a call, or why the atom refuses it.
pub(super) fn facts(atom: AtomId, call: &Call<'_>) -> Result<(Vec<Poly>, Facts), Refusal> {
    let atom = atom.atom();
    let shape = atom.shape(call)?;
    let all: Vec<&Facts> = (0..call.arguments.len()).map(|k| call.facts(k)).collect();
    let level = all.iter().map(|f| f.level).max().unwrap_or(Level::Number);
    let arguments: Vec<_> =
        all.iter().enumerate().map(|(k, f)| (f.curvature, atom.monotonicity(call, k))).collect();
    let data_only =
        all.iter().enumerate().any(|(k, f)| !f.variable_free() && atom.data_argument(k).is_some());
    let curvature =
        if data_only { Curvature::Unknown } else { curvature::compose(atom.curvature(call), &arguments) };
    let class = class(atom.group(call), atom.curvature(call), &all);
    let facts = Facts {
        curvature,
        interval: atom.interval(call),
        definite: atom.definite(call),
        class: if level < Level::Variable { Class::Affine } else { class },
        level,
        linear: all.iter().all(|f| f.linear) && atom.linear(call),
        size: None,
        indexed: all.iter().any(|f| f.indexed),
    };
    Ok((shape, facts))
}

/// The class that an atom of a group needs over arguments of these classes.
pub(super) fn class(group: Group, own: Curvature, arguments: &[&Facts]) -> Class {
    let inner = arguments.iter().map(|f| f.class).max().unwrap_or(Class::Affine);
    let over_piecewise = |own: Class| if inner <= Class::PiecewiseLinear { own } else { Class::Beyond };
    match group {
        Group::Affine | Group::Constructor | Group::Data => inner,
        _ if own.is_affine() => inner,
        Group::PiecewiseLinear => over_piecewise(Class::PiecewiseLinear),
        Group::Quadratic => over_piecewise(Class::Quadratic),
        Group::Smooth => over_piecewise(Class::Smooth),
        Group::Cone => Class::Beyond,
    }
}

//! Expressions: each place of the text becomes a node with its facts.

use super::build::Checker;
use super::call::join;
use super::curvature::Curvature;
use super::interval::Interval;
use super::names::{Local, Symbol, Wanted};
use super::size::{Poly, Unknown};
use super::tree::{Facts, Kind, Level, Node, NodeId};
use crate::atoms::AtomId;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprId, UnaryOp};

/// How deep expressions may nest, lets and user-written atoms expanded.
pub(super) const MAX_DEPTH: usize = 160;
const MAX_HEIGHT: u32 = 320;
/// How many expressions a model may expand to.
const MAX_NODES: usize = 2_000_000;

impl Checker {
    /// Checks an expression.
    pub(crate) fn expression(&mut self, id: ExprId) -> NodeId {
        let span = self.ast.exprs.span(id);
        // Equal expressions share a node, so nodes alone do not count the work of writing functions out.
        self.visited += 1;
        if self.depth >= MAX_DEPTH || self.visited.max(self.model.tree.len()) > MAX_NODES {
            let what =
                if self.depth >= MAX_DEPTH { "is nested too deep" } else { "expands to too many terms" };
            return self.too_deep(what, span);
        }
        self.depth += 1;
        let node = self.dispatch(id, span);
        self.depth -= 1;
        if self.heights.get(node.0 as usize).is_some_and(|&h| h > MAX_HEIGHT) && !self.is_error(node) {
            return self.too_deep("is nested too deep", span);
        }
        node
    }

    /// Says once that something nests too deep: what is around it does as well.
    fn too_deep(&mut self, what: &str, span: Span) -> NodeId {
        if !std::mem::replace(&mut self.told_depth, true) {
            let message = format!("this expression {what}");
            self.report(
                Diagnostic::error(codes::NESTED_TOO_DEEP, message)
                    .at(span, "counted with every `let` and `fn` written out")
                    .help("sums may be long; what nests is a function of a function of a function"),
            );
        }
        self.error_node(span)
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

    /// An expression whose purpose is known; inside an index everything is for the index.
    pub(super) fn expression_wanted(&mut self, id: ExprId, wanted: Wanted) -> NodeId {
        let before = self.wanted;
        if before == Wanted::Value {
            self.wanted = wanted;
        }
        let node = self.expression(id);
        self.wanted = before;
        node
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
        let error = self.unknown_name(name, span);
        self.report(error);
        self.error_node(span)
    }

    /// The error for a name that is no value, with what it is instead.
    fn unknown_name(&self, name: &str, span: Span) -> Diagnostic {
        let error = |message: String| Diagnostic::error(codes::UNKNOWN_NAME, message);
        if let Some(&label) = self.labels.get(name) {
            return error(format!("`{name}` is the label of a constraint, and has no value in the model"))
                .at(span, "a label is no value")
                .also(label, "this constraint")
                .help(format!("its dual is known at the solution: `cvx grad --of 'dual({name})'`"));
        }
        if name == "norm" || AtomId::named(name).is_some() {
            return Diagnostic::error(codes::BAD_ARGUMENT, format!("`{name}` is a function"))
                .at(span, format!("write `{name}(…)`"));
        }
        match name {
            "objective" => error("the value of the objective is known at the solution only".into())
                .at(span, "not known in the model")
                .help("give the expression a name: `let cost = …; minimize cost;`"),
            "true" | "false" | "True" | "False" => error(format!("`{name}` is no number"))
                .at(span, "truth values are values of options only, as in `keepdims=true`"),
            "nonneg" | "nonpos" | "pos" | "neg" | "symmetric" | "psd" | "nsd" | "diag" | "sparse" => {
                error(format!("`{name}` is no value"))
                    .at(span, "an attribute follows the name and the shape")
                    .help(format!("as in `param p[n] {name};`, without `=`"))
            }
            _ if self.model.tree.indices.iter().any(|index| index == name) => {
                error(format!("the index `{name}` is known only inside its `for`"))
                    .at(span, "outside of the `for`")
            }
            _ => self.names.hint(self.names.unknown(name, span, false), name, self.wanted),
        }
    }

    fn symbol(&mut self, symbol: Symbol, name: &str, span: Span) -> NodeId {
        if self.broken.contains(name) {
            return self.error_node(span);
        }
        match symbol {
            Symbol::Size(k) => match self.size_value(k, span) {
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
}

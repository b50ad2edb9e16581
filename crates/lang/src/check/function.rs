//! User-written atoms, expanded where they are called, and duals.

use super::build::Checker;
use super::curvature::Curvature;
use super::interval::Interval;
use super::lets::Function;
use super::names::{Local, Symbol};
use super::tree::{Facts, Kind, Level, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprId, Name, Statement, StatementKind};

impl Checker {
    /// Expands a user-written atom; its body sees its arguments and global names.
    pub(super) fn expand(
        &mut self,
        k: usize,
        arguments: &[ExprId],
        options: &[(Name, ExprId)],
        name_span: Span,
        span: Span,
    ) -> NodeId {
        let nodes: Vec<_> = arguments.iter().map(|&a| self.expression(a)).collect();
        let function = &self.functions[k];
        let (name, elsewhere) = (function.name.text.clone(), function.elsewhere);
        if function.open {
            let error = Diagnostic::error(codes::CYCLE, format!("the function `{name}` calls itself"))
                .at(name_span, format!("called while `{name}` is written out"));
            self.report(error.note("a function is expanded where it is called, so it cannot be recursive"));
            return self.error_node(span);
        }
        if let Some((option, _)) = options.first() {
            let mut error = Diagnostic::error(codes::BAD_ARGUMENT, format!("`{name}` takes no options"))
                .at(option.span, "only built-in functions have options");
            if !elsewhere {
                error = error.also(function.name.span, "declared here");
            }
            self.report(error);
            return self.error_node(span);
        }
        if nodes.len() != function.arguments.len() {
            let form = function.arguments.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join(", ");
            let mut error = Diagnostic::error(
                codes::BAD_ARGUMENT,
                format!(
                    "`{name}` takes {} argument{}, and {} given",
                    function.arguments.len(),
                    if function.arguments.len() == 1 { "" } else { "s" },
                    super::named::are(nodes.len())
                ),
            )
            .at(span, format!("the form is `{name}({form})`"));
            if !elsewhere {
                error = error.also(function.name.span, "declared here");
            }
            self.report(error);
            return self.error_node(span);
        }
        if nodes.iter().any(|&n| self.is_error(n)) {
            return self.error_node(span);
        }
        let before = self.diagnostics.len();
        self.expansions.push((name_span, name));
        let node = self.body(k, nodes);
        self.expansions.pop();
        if elsewhere {
            // The body stands in another text than the call: point at the call.
            for diagnostic in &mut self.diagnostics[before..] {
                for label in &mut diagnostic.labels {
                    label.span = span;
                }
                diagnostic.labels.dedup();
                diagnostic.edits.clear();
            }
        }
        node
    }

    /// The body of a user-written atom with its arguments.
    fn body(&mut self, k: usize, nodes: Vec<NodeId>) -> NodeId {
        let function = &mut self.functions[k];
        let body = function.body;
        let locals =
            function.arguments.iter().zip(nodes).map(|(a, n)| (a.text.clone(), Local::Value(n))).collect();
        function.open = true;
        function.expanded = true;
        let own = function.own.take();
        self.names.enter(locals);
        let node = match own {
            None => self.expression(body),
            Some(mut own) => {
                std::mem::swap(&mut self.ast, &mut own);
                let node = self.expression(body);
                std::mem::swap(&mut self.ast, &mut own);
                self.functions[k].own = Some(own);
                node
            }
        };
        self.names.leave();
        self.functions[k].open = false;
        node
    }

    /// Checks the bodies of functions that are never called. Their arguments are unknown, and whatever depends on them is
    /// left unsaid; names, calls and everything else are checked.
    pub(super) fn uncalled_functions(&mut self) {
        for k in 0..self.functions.len() {
            if !self.functions[k].expanded {
                let arguments = self.functions[k].arguments.clone();
                let unknown = arguments.iter().map(|a| self.error_node(a.span)).collect();
                self.body(k, unknown);
            }
        }
    }

    /// Declares the functions of a model that was checked before, whose texts it keeps.
    pub(super) fn redeclare_functions(&mut self, texts: &[String]) {
        for text in texts {
            let mut own = crate::syntax::parse(text).ast;
            let Some(Statement { kind: StatementKind::Fn { name, arguments, body }, .. }) =
                own.statements.pop()
            else {
                continue;
            };
            let _ = self.names.declare(&name.text, Symbol::Function(self.functions.len()), Span::default());
            self.functions.push(Function {
                name,
                arguments,
                body,
                open: false,
                expanded: false,
                elsewhere: true,
                own: Some(own),
            });
        }
    }

    pub(super) fn dual(&mut self, arguments: &[ExprId], span: Span) -> NodeId {
        let label = match arguments {
            [one] => match &self.ast.exprs[*one] {
                Expr::Name(name) | Expr::Text(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        let found = label.as_ref().and_then(|l| self.model.constraints.iter().position(|c| c.label == *l));
        let Some(k) = found else {
            let known = self
                .model
                .constraints
                .iter()
                .map(|c| format!("`{}`", c.label))
                .collect::<Vec<_>>()
                .join(", ");
            let error =
                Diagnostic::error(codes::UNKNOWN_NAME, "`dual` takes the label of a constraint").at(span, "");
            self.report(error.note(format!("the labels are {known}")));
            return self.error_node(span);
        };
        let constraint = &self.model.constraints[k];
        let mut shape = constraint.shape.clone();
        if let Some(loops) = &constraint.loops {
            let mut leading = Vec::new();
            for (_, from, to) in &loops.ranges {
                leading.extend(to.sub(from));
            }
            leading.extend(shape);
            shape = leading;
        }
        if shape.len() > 2 {
            let error = Diagnostic::error(codes::BAD_ARGUMENT, "this dual has more than two axes");
            self.report(error.at(span, "an expression has at most two"));
            return self.error_node(span);
        }
        let facts =
            Facts { curvature: Curvature::Unknown, level: Level::Variable, size: None, ..Facts::number(0.0) };
        let facts = Facts { interval: Interval::ALL, ..facts };
        self.leaf(Kind::Dual(k as u32), shape, facts, span)
    }
}

//! User-written atoms, expanded where they are called.

use super::build::Checker;
use super::lets::Function;
use super::names::{Local, Symbol};
use super::tree::NodeId;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{ExprId, Name, Statement, StatementKind};

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
}

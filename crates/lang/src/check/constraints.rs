//! The objective and the constraints.

use super::build::Checker;
use super::model::{Constraint, Relation};
use super::outline::Root;
use super::tree::NodeId;
use crate::atoms::Call;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{self, Comparison, Statement, StatementKind};

impl Checker {
    /// Reads the objective and every constraint.
    pub(super) fn objective_and_constraints(&mut self, statements: &[Statement]) {
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
                    self.roots.push(Root::Objective(*sense, node));
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

    fn constraint(&mut self, constraint: &ast::Constraint, label: String, span: Span) {
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
        self.warn_column(&sides, span);
        let title = self.model.text(span);
        self.roots.push(Root::Constraint(title, first, rest.clone()));
        // Messages are about the comparison, not about its label.
        let last = constraint.rest.last().map_or(constraint.first, |(_, _, side)| *side);
        let span = self.ast.exprs.span(constraint.first).to(self.ast.exprs.span(last));
        let constraint = Constraint { label, first, rest, loops: loops.flatten(), shape, requirements, span };
        if self.check_constraint(&constraint) {
            self.model.constraints.push(constraint);
        }
    }

    /// The relation of a comparison in a constraint; strict ones were reported by the parser.
    fn relation(comparison: Comparison) -> Relation {
        match comparison {
            Comparison::Le | Comparison::Lt => Relation::AtMost,
            Comparison::Ge | Comparison::Gt => Relation::AtLeast,
            Comparison::Eq | Comparison::Ne => Relation::Equal,
        }
    }
}

//! The ranges and conditions of a `for`.

use super::build::Checker;
use super::expression::MAX_DEPTH;
use super::names::Local;
use super::size::Poly;
use super::tree::{Condition, Loops, Order};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Comparison, Expr, ExprId, Name, Ranges, UnaryOp};

impl Checker {
    /// Opens the ranges of a `for`; [`close`](Self::close) undoes it.
    pub(super) fn open(&mut self, ranges: &Ranges) -> Option<Loops> {
        let mut out = Vec::new();
        let mut good = true;
        for (k, one) in ranges.loops.iter().enumerate() {
            if let Some(first) = ranges.loops[..k].iter().find(|before| before.name.text == one.name.text) {
                let message = format!("the index `{}` is used twice in one `for`", one.name.text);
                let error = Diagnostic::error(codes::DUPLICATE_NAME, message);
                self.report(error.at(one.name.span, "again here").also(first.name.span, "first here"));
                good = false;
            }
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
        // An index of the same name and range that is closed is taken again, so that equal comprehensions are equal.
        let key = (name.text.clone(), from.clone(), to.clone());
        let known = self.known_indices.get(&key).copied().filter(|k| !self.open_indices.contains(k));
        let index = known.unwrap_or(self.model.tree.indices.len() as u32);
        if known.is_none() {
            self.model.tree.indices.push(name.text.clone());
            self.ranges.resize(index as usize, (Poly::default(), Poly::default()));
            self.ranges.push((from, to));
            self.known_indices.insert(key, index);
        }
        self.open_indices.push(index);
        self.names.push(&name.text, Local::Index(index));
        index
    }

    /// Closes the ranges of a `for`.
    pub(super) fn close(&mut self, ranges: &Ranges) {
        self.names.pop(ranges.loops.len());
        self.open_indices.truncate(self.open_indices.len().saturating_sub(ranges.loops.len()));
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
}

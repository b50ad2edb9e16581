//! Duals, in expressions asked for at the solution.

use super::build::Checker;
use super::curvature::Curvature;
use super::interval::Interval;
use super::size::Poly;
use super::tree::{Facts, Kind, Level, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprId};

impl Checker {
    /// `dual(label)`
    pub(super) fn dual(&mut self, arguments: &[ExprId], span: Span) -> NodeId {
        let label = self.only_name(arguments);
        let found = label.as_ref().and_then(|l| self.model.constraints.iter().position(|c| c.label == *l));
        let Some(k) = found else {
            let error = Diagnostic::error(codes::UNKNOWN_NAME, "`dual` takes the label of a constraint");
            let error = error.at(span, "");
            let labels = self.model.constraints.iter().map(|c| c.label.as_str());
            let error = match label.filter(|l| self.multipliers.bounds.contains(l)) {
                Some(variable) => {
                    error.suggest(span, format!("bounds({variable})"), "the dual of the variable's bounds")
                }
                None => error.note(known("label", labels)),
            };
            self.report(error);
            return self.error_node(span);
        };
        let constraint = &self.model.constraints[k];
        let mut shape = constraint.shape.clone();
        if let Some(loops) = &constraint.loops {
            let mut leading = Vec::new();
            if loops.is_grid() {
                leading.extend(loops.ranges.iter().filter_map(|(_, from, to)| to.sub(from).ok()));
            } else {
                // One axis counts the instances, and how many there are is known to the program alone.
                let count = self.multipliers.duals.get(k).and_then(|axes| axes.first()).copied();
                leading.push(Poly::constant(count.unwrap_or_default() as i64));
            }
            leading.extend(shape);
            shape = leading;
        }
        if shape.len() > 2 {
            let error = Diagnostic::error(codes::BAD_ARGUMENT, "this dual has more than two axes");
            self.report(error.at(span, "an expression has at most two"));
            return self.error_node(span);
        }
        self.leaf(Kind::Dual(k as u32), shape, multiplier(), span)
    }

    /// `bounds(variable)`
    pub(super) fn bound_dual(&mut self, arguments: &[ExprId], span: Span) -> NodeId {
        let name = self.only_name(arguments);
        let found = name.and_then(|name| {
            let shape = self.model.variables.iter().find(|v| v.name == name)?.shape.clone();
            Some((self.multipliers.bounds.iter().position(|known| *known == name)?, shape))
        });
        let Some((k, shape)) = found else {
            let error = Diagnostic::error(codes::UNKNOWN_NAME, "`bounds` takes a variable that has bounds");
            let names = self.multipliers.bounds.iter().map(String::as_str);
            let error = error.at(span, "").note(known("variable with bounds", names));
            self.report(error);
            return self.error_node(span);
        };
        self.leaf(Kind::BoundDual(k as u32), shape, multiplier(), span)
    }

    /// The name that is the only argument.
    fn only_name(&self, arguments: &[ExprId]) -> Option<String> {
        match arguments {
            &[one] => match &self.ast.exprs[one] {
                Expr::Name(name) | Expr::Text(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

fn multiplier() -> Facts {
    Facts {
        curvature: Curvature::Unknown,
        level: Level::Variable,
        size: None,
        interval: Interval::ALL,
        ..Facts::number(0.0)
    }
}

/// What there is to choose from.
fn known<'n>(what: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] => format!("there is no {what}"),
        [one] => format!("the only {what} is {one}"),
        [.., _] => format!("there are {}", names.join(", ")),
    }
}

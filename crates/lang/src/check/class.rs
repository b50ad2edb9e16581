//! Does the solver have the class of problems that a model needs?

use super::build::Checker;
use super::explain::display_name;
use super::tree::{Class, Kind, NodeId};
use crate::atoms::{AtomId, Call, Group, Row};
use crate::diagnostics::{Diagnostic, codes};

/// Where an expression stands, as far as the class of problems is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the objective, inside nothing but affine atoms.
    Objective,
    /// In a constraint.
    Constraint,
    /// In the argument of an atom that allows less.
    Inside(NodeId),
}

impl Checker {
    /// Reports the innermost expressions that leave the class of problems the solver has.
    pub(super) fn check_class(&mut self, node: NodeId, allowed: Class, place: Place) {
        let mut stack = vec![(node, allowed, place)];
        let mut seen = std::collections::BTreeSet::new();
        while let Some((node, allowed, place)) = stack.pop() {
            let tree = &self.model.tree;
            if tree.facts(node).class <= allowed || !seen.insert(node) {
                continue;
            }
            let parts: Vec<_> =
                tree.operands(node).into_iter().filter(|&part| !tree.facts(part).variable_free()).collect();
            let (group, name) = match &tree[node].kind {
                Kind::Call { atom, arguments, options } => {
                    (atom.atom().group(&Call::new(tree, arguments, options)), atom.atom().row().name)
                }
                Kind::Comprehension { atom, .. } => (atom.atom().row().group, atom.atom().row().name),
                _ => (Group::Affine, ""),
            };
            // What an atom allows below itself: affine ones pass the allowance on.
            let affine = group == Group::Affine;
            let inner = if affine { allowed } else { allowed.min(Class::PiecewiseLinear) };
            let inside = if affine || place == Place::Constraint { place } else { Place::Inside(node) };
            let outside: Vec<_> = parts.iter().copied().filter(|&p| tree.facts(p).class > inner).collect();
            let own = match group {
                Group::Quadratic => Class::Quadratic,
                Group::Smooth => Class::Smooth,
                Group::Cone => Class::Beyond,
                Group::PiecewiseLinear => Class::PiecewiseLinear,
                _ => Class::Affine,
            };
            if outside.is_empty() || own > allowed {
                let error = self.outside_class(node, name, own, place);
                self.report(error);
            } else {
                stack.extend(outside.into_iter().map(|part| (part, inner, inside)));
            }
        }
    }

    fn is_power(&self, node: NodeId) -> bool {
        let Kind::Call { atom, .. } = &self.model.tree[node].kind else { return false };
        matches!(atom.atom().row().name, "square" | "power")
    }

    fn outside_class(&self, node: NodeId, name: &str, own: Class, place: Place) -> Diagnostic {
        let tree = &self.model.tree;
        let quadratic = own == Class::Quadratic;
        let row = AtomId::named(name).map(|atom| atom.atom().row());
        let (cone, instead) = match row {
            Some(row) if quadratic => ("a second-order cone", row.instead),
            Some(row) if own == Class::Smooth => (row.cone, Row::SMOOTH.instead),
            Some(row) if row.group == Group::Smooth => {
                (row.cone, "with data in one of the two places it is inside the class, in the objective")
            }
            Some(row) if !row.cone.is_empty() => (row.cone, row.instead),
            _ => ("a cone", ""),
        };
        let written = self.written(node, display_name(name));
        let place_words = match place {
            Place::Objective => "in the objective".to_owned(),
            Place::Constraint => "in a constraint".to_owned(),
            Place::Inside(outer) => format!("inside `{}`", self.written(outer, "another atom")),
        };
        let message = format!("`{written}` {place_words} needs {cone}, which the solver has not yet");
        let mut error = Diagnostic::error(codes::OUTSIDE_CLASS, message)
            .at(tree.span(node), format!("{}, but outside the class of problems", self.about(node)));
        if let Place::Inside(outer) = place {
            error = error.also(self.focus(outer), "inside this");
        }
        error = error
            .note("the class is: convex quadratic or smooth objectives over piecewise-linear constraints");
        match (name, place) {
            ("norm2", Place::Objective) => {
                error.help("`sum_squares(…)` has the same minimizers where the norm stands alone")
            }
            ("square" | "power", Place::Constraint) if quadratic => error
                .help("`abs(x) <= sqrt(c)` says the same as `square(x) <= c`, for data `c` that is nonneg")
                .help("where a variable is there only to be at least the square, minimize the square itself"),
            ("exp", Place::Constraint) => {
                error.help("`x <= log(c)` says the same as `exp(x) <= c`, for data `c` that is pos")
            }
            ("log", Place::Constraint) => {
                error.help("`x >= exp(c)` says the same as `log(x) >= c`, for data `c`")
            }
            ("log1p", Place::Constraint) => {
                error.help("`x >= exp(c) - 1` says the same as `log1p(x) >= c`, for data `c`")
            }
            ("sqrt", Place::Constraint) => {
                error.help("`x >= square(c)` says the same as `sqrt(x) >= c`, for data `c` that is nonneg")
            }
            ("inv_pos", Place::Constraint) => {
                error.help("`x >= 1 / c` says the same as `inv_pos(x) <= c`, for data `c` that is pos")
            }
            ("square" | "power", Place::Inside(outer)) if quadratic && self.is_power(outer) => {
                error.help("`x**4` is `square(square(x))`, and may stand in the objective")
            }
            (_, Place::Inside(_)) if quadratic => {
                error.help("a quadratic may stand in the objective itself, in sums, and times nonneg data")
            }
            _ if !instead.is_empty() => error.help(instead),
            _ => error,
        }
    }
}

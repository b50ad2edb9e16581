//! Warnings: models that mean something, but probably not what was meant. Each says only what is proved.

use super::build::Checker;
use super::influence::influential;
use super::model::{Constraint, Relation};
use super::size::{Poly, Unknown};
use super::tree::{Kind, NodeId};
use crate::diagnostics::{Diagnostic, any_error, codes};

impl Checker {
    /// Adds the warnings that need the whole model, if it has no errors.
    pub(super) fn warnings(&mut self) {
        if self.partial || any_error(&self.diagnostics) {
            return;
        }
        self.warn_unused();
        self.warn_without_influence();
        for k in 0..self.model.constraints.len() {
            let found = idle(self, &self.model.constraints[k]);
            self.diagnostics.extend(found);
        }
    }

    fn warn_unused(&mut self) {
        let unused = |name: &String| !self.used.contains(name);
        let mut found = Vec::new();
        for p in self.model.parameters.iter().filter(|p| unused(&p.name)) {
            let message = format!("the parameter `{}` is never used", p.name);
            let warning = Diagnostic::warning(codes::UNUSED_PARAMETER, message);
            found.push(warning.at(p.span, "its gradient is zero"));
        }
        let variables = self.model.variables.iter().map(|v| (&v.name, v.span, "variable"));
        let constants = self.model.constants.iter().map(|c| (&c.name, c.span, "constant"));
        let functions = self.functions.iter().map(|f| (&f.name.text, f.name.span, "function"));
        let dims = self.model.dims.iter().filter(|d| d.rounded.is_none()).map(|d| (&d.name, d.span, "size"));
        let sizes = self.model.sizes.iter().map(|s| (&s.name, s.span, "size"));
        let rest = variables.chain(constants).chain(functions).chain(dims).chain(sizes);
        for (name, span, what) in rest.filter(|(name, ..)| unused(name)) {
            let message = format!("the {what} `{name}` is never used");
            let label = if what == "variable" { "no constraint and no objective holds it" } else { "" };
            found.push(Diagnostic::warning(codes::UNUSED_DECLARATION, message).at(span, label));
        }
        self.diagnostics.extend(found);
    }

    fn warn_without_influence(&mut self) {
        let reached = influential(&self.model);
        // A `let` that nothing else uses is an output like any other; a range of data is checked.
        let mut reported = std::collections::BTreeSet::new();
        let ranges = self.model.parameters.iter().filter_map(|p| p.range).flat_map(|(lo, hi)| [lo, hi]);
        let mut stack: Vec<NodeId> = self.model.lets.iter().map(|l| l.node).chain(ranges).collect();
        while let Some(node) = stack.pop() {
            if reported.insert(node) {
                stack.extend(self.model.tree.operands(node));
            }
        }
        let reported: std::collections::BTreeSet<u32> = reported
            .iter()
            .filter_map(|&node| match self.model.tree[node].kind {
                Kind::Parameter(k) => Some(k),
                _ => None,
            })
            .collect();
        let found: Vec<_> = (0u32..)
            .zip(&self.model.parameters)
            .filter(|(k, p)| self.used.contains(&p.name) && !reached.contains(k) && !reported.contains(k))
            .map(|(_, p)| {
                let message = format!("the parameter `{}` has no influence on the problem", p.name);
                Diagnostic::warning(codes::NO_INFLUENCE, message)
                    .at(p.span, "its gradient is zero")
                    .note("wherever it stands, it is multiplied by 0 or cancels")
            })
            .collect();
        self.diagnostics.extend(found);
    }
}

/// The warning for a constraint that declared ranges decide, one comparison at a time.
fn idle(checker: &Checker, constraint: &Constraint) -> Option<Diagnostic> {
    let tree = &checker.model.tree;
    let sides: Vec<NodeId> =
        std::iter::once(constraint.first).chain(constraint.rest.iter().map(|r| r.1)).collect();
    let mut always = Vec::new();
    for (k, &(relation, _)) in constraint.rest.iter().enumerate() {
        let (a, b) = (tree.facts(sides[k]).interval, tree.facts(sides[k + 1]).interval);
        let (holds, fails) = match relation {
            Relation::AtMost => (a.hi <= b.lo, a.lo > b.hi),
            Relation::AtLeast => (a.lo >= b.hi, a.hi < b.lo),
            Relation::Equal => {
                (a.as_point().is_some() && a.as_point() == b.as_point(), a.lo > b.hi || a.hi < b.lo)
            }
        };
        let at = tree.span(sides[k]).to(tree.span(sides[k + 1]));
        if fails && surely_instances(constraint) {
            let warning = Diagnostic::warning(codes::NEVER_HOLDS, "this constraint cannot hold").at(at, "");
            return Some(
                ranges(checker, warning, &[sides[k], sides[k + 1]]).note("the problem is infeasible"),
            );
        }
        if holds {
            always.push((at, k));
        }
    }
    let &(at, k) = always.first()?;
    let (message, at) = if always.len() == constraint.rest.len() {
        ("this constraint always holds", tree.span(sides[0]).to(tree.span(sides[sides.len() - 1])))
    } else {
        ("this comparison always holds", at)
    };
    let warning = Diagnostic::warning(codes::NEVER_BINDS, message).at(at, "");
    Some(ranges(checker, warning, &[sides[k], sides[k + 1]]))
}

/// Adds what is known of the sides, numbers of the text apart.
fn ranges(checker: &Checker, warning: Diagnostic, sides: &[NodeId]) -> Diagnostic {
    let tree = &checker.model.tree;
    sides.iter().fold(warning, |warning, &side| {
        let interval = tree.facts(side).interval;
        match (interval.as_point(), interval.lo, interval.hi) {
            (Some(_), ..) => warning,
            (_, lo, f64::INFINITY) => warning.also(tree.span(side), format!("at least {lo}, as declared")),
            (_, f64::NEG_INFINITY, hi) => warning.also(tree.span(side), format!("at most {hi}, as declared")),
            (_, lo, hi) => warning.also(tree.span(side), format!("in [{lo}, {hi}], as declared")),
        }
    })
}

/// Whether a constraint has an instance and an entry whatever the sizes are, sizes being at least 1.
fn surely_instances(constraint: &Constraint) -> bool {
    let positive = |size: &Poly| {
        size.interval(&|unknown| match unknown {
            Unknown::Dim(_) => super::interval::Interval::new(1.0, f64::INFINITY),
            Unknown::Index(_) => super::interval::Interval::ALL,
        })
        .lo >= 1.0
    };
    let loops = constraint.loops.as_ref().is_none_or(|loops| {
        loops.condition.is_none()
            && loops.ranges.iter().all(|(_, from, to)| to.sub(from).is_ok_and(|count| positive(&count)))
    });
    loops && constraint.shape.iter().all(positive)
}

//! Is the objective convex, are the constraints? If not, why not.

use super::build::Checker;
use super::class::Place;
use super::curvature::{Curvature, Monotonicity};
use super::model::{Constraint, Relation};
use super::place::sign;
use super::tree::{Class, Kind, NodeId};
use crate::atoms::{Atom, Call};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::Sense;

impl Checker {
    /// Checks shape, curvature and class of the objective.
    pub(super) fn check_objective(&mut self, sense: Sense, node: NodeId, at: Span, statement: Span) {
        let tree = &self.model.tree;
        if tree.shape(node).iter().any(|size| !size.is(1)) || tree.shape(node).len() > 1 {
            let error = Diagnostic::error(codes::SHAPE_MISMATCH, "the objective must be a scalar")
                .at(at, format!("this is {}", tree.show_shape(tree.shape(node))));
            let Some(form) = self.elementwise_form(node) else {
                self.report(
                    error.help("make it one number: `sum(…)`, `max(…)`, `norm1(…)` or `sum_squares(…)`"),
                );
                return;
            };
            self.report(error.suggest(at, form, "`*` is elementwise; did you mean the quadratic form?"));
            // It says more than the warnings about each `*`.
            let inside = |d: &Diagnostic| d.span().is_some_and(|s| at.start <= s.start && s.end <= at.end);
            self.diagnostics.retain(|d| d.code != codes::MATRIX_TIMES_VECTOR || !inside(d));
            return;
        }
        let curvature = tree.facts(node).curvature;
        let (fits, word, wanted, other) = match sense {
            Sense::Minimize => (curvature.is_convex(), "minimized", "convex", "maximize"),
            Sense::Maximize => (curvature.is_concave(), "maximized", "concave", "minimize"),
        };
        if fits {
            self.check_class(node, Class::Smooth, Place::Objective);
        } else if curvature == Curvature::Unknown {
            self.explain_unknown(node);
        } else {
            let message =
                format!("an objective that is {word} must be {wanted}, and this is {}", curvature.name());
            let keyword = Span::new(statement.start as usize, statement.start as usize + "minimize".len());
            let error = Diagnostic::error(codes::OBJECTIVE_CURVATURE, message).at(at, self.about(node));
            let error = self.reason(error, node);
            // What no solver here can maximize is not worth turning around.
            self.report(if self.model.tree.facts(node).class > Class::Smooth {
                error
            } else {
                error.suggest(
                    keyword,
                    other,
                    format!("a {} expression can be {other}d", curvature.name()).replace("ee", "e"),
                )
            });
        }
    }

    /// Checks curvature and class of a constraint; says whether it can be used.
    pub(super) fn check_constraint(&mut self, constraint: &Constraint) -> bool {
        let before = self.diagnostics.len();
        let sides: Vec<NodeId> =
            std::iter::once(constraint.first).chain(constraint.rest.iter().map(|r| r.1)).collect();
        let mut unknown = false;
        for &side in &sides {
            if self.model.tree.facts(side).curvature == Curvature::Unknown {
                self.explain_unknown(side);
                unknown = true;
            }
        }
        if !unknown {
            for (k, &(relation, right)) in constraint.rest.iter().enumerate() {
                self.check_pair(sides[k], relation, right, constraint.span);
            }
        }
        if self.diagnostics[before..].iter().any(Diagnostic::is_error) {
            return false;
        }
        for side in sides {
            self.check_class(side, Class::PiecewiseLinear, Place::Constraint);
        }
        !self.diagnostics[before..].iter().any(Diagnostic::is_error)
    }

    fn check_pair(&mut self, left: NodeId, relation: Relation, right: NodeId, span: Span) {
        let tree = &self.model.tree;
        let (a, b) = (tree.facts(left).curvature, tree.facts(right).curvature);
        let (fits, rule) = match relation {
            Relation::AtMost => {
                (a.is_convex() && b.is_concave(), "`<=` needs a convex left side and a concave right side")
            }
            Relation::AtLeast => {
                (a.is_concave() && b.is_convex(), "`>=` needs a concave left side and a convex right side")
            }
            Relation::Equal => (a.is_affine() && b.is_affine(), "`==` needs affine sides"),
        };
        if fits {
            return;
        }
        let fine = |curvature: Curvature, convex: bool| match relation {
            Relation::Equal => curvature.is_affine(),
            _ if convex => curvature.is_convex(),
            _ => curvature.is_concave(),
        };
        let mut error = Diagnostic::error(codes::CONSTRAINT_CURVATURE, rule);
        for (node, curvature, convex) in
            [(left, a, relation != Relation::AtLeast), (right, b, relation == Relation::AtLeast)]
        {
            error = if fine(curvature, convex) {
                error.also(tree.span(node), self.about(node))
            } else {
                error.at(tree.span(node), self.about(node))
            };
        }
        if error.span().is_none() {
            error = error.at(span, "");
        }
        let (x, y) = (tree.facts(left).interval, tree.facts(right).interval);
        let holds = match relation {
            Relation::AtMost => x.hi <= y.lo,
            Relation::AtLeast => x.lo >= y.hi,
            Relation::Equal => false,
        };
        let below = a.is_convex() && b.is_concave();
        error = if holds {
            error.help("this comparison always holds, so it can be left out")
        } else if relation == Relation::Equal {
            error.note("the points where a curved function has one value form no convex set").help(
                match (below, a.is_concave() && b.is_convex()) {
                    (false, false) => "an inequality often says what is meant",
                    (true, _) => {
                        "`<=` is allowed; where the objective pulls against it, it holds with equality"
                    }
                    (_, true) => {
                        "`>=` is allowed; where the objective pulls against it, it holds with equality"
                    }
                },
            )
        } else if a.is_affine() || b.is_affine() {
            error.note(
                "the points where a convex function is at least a number, or a concave one at most, form no convex set",
            )
        } else {
            error
        };
        self.report(error);
    }

    /// Reports the innermost expressions whose curvature is unknown, each with the rule that failed.
    pub(super) fn explain_unknown(&mut self, node: NodeId) {
        let mut stack = vec![node];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(node) = stack.pop() {
            if !seen.insert(node) || self.is_error(node) {
                continue;
            }
            let tree = &self.model.tree;
            let inner: Vec<_> = tree
                .operands(node)
                .into_iter()
                .filter(|&o| tree.facts(o).curvature == Curvature::Unknown)
                .collect();
            if inner.is_empty() {
                let error = self.explain(node);
                self.report(error);
            } else {
                stack.extend(inner);
            }
        }
    }

    fn explain(&self, node: NodeId) -> Diagnostic {
        let tree = &self.model.tree;
        let (atom, arguments, options) = match &tree[node].kind {
            Kind::Call { atom, arguments, options } => (atom.atom(), &arguments[..], &options[..]),
            Kind::Comprehension { atom, body, .. } => (atom.atom(), std::slice::from_ref(body), &[][..]),
            _ => {
                let message = "this expression is neither convex nor concave";
                let error = Diagnostic::error(codes::UNKNOWN_CURVATURE, message).at(tree.span(node), "");
                return tree
                    .operands(node)
                    .into_iter()
                    .fold(error, |error, part| error.also(tree.span(part), self.about(part)));
            }
        };
        let call = Call::new(tree, arguments, options);
        let name = atom.row().name;
        let varies = |k: usize| arguments.get(k).is_some_and(|&a| !tree.facts(a).variable_free());
        match name {
            "divide" if varies(1) => return self.quotient(node, arguments),
            _ if atom.is_product() && (0..arguments.len()).filter(|&k| varies(k)).count() > 1 => {
                return self.product(node, arguments);
            }
            "multiply" | "matmul" | "divide" => return self.factor(name, arguments),
            "power" if varies(1) => return self.exponent(node, arguments),
            "add" => return self.mixed_sum(node, arguments),
            "quad_form" if !varies(1) && atom.curvature(&call) == Curvature::Unknown => {
                return self.indefinite(node, arguments);
            }
            _ => {}
        }
        for (k, &argument) in arguments.iter().enumerate() {
            if let Some(why) = atom.data_argument(k)
                && varies(k)
            {
                let message = format!("`{}` takes data only here", self.written(node, name));
                return Diagnostic::error(codes::DATA_ONLY, message)
                    .at(tree.span(argument), "a variable enters here")
                    .also(self.focus(node), why);
            }
        }
        self.composition(node, atom, &call)
    }

    fn mixed_sum(&self, node: NodeId, arguments: &[NodeId]) -> Diagnostic {
        let tree = &self.model.tree;
        let curvature = |a: NodeId| tree.facts(a).curvature;
        let first = arguments.iter().copied().find(|&a| !curvature(a).is_affine());
        let mut error = Diagnostic::error(codes::MIXED_SUM, "a sum of convex and concave terms is neither");
        for &term in arguments.iter().filter(|&&a| !curvature(a).is_affine()) {
            let label = match self.subtracted(term) {
                Some(inner) => format!("{}, and subtracted", self.about(inner)),
                None => self.about(term),
            };
            let clash = first.is_some_and(|first| curvature(first) != curvature(term));
            error = if clash { error.at(tree.span(term), label) } else { error.also(tree.span(term), label) };
        }
        if error.span().is_none() {
            error = error.at(tree.span(node), "");
        }
        error.note("minimize sums of convex terms, maximize sums of concave ones")
    }

    fn composition(&self, node: NodeId, atom: &dyn Atom, call: &Call<'_>) -> Diagnostic {
        let tree = &self.model.tree;
        let row = atom.row();
        let own = atom.curvature(call);
        let name = self.written(node, display_name(row.name));
        let guilty: Vec<usize> = (0..call.arguments.len())
            .filter(|&k| !allowed(own, atom.monotonicity(call, k)).contains(&call.facts(k).curvature))
            .collect();
        let curved = guilty.first().copied().unwrap_or(0);
        let facts = call.facts(curved);
        let known = if facts.interval.sign() == "unknown sign" && atom_follows_sign(row.name) {
            " of unknown sign"
        } else {
            ""
        };
        let what = match facts.curvature {
            curvature if curvature.is_affine() => "these arguments".to_owned(),
            curvature => format!("a {} argument{known}", curvature.name()),
        };
        let message = format!("`{name}` of {what} is neither convex nor concave by the rules");
        let mut error = Diagnostic::error(codes::COMPOSITION, message);
        for &k in &guilty {
            let wanted = match allowed(own, atom.monotonicity(call, k)) {
                [_, _, third] => third.name(),
                _ => "affine",
            };
            let label = format!("{}; must be {wanted} here", self.about(call.arguments[k]));
            error = error.at(tree.span(call.arguments[k]), label);
        }
        if error.span().is_none() {
            error = error.at(tree.span(node), self.about(node));
        }
        let moves = atom.monotonicity(call, curved).name();
        error = error.also(self.focus(node), format!("a {} atom, {moves} here", own.name()));
        match (facts.curvature, atom_follows_sign(row.name)) {
            (Curvature::Convex, true) => error.note(format!(
                "`{name}` is nondecreasing where its argument is nonneg; \
                     there a convex argument is allowed"
            )),
            (Curvature::Concave, true) => error.note(format!(
                "`{name}` is nonincreasing where its argument is nonpos; \
                     there a concave argument is allowed"
            )),
            _ => error,
        }
    }

    /// Adds why a product is curved the other way, where data turn it around.
    fn reason(&self, error: Diagnostic, node: NodeId) -> Diagnostic {
        let tree = &self.model.tree;
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            let Kind::Call { atom, arguments, .. } = &tree[node].kind else { continue };
            let turned = matches!(atom.atom().row().name, "multiply" | "divide" | "matmul")
                && arguments.iter().any(|&a| {
                    let inner = tree.facts(a).curvature;
                    !inner.is_affine() && inner != tree.facts(node).curvature
                });
            let data = arguments.iter().copied().find(|&a| tree.facts(a).variable_free());
            if let (true, Some(data)) = (turned, data) {
                let text = format!(
                    "`{}` is {}, and turns the curvature around",
                    self.model.text(tree.span(data)),
                    sign(tree.facts(data))
                );
                return error.note(text);
            }
            stack.extend(arguments.iter().filter(|&&a| !tree.facts(a).curvature.is_affine()));
        }
        error
    }
}

/// The curvatures that an argument may have, the most general last.
pub(super) fn allowed(own: Curvature, monotonicity: Monotonicity) -> &'static [Curvature] {
    use Curvature::{Affine, Concave, Constant, Convex};
    match (own, monotonicity) {
        (Convex, Monotonicity::Increasing) | (Concave, Monotonicity::Decreasing) => {
            &[Constant, Affine, Convex]
        }
        (Convex, Monotonicity::Decreasing) | (Concave, Monotonicity::Increasing) => {
            &[Constant, Affine, Concave]
        }
        (Affine | Constant, Monotonicity::Increasing | Monotonicity::Decreasing) => {
            &[Constant, Affine, Convex, Concave]
        }
        _ => &[Constant, Affine],
    }
}

/// Whether an atom is even, so that it moves with the sign of its argument.
fn atom_follows_sign(name: &str) -> bool {
    matches!(
        name,
        "abs"
            | "square"
            | "power"
            | "sum_squares"
            | "mean_squares"
            | "huber"
            | "norm1"
            | "norm2"
            | "norm_inf"
            | "quad_form"
            | "matrix_norm1"
            | "matrix_norm_inf"
            | "mixed_norm"
            | "quad_over_lin"
            | "quantile_loss"
            | "scalene"
    )
}

/// The name of an atom as the user knows it.
pub(super) fn display_name(name: &str) -> &str {
    match name {
        "multiply" => "*",
        "matmul" => "@",
        "divide" => "/",
        "add" => "+",
        "negative" => "-",
        "power" => "**",
        "transpose" => ".T",
        other => other,
    }
}

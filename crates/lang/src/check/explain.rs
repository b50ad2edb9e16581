//! Is the objective convex, are the constraints, and does the solver have the class? If not, why not.

use super::build::Checker;
use super::curvature::{Curvature, Monotonicity};
use super::model::{Constraint, Relation};
use super::tree::{Class, Facts, Kind, NodeId};
use crate::atoms::{Call, Group};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::Sense;

impl Checker {
    /// Checks shape, curvature and class of the objective.
    pub(super) fn check_objective(&mut self, sense: Sense, node: NodeId, at: Span, statement: Span) {
        let tree = &self.model.tree;
        if tree.shape(node).iter().any(|size| !size.is(1)) || tree.shape(node).len() > 1 {
            let error = Diagnostic::error(codes::SHAPE_MISMATCH, "the objective must be a scalar")
                .at(at, format!("this is {}", tree.show_shape(tree.shape(node))))
                .help("sum it: `sum(…)`");
            self.report(error);
            return;
        }
        let facts = tree.facts(node).clone();
        let (fits, word, wanted) = match sense {
            Sense::Minimize => (facts.curvature.is_convex(), "minimized", "convex"),
            Sense::Maximize => (facts.curvature.is_concave(), "maximized", "concave"),
        };
        if fits {
            self.check_class(node, Class::Quadratic, statement);
        } else if facts.curvature == Curvature::Unknown {
            self.explain_unknown(node);
        } else {
            let other = if sense == Sense::Minimize { "maximize" } else { "minimize" };
            let error = Diagnostic::error(
                codes::OBJECTIVE_CURVATURE,
                format!(
                    "an objective that is {word} must be {wanted}, and this is {}",
                    facts.curvature.name()
                ),
            )
            .at(at, facts.curvature.name())
            .help(format!("a {} expression can be {other}d", facts.curvature.name()).replace("ee", "e"));
            self.report(error);
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
            self.check_class(side, Class::PiecewiseLinear, constraint.span);
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
        let guilty = |curvature: Curvature, wants_convex: bool| match relation {
            Relation::Equal => !curvature.is_affine(),
            _ if wants_convex => !curvature.is_convex(),
            _ => !curvature.is_concave(),
        };
        let mut error = Diagnostic::error(codes::CONSTRAINT_CURVATURE, rule);
        for (node, curvature, wants_convex) in
            [(left, a, relation != Relation::AtLeast), (right, b, relation == Relation::AtLeast)]
        {
            error = if guilty(curvature, wants_convex) {
                error.at(tree.span(node), format!("this is {}", curvature.name()))
            } else {
                error.also(tree.span(node), format!("this is {}", curvature.name()))
            };
        }
        if error.span().is_none() {
            error = error.at(span, "");
        }
        if relation == Relation::Equal && (a == Curvature::Convex || b == Curvature::Convex) {
            error = error.note("the solutions of an equation with a curved side are no convex set; an inequality often says what is meant");
        }
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
        let span = tree.span(node);
        let about = |facts: &Facts| {
            let sign = facts.interval.sign();
            let sign = if sign == "unknown sign" { "of unknown sign" } else { sign };
            format!("{}, {sign}", facts.curvature.name())
        };
        let Kind::Call { atom, arguments, options } = &tree[node].kind else {
            let error =
                Diagnostic::error(codes::UNKNOWN_CURVATURE, "this expression is neither convex nor concave");
            return tree.operands(node).into_iter().fold(error.at(span, ""), |error, part| {
                error.also(tree.span(part), about(tree.facts(part)))
            });
        };
        let atom = atom.atom();
        let row = atom.row();
        let call = Call::new(tree, arguments, options);
        let varying: Vec<_> = arguments.iter().copied().filter(|&a| !tree.facts(a).variable_free()).collect();
        if atom.is_product()
            && (varying.len() > 1 || (row.name == "divide" && varying.contains(&arguments[1])))
        {
            let (message, help) = if row.name == "divide" {
                ("division by an expression with variables", "only data may stand below the line")
            } else {
                ("product of two expressions with variables", "one factor of a product must be data")
            };
            let mut error = Diagnostic::error(
                codes::PRODUCT_OF_VARIABLES,
                format!("{message} is neither convex nor concave"),
            )
            .at(span, "");
            for &argument in arguments {
                error = error.also(tree.span(argument), about(tree.facts(argument)));
            }
            return error.help(help);
        }
        for (k, &argument) in arguments.iter().enumerate() {
            if let Some(why) = atom.data_argument(k)
                && !tree.facts(argument).variable_free()
            {
                return Diagnostic::error(
                    codes::DATA_ONLY,
                    format!("`{}` of an expression with variables has no known curvature", row.name),
                )
                .at(tree.span(argument), "a variable enters here")
                .note(why);
            }
        }
        let own = atom.curvature(&call);
        if row.name == "add" {
            let mut error =
                Diagnostic::error(codes::MIXED_SUM, "a sum of convex and concave terms is neither")
                    .at(span, "");
            for &argument in arguments {
                let curvature = tree.facts(argument).curvature;
                if !curvature.is_affine() {
                    error = error.also(tree.span(argument), curvature.name());
                }
            }
            return error;
        }
        let mut error = Diagnostic::error(
            codes::COMPOSITION,
            format!(
                "`{}` of {} is neither convex nor concave by the rules",
                display_name(row.name),
                Self::describe(&call, own)
            ),
        )
        .at(
            span,
            format!(
                "{} {}",
                own.name(),
                if own == Curvature::Unknown { "for these arguments" } else { "atom" }
            ),
        );
        for (k, &argument) in arguments.iter().enumerate() {
            let facts = tree.facts(argument);
            if facts.variable_free() && own != Curvature::Unknown && !matches!(row.group, Group::Affine) {
                continue;
            }
            let label = if facts.variable_free() || facts.curvature.is_affine() {
                about(facts)
            } else {
                let monotonicity = atom.monotonicity(&call, k);
                let wanted = match (own, monotonicity) {
                    (_, Monotonicity::Neither) => "an affine argument",
                    (Curvature::Convex, Monotonicity::Increasing)
                    | (Curvature::Concave, Monotonicity::Decreasing) => "a convex argument",
                    _ => "a concave argument",
                };
                format!(
                    "{}; `{}` is {} here and needs {wanted}",
                    about(facts),
                    display_name(row.name),
                    monotonicity.name()
                )
            };
            error = error.also(tree.span(argument), label);
        }
        let sign_matters = arguments
            .iter()
            .any(|&a| tree.facts(a).variable_free() && tree.facts(a).interval.sign() == "unknown sign");
        if matches!(row.name, "multiply" | "matmul" | "divide") && sign_matters {
            error = error.help("declare the sign of the factor that is data, for instance `nonneg`");
        }
        if row.name == "quad_form" {
            error = error.help("declare the matrix `psd`, or assert it with `psd_wrap(…)`");
        }
        error
    }

    fn describe(call: &Call<'_>, own: Curvature) -> String {
        let curved = (0..call.arguments.len()).find(|&k| !call.facts(k).curvature.is_affine());
        match curved {
            Some(k) => format!("a {} expression", call.facts(k).curvature.name()),
            None if own == Curvature::Unknown => "these arguments".into(),
            None => "this".into(),
        }
    }

    /// Reports the innermost expression that leaves the class of problems the solver has.
    fn check_class(&mut self, node: NodeId, allowed: Class, statement: Span) {
        let mut stack = vec![(node, allowed)];
        let mut seen = std::collections::BTreeSet::new();
        while let Some((node, allowed)) = stack.pop() {
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
            let inner = if group == Group::Affine { allowed } else { allowed.min(Class::PiecewiseLinear) };
            let outside: Vec<_> = parts.iter().copied().filter(|&p| tree.facts(p).class > inner).collect();
            let own = match group {
                Group::Quadratic => Class::Quadratic,
                Group::Smooth => Class::Smooth,
                Group::Cone => Class::Beyond,
                Group::PiecewiseLinear => Class::PiecewiseLinear,
                _ => Class::Affine,
            };
            if outside.is_empty() || own > allowed {
                let error = self.outside_class(node, name, own, allowed, statement);
                self.report(error);
            } else {
                stack.extend(outside.into_iter().map(|part| (part, inner)));
            }
        }
    }

    fn outside_class(
        &self,
        node: NodeId,
        name: &str,
        own: Class,
        allowed: Class,
        statement: Span,
    ) -> Diagnostic {
        let tree = &self.model.tree;
        let span = tree.span(node);
        let row = crate::atoms::AtomId::named(name).map(|atom| atom.atom().row());
        let (cone, rewrite) = match row {
            Some(row) if !row.cone.is_empty() => (row.cone, row.instead),
            _ if own == Class::Smooth => ("an exponential cone", ""),
            _ => ("a cone", ""),
        };
        let place = if allowed <= Class::PiecewiseLinear { "here" } else { "in the objective" };
        let mut error = Diagnostic::error(
            codes::OUTSIDE_CLASS,
            format!("`{}` {place} needs {cone}, which the solver has not yet", display_name(name)),
        )
        .at(span, "outside the class of problems");
        if statement != span {
            error = error.note(
                "the class is: convex quadratic or smooth objectives over piecewise-linear constraints",
            );
        }
        if name == "norm2" && allowed > Class::PiecewiseLinear {
            error = error.help("`sum_squares(…)` has the same minimizers where the norm stands alone");
        }
        if rewrite.is_empty() { error } else { error.help(rewrite) }
    }
}

/// The name of an atom as the user knows it.
fn display_name(name: &str) -> &str {
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

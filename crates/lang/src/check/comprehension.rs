//! Comprehensions: an atom over the instances of a body.

use super::build::Checker;
use super::call::class;
use super::curvature::{self, Monotonicity};
use super::size::{Poly, Unknown};
use super::tree::{Class, Definite, Facts, Kind, Loops, Node, NodeId};
use crate::atoms::{AtomId, Group};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{ExprId, Name, Ranges};

/// Atoms that take the instances of a comprehension.
const OVER_RANGES: [&str; 7] = ["sum", "max", "min", "maximum", "minimum", "hstack", "vstack"];

impl Checker {
    /// `sum(body for i in a..b)` and its relatives.
    pub(super) fn comprehension(
        &mut self,
        function: &Name,
        body: ExprId,
        ranges: &Ranges,
        options: &[(Name, ExprId)],
        span: Span,
    ) -> NodeId {
        if !OVER_RANGES.contains(&function.text.as_str()) {
            let error =
                Diagnostic::error(codes::BAD_ARGUMENT, format!("`{}` does not take a range", function.text))
                    .at(function.span, "")
                    .note(format!("these do: {}", OVER_RANGES.map(|n| format!("`{n}`")).join(", ")));
            self.report(error);
        }
        if let Some((name, _)) = options.first() {
            let error =
                Diagnostic::error(codes::BAD_ARGUMENT, "a comprehension has no options").at(name.span, "");
            self.report(error.help("wrap it: `sum(sum(… for …), axis=0)`"));
        }
        let loops = self.open(ranges);
        let node = self.expression(body);
        self.close(ranges);
        let (Some(loops), false) = (loops, self.is_error(node)) else { return self.error_node(span) };
        if !OVER_RANGES.contains(&function.text.as_str()) || !options.is_empty() {
            return self.error_node(span);
        }
        // Over ranges, `max` and `maximum` mean the same.
        let name = match function.text.as_str() {
            "max" => "maximum",
            "min" => "minimum",
            other => other,
        };
        let Some(atom) = AtomId::named(name) else { return self.error_node(span) };
        let Some(shape) = self.comprehension_shape(name, node, &loops, span) else {
            return self.error_node(span);
        };
        let own = self.model.tree.facts(node).clone();
        let facts = comprehension_facts(atom, &own, &loops);
        let kind = Kind::Comprehension { atom, body: node, loops };
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        self.push(Node { kind, shape, facts, requirements: Vec::new() }, span)
    }

    fn comprehension_shape(
        &mut self,
        name: &str,
        body: NodeId,
        loops: &Loops,
        span: Span,
    ) -> Option<Vec<Poly>> {
        let tree = &self.model.tree;
        let shape = tree.shape(body).to_vec();
        let own = loops.ranges.iter().map(|(k, _, _)| *k).collect::<Vec<_>>();
        let varies =
            shape.iter().flat_map(Poly::unknowns).any(|u| matches!(u, Unknown::Index(k) if own.contains(&k)));
        if varies {
            let text = tree.show_shape(&shape);
            let error =
                Diagnostic::error(codes::SHAPE_MISMATCH, "the instances of this body differ in shape");
            self.report(
                error
                    .at(tree.span(body), format!("this is {text}"))
                    .help("reduce each instance to a number, as in `sum(sum(x[0:i]) for i in 1..n)`"),
            );
            return None;
        }
        if !matches!(name, "hstack" | "vstack") {
            return Some(shape);
        }
        let fixed = loops.condition.is_none()
            && loops.ranges.iter().all(|(_, a, b)| !a.has_index() && !b.has_index());
        let count = loops
            .ranges
            .iter()
            .try_fold(Poly::constant(1), |product, (_, a, b)| product.mul(&b.sub(a).ok()?).ok());
        let (Some(count), true) = (count, fixed) else {
            let error = Diagnostic::error(
                codes::SHAPE_MISMATCH,
                format!("the number of instances that `{name}` joins is not known"),
            );
            self.report(
                error
                    .at(span, "ranges must not depend on each other or on a condition here")
                    .help("`sum`, `max` and `min` need no such array: `max(… for i in … if …)`"),
            );
            return None;
        };
        let times = |size: &Poly| count.mul(size).unwrap_or_default();
        Some(match (name, &shape[..]) {
            ("hstack", []) => vec![count],
            ("hstack", [n]) => vec![times(n)],
            ("hstack", [m, n]) => vec![m.clone(), times(n)],
            (_, []) => vec![count, Poly::constant(1)],
            (_, [n]) => vec![count, n.clone()],
            (_, [m, n]) => vec![times(m), n.clone()],
            _ => shape,
        })
    }
}

fn comprehension_facts(atom: AtomId, body: &Facts, loops: &Loops) -> Facts {
    let row = atom.atom().row();
    let elementwise = matches!(row.group, Group::PiecewiseLinear);
    let curvature = if elementwise {
        curvature::compose(row.curvature, &[(body.curvature, Monotonicity::Increasing)])
    } else {
        body.curvature
    };
    // An empty sum is 0.
    let interval = if row.name == "sum" { body.interval.sum(None) } else { body.interval };
    let keeps_definite = row.name == "sum" && loops.condition.is_none();
    let class = if body.variable_free() { Class::Affine } else { class(row.group, row.curvature, &[body]) };
    Facts {
        curvature,
        interval,
        definite: if keeps_definite { body.definite } else { Definite::No },
        class,
        linear: body.linear && (!elementwise || !body.variable_free()),
        size: None,
        // Bodies under another `for` depend on its index; a cheap test of the body's own says enough.
        indexed: body.indexed,
        ..body.clone()
    }
}

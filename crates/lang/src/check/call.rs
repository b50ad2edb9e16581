//! Calls of atoms: shape and facts of the result, or why the atom refuses its arguments.

use super::build::Checker;
use super::curvature::{self, Curvature};
use super::fold;
use super::size::Poly;
use super::tree::{Class, Definite, Facts, Kind, Level, Node, NodeId, OptionValue};
use crate::atoms::{AtomId, Call, Group, Refusal};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

impl Checker {
    /// A call of a built-in atom by its canonical name.
    pub(super) fn apply(
        &mut self,
        name: &str,
        arguments: Vec<NodeId>,
        options: Vec<(String, OptionValue)>,
        span: Span,
    ) -> NodeId {
        match AtomId::named(name) {
            Some(atom) => self.call(atom, arguments, options, span),
            None => self.error_node(span),
        }
    }

    /// A call of an atom.
    pub(super) fn call(
        &mut self,
        atom: AtomId,
        arguments: Vec<NodeId>,
        options: Vec<(String, OptionValue)>,
        span: Span,
    ) -> NodeId {
        if arguments.iter().any(|&a| self.is_error(a)) {
            return self.error_node(span);
        }
        if let Some(node) = self.fold(atom, &arguments, &options, span) {
            return node;
        }
        if let Some(node) = self.infinite(atom, &arguments, span) {
            return node;
        }
        let kind = Kind::Call { atom, arguments, options };
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let Kind::Call { arguments, options, .. } = &kind else { return self.error_node(span) };
        let call = Call::new(&self.model.tree, arguments, options);
        match facts(atom, &call) {
            Ok((shape, facts)) => {
                let requirements = call.requirements.into_inner();
                let name = atom.atom().row().name;
                if matches!(name, "add" | "divide" | "maximum" | "minimum") {
                    let arguments = arguments.clone();
                    self.warn_column(&arguments, span);
                }
                self.push(Node { kind, shape, facts, requirements }, span)
            }
            Err(refusal) => {
                let error = self.refusal(&refusal, arguments, span);
                self.report(error);
                self.error_node(span)
            }
        }
    }

    pub(super) fn refusal(&self, refusal: &Refusal, arguments: &[NodeId], span: Span) -> Diagnostic {
        let labelled: Vec<NodeId> =
            refusal.labels.iter().filter_map(|(argument, _)| arguments.get(*argument).copied()).collect();
        let says =
            |name: &str| refusal.message.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
        let option = self.options.iter().find(|(name, _)| says(name));
        let at = match option {
            Some(&(_, place)) => place,
            None if labelled.is_empty() => span,
            None => self.focus_of(span, if labelled.len() > 1 { &labelled } else { arguments }),
        };
        let mut error = Diagnostic::error(refusal.code, &*refusal.message).at(at, "");
        for (argument, label) in &refusal.labels {
            if let Some(&node) = arguments.get(*argument) {
                error = error.also(self.model.tree.span(node), label.clone());
            }
        }
        if let Some(help) = &refusal.help {
            error = error.help(&**help);
        }
        match labelled[..] {
            [a, b] if refusal.code == codes::SHAPE_MISMATCH => self.fitting(error, at, a, b),
            _ => error,
        }
    }

    /// Adds what would make two shapes fit: a transposition, or two sizes that are one.
    fn fitting(&self, error: Diagnostic, at: Span, a: NodeId, b: NodeId) -> Diagnostic {
        let tree = &self.model.tree;
        let (left, right) = (tree.shape(a), tree.shape(b));
        let product = at.text(&self.model.source) == "@";
        if let ([m, _], Some(inner)) = (left, right.first())
            && product
            && m == inner
        {
            let text = tree.span(a).text(&self.model.source);
            let rest = self.model.source.get(tree.span(a).end as usize..).unwrap_or("");
            return if rest.trim_start().starts_with('.') {
                error.help(format!("`{text}` without its transposition fits"))
            } else if text.chars().all(|c| c.is_alphanumeric() || c == '_') && !text.is_empty() {
                error.suggest(tree.span(a).after(), ".T", format!("the transpose of `{text}` fits"))
            } else {
                error.help("the transpose of the left factor fits")
            };
        }
        if at.text(&self.model.source) == "*" && left.last() == right.first() {
            return error.suggest(at, "@", "the matrix product fits");
        }
        let ends = if product { (left.last(), right.first()) } else { (left.last(), right.last()) };
        if let (Some(m), Some(n)) = ends
            && let (Some(m), Some(n)) = (m.as_dim(), n.as_dim())
            && m != n
        {
            let (m, n) = (tree.name(m), tree.name(n));
            return error.note(format!(
                "`{m}` and `{n}` are sizes of their own; where they are always equal, say `dim {n} = {m};`"
            ));
        }
        error
    }

    /// Refuses `inf` beside variables, where no finite value would come out.
    fn infinite(&mut self, atom: AtomId, arguments: &[NodeId], span: Span) -> Option<NodeId> {
        let tree = &self.model.tree;
        let infinite = arguments.iter().copied().find(|&a| match tree[a].kind {
            Kind::Number(bits) => bits.get().is_infinite(),
            _ => false,
        })?;
        let order = atom.atom().row().name == "mixed_norm" && infinite != arguments[0];
        if order || arguments.iter().all(|&a| tree.facts(a).variable_free()) {
            return None;
        }
        let message =
            format!("`{}` of infinity and an expression with variables", self.spelt(atom, span, arguments));
        let error = Diagnostic::error(codes::BAD_ARGUMENT, message)
            .at(tree.span(infinite), "`inf` stands in ranges, in bounds, and as the order of a norm");
        self.report(error);
        Some(self.error_node(span))
    }

    /// Warns where a vector and a column of the same length broadcast to a square matrix.
    pub(super) fn warn_column(&mut self, arguments: &[NodeId], span: Span) {
        let tree = &self.model.tree;
        let column = arguments.iter().copied().find_map(|a| match tree.shape(a) {
            [n, one] if one.is(1) && !n.is(1) => Some((a, n)),
            _ => None,
        });
        let Some((column, n)) = column else { return };
        let vector = arguments.iter().copied().find(|&a| matches!(tree.shape(a), [m] if m == n));
        if let Some(vector) = vector {
            let warning = Diagnostic::warning(
                codes::COLUMN_AND_VECTOR,
                format!("a vector and a column broadcast to a matrix, [{0}, {0}]", tree.show(n)),
            )
            .at(self.focus_of(span, &[arguments[0], arguments[1]]), "")
            .also(tree.span(vector), format!("a vector, {}", tree.show_shape(tree.shape(vector))))
            .also(tree.span(column), format!("a column, {}", tree.show_shape(tree.shape(column))))
            .help("a column becomes a vector with `[:, 0]`");
            self.diagnostics.push(warning);
        }
    }

    fn spelt(&self, atom: AtomId, span: Span, arguments: &[NodeId]) -> String {
        let text = self.focus_of(span, arguments).text(&self.model.source);
        if text.len() <= 16 && !text.is_empty() { text.to_owned() } else { atom.atom().row().name.to_owned() }
    }

    /// Sizes and literal numbers are computed at once.
    fn fold(
        &mut self,
        atom: AtomId,
        arguments: &[NodeId],
        options: &[(String, OptionValue)],
        span: Span,
    ) -> Option<NodeId> {
        if !options.is_empty() {
            return None;
        }
        let tree = &self.model.tree;
        let name = atom.atom().row().name;
        if arguments.len() == 1 && name == "add" {
            return Some(arguments[0]);
        }
        if name == "transpose" {
            let a = arguments[0];
            // A vector is its own transpose, and so is a symmetric matrix.
            if tree.shape(a).len() < 2 || tree.facts(a).definite != Definite::No {
                return Some(a);
            }
            if let Kind::Call { atom: inner, arguments, .. } = &tree[a].kind
                && *inner == atom
            {
                return Some(arguments[0]);
            }
        }
        if arguments.iter().all(|&a| matches!(tree[a].kind, Kind::Number(_))) && !arguments.is_empty() {
            let values: Vec<_> = arguments
                .iter()
                .filter_map(|&a| if let Kind::Number(bits) = tree[a].kind { Some(bits.get()) } else { None })
                .collect();
            return fold::scalar(name, &values).map(|value| self.number(value, span));
        }
        let sizes: Option<Vec<&Poly>> = arguments.iter().map(|&a| tree.facts(a).size.as_ref()).collect();
        let sizes = sizes.filter(|all| !all.is_empty())?;
        let value = match (name, &sizes[..]) {
            ("add", all) => all.iter().try_fold(Poly::default(), |sum, p| sum.add(p)),
            ("negative", [p]) => Poly::default().sub(p),
            ("multiply", [p, q]) => p.mul(q),
            _ => return None,
        };
        if let Ok(size) = value {
            Some(self.size_node(size, span))
        } else {
            self.report(
                Diagnostic::error(codes::SIZE_OVERFLOW, "this size is too large to compute").at(span, ""),
            );
            Some(self.error_node(span))
        }
    }
}

/// The facts that hold of an array whose parts have these facts.
pub(super) fn join(a: &Facts, b: &Facts) -> Facts {
    let curvature = match (a.curvature, b.curvature) {
        (x, y) if x == y => x,
        (Curvature::Constant, y) => y,
        (x, Curvature::Constant) => x,
        (Curvature::Affine, y) => y,
        (x, Curvature::Affine) => x,
        _ => Curvature::Unknown,
    };
    Facts {
        curvature,
        interval: a.interval.hull(b.interval),
        definite: Definite::No,
        class: a.class.max(b.class),
        level: a.level.max(b.level),
        linear: a.linear && b.linear,
        size: None,
        indexed: a.indexed || b.indexed,
    }
}

/// Shape and facts of a call, or why the atom refuses it.
pub(super) fn facts(atom: AtomId, call: &Call<'_>) -> Result<(Vec<Poly>, Facts), Refusal> {
    let atom = atom.atom();
    let shape = atom.shape(call)?;
    let all: Vec<&Facts> = (0..call.arguments.len()).map(|k| call.facts(k)).collect();
    let level = all.iter().map(|f| f.level).max().unwrap_or(Level::Number);
    let arguments: Vec<_> =
        all.iter().enumerate().map(|(k, f)| (f.curvature, atom.monotonicity(call, k))).collect();
    let data_only =
        all.iter().enumerate().any(|(k, f)| !f.variable_free() && atom.data_argument(k).is_some());
    let curvature =
        if data_only { Curvature::Unknown } else { curvature::compose(atom.curvature(call), &arguments) };
    let class = class(atom.group(call), atom.curvature(call), &all);
    let facts = Facts {
        curvature,
        interval: atom.interval(call),
        definite: atom.definite(call),
        class: if level < Level::Variable { Class::Affine } else { class },
        level,
        linear: all.iter().all(|f| f.linear) && atom.linear(call),
        size: None,
        indexed: all.iter().any(|f| f.indexed),
    };
    Ok((shape, facts))
}

/// The class that an atom of a group needs over arguments of these classes.
pub(super) fn class(group: Group, own: Curvature, arguments: &[&Facts]) -> Class {
    let inner = arguments.iter().map(|f| f.class).max().unwrap_or(Class::Affine);
    let over_piecewise = |own: Class| if inner <= Class::PiecewiseLinear { own } else { Class::Beyond };
    match group {
        Group::Affine | Group::Constructor | Group::Data => inner,
        _ if own.is_affine() => inner,
        Group::PiecewiseLinear => over_piecewise(Class::PiecewiseLinear),
        Group::Quadratic => over_piecewise(Class::Quadratic),
        Group::Smooth => over_piecewise(Class::Smooth),
        Group::Cone => Class::Beyond,
    }
}

//! Operators, calls and comprehensions.

use super::build::Checker;
use super::call::class;
use super::curvature::{self, Curvature, Monotonicity};
use super::names::{Local, Symbol};
use super::size::Poly;
use super::tree::{Bits, Definite, Facts, Kind, Loops, Node, NodeId, OptionValue, Tree};
use crate::atoms::{AtomId, Group};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprId, Name, Ranges};

/// Atoms that take the instances of a comprehension.
const OVER_RANGES: [&str; 7] = ["sum", "max", "min", "maximum", "minimum", "hstack", "vstack"];

impl Checker {
    /// An operator other than `+` and `-`.
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        lhs: NodeId,
        rhs: NodeId,
        span: Span,
    ) -> NodeId {
        if self.is_error(lhs) || self.is_error(rhs) {
            return self.error_node(span);
        }
        let both_vary =
            !self.model.tree.facts(lhs).variable_free() && !self.model.tree.facts(rhs).variable_free();
        match op {
            BinaryOp::MatMul => {
                if both_vary && let Some((x, p)) = self.quadratic_form(lhs, rhs) {
                    return match p {
                        Some(p) => self.apply("quad_form", vec![x, p], Vec::new(), span),
                        None => self.apply("sum_squares", vec![x], Vec::new(), span),
                    };
                }
                self.apply("matmul", vec![lhs, rhs], Vec::new(), span)
            }
            BinaryOp::Mul => {
                if both_vary && self.model.tree.same(lhs, rhs) {
                    return self.apply("square", vec![lhs], Vec::new(), span);
                }
                let product = self.apply("multiply", vec![lhs, rhs], Vec::new(), span);
                if !self.is_error(product) {
                    self.warn_matrix_times_vector(lhs, rhs, op_span);
                }
                product
            }
            BinaryOp::Div => {
                if self.model.tree.facts(rhs).interval.as_point() == Some(0.0) {
                    let error = Diagnostic::error(codes::DIVISION_BY_ZERO, "division by zero");
                    self.report(error.at(self.model.tree.span(rhs), "this is 0"));
                    return self.error_node(span);
                }
                self.apply("divide", vec![lhs, rhs], Vec::new(), span)
            }
            BinaryOp::Pow => self.power(lhs, rhs, span),
            BinaryOp::And | BinaryOp::Or => {
                let error = Diagnostic::error(
                    codes::BAD_ARGUMENT,
                    format!("`{}` joins conditions after `if`", op.symbol()),
                );
                self.report(error.at(op_span, ""));
                self.error_node(span)
            }
            BinaryOp::Add | BinaryOp::Sub => self.error_node(span),
        }
    }

    fn power(&mut self, base: NodeId, exponent: NodeId, span: Span) -> NodeId {
        // `norm(x, 2)**2` is a sum of squares, which is inside the class where the norm is not.
        if let Kind::Call { atom, arguments, .. } = &self.model.tree[base].kind
            && atom.atom().row().name == "norm2"
            && self.model.tree.facts(exponent).interval.as_point() == Some(2.0)
        {
            return self.apply("sum_squares", vec![arguments[0]], Vec::new(), span);
        }
        self.apply("power", vec![base, exponent], Vec::new(), span)
    }

    /// Recognizes `x.T @ P @ x`, `x @ (P @ x)` and `x @ x`.
    fn quadratic_form(&self, lhs: NodeId, rhs: NodeId) -> Option<(NodeId, Option<NodeId>)> {
        let tree = &self.model.tree;
        let vector = |n: NodeId| tree.shape(n).len() == 1;
        if tree.same(lhs, rhs) && vector(lhs) {
            return Some((lhs, None));
        }
        let product = |n: NodeId| match &tree[n].kind {
            Kind::Call { atom, arguments, .. } if atom.atom().row().name == "matmul" => {
                Some((arguments[0], arguments[1]))
            }
            _ => None,
        };
        if let Some((x, p)) = product(lhs)
            && tree.same(x, rhs)
            && vector(x)
            && tree.facts(p).variable_free()
        {
            return Some((x, Some(p)));
        }
        if let Some((p, x)) = product(rhs)
            && tree.same(x, lhs)
            && vector(x)
            && tree.facts(p).variable_free()
        {
            return Some((x, Some(p)));
        }
        None
    }

    /// A call by name: a user-written atom, else a built-in one.
    pub(super) fn function(
        &mut self,
        function: &Name,
        arguments: &[ExprId],
        options: &[(Name, ExprId)],
        span: Span,
    ) -> NodeId {
        if let Some(Symbol::Function(k)) = self.names.global(&function.text) {
            self.used.insert(function.text.clone());
            return self.expand(k, arguments, options, function.span, span);
        }
        if self.at_solution && function.text == "dual" {
            return self.dual(arguments, span);
        }
        if function.text == "dual" {
            let error = self.names.unknown("dual", function.span, true);
            self.report(error);
            return self.error_node(span);
        }
        let nodes: Vec<_> = arguments.iter().map(|&a| self.expression(a)).collect();
        let values: Vec<_> = options.iter().filter_map(|(n, v)| self.option(n, *v)).collect();
        let name = match (function.text.as_str(), nodes.len()) {
            ("norm", 1 | 2) => match self.norm(&nodes, arguments, span) {
                Some(name) => name,
                None => return self.error_node(span),
            },
            (name, _) => name.to_owned(),
        };
        let nodes = if function.text == "norm" { nodes[..1].to_vec() } else { nodes };
        let Some(atom) = AtomId::named(&name) else {
            let symbol = self.names.global(&function.text);
            let error = if symbol.is_some() {
                Diagnostic::error(codes::UNKNOWN_NAME, format!("`{}` is not a function", function.text))
                    .at(function.span, "it is declared as a value")
                    .help("to index, write brackets: `x[i]`")
            } else {
                self.names.unknown(&function.text, function.span, true)
            };
            self.report(error);
            return self.error_node(span);
        };
        let row = atom.atom().row();
        let nodes = self.one_list(row.arguments, nodes);
        if !self.arguments_fit(atom, &nodes, options, function, span) {
            return self.error_node(span);
        }
        if let ("power", [base, exponent]) = (row.name, &nodes[..]) {
            return self.power(*base, *exponent, span);
        }
        self.options =
            options.iter().map(|(n, v)| (n.text.clone(), n.span.to(self.ast.exprs.span(*v)))).collect();
        let node = self.call(atom, nodes, values, span);
        self.options.clear();
        node
    }

    /// `hstack([a, b])` means `hstack(a, b)`, as in NumPy.
    fn one_list(&self, (_, most): (usize, usize), nodes: Vec<NodeId>) -> Vec<NodeId> {
        match nodes[..] {
            [only] if most == usize::MAX => match &self.model.tree[only].kind {
                Kind::Array(items) => items.clone(),
                _ => nodes,
            },
            _ => nodes,
        }
    }

    fn arguments_fit(
        &mut self,
        atom: AtomId,
        nodes: &[NodeId],
        options: &[(Name, ExprId)],
        function: &Name,
        span: Span,
    ) -> bool {
        let row = atom.atom().row();
        let (least, most) = row.arguments;
        let mut good = true;
        if nodes.len() < least || nodes.len() > most {
            let wanted = match (least, most) {
                (a, b) if a == b => format!("{a}"),
                (a, usize::MAX) => format!("at least {a}"),
                (a, b) => format!("{a} to {b}"),
            };
            let mut error = Diagnostic::error(
                codes::BAD_ARGUMENT,
                format!(
                    "`{}` takes {wanted} argument{}, and {} given",
                    function.text,
                    if wanted == "1" { "" } else { "s" },
                    are(nodes.len())
                ),
            )
            .at(span, format!("the form is `{}`", row.signature));
            let elementwise = match row.name {
                "max" => Some("maximum"),
                "min" => Some("minimum"),
                _ => None,
            };
            if let Some(other) = elementwise
                && nodes.len() > 1
            {
                error = error.suggest(function.span, other, format!("the elementwise one is `{other}`"));
            } else if row.options.contains(&"axis") && nodes.len() == most + 1 {
                // NumPy's second argument is the axis.
                let axis = nodes[most];
                let place = self.model.tree.span(axis);
                error = match self.model.tree[axis].kind {
                    Kind::Number(_) => error.fix(place.before(), "axis=", "options are given by name"),
                    _ => error.help("options are given by name: `axis=1`"),
                };
            }
            self.report(error);
            good = false;
        }
        for (name, _) in options {
            if !row.options.contains(&name.text.as_str()) {
                let mut error = Diagnostic::error(
                    codes::BAD_ARGUMENT,
                    format!("`{}` has no option `{}`", function.text, name.text),
                )
                .at(name.span, "");
                let near = crate::diagnostics::suggest::nearest(&name.text, row.options.iter().copied());
                error = if let Some(near) = near {
                    error.suggest(name.span, near, format!("did you mean `{near}`?"))
                } else if row.options.is_empty() {
                    error.help(format!("the form is `{}`", row.signature))
                } else {
                    error.help(format!(
                        "its options are {}",
                        row.options.iter().map(|o| format!("`{o}`")).collect::<Vec<_>>().join(", ")
                    ))
                };
                self.report(error);
                good = false;
            }
        }
        good
    }

    fn norm(&mut self, nodes: &[NodeId], arguments: &[ExprId], span: Span) -> Option<String> {
        if nodes.iter().any(|&n| self.is_error(n)) {
            return None;
        }
        if let Some(&p) = arguments.get(1)
            && let Expr::Text(text) = &self.ast.exprs[p]
            && text == "inf"
        {
            return Some("norm_inf".into());
        }
        let p = nodes.get(1).map_or(Some(2.0), |&n| self.model.tree.facts(n).interval.as_point());
        let matrix = self.model.tree.shape(nodes[0]).len() == 2;
        let name = match p {
            Some(1.0) if matrix => "matrix_norm1",
            Some(1.0) => "norm1",
            Some(2.0) => "norm2",
            Some(f64::INFINITY) if matrix => "matrix_norm_inf",
            Some(f64::INFINITY) => "norm_inf",
            _ => {
                let at = arguments.get(1).map_or(span, |&p| self.ast.exprs.span(p));
                let error = Diagnostic::error(codes::BAD_ARGUMENT, "the order of a norm is 1, 2 or inf");
                self.report(error.at(at, "this is another, or not known when the model is checked"));
                return None;
            }
        };
        Some(name.into())
    }

    fn option(&mut self, name: &Name, value: ExprId) -> Option<(String, OptionValue)> {
        let out = match &self.ast.exprs[value] {
            Expr::Text(text) => OptionValue::Text(text.clone()),
            Expr::Name(word) if word.eq_ignore_ascii_case("true") => OptionValue::Number(Bits::new(1.0)),
            Expr::Name(word) if word.eq_ignore_ascii_case("false") => OptionValue::Number(Bits::new(0.0)),
            _ => {
                let node = self.expression(value);
                if self.is_error(node) {
                    return None;
                }
                match self.model.tree[node].kind {
                    Kind::Number(bits) => OptionValue::Number(bits),
                    _ => OptionValue::Node(node),
                }
            }
        };
        Some((name.text.clone(), out))
    }

    fn dual(&mut self, arguments: &[ExprId], span: Span) -> NodeId {
        let label = match arguments {
            [one] => match &self.ast.exprs[*one] {
                Expr::Name(name) | Expr::Text(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        let found = label.as_ref().and_then(|l| self.model.constraints.iter().position(|c| c.label == *l));
        let Some(k) = found else {
            let known = self
                .model
                .constraints
                .iter()
                .map(|c| format!("`{}`", c.label))
                .collect::<Vec<_>>()
                .join(", ");
            let error =
                Diagnostic::error(codes::UNKNOWN_NAME, "`dual` takes the label of a constraint").at(span, "");
            self.report(error.note(format!("the labels are {known}")));
            return self.error_node(span);
        };
        let constraint = &self.model.constraints[k];
        let mut shape = constraint.shape.clone();
        if let Some(loops) = &constraint.loops {
            let mut leading = Vec::new();
            for (_, from, to) in &loops.ranges {
                leading.extend(to.sub(from));
            }
            leading.extend(shape);
            shape = leading;
        }
        if shape.len() > 2 {
            let error = Diagnostic::error(codes::BAD_ARGUMENT, "this dual has more than two axes");
            self.report(error.at(span, "an expression has at most two"));
            return self.error_node(span);
        }
        let facts = Facts {
            curvature: Curvature::Unknown,
            level: super::tree::Level::Variable,
            size: None,
            ..Facts::number(0.0)
        };
        let facts = Facts { interval: super::interval::Interval::ALL, ..facts };
        self.leaf(Kind::Dual(k as u32), shape, facts, span)
    }

    /// Expands a user-written atom; its body sees its arguments and global names.
    fn expand(
        &mut self,
        k: usize,
        arguments: &[ExprId],
        options: &[(Name, ExprId)],
        name_span: Span,
        span: Span,
    ) -> NodeId {
        let function = self.functions[k].clone();
        let name = function.name.text.clone();
        let nodes: Vec<_> = arguments.iter().map(|&a| self.expression(a)).collect();
        if function.open {
            let error = Diagnostic::error(codes::CYCLE, format!("the function `{name}` calls itself"))
                .at(name_span, format!("called while `{name}` is written out"));
            self.report(error.note("a function is expanded where it is called, so it cannot be recursive"));
            return self.error_node(span);
        }
        if let Some((option, _)) = options.first() {
            let error = Diagnostic::error(codes::BAD_ARGUMENT, format!("`{name}` takes no options"))
                .at(option.span, "only built-in functions have options")
                .also(function.name.span, "declared here");
            self.report(error);
            return self.error_node(span);
        }
        if nodes.len() != function.arguments.len() {
            let form = function.arguments.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join(", ");
            let error = Diagnostic::error(
                codes::BAD_ARGUMENT,
                format!(
                    "`{name}` takes {} argument{}, and {} given",
                    function.arguments.len(),
                    if function.arguments.len() == 1 { "" } else { "s" },
                    are(nodes.len())
                ),
            )
            .at(span, format!("the form is `{name}({form})`"))
            .also(function.name.span, "declared here");
            self.report(error);
            return self.error_node(span);
        }
        if nodes.iter().any(|&n| self.is_error(n)) {
            return self.error_node(span);
        }
        self.names.enter(
            function.arguments.iter().zip(nodes).map(|(a, n)| (a.text.clone(), Local::Value(n))).collect(),
        );
        self.functions[k].open = true;
        self.expansions.push((name_span, name));
        let node = self.expression(function.body);
        self.expansions.pop();
        self.functions[k].open = false;
        self.names.leave();
        node
    }

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
        let varies = shape
            .iter()
            .flat_map(Poly::unknowns)
            .any(|u| matches!(u, super::size::Unknown::Index(k) if own.contains(&k)));
        if varies {
            let text = tree.show_shape(&shape);
            let error =
                Diagnostic::error(codes::SHAPE_MISMATCH, "the instances of this body differ in shape");
            self.report(error.at(tree.span(body), format!("this is {text}")));
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
            self.report(error.at(span, "ranges must not depend on each other or on a condition here"));
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

    fn warn_matrix_times_vector(&mut self, lhs: NodeId, rhs: NodeId, op_span: Span) {
        let tree = &self.model.tree;
        let (a, b) = (tree.shape(lhs), tree.shape(rhs));
        let column = |s: &[Poly]| s.len() == 2 && s[1].is(1);
        let (one, two) = (a.len().min(b.len()) == 1, a.len().max(b.len()) == 2);
        let stretched = one && two && (column(a) || column(b));
        if one && two && !(a.iter().chain(b).all(|s| s.is(1))) {
            let mut warning = Diagnostic::warning(
                codes::MATRIX_TIMES_VECTOR,
                "`*` of a matrix and a vector is elementwise",
            )
            .at(op_span, format!("{} times {}", tree.show_shape(a), tree.show_shape(b)));
            if stretched {
                warning = warning.note("the two broadcast to a matrix");
            } else {
                warning = warning.suggest(op_span, "@", "did you mean the matrix product?");
            }
            self.diagnostics.push(warning);
        }
    }
}

/// `none is`, `1 is`, `2 are`
fn are(count: usize) -> String {
    match count {
        0 => "none is".into(),
        1 => "1 is".into(),
        n => format!("{n} are"),
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
    let class = if body.variable_free() {
        super::tree::Class::Affine
    } else {
        class(row.group, row.curvature, &[body])
    };
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

/// Whether a literal matrix in the text is symmetric, and semidefinite.
pub(super) fn literal_definite(tree: &Tree, rows: &[NodeId]) -> Definite {
    let n = rows.len();
    let mut matrix = vec![0.0; n * n];
    for (i, &row) in rows.iter().enumerate() {
        let Kind::Array(items) = &tree[row].kind else { return Definite::No };
        if items.len() != n {
            return Definite::No;
        }
        for (j, &item) in items.iter().enumerate() {
            let Kind::Number(bits) = tree[item].kind else { return Definite::No };
            matrix[i * n + j] = bits.get();
        }
    }
    definite_matrix(&matrix, n)
}

/// Definiteness of a small dense matrix, by an LDLᵀ factorization without pivoting.
fn definite_matrix(matrix: &[f64], n: usize) -> Definite {
    let largest = matrix.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if (0..n).any(|i| (0..i).any(|j| (matrix[i * n + j] - matrix[j * n + i]).abs() > 1e-10 * largest)) {
        return Definite::No;
    }
    let semidefinite = |sign: f64| {
        let mut a: Vec<f64> = matrix.iter().map(|v| sign * v).collect();
        let tolerance = 1e-10 * largest;
        for k in 0..n {
            let pivot = a[k * n + k];
            if pivot < -tolerance {
                return false;
            }
            if pivot <= tolerance {
                // A zero pivot is fine only if the rest of its column is zero.
                if (k + 1..n).any(|i| a[i * n + k].abs() > 1e-5 * largest.sqrt().max(largest) * 1e-3) {
                    return false;
                }
                continue;
            }
            for i in k + 1..n {
                let factor = a[i * n + k] / pivot;
                for j in k + 1..n {
                    a[i * n + j] -= factor * a[k * n + j];
                }
            }
        }
        true
    };
    if semidefinite(1.0) {
        Definite::Psd
    } else if semidefinite(-1.0) {
        Definite::Nsd
    } else {
        Definite::Symmetric
    }
}

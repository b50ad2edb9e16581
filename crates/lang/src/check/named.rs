//! Calls of atoms by name: their arguments and options.

use super::build::Checker;
use super::names::Symbol;
use super::tree::{Bits, Kind, NodeId, OptionValue};
use crate::atoms::{AtomId, Row};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprId, Name};

/// The order of a norm, as the text states it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Number(f64),
    Frobenius,
    Nuclear,
}

impl Checker {
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
        if self.at_solution && function.text == "bounds" {
            return self.bound_dual(arguments, span);
        }
        if function.text == "dual" {
            let error = self.names.unknown("dual", function.span, true);
            self.report(error);
            return self.error_node(span);
        }
        if matches!(function.text.as_str(), "norm" | "pnorm") {
            return self.norm(function, arguments, options, span);
        }
        let Some(atom) = AtomId::named(&function.text) else {
            // The arguments may hold mistakes of their own.
            for &argument in arguments {
                self.expression(argument);
            }
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
        let mut values = Vec::new();
        let mut nodes: Vec<NodeId> = match (row.name, arguments) {
            ("bmat", [rows]) if let Expr::Array(rows) = self.ast.exprs[*rows].clone() => {
                rows.into_iter().map(|row| self.row_of_blocks(row)).collect()
            }
            ("einsum", [labels, rest @ ..]) if let Expr::Text(text) = self.ast.exprs[*labels].clone() => {
                values.push(("subscripts".to_owned(), OptionValue::Text(text)));
                rest.iter().map(|&a| self.expression(a)).collect()
            }
            _ => self
                .listed(row.arguments, arguments)
                .into_iter()
                .map(|a| self.order_or_value(row.name, a))
                .collect(),
        };
        let options = self.keywords(row, &mut nodes, options);
        for (name, value) in &options {
            match self.option(name, *value) {
                Some(value) => values.push(value),
                None => return self.error_node(span),
            }
        }
        if !self.arguments_fit(atom, &nodes, &options, function, span) {
            return self.error_node(span);
        }
        self.options =
            options.iter().map(|(n, v)| (n.text.clone(), n.span.to(self.ast.exprs.span(*v)))).collect();
        let node = match (row.name, &nodes[..]) {
            ("power", [base, exponent]) => self.power(*base, *exponent, span),
            ("square", [base]) => self.square(*base, span),
            ("sum_squares", [base]) if values.is_empty() => match self.squared_norm(*base, span) {
                Some(squares) => self.apply("sum", vec![squares], Vec::new(), span),
                None => self.call(atom, nodes, values, span),
            },
            _ => self.call(atom, nodes, values, span),
        };
        self.options.clear();
        node
    }

    /// `hstack([a, b])` means `hstack(a, b)`, as in NumPy; the parts may differ in shape.
    fn listed(&self, (_, most): (usize, usize), arguments: &[ExprId]) -> Vec<ExprId> {
        match arguments {
            [only] if most == usize::MAX => match &self.ast.exprs[*only] {
                Expr::Array(items) => items.clone(),
                _ => arguments.to_vec(),
            },
            _ => arguments.to_vec(),
        }
    }

    /// A row of blocks, side by side.
    fn row_of_blocks(&mut self, row: ExprId) -> NodeId {
        let span = self.ast.exprs.span(row);
        match self.ast.exprs[row].clone() {
            Expr::Array(blocks) => {
                let blocks = blocks.into_iter().map(|block| self.expression(block)).collect();
                self.apply("hstack", blocks, Vec::new(), span)
            }
            _ => self.expression(row),
        }
    }

    /// An argument; `mixed_norm` takes `"inf"` for an order as well.
    fn order_or_value(&mut self, name: &str, argument: ExprId) -> NodeId {
        match &self.ast.exprs[argument] {
            Expr::Text(text) if name == "mixed_norm" && text.eq_ignore_ascii_case("inf") => {
                let span = self.ast.exprs.span(argument);
                self.number(f64::INFINITY, span)
            }
            _ => self.expression(argument),
        }
    }

    /// Arguments that are given by their names in the signature: `huber(x, M=2)`. Gives the remaining options.
    fn keywords(
        &mut self,
        row: &Row,
        nodes: &mut Vec<NodeId>,
        options: &[(Name, ExprId)],
    ) -> Vec<(Name, ExprId)> {
        let form = row.form().trim_end_matches(')');
        let names: Vec<&str> = form.split_once('(').map_or("", |(_, names)| names).split(", ").collect();
        let mut rest = options.to_vec();
        while let Some(name) = names.get(nodes.len())
            && !row.options.contains(name)
            && let Some(at) = rest.iter().position(|(given, _)| given.text == *name)
        {
            let (_, value) = rest.remove(at);
            nodes.push(self.expression(value));
        }
        rest
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
            .at(span, format!("the form is `{}`", row.form()));
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
                    error.help(format!("the form is `{}`", row.form()))
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

    /// `norm(x, p)`: the atom depends on the order, and on whether `x` is a matrix without an axis to go along.
    fn norm(
        &mut self,
        function: &Name,
        arguments: &[ExprId],
        options: &[(Name, ExprId)],
        span: Span,
    ) -> NodeId {
        let mut options = options.to_vec();
        let named = options.iter().position(|(name, _)| matches!(name.text.as_str(), "p" | "ord"));
        let named = named.map(|at| options.remove(at).1);
        let [x, order @ ..] = arguments else {
            let error = Diagnostic::error(codes::BAD_ARGUMENT, "`norm` takes an argument and an order");
            self.report(error.at(span, "the form is `norm(x, 2)`"));
            return self.error_node(span);
        };
        let node = self.expression(*x);
        let place = order.first().copied().or(named).map_or(span, |order| self.ast.exprs.span(order));
        let order = match (order, named) {
            (&[], None) => Some(Order::Number(2.0)),
            (&[one], None) | (&[], Some(one)) => self.order(one),
            _ => {
                let error = Diagnostic::error(codes::BAD_ARGUMENT, "`norm` takes an argument and an order");
                self.report(
                    error.at(span, "the form is `norm(x, 2)`").help("options are given by name: `axis=1`"),
                );
                None
            }
        };
        let mut values = Vec::new();
        for (name, value) in &options {
            match self.option(name, *value) {
                Some(value) => values.push(value),
                None => return self.error_node(span),
            }
        }
        let (Some(order), false) = (order, self.is_error(node)) else { return self.error_node(span) };
        let shape = self.model.tree.shape(node);
        // A single row or column is a vector, of whose norms this is one.
        let flat =
            shape.len() < 2 || function.text == "pnorm" || values.iter().any(|(name, _)| name == "axis");
        let thin = shape.iter().any(|size| size.is(1));
        let name = match order {
            Order::Number(1.0) if flat => "norm1",
            Order::Number(1.0) => "matrix_norm1",
            Order::Number(2.0) if flat || thin => "norm2",
            Order::Number(2.0) => "sigma_max",
            Order::Number(f64::INFINITY) if flat => "norm_inf",
            Order::Number(f64::INFINITY) => "matrix_norm_inf",
            Order::Frobenius if shape.len() == 2 => "norm2",
            Order::Nuclear if shape.len() == 2 => "norm_nuc",
            Order::Frobenius | Order::Nuclear => {
                let error = Diagnostic::error(codes::BAD_ARGUMENT, "this norm is of a matrix");
                let text = format!("this is {}", self.model.tree.show_shape(shape));
                self.report(error.at(self.model.tree.span(node), text));
                return self.error_node(span);
            }
            Order::Number(p) => {
                let error = Diagnostic::error(
                    codes::OUTSIDE_CLASS,
                    format!("the norm of order {p} needs a power cone, which the solver has not yet"),
                );
                self.report(
                    error.at(place, "").help("the orders 1, 2 (squared) and inf are inside the class"),
                );
                return self.error_node(span);
            }
        };
        let Some(atom) = AtomId::named(name) else { return self.error_node(span) };
        if !self.arguments_fit(atom, &[node], &options, function, span) {
            return self.error_node(span);
        }
        self.call(atom, vec![node], values, span)
    }

    /// The order of a norm.
    fn order(&mut self, order: ExprId) -> Option<Order> {
        let span = self.ast.exprs.span(order);
        let found = if let Expr::Text(text) = &self.ast.exprs[order] {
            match text.to_ascii_lowercase().as_str() {
                "inf" => Some(Order::Number(f64::INFINITY)),
                "fro" => Some(Order::Frobenius),
                "nuc" => Some(Order::Nuclear),
                _ => None,
            }
        } else {
            let node = self.expression(order);
            if self.is_error(node) {
                return None;
            }
            self.model.tree.facts(node).interval.as_point().filter(|p| *p >= 1.0).map(Order::Number)
        };
        if found.is_none() {
            let error = Diagnostic::error(codes::BAD_ARGUMENT, "the order of a norm is 1, 2 or inf");
            self.report(
                error
                    .at(span, "this is another, or not known when the model is checked")
                    .note("of a matrix also \"fro\" and \"nuc\""),
            );
        }
        found
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
}

/// `none is`, `1 is`, `2 are`
pub(super) fn are(count: usize) -> String {
    match count {
        0 => "none is".into(),
        1 => "1 is".into(),
        n => format!("{n} are"),
    }
}

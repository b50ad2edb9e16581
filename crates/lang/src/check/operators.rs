//! Operators, with the squares and quadratic forms that they write.

use super::build::Checker;
use super::size::Poly;
use super::tree::{Kind, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;

/// What a vector is multiplied by.
enum Factor {
    Minus,
    Times(NodeId),
    Over(NodeId),
}

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
                    return self.form(x, p, span);
                }
                // `0.5 * x.T @ P @ x` multiplies from the left: `((0.5 * x.T) @ P) @ x`.
                if both_vary
                    && let Some((factor, left)) = self.factored(lhs)
                    && let Some((x, p)) = self.quadratic_form(left, rhs)
                {
                    let form = self.form(x, p, span);
                    return match factor {
                        Factor::Minus => self.apply("negative", vec![form], Vec::new(), span),
                        Factor::Times(c) => self.apply("multiply", vec![c, form], Vec::new(), span),
                        Factor::Over(c) => self.apply("divide", vec![form, c], Vec::new(), span),
                    };
                }
                self.apply("matmul", vec![lhs, rhs], Vec::new(), span)
            }
            BinaryOp::Mul => {
                if both_vary && self.model.tree.same(lhs, rhs) {
                    return self.square(lhs, span);
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

    /// A power, which may be the square of a norm.
    pub(super) fn power(&mut self, base: NodeId, exponent: NodeId, span: Span) -> NodeId {
        if self.model.tree.facts(exponent).interval.as_point() == Some(2.0)
            && let Some(squares) = self.squared_norm(base, span)
        {
            return squares;
        }
        self.apply("power", vec![base, exponent], Vec::new(), span)
    }

    /// A square, which may be that of a norm.
    pub(super) fn square(&mut self, base: NodeId, span: Span) -> NodeId {
        match self.squared_norm(base, span) {
            Some(squares) => squares,
            None => self.apply("square", vec![base], Vec::new(), span),
        }
    }

    /// The square of a Euclidean norm or standard deviation, or of a multiple of one, as what is inside the class: a sum of
    /// squares or a variance.
    pub(super) fn squared_norm(&mut self, base: NodeId, span: Span) -> Option<NodeId> {
        let tree = &self.model.tree;
        if tree.facts(base).variable_free() {
            return None;
        }
        let Kind::Call { atom, arguments, options } = tree[base].kind.clone() else { return None };
        match (atom.atom().row().name, &arguments[..]) {
            ("norm2", _) => Some(self.apply("sum_squares", arguments, options, span)),
            ("std", _) => Some(self.apply("variance", arguments, options, span)),
            ("negative", [inner]) => self.squared_norm(*inner, span),
            ("multiply", &[a, b]) => {
                let (factor, inner) = if tree.facts(a).variable_free() { (a, b) } else { (b, a) };
                if !tree.facts(factor).variable_free() {
                    return None;
                }
                let squares = self.squared_norm(inner, span)?;
                let factor = self.apply("square", vec![factor], Vec::new(), span);
                Some(self.apply("multiply", vec![factor, squares], Vec::new(), span))
            }
            ("divide", &[inner, divisor]) if tree.facts(divisor).variable_free() => {
                let squares = self.squared_norm(inner, span)?;
                let divisor = self.apply("square", vec![divisor], Vec::new(), span);
                Some(self.apply("divide", vec![squares, divisor], Vec::new(), span))
            }
            _ => None,
        }
    }

    /// The form of a vector and a matrix, which is the identity if there is none.
    fn form(&mut self, x: NodeId, p: Option<NodeId>, span: Span) -> NodeId {
        match p {
            Some(p) => self.apply("quad_form", vec![x, p], Vec::new(), span),
            None => self.apply("sum_squares", vec![x], Vec::new(), span),
        }
    }

    /// A scalar factor of a vector, or of the left one of a product with a matrix, and what is left without it.
    fn factored(&mut self, node: NodeId) -> Option<(Factor, NodeId)> {
        let tree = &self.model.tree;
        let Kind::Call { atom, arguments, .. } = &tree[node].kind else { return None };
        let data = |n: NodeId| tree.facts(n).variable_free() && tree.shape(n).is_empty();
        match (atom.atom().row().name, &arguments[..]) {
            ("negative", &[x]) => Some((Factor::Minus, x)),
            ("multiply", &[c, x]) if data(c) => Some((Factor::Times(c), x)),
            ("multiply", &[x, c]) if data(c) => Some((Factor::Times(c), x)),
            ("divide", &[x, c]) if data(c) => Some((Factor::Over(c), x)),
            ("matmul", &[x, p]) if tree.facts(p).variable_free() => {
                let (factor, x) = self.factored(x)?;
                let span = self.model.tree.span(node);
                Some((factor, self.apply("matmul", vec![x, p], Vec::new(), span)))
            }
            _ => None,
        }
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

    /// The quadratic form that `x.T * P * x` probably means, as a text.
    pub(super) fn elementwise_form(&self, node: NodeId) -> Option<String> {
        let tree = &self.model.tree;
        let factors = |node: NodeId| match &tree[node].kind {
            Kind::Call { atom, arguments, .. } if atom.atom().row().name == "multiply" => {
                <[NodeId; 2]>::try_from(&arguments[..]).ok()
            }
            _ => None,
        };
        let untransposed = |node: NodeId| match &tree[node].kind {
            Kind::Call { atom, arguments, .. } if atom.atom().row().name == "transpose" => arguments[0],
            _ => node,
        };
        let [left, x] = factors(node)?;
        let [xt, p] = factors(left)?;
        let fits = tree.same(untransposed(xt), x) && tree.shape(x).len() == 1 && tree.shape(p).len() == 2;
        let text = |node: NodeId| self.model.text(tree.span(node));
        fits.then(|| format!("quad_form({}, {})", text(x), text(p)))
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

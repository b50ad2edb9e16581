//! Why a product, a quotient, a power or a quadratic form is neither convex nor concave.

use super::build::Checker;
use super::tree::{Definite, Kind, Level, NodeId};
use crate::diagnostics::{Diagnostic, codes};

impl Checker {
    pub(super) fn product(&self, node: NodeId, arguments: &[NodeId]) -> Diagnostic {
        let tree = &self.model.tree;
        let message = "the product of two expressions with variables is neither convex nor concave";
        let error = Diagnostic::error(codes::PRODUCT_OF_VARIABLES, message).at(self.focus(node), "");
        arguments.iter().fold(error, |error, &a| error.also(tree.span(a), self.about(a))).help(
            "one factor of a product must be data; a square is `x**2`, `sum_squares(x)` or `quad_form(x, P)`",
        )
    }

    pub(super) fn quotient(&self, node: NodeId, arguments: &[NodeId]) -> Diagnostic {
        let tree = &self.model.tree;
        let message = "a quotient with a variable below the line is neither convex nor concave";
        let error = Diagnostic::error(codes::PRODUCT_OF_VARIABLES, message).at(self.focus(node), "");
        let error = arguments.iter().fold(error, |error, &a| error.also(tree.span(a), self.about(a)));
        let above = tree.facts(arguments[0]);
        if above.variable_free() && above.interval.is_nonneg() {
            return error
                .help("only data may stand below the line; `inv_pos(x)` is `1 / x` for positive `x`");
        }
        error.help(
            "only data may stand below the line; a bound on a ratio, `a / b <= c`, is often `a <= c * b`",
        )
    }

    /// A curved expression times data of unknown sign.
    pub(super) fn factor(&self, name: &str, arguments: &[NodeId]) -> Diagnostic {
        let tree = &self.model.tree;
        let curved = arguments.iter().position(|&a| !tree.facts(a).curvature.is_affine()).unwrap_or(0);
        let (curved, data) = (arguments[curved], arguments[usize::from(curved == 0)]);
        let curvature = tree.facts(curved).curvature.name();
        let (verb, what) = if name == "divide" { ("divided by", "divisor") } else { ("times", "factor") };
        let message =
            format!("a {curvature} expression {verb} data of unknown sign is neither convex nor concave");
        let mut error = Diagnostic::error(codes::COMPOSITION, message)
            .at(tree.span(data), self.about(data))
            .also(tree.span(curved), self.about(curved));
        if name == "divide" && tree.facts(data).interval.sign() != "unknown sign" {
            error = error.note("a divisor that may be 0 has no sign: declare it `pos` or `neg`");
        }
        if tree.facts(data).curvature.is_affine() && !tree.facts(data).variable_free() {
            return error;
        }
        match self.data_name(data) {
            Some((kind, name, span)) => {
                let (word, sign) = match verb {
                    "times" => (" nonneg", "never negative"),
                    _ => (" pos", "always positive"),
                };
                let message = format!("if the {kind} `{name}` is {sign}, declare it `{}`", word.trim());
                error.suggest(self.after_declaration(span), word, message)
            }
            None => {
                error.help(format!("declare the signs of what the {what} is made of, for instance `nonneg`"))
            }
        }
    }

    pub(super) fn exponent(&self, node: NodeId, arguments: &[NodeId]) -> Diagnostic {
        let tree = &self.model.tree;
        Diagnostic::error(codes::DATA_ONLY, "an exponent is a number; no variable may enter it")
            .at(tree.span(arguments[1]), self.about(arguments[1]))
            .also(self.focus(node), "the power")
            .help("`2**x` is `exp(log(2) * x)`")
    }

    /// A quadratic form of a matrix that is not known to be semidefinite.
    pub(super) fn indefinite(&self, node: NodeId, arguments: &[NodeId]) -> Diagnostic {
        let tree = &self.model.tree;
        let matrix = arguments[1];
        let facts = tree.facts(matrix);
        let literal = facts.level == Level::Number || self.literal_value(matrix);
        let label = match (facts.definite, literal) {
            (Definite::Symmetric, true) => "this matrix is indefinite",
            (Definite::No, true) => "this matrix is not symmetric",
            (Definite::Symmetric, false) => "symmetric, but not known to be semidefinite",
            _ => "not known to be semidefinite",
        };
        let error = Diagnostic::error(
            codes::COMPOSITION,
            "a quadratic form is convex if its matrix is positive semidefinite, and concave if negative",
        )
        .at(tree.span(matrix), label)
        .also(self.focus(node), "the form");
        match (facts.definite, literal, self.data_name(matrix)) {
            (Definite::No, true, _) => {
                error.help("`x.T @ P @ x` is `quad_form(x, (P + P.T) / 2)`, whose matrix is symmetric")
            }
            (_, true, _) => error.note("this form is neither convex nor concave"),
            (_, false, Some((kind, name, span))) => error.suggest(
                self.after_declaration(span),
                " psd",
                format!("if the {kind} `{name}` is positive semidefinite, declare it `psd`"),
            ),
            _ => error.help("if it is positive semidefinite, say so: `psd_wrap(…)`, which is verified"),
        }
    }

    /// Whether the value of an expression stands in the text.
    fn literal_value(&self, node: NodeId) -> bool {
        match self.model.tree[node].kind {
            Kind::Constant(k) => {
                self.model.constants.get(k as usize).and_then(|c| c.init).is_some_and(|init| {
                    init != node && matches!(self.model.tree[init].kind, Kind::Array(_) | Kind::Number(_))
                })
            }
            _ => false,
        }
    }
}

//! Expressions: pest's flat lists of operands and operators become trees.
//!
//! A Pratt parser knows the precedences. Its recursion is bounded by the nesting of the text, which was checked on the
//! tokens; a long chain of operators is a loop.

use std::sync::LazyLock;

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::ast::{BinaryOp, Comparison, Expr, ExprId, IndexItem, Name, Ranges, UnaryOp};
use super::grammar::Rule;
use super::tree::{Builder, comparison};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// The precedences, from loose to tight: Python's.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    PrattParser::new()
        .op(Op::infix(Rule::or, Assoc::Left))
        .op(Op::infix(Rule::and, Assoc::Left))
        .op(Op::prefix(Rule::not))
        .op(Op::infix(Rule::comparison, Assoc::Left))
        .op(Op::infix(Rule::plus, Assoc::Left) | Op::infix(Rule::minus, Assoc::Left))
        .op(Op::infix(Rule::times, Assoc::Left)
            | Op::infix(Rule::divide, Assoc::Left)
            | Op::infix(Rule::matmul, Assoc::Left))
        .op(Op::prefix(Rule::negative) | Op::prefix(Rule::positive))
        .op(Op::infix(Rule::power, Assoc::Right))
        .op(Op::postfix(Rule::transpose) | Op::postfix(Rule::index))
});

/// An expression under construction.
struct Node {
    id: ExprId,
    /// Its place, parentheses included.
    span: Span,
    /// Whether it is a truth value.
    truth: bool,
    /// A chain of comparisons outside parentheses, which the next comparison extends.
    chain: Option<Chain>,
}

/// The first side of a chain, and each comparison with the side that follows it.
type Chain = (ExprId, Vec<(Comparison, Span, ExprId)>);

impl Builder<'_> {
    /// An expression whose value is a number, vector or matrix.
    pub(super) fn number(&self, pair: Pair<'_, Rule>) -> ExprId {
        let node = self.node(pair);
        self.as_number(&node)
    }

    /// An expression whose value is a truth value.
    pub(super) fn condition(&self, pair: Pair<'_, Rule>) -> ExprId {
        let node = self.node(pair);
        self.as_truth(&node)
    }

    fn node(&self, pair: Pair<'_, Rule>) -> Node {
        let node = PRECEDENCE
            .map_primary(|primary| self.primary(primary))
            .map_prefix(|op, operand| self.prefix(&op, operand))
            .map_postfix(|operand, op| self.postfix(&operand, op))
            .map_infix(|lhs, op, rhs| self.infix(lhs, &op, rhs))
            .parse(pair.into_inner());
        self.settled(node)
    }

    fn leaf(&self, expr: Expr, span: Span) -> Node {
        Node { id: self.push(expr, span), span, truth: false, chain: None }
    }

    /// Puts a finished chain of comparisons into the tree.
    fn settled(&self, mut node: Node) -> Node {
        if let Some((first, rest)) = node.chain.take() {
            node.id = self.push(Expr::Compare { first, rest }, node.span);
        }
        node
    }

    fn as_number(&self, node: &Node) -> ExprId {
        if !node.truth || self.is_error(node.id) {
            return node.id;
        }
        let diagnostic = Diagnostic::error(codes::MISPLACED_COMPARISON, "a value is wanted, not a condition")
            .at(node.span, "this is true or false")
            .help("conditions stand after `if` only, as in `for i in 0..n if i != k`");
        self.hole(node.span, diagnostic)
    }

    fn as_truth(&self, node: &Node) -> ExprId {
        if node.truth || self.is_error(node.id) {
            return node.id;
        }
        let diagnostic = Diagnostic::error(codes::MISPLACED_COMPARISON, "a condition is wanted, not a value")
            .at(node.span, "this is neither true nor false")
            .help("compare it with something, as in `if i != 0`");
        self.hole(node.span, diagnostic)
    }

    fn primary(&self, pair: Pair<'_, Rule>) -> Node {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::number => self.literal(pair.as_str(), span),
            Rule::infinity => self.leaf(Expr::Infinity, span),
            Rule::name => self.leaf(Expr::Name(pair.as_str().to_owned()), span),
            Rule::call => self.call(pair, span),
            Rule::array => self.array(pair, span),
            Rule::group => match pair.into_inner().next() {
                Some(inner) => Node { span, ..self.node(inner) },
                None => self.leaf(Expr::Error, span),
            },
            Rule::text => {
                let diagnostic = Diagnostic::error(codes::MISPLACED_PART, "a string is not a value")
                    .at(span, "")
                    .help("strings name files (`const c from \"c.csv\"`) and options (`order=\"F\"`)");
                Node { id: self.hole(span, diagnostic), span, truth: false, chain: None }
            }
            _ => self.leaf(Expr::Error, span),
        }
    }

    fn literal(&self, text: &str, span: Span) -> Node {
        let value: f64 = text.replace('_', "").parse().unwrap_or(f64::INFINITY);
        if value.is_finite() {
            return self.leaf(Expr::Number(value), span);
        }
        let diagnostic = Diagnostic::error(codes::MALFORMED_NUMBER, format!("`{text}` is too large"))
            .at(span, "the largest number is about 1.8e308")
            .suggest(span, "inf", "write `inf` if infinity is meant");
        Node { id: self.hole(span, diagnostic), span, truth: false, chain: None }
    }

    fn array(&self, pair: Pair<'_, Rule>, span: Span) -> Node {
        let entries = self.expressions(pair.into_inner());
        if !entries.is_empty() {
            return self.leaf(Expr::Array(entries), span);
        }
        let diagnostic = Diagnostic::error(codes::EMPTY_BRACKETS, "an array holds at least one entry")
            .at(span, "nothing in here")
            .help("an array of given size is `zeros(n)` or `zeros([m, n])`");
        Node { id: self.hole(span, diagnostic), span, truth: false, chain: None }
    }

    fn prefix(&self, op: &Pair<'_, Rule>, operand: Node) -> Node {
        let place = self.span(op);
        let (op, truth) = match op.as_rule() {
            Rule::not => (UnaryOp::Not, true),
            Rule::negative => (UnaryOp::Neg, false),
            _ => (UnaryOp::Plus, false),
        };
        let operand = self.settled(operand);
        let span = place.to(operand.span);
        let operand = if truth { self.as_truth(&operand) } else { self.as_number(&operand) };
        Node { truth, ..self.leaf(Expr::Unary { op, operand }, span) }
    }

    fn infix(&self, lhs: Node, op: &Pair<'_, Rule>, rhs: Node) -> Node {
        let span = lhs.span.to(rhs.span);
        let op_span = self.span(op);
        let rhs = self.settled(rhs);
        if op.as_rule() == Rule::comparison {
            let rhs = self.as_number(&rhs);
            let (first, mut rest) = match lhs.chain {
                Some(chain) => chain,
                None => (self.as_number(&lhs), Vec::new()),
            };
            rest.push((comparison(op.as_str()), op_span, rhs));
            return Node { id: rhs, span, truth: true, chain: Some((first, rest)) };
        }
        let lhs = self.settled(lhs);
        let op = match op.as_rule() {
            Rule::or => BinaryOp::Or,
            Rule::and => BinaryOp::And,
            Rule::plus => BinaryOp::Add,
            Rule::minus => BinaryOp::Sub,
            Rule::times => BinaryOp::Mul,
            Rule::divide => BinaryOp::Div,
            Rule::matmul => BinaryOp::MatMul,
            _ => BinaryOp::Pow,
        };
        let truth = matches!(op, BinaryOp::And | BinaryOp::Or);
        let (lhs, rhs) = if truth {
            (self.as_truth(&lhs), self.as_truth(&rhs))
        } else {
            (self.as_number(&lhs), self.as_number(&rhs))
        };
        Node { truth, ..self.leaf(Expr::Binary { op, op_span, lhs, rhs }, span) }
    }

    fn postfix(&self, operand: &Node, op: Pair<'_, Rule>) -> Node {
        let place = self.span(&op);
        let span = operand.span.to(place);
        let base = self.as_number(operand);
        if op.as_rule() == Rule::transpose {
            return self.leaf(Expr::Transpose(base), span);
        }
        let items: Vec<_> =
            op.into_inner().filter(|pair| pair.as_rule() == Rule::item).map(|item| self.item(item)).collect();
        if !items.is_empty() {
            return self.leaf(Expr::Index { base, items }, span);
        }
        let diagnostic = Diagnostic::error(codes::EMPTY_BRACKETS, "an index is missing")
            .at(place, "nothing in here")
            .help("the whole axis is `[:]`");
        Node { id: self.hole(span, diagnostic), span, truth: false, chain: None }
    }

    fn item(&self, item: Pair<'_, Rule>) -> IndexItem {
        let span = self.span(&item);
        let (mut start, mut slice) = (None, None);
        for part in item.into_inner() {
            match part.as_rule() {
                Rule::expression => start = Some(self.number(part)),
                _ => slice = Some(part),
            }
        }
        let (mut stop, mut step) = (None, None);
        match (start, slice) {
            (Some(id), None) => return IndexItem::At(id),
            (_, None) => {}
            (_, Some(slice)) => {
                for part in slice.into_inner() {
                    let rule = part.as_rule();
                    let value = part.into_inner().next().map(|value| self.number(value));
                    match rule {
                        Rule::stop => stop = value,
                        Rule::step => step = value,
                        _ => {}
                    }
                }
            }
        }
        IndexItem::Slice { start, stop, step, span }
    }

    fn call(&self, pair: Pair<'_, Rule>, span: Span) -> Node {
        let mut inner = pair.into_inner();
        let Some(function) = inner.next().map(|name| self.name(&name)) else {
            return self.leaf(Expr::Error, span);
        };
        let mut call = Call::default();
        for argument in inner.filter(|part| part.as_rule() == Rule::argument) {
            self.argument(argument, &mut call);
        }
        let Call { arguments, options, generator } = call;
        let Some((body, ranges)) = generator else {
            return self.leaf(Expr::Call { function, arguments, options }, span);
        };
        if let Some(&other) = arguments.first() {
            let diagnostic =
                Diagnostic::error(codes::BAD_ARGUMENTS, "a comprehension stands alone in its call")
                    .at(self.span_of(other), "a second argument")
                    .also(ranges.span, "the comprehension")
                    .help("what the comprehension runs over may have parts: `hstack([a, b] for i in 0..n)`");
            return Node { id: self.hole(span, diagnostic), span, truth: false, chain: None };
        }
        self.leaf(Expr::Comprehension { function, body, ranges, options }, span)
    }

    fn argument(&self, pair: Pair<'_, Rule>, call: &mut Call) {
        let mut inner = pair.into_inner();
        let Some(first) = inner.next() else { return };
        if first.as_rule() == Rule::option {
            return self.option(first, call);
        }
        let body = self.number_or_text(first);
        if let Some((name, _)) = call.options.last() {
            self.report(
                Diagnostic::error(codes::BAD_ARGUMENTS, "an argument without a name follows one with a name")
                    .at(self.span_of(body), "by position")
                    .also(name.span, "by name")
                    .help("put the arguments by position first"),
            );
        }
        // A second comprehension is one argument too many, like any other.
        match inner.next().and_then(|ranges| self.ranges(ranges)) {
            Some(ranges) if call.generator.is_none() => call.generator = Some((body, ranges)),
            _ => call.arguments.push(body),
        }
    }

    /// An argument or the value of an option, which may be a string.
    fn number_or_text(&self, value: Pair<'_, Rule>) -> ExprId {
        let mut parts = value.clone().into_inner();
        match (parts.next(), parts.next()) {
            (Some(only), None) if only.as_rule() == Rule::text => {
                self.push(Expr::Text(only.as_str().trim_matches('"').to_owned()), self.span(&only))
            }
            _ => self.number(value),
        }
    }

    fn option(&self, pair: Pair<'_, Rule>, call: &mut Call) {
        let mut inner = pair.into_inner();
        let Some(name) = inner.next().map(|name| self.name(&name)) else { return };
        let Some(value) = inner.find(|part| part.as_rule() == Rule::expression) else { return };
        let value = self.number_or_text(value);
        if let Some((earlier, _)) = call.options.iter().find(|(earlier, _)| earlier.text == name.text) {
            return self.report(
                Diagnostic::error(codes::BAD_ARGUMENTS, format!("the option `{}` is given twice", name.text))
                    .at(name.span, "again here")
                    .also(earlier.span, "first here"),
            );
        }
        call.options.push((name, value));
    }
}

/// The arguments of a call under construction.
#[derive(Default)]
struct Call {
    arguments: Vec<ExprId>,
    options: Vec<(Name, ExprId)>,
    generator: Option<(ExprId, Ranges)>,
}

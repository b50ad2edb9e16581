//! Indexing and slicing, with proofs that positions are in range where they are possible.

use super::build::Checker;
use super::names::Wanted;
use super::size::{Poly, Unknown};
use super::tree::{Definite, Facts, Kind, Level, Node, NodeId, Selector};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprId, IndexItem, UnaryOp};

impl Checker {
    /// Entries picked out of an array.
    pub(super) fn index(&mut self, base: NodeId, items: &[IndexItem], span: Span) -> NodeId {
        if self.is_error(base) {
            // The items may still hold mistakes of their own.
            for item in items {
                if let IndexItem::At(id) = item {
                    self.expression(*id);
                }
            }
            return self.error_node(span);
        }
        let shape = self.model.tree.shape(base).to_vec();
        if items.len() > shape.len() {
            let text = self.model.tree.show_shape(&shape);
            let extra = items[shape.len()].span(&self.ast.exprs);
            let extra = extra.to(items[items.len() - 1].span(&self.ast.exprs));
            let label = if shape.is_empty() { "a scalar has no indices" } else { "no axis is left for this" };
            let error = Diagnostic::error(codes::SHAPE_MISMATCH, "more indices than axes")
                .at(extra, label)
                .also(self.model.tree.span(base), format!("this is {text}"));
            self.report(error);
            return self.error_node(span);
        }
        let mut selectors = Vec::new();
        let mut out = Vec::new();
        for (axis, len) in shape.iter().enumerate() {
            match items.get(axis) {
                None => out.push(len.clone()),
                Some(item) => match self.selector(item, len) {
                    Some((selector, count)) => {
                        out.extend(count);
                        selectors.push(selector);
                    }
                    None => return self.error_node(span),
                },
            }
        }
        // Two lists pick pairs of positions, as in NumPy.
        if matches!(selectors[..], [Selector::List(_), Selector::List(_)]) {
            out.pop();
        }
        let kind = Kind::Index { base, selectors };
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        let tree = &self.model.tree;
        let own = tree.facts(base);
        let Kind::Index { selectors, .. } = &kind else { return self.error_node(span) };
        let indexed = own.indexed
            || selectors.iter().any(|s| match s {
                Selector::At(node, _) | Selector::List(node) => tree.facts(*node).indexed,
                Selector::Slice { start, count, .. } => start.has_index() || count.has_index(),
            });
        let facts = Facts { definite: Definite::No, size: None, indexed, ..own.clone() };
        self.push(Node { kind, shape: out, facts, requirements: Vec::new() }, span)
    }

    /// A selector and the size of the axis that remains, if one does.
    fn selector(&mut self, item: &IndexItem, len: &Poly) -> Option<(Selector, Option<Poly>)> {
        let span = item.span(&self.ast.exprs);
        match item {
            IndexItem::At(id) => {
                if let Some(position) = self.literal_position(*id, len) {
                    let node = self.size_node(position.clone(), span);
                    self.in_range(&position, len, span)?;
                    return Some((Selector::At(node, false), None));
                }
                let node = self.expression_wanted(*id, Wanted::Index);
                if self.is_error(node) {
                    return None;
                }
                let facts = self.model.tree.facts(node);
                let fraction = facts.interval.as_point().filter(|v| v.fract() != 0.0);
                if let (Some(value), []) = (fraction, self.model.tree.shape(node)) {
                    let message = format!("an index is an integer, and this is {value}");
                    self.report(Diagnostic::error(codes::NOT_AN_INTEGER, message).at(span, "not an integer"));
                    return None;
                }
                if let Some(position) = facts.size.clone() {
                    self.in_range(&position, len, span)?;
                    return Some((Selector::At(node, false), None));
                }
                match self.model.tree.shape(node) {
                    [] if facts.level <= Level::Constant => Some((Selector::At(node, false), None)),
                    [count] if facts.level <= Level::Constant => {
                        let count = count.clone();
                        Some((Selector::List(node), Some(count)))
                    }
                    _ => {
                        let error = self.no_index(node, span);
                        self.report(error);
                        None
                    }
                }
            }
            IndexItem::Slice { start, stop, step, .. } => self.slice(*start, *stop, *step, len, span),
        }
    }

    /// The error for an expression that cannot index, with the reason.
    fn no_index(&self, node: NodeId, span: Span) -> Diagnostic {
        let tree = &self.model.tree;
        let text = self.model.text(span);
        let error = |why: String| Diagnostic::error(codes::NOT_A_SIZE, why);
        match tree.facts(node).level {
            Level::Variable => error(format!("`{text}` depends on a variable, so it cannot index an array"))
                .at(span, "what an index picks is fixed before the problem is solved"),
            Level::Parameter => {
                let error = error(format!("`{text}` depends on a parameter, so it cannot index an array"))
                    .at(span, "what an index picks is fixed when the model is compiled");
                match self.data_name(node) {
                    Some((_, name, place)) => error.also(place, "a parameter").help(format!(
                        "declare it as a constant: `const {name}`, with `int` and its size for a vector"
                    )),
                    None => error,
                }
            }
            _ => error("a matrix cannot index an array".into())
                .at(span, format!("this is {}", tree.show_shape(tree.shape(node))))
                .help("two index vectors pick pairs: `A[row, col]`"),
        }
    }

    /// A literal minus counts from the end.
    fn literal_position(&self, id: ExprId, len: &Poly) -> Option<Poly> {
        let Expr::Unary { op: UnaryOp::Neg, operand } = self.ast.exprs[id] else { return None };
        let Expr::Number(value) = self.ast.exprs[operand] else { return None };
        (value.fract() == 0.0 && value.abs() < 9.0e15)
            .then(|| len.sub(&Poly::constant(value as i64)).ok())
            .flatten()
    }

    fn position(&mut self, id: ExprId, len: &Poly) -> Option<Poly> {
        match self.literal_position(id, len) {
            Some(position) => Some(position),
            None => self.size_of(id),
        }
    }

    fn slice(
        &mut self,
        start: Option<ExprId>,
        stop: Option<ExprId>,
        step: Option<ExprId>,
        len: &Poly,
        span: Span,
    ) -> Option<(Selector, Option<Poly>)> {
        let step = match step {
            None => 1,
            Some(id) => match self.size_of(id)?.as_constant() {
                Some(step) if step != 0 => step,
                _ => {
                    let error =
                        Diagnostic::error(codes::NOT_A_SIZE, "the step of a slice is a number other than 0");
                    self.report(error.at(self.ast.exprs.span(id), "not such a number"));
                    return None;
                }
            },
        };
        let one = Poly::constant(1);
        let (default_start, default_stop) = if step > 0 {
            (Poly::constant(0), len.clone())
        } else {
            (len.sub(&one).ok()?, Poly::constant(-1))
        };
        let start = start.map_or(Some(default_start), |id| self.position(id, len))?;
        let stop = stop.map_or(Some(default_stop), |id| self.position(id, len))?;
        let distance = if step > 0 { stop.sub(&start).ok()? } else { start.sub(&stop).ok()? };
        let stride = step.abs();
        let count = match distance.as_constant() {
            Some(d) if d >= 0 => Some(Poly::constant((d + stride - 1) / stride)),
            Some(_) => None,
            None => distance
                .divide_exactly(stride)
                .or_else(|| (!distance.has_index()).then(|| self.rounded_up(&distance, stride, span))),
        };
        let Some(count) = count else {
            let text = self.model.tree.show(&distance);
            let error = if distance.as_constant().is_some() {
                Diagnostic::error(codes::INDEX_OUT_OF_RANGE, "the slice ends before it starts")
                    .at(span, format!("its length would be {text}"))
            } else {
                Diagnostic::error(
                    codes::NOT_A_SIZE,
                    "the length of this slice changes with an index of a `for`",
                )
                .at(span, format!("`{text}` divided by {stride}, rounded up"))
                .help("choose ends whose distance is a multiple of the step")
            };
            self.report(error);
            return None;
        };
        let last = count.sub(&one).ok()?.mul(&Poly::constant(step)).ok()?.add(&start).ok()?;
        if count.as_constant() != Some(0) {
            self.in_range(&start, len, span)?;
            self.in_range(&last, len, span)?;
        }
        Some((Selector::Slice { start, count: count.clone(), step }, Some(count)))
    }

    /// Reports a position that is surely out of range; what cannot be decided is checked when sizes are known.
    fn in_range(&mut self, position: &Poly, len: &Poly, span: Span) -> Option<()> {
        // An `if` may keep the extreme indices out.
        if self.conditional > 0 && position.has_index() {
            return Some(());
        }
        let above = self.extreme(position, true).and_then(|top| len.sub(&top).ok());
        let too_high = above.as_ref().and_then(Poly::as_constant).is_some_and(|room| room < 1);
        let too_low =
            self.extreme(position, false).and_then(|low| low.as_constant()).is_some_and(|low| low < 0);
        if too_high || too_low {
            let tree = &self.model.tree;
            let (text, len_text) = (self.model.text(span), tree.show(len));
            let what = if text.contains(':') { "slice" } else { "index" };
            let reached = self.extreme(position, !too_low).map_or_else(String::new, |p| tree.show(&p));
            let label = match (too_low, len.as_constant()) {
                _ if text.starts_with('-') && !position.has_index() => {
                    format!("there are only {len_text} entries to count back")
                }
                (true, _) => format!("reaches {reached}, below 0"),
                (false, Some(0)) => "the axis is empty".to_owned(),
                (false, _) if reached == text => format!("the last entry is {}", self.last(len)),
                (false, _) => format!("reaches {reached}, and the last entry is {}", self.last(len)),
            };
            let message = format!("the {what} `{text}` is out of range for an axis of size {len_text}");
            let mut error = Diagnostic::error(codes::INDEX_OUT_OF_RANGE, message).at(span, label);
            if text.starts_with('-') && position.has_index() {
                error =
                    error.help("only a literal minus counts from the end: `x[n - i]` counts back from `n`");
            }
            if position.has_index() {
                for unknown in position.unknowns() {
                    if let Unknown::Index(k) = unknown
                        && let Some((from, to)) = self.ranges.get(k as usize)
                    {
                        error = error.note(format!(
                            "`{}` runs over {}..{}",
                            tree.name(unknown),
                            tree.show(from),
                            tree.show(to)
                        ));
                    }
                }
            }
            self.report(error);
            return None;
        }
        Some(())
    }

    /// The last position of an axis, in the user's words.
    fn last(&self, len: &Poly) -> String {
        len.sub(&Poly::constant(1)).map_or_else(|_| String::new(), |p| self.model.tree.show(&p))
    }

    /// The largest or smallest value of a position over the ranges of its indices, where each enters linearly.
    fn extreme(&self, position: &Poly, largest: bool) -> Option<Poly> {
        let mut value = position.clone();
        for _ in 0..8 {
            let index = value.unknowns().into_iter().rev().find(|u| matches!(u, Unknown::Index(_)));
            let Some(unknown @ Unknown::Index(k)) = index else { return Some(value) };
            let (from, to) = self.ranges.get(k as usize)?;
            let (factor, _) = value.linear_in(unknown)?;
            let by = if (factor > 0) == largest { to.sub(&Poly::constant(1)).ok()? } else { from.clone() };
            value = value.substitute(unknown, &by).ok()?;
        }
        None
    }
}

//! Indexing and slicing, with proofs that positions are in range where they are possible.

use super::build::Checker;
use super::size::{Poly, Unknown};
use super::tree::{Definite, Facts, Kind, Node, NodeId, Selector};
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
            let error = Diagnostic::error(codes::SHAPE_MISMATCH, "more indices than axes")
                .at(span, format!("{} {}", items.len(), if items.len() == 1 { "index" } else { "indices" }))
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
                let node = self.expression(*id);
                if self.is_error(node) {
                    return None;
                }
                let facts = self.model.tree.facts(node);
                if let Some(position) = facts.size.clone() {
                    self.in_range(&position, len, span)?;
                    return Some((Selector::At(node, false), None));
                }
                match self.model.tree.shape(node) {
                    [] if facts.level <= super::tree::Level::Constant => {
                        Some((Selector::At(node, false), None))
                    }
                    [count] if facts.level <= super::tree::Level::Constant => {
                        let count = count.clone();
                        Some((Selector::List(node), Some(count)))
                    }
                    _ => {
                        let error = Diagnostic::error(codes::NOT_A_SIZE, "this cannot index an array").at(
                            span,
                            "an index is an integer of sizes and indices, or a constant integer vector",
                        );
                        self.report(error);
                        None
                    }
                }
            }
            IndexItem::Slice { start, stop, step, .. } => self.slice(*start, *stop, *step, len, span),
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
                    self.report(error.at(self.ast.exprs.span(id), ""));
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
            None => distance.divide_exactly(stride),
        };
        let Some(count) = count else {
            let text = self.model.tree.show(&distance);
            let error = if distance.as_constant().is_some() {
                Diagnostic::error(codes::INDEX_OUT_OF_RANGE, "the slice ends before it starts")
                    .at(span, format!("its length would be {text}"))
            } else {
                Diagnostic::error(codes::NOT_A_SIZE, "the length of this slice is no polynomial of sizes")
                    .at(span, format!("`{text}` divided by {stride}, rounded up"))
                    .help("give the sizes values, or choose ends whose distance is a multiple of the step")
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
            let mut error = Diagnostic::error(
                codes::INDEX_OUT_OF_RANGE,
                format!(
                    "index {} is out of range for an axis of size {}",
                    tree.show(position),
                    tree.show(len)
                ),
            )
            .at(
                span,
                if too_low {
                    "this falls below 0".into()
                } else {
                    format!(
                        "valid indices are 0 to {}",
                        len.sub(&Poly::constant(1)).map_or(String::new(), |p| tree.show(&p))
                    )
                },
            );
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

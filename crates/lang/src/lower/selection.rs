//! What an index picks out of an array.

use super::context::{Context, Env, Operand};
use super::{Lowered, refuse};
use crate::check::tree::Selector;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use cvxlayer_program::Shape;

impl Context<'_> {
    /// The shape and the positions that selectors pick out of an array.
    ///
    /// # Errors
    /// If one is out of range.
    pub fn positions(
        &self,
        base: &Operand,
        selectors: &[Selector],
        span: Span,
    ) -> Lowered<(Shape, Vec<usize>)> {
        let shape = self.shape(base)?;
        let axes = shape.axes();
        let mut picks: Vec<(Vec<usize>, bool)> = Vec::with_capacity(2);
        for (k, &len) in axes.iter().enumerate() {
            picks.push(match selectors.get(k) {
                Some(selector) => self.pick(selector, len, &base.env, span)?,
                None => ((0..len).collect(), true),
            });
        }
        Ok(match &picks[..] {
            [] => (Shape::Scalar, vec![0]),
            [(list, false)] => (Shape::Scalar, list.clone()),
            [(list, true)] => (Shape::Vector(list.len()), list.clone()),
            [(rows, keep_rows), (columns, keep_columns), ..] => {
                let n = axes[1];
                // Two lists of positions pick pairs, as in NumPy.
                if let (Some(Selector::List(_)), Some(Selector::List(_))) =
                    (selectors.first(), selectors.get(1))
                {
                    if rows.len() != columns.len() {
                        let error =
                            Diagnostic::error(codes::SHAPE_MISMATCH, "index vectors differ in length");
                        return Err(refuse(
                            error.at(span, format!("{} against {}", rows.len(), columns.len())),
                        ));
                    }
                    let list = rows.iter().zip(columns).map(|(i, j)| i * n + j).collect::<Vec<_>>();
                    return Ok((Shape::Vector(list.len()), list));
                }
                let list = rows.iter().flat_map(|i| columns.iter().map(move |j| i * n + j)).collect();
                let shape = match (keep_rows, keep_columns) {
                    (true, true) => Shape::Matrix(rows.len(), columns.len()),
                    (true, false) => Shape::Vector(rows.len()),
                    (false, true) => Shape::Vector(columns.len()),
                    (false, false) => Shape::Scalar,
                };
                (shape, list)
            }
        })
    }

    fn pick(&self, selector: &Selector, len: usize, env: &Env, span: Span) -> Lowered<(Vec<usize>, bool)> {
        let tree = &self.model.tree;
        let out_of_range = |what: String, span: Span| {
            refuse(Diagnostic::error(codes::INDEX_OUT_OF_RANGE, what).at(
                span,
                if len == 0 {
                    "the axis is empty".to_owned()
                } else {
                    format!("the last entry is {}", len - 1)
                },
            ))
        };
        match selector {
            Selector::At(node, from_end) => {
                let value = self.integer(&Operand { node: *node, env: env.clone() })?;
                let position = if *from_end { value + len as i64 } else { value };
                if !(0..len as i64).contains(&position) {
                    let what = format!("the index {value} is out of range for an axis of size {len}");
                    let error = out_of_range(what, tree.span(*node));
                    return Err(match &tree.facts(*node).size {
                        Some(size) => refuse(self.told(*error, size, env)),
                        None => error,
                    });
                }
                Ok((vec![position as usize], false))
            }
            Selector::Slice { start, count, step } => {
                let (start, count) = (self.size(start, env, span)?, self.size(count, env, span)?);
                let last = start + (count - 1).max(0) * step;
                if count < 0
                    || (count > 0 && !(0..len as i64).contains(&start))
                    || (count > 0 && !(0..len as i64).contains(&last))
                    || start > len as i64
                {
                    return Err(out_of_range(
                        format!(
                            "the slice runs from {start} to {last}, out of range for an axis of size {len}"
                        ),
                        span,
                    ));
                }
                Ok(((0..count).map(|k| (start + k * step) as usize).collect(), true))
            }
            Selector::List(node) => {
                let values = self.literal(&Operand { node: *node, env: env.clone() })?;
                let mut list = Vec::with_capacity(values.len());
                for &value in values.iter() {
                    let position = if value < 0.0 { value + len as f64 } else { value };
                    if position.fract() != 0.0 || !(0.0..len as f64).contains(&position) {
                        return Err(out_of_range(
                            format!("the index {value} is out of range for an axis of size {len}"),
                            tree.span(*node),
                        ));
                    }
                    list.push(position as usize);
                }
                Ok((list, true))
            }
        }
    }
}

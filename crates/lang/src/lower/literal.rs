//! Numbers that are fixed when a model is compiled: literals, arithmetic on sizes, entries of constants.

use super::context::{Context, Env, Operand};
use super::{Lowered, refuse};
use crate::check::tree::{Kind, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use std::rc::Rc;

impl Context<'_> {
    /// The number of a scalar that is fixed at compile time: a literal, arithmetic on sizes, or a constant's entry.
    ///
    /// # Errors
    /// If it is not such a number.
    pub fn number(&self, operand: &Operand) -> Lowered<f64> {
        if let Some(family) = operand.env.family() {
            // In many instances it is a number if it is the same one in all.
            let numbers = self.numbers(operand.node, family);
            let first = numbers.as_deref().and_then(|all| all.first().copied());
            return match first {
                Some(first) if numbers.is_some_and(|all| all.iter().all(|&v| v == first)) => Ok(first),
                _ => Err(self.not_fixed(operand.node)),
            };
        }
        let key = self.model.tree.canonical(operand.node);
        if !self.repeated[key.0 as usize] {
            return self.fresh_number(operand);
        }
        if let Some(known) = self.numbers.borrow().get(key, &operand.env) {
            return Ok(known);
        }
        let value = self.fresh_number(operand)?;
        self.numbers.borrow_mut().insert(key, &operand.env, value);
        Ok(value)
    }

    fn fresh_number(&self, operand: &Operand) -> Lowered<f64> {
        let tree = &self.model.tree;
        let span = tree.span(operand.node);
        let facts = tree.facts(operand.node);
        if let Some(size) = &facts.size {
            return Ok(self.size(size, &operand.env, span)? as f64);
        }
        if facts.indexed {
            self.evaluated(span)?;
        }
        match &tree[operand.node].kind {
            Kind::Number(bits) => return Ok(bits.get()),
            Kind::Constant(k) if self.model.constants[*k as usize].init.is_some() => {
                let init = self.model.constants[*k as usize].init.unwrap_or(operand.node);
                return self.number(&Operand { node: init, env: Env::default() });
            }
            Kind::Constant(k) => {
                if let Some([value]) = self.constant(*k, span)?.dense().as_deref() {
                    return Ok(*value);
                }
            }
            Kind::Index { base, selectors } => {
                let base = Operand { node: *base, env: operand.env.clone() };
                if let (Kind::Constant(_) | Kind::Array(_), Ok(values)) =
                    (&tree[base.node].kind, self.literal(&base))
                {
                    let (_, positions) = self.positions(&base, selectors, span)?;
                    if let [position] = positions[..] {
                        return Ok(values[position]);
                    }
                }
            }
            Kind::Call { atom, arguments, .. } if facts.level <= crate::check::tree::Level::Constant => {
                let values = arguments
                    .iter()
                    .map(|&node| self.number(&Operand { node, env: operand.env.clone() }))
                    .collect::<Lowered<Vec<_>>>()?;
                if let Some(value) = crate::check::fold::scalar(atom.atom().row().name, &values) {
                    return Ok(value);
                }
            }
            _ => {}
        }
        if let Some(value) = facts.interval.as_point() {
            return Ok(value);
        }
        Err(self.not_fixed(operand.node))
    }

    /// The error for what is no number.
    fn not_fixed(&self, node: NodeId) -> Box<Diagnostic> {
        let error = Diagnostic::error(
            codes::NOT_FIXED,
            "this must be a number that is fixed when the model is compiled",
        );
        refuse(error.at(self.model.tree.span(node), "this is not known then"))
    }

    /// As [`number`](Self::number), for an integer.
    ///
    /// # Errors
    /// If it is no integer that is fixed at compile time.
    pub fn integer(&self, operand: &Operand) -> Lowered<i64> {
        let value = self.number(operand)?;
        if value.fract() == 0.0 && value.abs() < 9.0e15 {
            return Ok(value as i64);
        }
        let span = self.model.tree.span(operand.node);
        Err(refuse(
            Diagnostic::error(codes::NOT_AN_INTEGER, format!("this must be an integer, and is {value}"))
                .at(span, ""),
        ))
    }

    /// The entries of an array that the text or sizes state.
    ///
    /// # Errors
    /// If they are not fixed at compile time.
    pub fn literal(&self, operand: &Operand) -> Lowered<Rc<[f64]>> {
        let tree = &self.model.tree;
        let key = tree.canonical(operand.node);
        // An index picks one entry after the other out of an array that stays the same.
        let keep =
            !tree.facts(operand.node).indexed && matches!(tree[key].kind, Kind::Constant(_) | Kind::Array(_));
        if let Some(known) = self.literals.borrow().get(&key).filter(|_| keep) {
            return Ok(known.clone());
        }
        let out: Rc<[f64]> = self.fresh_literal(operand)?.into();
        if keep {
            self.literals.borrow_mut().insert(key, out.clone());
        }
        Ok(out)
    }

    fn fresh_literal(&self, operand: &Operand) -> Lowered<Vec<f64>> {
        let tree = &self.model.tree;
        match &tree[operand.node].kind {
            Kind::Constant(k) => match self.model.constants[*k as usize].init {
                Some(node) => Ok(self.literal(&Operand { node, env: Env::default() })?.to_vec()),
                None => self.constant(*k, tree.span(operand.node))?.dense().ok_or_else(|| {
                    refuse(
                        Diagnostic::error(codes::TOO_LARGE, "too many entries")
                            .at(tree.span(operand.node), ""),
                    )
                }),
            },
            Kind::Array(items) => {
                let mut out = Vec::new();
                for &node in items {
                    out.extend(self.literal(&Operand { node, env: operand.env.clone() })?.iter());
                }
                Ok(out)
            }
            _ => Ok(vec![self.number(operand)?]),
        }
    }
}

//! How often the bodies of comprehensions are visited.

use super::context::{Context, Env};
use super::{Lowered, grouped, refuse};
use crate::check::model::Constraint;
use crate::check::tree::{Kind, Level, Loops, NodeId, Tree};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use std::collections::HashMap;

/// The most instances of all comprehensions together: a sum within a sum is visited once for each instance of the outer one.
pub(super) const MAX_VISITED: i64 = 3_000_000;

/// The most expressions evaluated for single values of indices.
pub(super) const MAX_EVALUATED: u64 = 30_000_000;

/// The values of expressions with indices that stand in several places, for the present values of the indices: a function
/// may use its argument twice, and that of the function around it twice again.
#[derive(Debug)]
pub(super) struct Recent<T>(Vec<(Env, HashMap<NodeId, T>)>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Recent<T> {
    /// The value of a canonical expression, if it is known.
    pub(super) fn get(&self, key: NodeId, env: &Env) -> Option<T> {
        let (around, known) = self.0.get(env.len())?;
        if around.is(env) { known.get(&key).cloned() } else { None }
    }

    /// Keeps a value until the indices have other ones.
    pub(super) fn insert(&mut self, key: NodeId, env: &Env, value: T) {
        self.0.resize_with(self.0.len().max(env.len() + 1), Default::default);
        let (around, known) = &mut self.0[env.len()];
        if !around.is(env) {
            around.clone_from(env);
            known.clear();
        }
        known.insert(key, value);
    }
}

/// By canonical expression, whether it depends on an index, is a call, and stands in several places.
pub(super) fn repeated(tree: &Tree) -> Vec<bool> {
    let mut places = vec![0_u8; tree.len()];
    for id in (0..tree.len() as u32).map(NodeId).filter(|&id| tree.facts(id).indexed) {
        for part in tree.operands(id) {
            let count = &mut places[tree.canonical(part).0 as usize];
            *count = count.saturating_add(1);
        }
    }
    let call = |k: usize| {
        let node = NodeId(k as u32);
        tree.facts(node).indexed && matches!(tree[node].kind, Kind::Call { .. } | Kind::Comprehension { .. })
    };
    places.iter().enumerate().map(|(k, &count)| count > 1 && call(k)).collect()
}

impl Context<'_> {
    /// Counts an expression that is evaluated for single values of indices.
    ///
    /// # Errors
    /// If there are too many.
    pub fn evaluated(&self, span: Span) -> Lowered<()> {
        self.evaluated.set(self.evaluated.get() + 1);
        if self.evaluated.get() <= MAX_EVALUATED {
            return Ok(());
        }
        let error =
            Diagnostic::error(codes::TOO_LARGE, "`for` has too many instances of too long expressions");
        Err(refuse(error.at(span, format!("more than {} evaluated by here", grouped(MAX_EVALUATED)))))
    }

    /// Refuses, before any instance is visited, an outermost `for` that is bound to have too many within it.
    ///
    /// # Errors
    /// If there are too many, by the ranges that depend on no other index.
    pub fn foreseen(&self, loops: &Loops, bodies: &[NodeId], span: Span) -> Lowered<()> {
        let mut known = HashMap::new();
        let count = self.visits(loops, bodies, &mut known);
        if self.visited.get().saturating_add(count) <= MAX_VISITED {
            return Ok(());
        }
        let alone = bodies.iter().all(|&body| self.within(body, &mut known) == 0);
        let message = if alone { "this `for`" } else { "`for` within `for`" };
        let error = Diagnostic::error(codes::TOO_LARGE, format!("{message} has too many instances")).at(
            span,
            format!("at least {} are visited; {} may be in all", grouped(count), grouped(MAX_VISITED)),
        );
        Err(refuse(
            error.help("operations on arrays visit none: `A @ x`, `sum(X, axis=0)`, `x[1:] - x[:-1]`"),
        ))
    }

    /// The least number of instances that these loops and those in their bodies have.
    fn visits(&self, loops: &Loops, bodies: &[NodeId], known: &mut HashMap<NodeId, i64>) -> i64 {
        let (mut all, mut combinations) = (0_i64, 1_i64);
        for (_, from, to) in &loops.ranges {
            let value = |poly| self.size(poly, &Env::default(), Span::default()).ok();
            // A range that depends on an index may be empty.
            let (Some(from), Some(to)) = (value(from), value(to)) else { return all };
            combinations = combinations.saturating_mul(to.saturating_sub(from).max(0));
            all = all.saturating_add(combinations);
        }
        if loops.condition.is_some() {
            return all;
        }
        let inner = bodies.iter().fold(0_i64, |sum, &body| sum.saturating_add(self.within(body, known)));
        all.saturating_add(combinations.saturating_mul(inner))
    }

    /// The least number of instances visited for each visit of an expression.
    fn within(&self, node: NodeId, known: &mut HashMap<NodeId, i64>) -> i64 {
        let tree = &self.model.tree;
        let facts = tree.facts(node);
        // What depends on no index is visited once, and a number may be known without a visit.
        if !facts.indexed || facts.level <= Level::Constant {
            return 0;
        }
        if let Some(&count) = known.get(&node) {
            return count;
        }
        let count = if let Kind::Comprehension { body, loops, .. } = &tree[node].kind {
            self.visits(loops, &[*body], known)
        } else {
            let parts = tree.operands(node);
            parts.into_iter().fold(0_i64, |sum, part| sum.saturating_add(self.within(part, known)))
        };
        known.insert(node, count);
        count
    }
}

/// The instances of a constraint and the leading axes of its dual.
pub(super) fn instances(context: &Context<'_>, constraint: &Constraint) -> Lowered<(Vec<Env>, Vec<usize>)> {
    let Some(loops) = &constraint.loops else { return Ok((vec![Env::default()], Vec::new())) };
    let all = context.instances(loops, &Env::default(), constraint.span)?;
    let axes = instance_axes(context, loops, all.len(), constraint.span)?;
    Ok((all, axes))
}

/// The leading axes of the dual of a constraint with this many instances.
///
/// # Errors
/// If the ends of a range are too large.
pub(super) fn instance_axes(
    context: &Context<'_>,
    loops: &Loops,
    len: usize,
    span: Span,
) -> Lowered<Vec<usize>> {
    if !loops.is_grid() {
        return Ok(vec![len]);
    }
    let size = |p| context.size(p, &Env::default(), span);
    loops.ranges.iter().map(|(_, lo, hi)| Ok((size(hi)? - size(lo)?).max(0) as usize)).collect()
}

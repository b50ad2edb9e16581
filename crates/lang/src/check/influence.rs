//! Which parameters reach the objective or a constraint.

use super::model::CheckedModel;
use super::tree::{Kind, NodeId, Tree};
use std::collections::BTreeSet;

/// The positions of the parameters that may move the objective, a constraint or a bound. One is missing only if every
/// way from it is proved to vanish.
pub(super) fn influential(model: &CheckedModel) -> BTreeSet<u32> {
    let objective = model.objective.iter().map(|(_, node)| *node);
    let sides =
        model.constraints.iter().flat_map(|c| std::iter::once(c.first).chain(c.rest.iter().map(|r| r.1)));
    let bounds = model.variables.iter().filter_map(|v| v.range).flat_map(|(lo, hi)| [lo, hi]);
    let mut stack: Vec<NodeId> = objective.chain(sides).chain(bounds).collect();
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(node) = stack.pop() {
        let node = model.tree.canonical(node);
        if !seen.insert(node) {
            continue;
        }
        match &model.tree[node].kind {
            Kind::Parameter(k) => drop(found.insert(*k)),
            // What has but one value does not depend on anything.
            _ if model.tree.facts(node).interval.as_point().is_some() => {}
            Kind::Constant(k) => {
                stack.extend(model.constants.get(*k as usize).and_then(|c| c.init));
            }
            Kind::Call { atom, arguments, .. } if atom.atom().row().name == "add" => {
                stack.extend(uncancelled(&model.tree, arguments));
            }
            _ => stack.extend(model.tree.operands(node)),
        }
    }
    found
}

/// The terms of a sum without the pairs of a term and its negation.
fn uncancelled(tree: &Tree, terms: &[NodeId]) -> Vec<NodeId> {
    let negated = |node: NodeId| match &tree[node].kind {
        Kind::Call { atom, arguments, .. } if atom.atom().row().name == "negative" => {
            Some(tree.canonical(arguments[0]))
        }
        _ => None,
    };
    let mut kept: Vec<NodeId> = Vec::with_capacity(terms.len());
    for &term in terms {
        let opposite = kept.iter().position(|&other| {
            negated(other) == Some(tree.canonical(term)) || negated(term) == Some(tree.canonical(other))
        });
        match opposite {
            Some(at) => drop(kept.swap_remove(at)),
            None => kept.push(term),
        }
    }
    kept
}

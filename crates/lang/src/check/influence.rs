//! Which parameters reach the objective or a constraint.

use super::model::CheckedModel;
use super::tree::{Kind, NodeId, Tree};
use std::collections::{BTreeMap, BTreeSet};

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

/// The terms of a sum without those that their negations cancel; a long sum must not be compared pair by pair.
fn uncancelled(tree: &Tree, terms: &[NodeId]) -> Vec<NodeId> {
    let mut counts: BTreeMap<NodeId, (i64, NodeId)> = BTreeMap::new();
    for &term in terms {
        let (key, sign) = match &tree[term].kind {
            Kind::Call { atom, arguments, .. } if atom.atom().row().name == "negative" => {
                (tree.canonical(arguments[0]), -1)
            }
            _ => (tree.canonical(term), 1),
        };
        counts.entry(key).or_insert((0, term)).0 += sign;
    }
    counts.into_values().filter(|(count, _)| *count != 0).map(|(_, term)| term).collect()
}

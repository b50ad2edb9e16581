//! How the curvature of an objective or constraint comes about, part by part: what `cvx check --tree` shows.

use super::Checked;
use super::curvature::Curvature;
use super::explain::{allowed, display_name};
use super::model::{CheckedModel, Relation};
use super::place::sign;
use super::tree::{Kind, NodeId};
use crate::atoms::{Atom, Call};
use crate::syntax::ast::Sense;
use serde::Serialize;

/// The objective or a constraint, as trees of its sides.
#[derive(Clone, Debug, Serialize)]
pub struct Outline {
    /// `minimize` or `maximize`, or the constraint as it is written.
    pub title: String,
    /// Whether it fulfils the rules.
    pub ok: bool,
    /// The objective, or each side of the comparison.
    pub sides: Vec<Branch>,
}

/// An expression with what is known of it.
#[derive(Clone, Debug, Serialize)]
pub struct Branch {
    /// What the user wrote, on one line.
    pub text: String,
    /// The sizes of the axes; empty for a scalar.
    pub shape: String,
    /// Its curvature.
    pub curvature: &'static str,
    /// Its sign.
    pub sign: &'static str,
    /// The rule that gives the curvature, or why none does.
    pub rule: String,
    /// Whether the curvature is known, or is lost further inside.
    pub ok: bool,
    /// Its operands.
    pub parts: Vec<Branch>,
}

/// What a statement compares or optimizes, also where it breaks the rules.
#[derive(Clone, Debug)]
pub(super) enum Root {
    /// The objective.
    Objective(Sense, NodeId),
    /// A constraint: its text, and its sides with the comparisons between them.
    Constraint(String, NodeId, Vec<(Relation, NodeId)>),
}

/// Trees with more branches are cut.
const MOST: usize = 2_000;

impl Checked {
    /// The objective and each constraint as trees, those that break the rules included.
    pub fn outlines(&self) -> Vec<Outline> {
        let mut left = MOST;
        self.roots.iter().map(|root| outline(&self.model, root, &mut left)).collect()
    }
}

fn outline(model: &CheckedModel, root: &Root, left: &mut usize) -> Outline {
    let curvature = |node: NodeId| model.tree.facts(node).curvature;
    match root {
        Root::Objective(sense, node) => {
            let (title, ok) = match sense {
                Sense::Minimize => ("minimize", curvature(*node).is_convex()),
                Sense::Maximize => ("maximize", curvature(*node).is_concave()),
            };
            Outline { title: title.to_owned(), ok, sides: vec![branch(model, *node, left)] }
        }
        Root::Constraint(text, first, rest) => {
            let sides: Vec<NodeId> = std::iter::once(*first).chain(rest.iter().map(|r| r.1)).collect();
            let ok = rest.iter().enumerate().all(|(k, (relation, _))| {
                let (a, b) = (curvature(sides[k]), curvature(sides[k + 1]));
                match relation {
                    Relation::AtMost => a.is_convex() && b.is_concave(),
                    Relation::AtLeast => a.is_concave() && b.is_convex(),
                    Relation::Equal => a.is_affine() && b.is_affine(),
                }
            });
            let sides = sides.into_iter().map(|side| branch(model, side, left)).collect();
            Outline { title: text.clone(), ok, sides }
        }
    }
}

fn branch(model: &CheckedModel, node: NodeId, left: &mut usize) -> Branch {
    *left = left.saturating_sub(1);
    let tree = &model.tree;
    let facts = tree.facts(node);
    let shape = tree.shape(node);
    let operands = tree.operands(node);
    let broken = |node: NodeId| tree.facts(node).curvature == Curvature::Unknown;
    let cause = broken(node) && !operands.iter().any(|&o| broken(o));
    // A data expression needs no further explanation, and a tree too large is not read.
    // Entries of a name say no more than the name.
    let plain = matches!(tree[node].kind, Kind::Index { base, .. } if tree.operands(base).is_empty());
    let parts = if facts.variable_free() || plain || *left == 0 {
        Vec::new()
    } else {
        operands.into_iter().map(|operand| branch(model, operand, left)).collect()
    };
    let text = model.text(tree.span(node));
    // In a difference the term stands where its negation does.
    let negated = matches!(&tree[node].kind, Kind::Call { arguments, .. }
        if arguments.len() == 1 && tree.span(arguments[0]) == tree.span(node));
    Branch {
        text: if negated { format!("-{text}") } else { text },
        shape: if shape.is_empty() { String::new() } else { tree.show_shape(shape) },
        curvature: facts.curvature.name(),
        sign: sign(facts),
        rule: rule(model, node),
        ok: !cause,
        parts,
    }
}

/// The rule behind the curvature of a node, in words.
fn rule(model: &CheckedModel, node: NodeId) -> String {
    let tree = &model.tree;
    match &tree[node].kind {
        Kind::Variable(_) => "variable".to_owned(),
        Kind::Parameter(_) => "parameter".to_owned(),
        Kind::Constant(_) => "constant".to_owned(),
        Kind::Number(_) | Kind::Size(_) => "number".to_owned(),
        Kind::Dual(_) | Kind::BoundDual(_) | Kind::Objective | Kind::Error => String::new(),
        Kind::Index { .. } => "entries of an array bend as it does".to_owned(),
        _ if tree.facts(node).variable_free() => "no variable enters".to_owned(),
        Kind::Array(_) => "an array bends as all its entries do".to_owned(),
        Kind::Call { atom, arguments, options } => {
            composition(atom.atom(), &Call::new(tree, arguments, options))
        }
        Kind::Comprehension { atom, body, .. } => {
            composition(atom.atom(), &Call::new(tree, std::slice::from_ref(body), &[]))
        }
    }
}

fn composition(atom: &dyn Atom, call: &Call<'_>) -> String {
    let row = atom.row();
    let name = display_name(row.name);
    let own = atom.curvature(call);
    match row.name {
        "add" => return "a sum bends as all its terms do".to_owned(),
        "negative" => return "a minus turns convex and concave around".to_owned(),
        _ if own == Curvature::Unknown => {
            return format!("`{name}` of these arguments has no known curvature");
        }
        _ => {}
    }
    let arguments = (0..call.arguments.len()).filter(|&k| !call.facts(k).variable_free());
    let words: Vec<String> = arguments
        .map(|k| {
            let monotonicity = atom.monotonicity(call, k);
            let curvature = call.facts(k).curvature;
            let fits = allowed(own, monotonicity).contains(&curvature);
            match (curvature.is_affine(), fits) {
                (true, _) => "of an affine argument".to_owned(),
                (false, true) => format!("{} in a {} argument", monotonicity.name(), curvature.name()),
                (false, false) => {
                    let wanted = match allowed(own, monotonicity) {
                        [_, _, third] => third.name(),
                        _ => "affine",
                    };
                    format!(
                        "{} here, so the argument must be {wanted}, and is {}",
                        monotonicity.name(),
                        curvature.name()
                    )
                }
            }
        })
        .collect();
    let mut words = words;
    words.dedup();
    format!("`{name}` is {}, {}", own.name(), words.join(", "))
}

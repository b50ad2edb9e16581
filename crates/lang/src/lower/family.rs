//! Many instances of a `for`: the values of the indices in all of them, and what indices alone decide.

use super::affine::Affine;
use super::context::{Context, Env, MAX_INSTANCES, Operand};
use super::visits::{MAX_EVALUATED, MAX_VISITED};
use crate::check::size::{Poly, Unknown};
use crate::check::tree::{Condition, Kind, Loops, NodeId, Selector};
use crate::source::Span;
use cvxlayer_program::Shape;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The values of the indices around an expression for many instances.
#[derive(Debug)]
pub(super) struct Family {
    /// How many instances there are.
    pub(super) len: usize,
    /// The values that all instances share.
    around: Env,
    /// The values of the other indices, instance by instance.
    moving: Vec<(u32, Vec<i64>)>,
    /// What stands in several places: arrays, nodes of a tape, numbers.
    pub(super) known: RefCell<HashMap<NodeId, Rc<Affine>>>,
    pub(super) nodes: RefCell<HashMap<NodeId, u32>>,
    numbers: RefCell<HashMap<NodeId, Rc<[f64]>>>,
}

impl Family {
    /// One instance.
    pub(super) fn one(around: &Env) -> Self {
        Self::new(1, around.clone(), Vec::new())
    }

    fn new(len: usize, around: Env, moving: Vec<(u32, Vec<i64>)>) -> Self {
        let (known, nodes, numbers) = Default::default();
        Self { len, around, moving, known, nodes, numbers }
    }

    /// Whether this is the same family, not only an equal one.
    pub(super) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }

    /// The values that all instances share.
    pub(super) fn around(&self) -> &Env {
        &self.around
    }

    fn values(&self, index: u32) -> Option<&[i64]> {
        self.moving.iter().rev().find(|(k, _)| *k == index).map(|(_, values)| &values[..])
    }

    /// Some of the instances, which may repeat.
    fn pick(&self, sources: &[usize]) -> Vec<(u32, Vec<i64>)> {
        let picked = |values: &[i64]| sources.iter().map(|&k| values[k]).collect();
        self.moving.iter().map(|(index, values)| (*index, picked(values))).collect()
    }
}

impl Context<'_> {
    /// A size in each instance.
    pub(super) fn sizes(&self, poly: &Poly, family: &Family) -> Option<Vec<i64>> {
        let fixed = |unknown| match unknown {
            Unknown::Dim(k) => self.dims.get(k as usize).copied(),
            Unknown::Index(k) => family.around.get(k),
        };
        poly.evaluate_each(family.len, fixed, |unknown| match unknown {
            Unknown::Dim(_) => None,
            Unknown::Index(k) => family.values(k),
        })
    }

    /// The instances of a `for` in each instance of a family, and which of these each belongs to.
    pub(super) fn within_each(&self, loops: &Loops, family: &Family) -> Option<(Family, Vec<usize>)> {
        let mut out = Family::new(family.len, family.around.clone(), family.moving.clone());
        let mut owners: Vec<usize> = (0..family.len).collect();
        for (index, from, to) in &loops.ranges {
            let (from, to) = (self.sizes(from, &out)?, self.sizes(to, &out)?);
            let mut count = 0_i64;
            for (from, to) in from.iter().zip(&to) {
                count = count.saturating_add(to.saturating_sub(*from).max(0));
            }
            self.visited.set(self.visited.get().saturating_add(count));
            if count > MAX_INSTANCES || self.visited.get() > MAX_VISITED {
                return None;
            }
            let mut sources = Vec::with_capacity(count as usize);
            let mut values = Vec::with_capacity(count as usize);
            for (k, (&from, &to)) in from.iter().zip(&to).enumerate() {
                values.extend(from..to);
                sources.resize(values.len(), k);
            }
            let mut moving = out.pick(&sources);
            moving.push((*index, values));
            owners = sources.iter().map(|&k| owners[k]).collect();
            out = Family::new(sources.len(), out.around, moving);
        }
        if let Some(condition) = &loops.condition {
            let holds = self.hold(condition, &out)?;
            let kept: Vec<usize> = (0..out.len).filter(|&k| holds[k]).collect();
            owners = kept.iter().map(|&k| owners[k]).collect();
            out = Family::new(kept.len(), out.around.clone(), out.pick(&kept));
        }
        Some((out, owners))
    }

    /// Whether a condition holds, in each instance.
    fn hold(&self, condition: &Condition, family: &Family) -> Option<Vec<bool>> {
        let both = |a: &Condition, b: &Condition, join: fn(bool, bool) -> bool| {
            let (a, b) = (self.hold(a, family)?, self.hold(b, family)?);
            Some(a.into_iter().zip(b).map(|(a, b)| join(a, b)).collect())
        };
        match condition {
            Condition::Compare(order, a, b) => {
                let (a, b) = (self.sizes(a, family)?, self.sizes(b, family)?);
                Some(a.into_iter().zip(b).map(|(a, b)| order.holds(a, b)).collect())
            }
            Condition::And(a, b) => both(a, b, |a, b| a && b),
            Condition::Or(a, b) => both(a, b, |a, b| a || b),
            Condition::Not(a) => Some(self.hold(a, family)?.into_iter().map(|holds| !holds).collect()),
        }
    }

    /// Counts an expression for every instance.
    pub(super) fn evaluated_each(&self, family: &Family) -> Option<()> {
        self.evaluated.set(self.evaluated.get() + family.len as u64);
        (self.evaluated.get() <= MAX_EVALUATED).then_some(())
    }

    /// As [`number`](Self::number), in each instance.
    pub(super) fn numbers(&self, node: NodeId, family: &Family) -> Option<Rc<[f64]>> {
        let tree = &self.model.tree;
        if let Some(size) = &tree.facts(node).size {
            return Some(self.sizes(size, family)?.into_iter().map(|size| size as f64).collect());
        }
        if !tree.facts(node).indexed {
            let number = self.number(&Operand { node, env: family.around.clone() }).ok()?;
            return Some((0..family.len).map(|_| number).collect());
        }
        let key = tree.canonical(node);
        let repeated = self.repeated[key.0 as usize];
        if repeated && let Some(known) = family.numbers.borrow().get(&key) {
            return Some(known.clone());
        }
        let out = self.fresh_numbers(node, family)?;
        if repeated {
            family.numbers.borrow_mut().insert(key, out.clone());
        }
        Some(out)
    }

    fn fresh_numbers(&self, node: NodeId, family: &Family) -> Option<Rc<[f64]>> {
        let tree = &self.model.tree;
        self.evaluated_each(family)?;
        match &tree[node].kind {
            Kind::Index { base, selectors } => {
                let base = Operand { node: *base, env: family.around.clone() };
                if tree.facts(base.node).indexed
                    || !matches!(tree[base.node].kind, Kind::Constant(_) | Kind::Array(_))
                {
                    return None;
                }
                let (shape, values) = (self.shape(&base).ok()?, self.literal(&base).ok()?);
                let positions = self.positions_each(shape, selectors, family)?;
                positions.into_iter().map(|k| values.get(k).copied()).collect()
            }
            Kind::Call { atom, arguments, .. } => {
                let all = arguments.iter().map(|&a| self.numbers(a, family)).collect::<Option<Vec<_>>>()?;
                let name = atom.atom().row().name;
                let mut given = vec![0.0; all.len()];
                let value = |k: usize| {
                    given.iter_mut().zip(&all).for_each(|(one, values)| *one = values[k]);
                    crate::check::fold::scalar(name, &given)
                };
                (0..family.len).map(value).collect()
            }
            _ => None,
        }
    }

    /// The entries of an array that selectors pick, instance by instance.
    pub(super) fn positions_each(
        &self,
        shape: Shape,
        selectors: &[Selector],
        family: &Family,
    ) -> Option<Vec<usize>> {
        let axes = shape.axes();
        let mut out = vec![0_usize; family.len];
        for (k, &len) in axes.iter().enumerate() {
            // Where the instances start along the axis, and how they go on.
            let (starts, steps): (Rc<[f64]>, Vec<i64>) = match selectors.get(k) {
                Some(Selector::At(node, from_end)) => {
                    let offset = if *from_end { len as f64 } else { 0.0 };
                    (self.numbers(*node, family)?.iter().map(|value| value + offset).collect(), vec![0])
                }
                Some(Selector::Slice { start, count, step }) => {
                    let count = self.size(count, &family.around, Span::default()).ok()?;
                    let starts = self.sizes(start, family)?;
                    if count < 0 || starts.iter().any(|&start| start > len as i64) {
                        return None;
                    }
                    let starts = starts.into_iter().map(|start| start as f64).collect();
                    (starts, (0..count).map(|i| i * step).collect())
                }
                Some(Selector::List(_)) => return None,
                None => (vec![0.0; family.len].into(), (0..len as i64).collect()),
            };
            let mut next = Vec::with_capacity(out.len().checked_mul(steps.len())?);
            let own = out.len() / family.len.max(1);
            for (instance, start) in starts.iter().enumerate() {
                for at in &out[instance * own..(instance + 1) * own] {
                    for step in &steps {
                        let position = start + *step as f64;
                        if position.fract() != 0.0 || !(0.0..len as f64).contains(&position) {
                            return None;
                        }
                        next.push(at * len + position as usize);
                    }
                }
            }
            out = next;
        }
        Some(out)
    }
}

//! The instances of a `for` together: a scalar body that is made of affine operations is one array over all instances, so
//! that it is evaluated once and not once for each. Whatever has no such form is visited instance by instance.

use super::affine::Affine;
use super::context::{Context, Env, MAX_INSTANCES, Operand};
use super::dual::DualEntries;
use super::expand::{Lower, MAX_TERMS, expand_to};
use super::squares::LONGEST_SQUARED;
use super::visits::{MAX_EVALUATED, MAX_VISITED, instance_axes};
use crate::atoms::AtomId;
use crate::check::model::{Constraint, Relation};
use crate::check::size::{Poly, Unknown};
use crate::check::tree::{Condition, Kind, Level, Loops, NodeId, Selector};
use cvxlayer_program::Shape;
use std::collections::HashMap;
use std::rc::Rc;

/// Fewer instances than this are as quick one by one.
const FEW: usize = 32;

/// The values of the indices around an expression for many instances.
struct Family {
    len: usize,
    /// The values that all instances share.
    around: Env,
    /// The values of the other indices, instance by instance.
    moving: Vec<(u32, Vec<i64>)>,
    /// What stands in several places.
    known: HashMap<NodeId, Option<Rc<Affine>>>,
    numbers: HashMap<NodeId, Option<Rc<[f64]>>>,
}

impl Family {
    /// One instance.
    fn one(around: &Env) -> Self {
        Self::new(1, around.clone(), Vec::new())
    }

    fn new(len: usize, around: Env, moving: Vec<(u32, Vec<i64>)>) -> Self {
        Self { len, around, moving, known: HashMap::new(), numbers: HashMap::new() }
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
    fn sizes(&self, poly: &Poly, family: &Family) -> Option<Vec<i64>> {
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
    fn within_each(&self, loops: &Loops, family: &Family) -> Option<(Family, Vec<usize>)> {
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
    fn evaluated_each(&self, family: &Family) -> Option<()> {
        self.evaluated.set(self.evaluated.get() + family.len as u64);
        (self.evaluated.get() <= MAX_EVALUATED).then_some(())
    }

    /// As [`number`](Self::number), in each instance.
    fn numbers(&self, node: NodeId, family: &mut Family) -> Option<Rc<[f64]>> {
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
        if repeated && let Some(known) = family.numbers.get(&key) {
            return known.clone();
        }
        let out = self.fresh_numbers(node, family);
        if repeated {
            family.numbers.insert(key, out.clone());
        }
        out
    }

    fn fresh_numbers(&self, node: NodeId, family: &mut Family) -> Option<Rc<[f64]>> {
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

    /// The entry of an array that selectors pick, in each instance.
    fn positions_each(
        &self,
        shape: Shape,
        selectors: &[Selector],
        family: &mut Family,
    ) -> Option<Vec<usize>> {
        let axes = shape.axes();
        if selectors.len() != axes.len() {
            return None;
        }
        let mut out = vec![0_usize; family.len];
        for (selector, len) in selectors.iter().zip(axes) {
            let Selector::At(node, from_end) = selector else { return None };
            let offset = if *from_end { len as f64 } else { 0.0 };
            for (at, value) in out.iter_mut().zip(self.numbers(*node, family)?.iter()) {
                let position = value + offset;
                if position.fract() != 0.0 || !(0.0..len as f64).contains(&position) {
                    return None;
                }
                *at = *at * len + position as usize;
            }
        }
        Some(out)
    }
}

impl Lower<'_> {
    /// What `attempt` yields; where that is nothing, nothing is counted either.
    fn attempt<T>(&mut self, attempt: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let (here, total) = (self.here, self.total);
        let (visited, evaluated) = (self.context.visited.get(), self.context.evaluated.get());
        let out = attempt(self);
        self.here = here;
        if out.is_none() {
            self.total = total;
            self.context.visited.set(visited);
            self.context.evaluated.set(evaluated);
        }
        out
    }

    /// A comprehension as it is if all instances are evaluated together: a sum, or the instances end to end.
    pub(super) fn joined(&mut self, atom: AtomId, body: NodeId, loops: &Loops, env: &Env) -> Option<Affine> {
        let name = atom.atom().row().name;
        if !matches!(name, "sum" | "hstack") || !self.context.model.tree.shape(body).is_empty() {
            return None;
        }
        self.attempt(|lower| {
            let (mut family, _) = lower.context.within_each(loops, &Family::one(env))?;
            if family.len <= FEW {
                return None;
            }
            let all = lower.each(body, &mut family)?;
            let out = if name == "sum" { all.sum_into(Shape::Scalar, |_| 0) } else { (*all).clone() };
            Some(out.into_terms())
        })
    }

    /// An expression in each instance, as a vector.
    fn each(&mut self, node: NodeId, family: &mut Family) -> Option<Rc<Affine>> {
        let tree = &self.context.model.tree;
        if !tree.shape(node).is_empty() {
            return None;
        }
        if !tree.facts(node).indexed {
            let value = self.affine(&Operand { node, env: family.around.clone() }).ok()?;
            let fits = value.size().saturating_mul(family.len) <= MAX_TERMS;
            return fits.then(|| Rc::new(expand_to(&value, Shape::Vector(family.len)).into_owned()));
        }
        let key = tree.canonical(node);
        let repeated = self.context.repeated[key.0 as usize];
        if repeated && let Some(known) = family.known.get(&key) {
            return known.clone();
        }
        let around = std::mem::replace(&mut self.here, tree.span(node));
        let out = self.fresh_each(node, family).map(Rc::new);
        self.here = around;
        if let Some(out) = &out {
            self.total += out.size();
            if self.total > MAX_TERMS {
                return None;
            }
        }
        if repeated {
            family.known.insert(key, out.clone());
        }
        out
    }

    fn fresh_each(&mut self, node: NodeId, family: &mut Family) -> Option<Affine> {
        let tree = &self.context.model.tree;
        let (facts, shape) = (tree.facts(node), Shape::Vector(family.len));
        for requirement in &tree[node].requirements {
            if self.context.sizes(requirement, family)?.iter().any(|&difference| difference != 0) {
                return None;
            }
        }
        if facts.level <= Level::Constant
            && let Some(numbers) = self.context.numbers(node, family)
        {
            return Some(Affine::numbers(shape, &numbers[..]));
        }
        self.context.evaluated_each(family)?;
        if facts.variable_free() && !facts.linear {
            return None;
        }
        match &tree[node].kind {
            Kind::Index { base, selectors } if !tree.facts(*base).indexed => {
                let base = self.affine(&Operand { node: *base, env: family.around.clone() }).ok()?;
                let positions = self.context.positions_each(base.shape, selectors, family)?;
                (base.gathered_size(&positions) <= MAX_TERMS).then(|| base.gather(shape, positions))
            }
            Kind::Call { atom, arguments, .. } => self.call_each(atom.atom().row().name, arguments, family),
            Kind::Comprehension { atom, body, loops } if atom.atom().row().name == "sum" => {
                let (mut inner, owners) = self.context.within_each(loops, family)?;
                if inner.len == 0 {
                    return Some(Affine::zeros(shape));
                }
                let all = self.each(*body, &mut inner)?;
                let sums = all.sum_into(shape, |k| owners[k]);
                Some(if sums.is_distinct() { sums } else { sums.into_terms() })
            }
            _ => None,
        }
    }

    fn call_each(&mut self, name: &str, arguments: &[NodeId], family: &mut Family) -> Option<Affine> {
        let shape = Shape::Vector(family.len);
        match (name, arguments) {
            ("add", all) => {
                let part = |&node| self.each(node, family).map(|part| (*part).clone());
                Some(Affine::sum(shape, &all.iter().map(part).collect::<Option<Vec<_>>>()?))
            }
            ("negative", &[a]) => Some((*self.each(a, family)?).clone().scale(-1.0)),
            ("multiply", &[a, b]) => {
                let (left, right) = (self.each(a, family)?, self.each(b, family)?);
                // A product of parameters is named by the instance that first has it, and so are long factors.
                let long = |value: &Affine| value.is_parametric() && value.rows().any(|(_, t)| t.len() > 2);
                if left.is_parametric() && right.is_parametric() || long(&left) || long(&right) {
                    return None;
                }
                Some(left.multiply(&right, &mut self.products))
            }
            ("divide", &[a, b]) => {
                let (left, right) = (self.each(a, family)?, self.each(b, family)?.to_numbers()?);
                let inverse: Option<Vec<f64>> = right.iter().map(|v| (*v != 0.0).then(|| 1.0 / v)).collect();
                Some(left.multiply(&Affine::numbers(shape, inverse?), &mut self.products))
            }
            ("square", &[a]) => self.square_each(a, family),
            ("power", &[a, exponent]) => {
                let two = self.context.numbers(exponent, family)?.iter().all(|&p| p == 2.0);
                if two { self.square_each(a, family) } else { None }
            }
            _ => None,
        }
    }

    fn square_each(&mut self, node: NodeId, family: &mut Family) -> Option<Affine> {
        let value = self.each(node, family)?;
        // Long rows get auxiliaries, in the order of the instances.
        if value.is_parametric() || value.most_variables() > LONGEST_SQUARED {
            return None;
        }
        Some(value.multiply(&value, &mut self.products))
    }

    /// The rows of all instances of a constraint, and the axes of its dual.
    pub(super) fn rows_together(
        &mut self,
        constraint: &Constraint,
        owner: (u32, u32),
    ) -> Option<(DualEntries, Vec<usize>)> {
        let loops = constraint.loops.as_ref()?;
        let tree = &self.context.model.tree;
        let affine = |node: NodeId| {
            let facts = tree.facts(node);
            (facts.variable_free() || facts.curvature.is_affine(), facts.variable_free())
        };
        let sides: Vec<NodeId> =
            std::iter::once(constraint.first).chain(constraint.rest.iter().map(|r| r.1)).collect();
        // Between ends that are no data there are two rows for each instance.
        let ends = sides.len() < 3 || affine(sides[0]).1 && affine(sides[2]).1;
        if !constraint.shape.is_empty()
            || !constraint.requirements.is_empty()
            || !ends
            || !sides.iter().all(|&side| affine(side).0)
        {
            return None;
        }
        self.attempt(|lower| {
            let (mut family, _) = lower.context.within_each(loops, &Family::one(&Env::default()))?;
            if family.len <= FEW {
                return None;
            }
            let all = sides.iter().map(|&s| lower.each(s, &mut family)).collect::<Option<Vec<_>>>()?;
            lower.room(family.len, "rows", constraint.span).ok()?;
            let axes = instance_axes(lower.context, loops, family.len, constraint.span).ok()?;
            let turned = constraint.rest.first()?.0 == Relation::AtLeast;
            let duals = match (&all[..], constraint.rest.first()?.0) {
                ([a, b], relation) => {
                    let difference = a.add(&(**b).clone().scale(-1.0));
                    match relation {
                        Relation::Equal => lower.equal(&difference, owner),
                        _ => lower.below(&difference, turned, owner),
                    }
                }
                ([first, middle, last], _) => {
                    let (lo, hi) = if turned { (last, first) } else { (first, last) };
                    lower.ranged(lo, middle, hi, owner)
                }
                _ => return None,
            };
            Some((duals, axes))
        })
    }
}

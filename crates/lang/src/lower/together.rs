//! The instances of a `for` together: an expression is one array over all instances, a row for each, so that it is evaluated
//! once and not once for each. Whatever has no such form is visited instance by instance.

use super::affine::Affine;
use super::context::{Application, Context, Env, Operand};
use super::dual::DualEntries;
use super::expand::{Lower, expand_to};
use super::family::Family;
use super::tape::TapeBuilder;
use super::visits::instance_axes;
use super::{Lowered, refuse};
use crate::atoms::{Atom, AtomId};
use crate::check::fold;
use crate::check::model::Constraint;
use crate::check::size::Poly;
use crate::check::tree::{Bits, Kind, Level, Loops, NodeId, OptionValue, Selector};
use crate::diagnostics::{Diagnostic, codes};
use cvxlayer_program::{Binary, Op, Reduction, Shape, SparseMap};
use std::borrow::Cow;
use std::rc::Rc;

/// Fewer instances than this are as quick one by one.
const FEW: usize = 32;

impl Context<'_> {
    /// Whether many instances of an expression can be evaluated together, sizes and positions that do not fit aside.
    fn uniform(&self, node: NodeId) -> bool {
        let tree = &self.model.tree;
        let (facts, shape) = (tree.facts(node), tree.shape(node));
        if shape.len() > 1 || shape.iter().any(Poly::has_index) {
            return false;
        }
        if !facts.indexed || facts.size.is_some() {
            return true;
        }
        if let Some(&known) = self.uniform.borrow().get(&node) {
            return known;
        }
        let out = match &tree[node].kind {
            Kind::Index { base, selectors } => {
                !tree.facts(*base).indexed
                    && selectors.iter().all(|selector| match selector {
                        Selector::At(node, _) => self.is_fixed(*node),
                        Selector::Slice { count, .. } => !count.has_index(),
                        Selector::List(_) => false,
                    })
            }
            Kind::Call { atom, arguments, .. } => {
                let scalar = |node: &NodeId| tree.shape(*node).is_empty();
                // Of a reduction the first argument alone is an array over the instances.
                let further = || arguments[1..].iter().any(|&a| tree.facts(a).indexed);
                let atom = atom.atom();
                let fits = atom.is_elementwise()
                    || reduces(atom) && scalar(&node) && !further()
                    || is_dot(atom, arguments.iter().map(|&a| tree.shape(a).len()));
                fits && arguments.iter().all(|&a| self.uniform(a))
            }
            Kind::Comprehension { atom, body, .. } => {
                atom.atom().row().name == "sum" && tree.shape(*body).is_empty() && self.uniform(*body)
            }
            _ => false,
        };
        self.uniform.borrow_mut().insert(node, out);
        out
    }

    /// Whether [`numbers`](Self::numbers) gives the value of a scalar in all instances.
    fn is_fixed(&self, node: NodeId) -> bool {
        let tree = &self.model.tree;
        let facts = tree.facts(node);
        if !tree.shape(node).is_empty() {
            return false;
        }
        if !facts.indexed || facts.size.is_some() {
            return true;
        }
        match &tree[node].kind {
            Kind::Index { base, selectors } => {
                let stated = matches!(tree[*base].kind, Kind::Constant(_) | Kind::Array(_));
                stated
                    && !tree.facts(*base).indexed
                    && selectors.iter().all(|s| matches!(s, Selector::At(node, _) if self.is_fixed(*node)))
            }
            Kind::Call { atom, arguments, .. } => {
                fold::scalar(atom.atom().row().name, &vec![1.0; arguments.len()]).is_some()
                    && arguments.iter().all(|&a| self.is_fixed(a))
            }
            _ => false,
        }
    }

    /// The instances of a comprehension, if there are many and they can be evaluated together.
    fn joinable(&self, atom: AtomId, body: NodeId, loops: &Loops, env: &Env) -> Option<Family> {
        let scalar = self.model.tree.shape(body).is_empty();
        let fits = match atom.atom().row().name {
            "sum" => true,
            "hstack" => scalar,
            _ => false,
        };
        if !fits || !self.uniform(body) {
            return None;
        }
        let (family, _) = self.within_each(loops, &Family::one(env))?;
        (family.len > FEW).then_some(family)
    }

    /// What `attempt` yields; where that is nothing, nothing is counted either.
    fn attempt<T>(&self, attempt: impl FnOnce() -> Option<T>) -> Option<T> {
        let (visited, evaluated) = (self.visited.get(), self.evaluated.get());
        let out = attempt();
        if out.is_none() {
            self.visited.set(visited);
            self.evaluated.set(evaluated);
        }
        out
    }

    /// The end of an attempt; one by one, instances meet what is wrong and name it.
    fn apart(&self, node: NodeId) -> Box<Diagnostic> {
        let error = Diagnostic::error(codes::BAD_ARGUMENT, "the instances of this have no common form");
        refuse(error.at(self.model.tree.span(node), ""))
    }
}

/// The options of an atom: in many instances a reduction goes along the entries of each.
pub(super) fn options_within<'a>(
    atom: &dyn Atom,
    options: &'a [(String, OptionValue)],
    env: &Env,
) -> Cow<'a, [(String, OptionValue)]> {
    if env.family().is_none() || !reduces(atom) {
        return options.into();
    }
    let others = options.iter().filter(|(name, _)| name != "axis").cloned();
    others.chain([("axis".to_owned(), OptionValue::Number(Bits::new(1.0)))]).collect()
}

/// Whether an atom reduces its first argument along an axis.
fn reduces(atom: &dyn Atom) -> bool {
    atom.row().options.contains(&"keepdims")
}

/// Whether a call is the product of two vectors, given the ranks of its arguments.
fn is_dot(atom: &dyn Atom, ranks: impl Iterator<Item = usize>) -> bool {
    is_matmul(atom) && ranks.eq([1, 1])
}

fn is_matmul(atom: &dyn Atom) -> bool {
    atom.row().name == "matmul"
}

impl Lower<'_> {
    /// What `attempt` yields; where that is nothing, nothing is counted either.
    fn attempt<T>(&mut self, attempt: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let (here, total) = (self.here, self.total);
        let context = self.context;
        let out = context.attempt(|| attempt(self));
        self.here = here;
        if out.is_none() {
            self.total = total;
        }
        out
    }

    /// A comprehension as it is if all instances are evaluated together: a sum, or the instances end to end.
    pub(super) fn joined(&mut self, atom: AtomId, body: NodeId, loops: &Loops, env: &Env) -> Option<Affine> {
        self.attempt(|lower| {
            let env = Env::all(lower.context.joinable(atom, body, loops, env)?);
            let all = lower.affine(&Operand { node: body, env }).ok()?;
            let n = all.shape.as_rows().1.max(1);
            let out = match atom.atom().row().name {
                "sum" => all.sum_into(Shape::Vector(all.shape.as_rows().1), |k| k % n),
                _ => (*all).clone(),
            };
            Some(out.into_terms())
        })
    }

    /// An expression in each instance, a row each.
    ///
    /// # Errors
    /// If it does not fit in one of them.
    pub(super) fn each(&mut self, operand: &Operand, family: &Family) -> Lowered<Rc<Affine>> {
        let (context, node) = (self.context, operand.node);
        let tree = &context.model.tree;
        let shape = context.shape(operand)?;
        if !tree.facts(node).indexed {
            let value = self.affine(&context.part(node, &operand.env))?;
            self.fits(value.size().saturating_mul(family.len), tree.span(node))?;
            return Ok(Rc::new(expand_to(&value, shape).into_owned()));
        }
        let key = tree.canonical(node);
        let repeated = context.repeated[key.0 as usize];
        if repeated && let Some(known) = family.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        context.requirements(operand)?;
        let around = std::mem::replace(&mut self.here, tree.span(node));
        let out = self.fresh_each(operand, shape, family)?;
        self.here = around;
        let out = Rc::new(if out.shape == shape { out } else { expand_to(&out, shape).into_owned() });
        self.fits(out.size(), tree.span(node))?;
        if repeated {
            family.known.borrow_mut().insert(key, out.clone());
        }
        Ok(out)
    }

    fn fresh_each(&mut self, operand: &Operand, shape: Shape, family: &Family) -> Lowered<Affine> {
        let (context, node) = (self.context, operand.node);
        let tree = &context.model.tree;
        let facts = tree.facts(node);
        if facts.level <= Level::Constant
            && tree.shape(node).is_empty()
            && let Some(numbers) = context.numbers(node, family)
        {
            return Ok(Affine::numbers(shape, &numbers[..]));
        }
        context.evaluated_each(family).ok_or_else(|| context.apart(node))?;
        if facts.variable_free() && !facts.linear {
            return self.lift(operand);
        }
        match &tree[node].kind {
            Kind::Index { base, selectors } => {
                let base = self.affine(&context.part(*base, &operand.env))?;
                let positions = context.positions_each(base.shape, selectors, family);
                let positions = positions.ok_or_else(|| context.apart(node))?;
                self.fits(base.gathered_size(&positions), tree.span(node))?;
                Ok(base.gather(shape, positions))
            }
            Kind::Call { atom, arguments, options } => {
                let atom = atom.atom();
                let arguments: Vec<_> = arguments.iter().map(|&a| context.part(a, &operand.env)).collect();
                let options = &*options_within(atom, options, &operand.env);
                if let [a, b] = &arguments[..]
                    && is_matmul(atom)
                {
                    return self.dot_each(a, b, shape);
                }
                let span = tree.span(node);
                let call = Application { arguments: &arguments, options, shape, name: atom.row().name, span };
                self.bounded(&call)?;
                atom.graph(&call, self)
            }
            Kind::Comprehension { body, loops, .. } => {
                let within = context.within_each(loops, family);
                let (inner, owners) = within.ok_or_else(|| context.apart(node))?;
                if owners.is_empty() {
                    return Ok(Affine::zeros(shape));
                }
                let all = self.affine(&Operand { node: *body, env: Env::all(inner) })?;
                let sums = all.sum_into(shape, |k| owners[k]);
                Ok(if sums.is_distinct() { sums } else { sums.into_terms() })
            }
            _ => Err(context.apart(node)),
        }
    }

    /// The product of two vectors, in each instance.
    fn dot_each(&mut self, a: &Operand, b: &Operand, shape: Shape) -> Lowered<Affine> {
        let (a, b) = (self.compact(a)?, self.compact(b)?);
        let n = a.shape.as_rows().1;
        let products = self.multiply(&a, &b, Shape::Matrix(shape.len(), n));
        let sums = products.sum_into(shape, |k| k / n.max(1));
        Ok(if sums.is_distinct() { sums } else { sums.into_terms() })
    }

    /// The rows of all instances of a constraint, and the axes of its dual.
    pub(super) fn rows_together(
        &mut self,
        constraint: &Constraint,
        owner: (u32, u32),
    ) -> Option<(DualEntries, Vec<usize>)> {
        let loops = constraint.loops.as_ref()?;
        let mut sizes = constraint.shape.iter().chain(&constraint.requirements);
        let mut sides = std::iter::once(constraint.first).chain(constraint.rest.iter().map(|r| r.1));
        let facts = |side| self.context.model.tree.facts(side);
        // What is curved and the same in all instances is bounded by each of them directly.
        let joins = |side| {
            (facts(side).indexed || facts(side).curvature.is_affine() || facts(side).variable_free())
                && self.context.uniform(side)
        };
        if constraint.shape.len() > 1 || sizes.any(Poly::has_index) || !sides.all(joins) {
            return None;
        }
        self.attempt(|lower| {
            let (family, _) = lower.context.within_each(loops, &Family::one(&Env::default()))?;
            if family.len <= FEW {
                return None;
            }
            let one = lower.context.concrete(&constraint.shape, &Env::default(), constraint.span).ok()?;
            let shape = Shape::Matrix(family.len, one.len());
            lower.room(shape.len(), "rows", constraint.span).ok()?;
            let mut axes = instance_axes(lower.context, loops, family.len, constraint.span).ok()?;
            axes.extend(one.axes());
            let duals = lower.instance(constraint, &Env::all(family), shape, owner).ok()?;
            Some((duals, axes))
        })
    }
}

impl TapeBuilder<'_> {
    /// As [`Lower::joined`], in its shape.
    pub(super) fn joined(
        &mut self,
        atom: AtomId,
        body: NodeId,
        loops: &Loops,
        (env, shape): (&Env, Shape),
    ) -> Option<u32> {
        let context = self.context;
        context.attempt(|| {
            let env = Env::all(context.joinable(atom, body, loops, env)?);
            let all = self.value(&Operand { node: body, env }).ok()?;
            Some(match atom.atom().row().name {
                "sum" => self.reduce(Reduction::Sum, all, Some(0), shape),
                _ => self.reshape(all, shape),
            })
        })
    }

    /// As [`Lower::each`].
    ///
    /// # Errors
    /// If it does not fit in one of them.
    pub(super) fn each(&mut self, operand: &Operand, family: &Family) -> Lowered<u32> {
        let (context, node) = (self.context, operand.node);
        let tree = &context.model.tree;
        let shape = context.shape(operand)?;
        context.bounded(shape, tree.span(node))?;
        if !tree.facts(node).indexed {
            let value = self.value(&context.part(node, &operand.env))?;
            let value = self.expand(value, shape);
            self.count(value, tree.span(node))?;
            return Ok(value);
        }
        let key = tree.canonical(node);
        let repeated = context.repeated[key.0 as usize];
        if repeated && let Some(&known) = family.nodes.borrow().get(&key) {
            return Ok(known);
        }
        context.requirements(operand)?;
        let out = self.fresh_each(operand, shape, family)?;
        let out = self.expand(out, shape);
        self.count(out, tree.span(node))?;
        if repeated {
            family.nodes.borrow_mut().insert(key, out);
        }
        Ok(out)
    }

    fn fresh_each(&mut self, operand: &Operand, shape: Shape, family: &Family) -> Lowered<u32> {
        let (context, node) = (self.context, operand.node);
        let tree = &context.model.tree;
        if tree.facts(node).level <= Level::Constant
            && tree.shape(node).is_empty()
            && let Some(numbers) = context.numbers(node, family)
        {
            return Ok(self.push(Op::Constant(numbers.to_vec().into()), shape));
        }
        context.evaluated_each(family).ok_or_else(|| context.apart(node))?;
        match &tree[node].kind {
            Kind::Index { base, selectors } => {
                let base = self.value(&context.part(*base, &operand.env))?;
                let positions = context.positions_each(self.shape(base), selectors, family);
                Ok(self.gather(base, shape, positions.ok_or_else(|| context.apart(node))?))
            }
            Kind::Call { atom, arguments, options } => {
                let atom = atom.atom();
                let arguments: Vec<_> = arguments.iter().map(|&a| context.part(a, &operand.env)).collect();
                let options = &*options_within(atom, options, &operand.env);
                if let [a, b] = &arguments[..]
                    && is_matmul(atom)
                {
                    let (a, b) = (self.value(a)?, self.value(b)?);
                    let n = self.shape(a).as_rows().1;
                    let products = self.binary(Binary::Mul, a, b, Shape::Matrix(shape.len(), n));
                    return Ok(self.reduce(Reduction::Sum, products, Some(1), shape));
                }
                let span = tree.span(node);
                atom.value(
                    &Application { arguments: &arguments, options, shape, name: atom.row().name, span },
                    self,
                )
            }
            Kind::Comprehension { body, loops, .. } => {
                let within = context.within_each(loops, family);
                let (inner, owners) = within.ok_or_else(|| context.apart(node))?;
                if owners.is_empty() {
                    return Ok(self.fill(0.0, shape));
                }
                let all = self.value(&Operand { node: *body, env: Env::all(inner) })?;
                let entries = owners.iter().enumerate().map(|(k, &owner)| (owner as u32, k as u32, 1.0));
                let sums = SparseMap::from_triplets(shape.len(), owners.len(), entries.collect());
                Ok(self.push(Op::Linear(all, sums), shape))
            }
            _ => Err(context.apart(node)),
        }
    }
}

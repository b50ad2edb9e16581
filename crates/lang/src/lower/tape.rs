//! Expressions to tape nodes: how lifted expressions, lets, and expressions asked for get their values.

use super::context::{Application, Context, Env, Operand};
use super::visits::Recent;
use super::{Lowered, refuse};
use crate::atoms;
use crate::check::tree::{Kind, NodeId as TreeNode};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use cvxlayer_program::{Binary, Input, Op, Reduction, Shape, Tape, Unary};
use std::collections::HashMap;

/// Builds a tape, evaluating equal expressions once.
#[derive(Debug)]
pub struct TapeBuilder<'m> {
    /// The model, sizes and constants.
    pub context: &'m Context<'m>,
    /// The tape so far.
    pub tape: Tape,
    known: HashMap<TreeNode, u32>,
    recent: Recent<u32>,
    entries: usize,
}

/// The most entries that the values of a tape may have together.
const MAX_TAPE_ENTRIES: usize = 1 << 27;

impl<'m> TapeBuilder<'m> {
    /// An empty tape.
    pub fn new(context: &'m Context<'m>) -> Self {
        Self { context, tape: Tape::default(), known: HashMap::new(), recent: Recent::default(), entries: 0 }
    }

    /// Continues a tape.
    pub fn resume(context: &'m Context<'m>, tape: Tape) -> Self {
        Self { context, tape, known: HashMap::new(), recent: Recent::default(), entries: 0 }
    }

    /// Appends a node.
    pub fn push(&mut self, op: Op, shape: Shape) -> u32 {
        self.tape.push(op, shape)
    }

    /// The shape of a node.
    pub fn shape(&self, node: u32) -> Shape {
        self.tape.shape(node)
    }

    /// The node that computes an expression.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn value(&mut self, operand: &Operand) -> Lowered<u32> {
        if let Some(family) = operand.env.family() {
            return self.each(operand, family);
        }
        let tree = &self.context.model.tree;
        let (memoize, key) = (!tree.facts(operand.node).indexed, tree.canonical(operand.node));
        if memoize && let Some(&known) = self.known.get(&key) {
            return Ok(known);
        }
        let repeated = self.context.repeated[key.0 as usize];
        if repeated && let Some(known) = self.recent.get(key, &operand.env) {
            return Ok(known);
        }
        if !memoize {
            self.context.evaluated(tree.span(operand.node))?;
        }
        self.context.requirements(operand)?;
        self.context.bounded(self.context.shape(operand)?, tree.span(operand.node))?;
        let out = self.node(operand)?;
        self.count(out, tree.span(operand.node))?;
        if memoize {
            self.known.insert(key, out);
        } else if repeated {
            self.recent.insert(key, &operand.env, out);
        }
        Ok(out)
    }

    /// Counts the entries of a node.
    pub(super) fn count(&mut self, node: u32, span: Span) -> Lowered<()> {
        self.entries += self.shape(node).len();
        if self.entries <= MAX_TAPE_ENTRIES {
            return Ok(());
        }
        let error = Diagnostic::error(codes::TOO_LARGE, "the values of this expression are too many to keep");
        Err(refuse(error.at(span, "")))
    }

    fn node(&mut self, operand: &Operand) -> Lowered<u32> {
        let tree = &self.context.model.tree;
        let span = tree.span(operand.node);
        let shape = self.context.shape(operand)?;
        let inner = |node: TreeNode| Operand { node, env: operand.env.clone() };
        match &tree[operand.node].kind {
            Kind::Number(bits) => Ok(self.number(bits.get())),
            Kind::Size(size) => {
                let value = self.context.size(size, &operand.env, span)? as f64;
                Ok(self.number(value))
            }
            Kind::Parameter(k) => Ok(self.push(Op::Input(Input::Parameter(*k)), shape)),
            Kind::Variable(k) => Ok(self.push(Op::Input(Input::Variable(*k)), shape)),
            Kind::Dual(k) => Ok(self.push(Op::Input(Input::Dual(*k)), shape)),
            Kind::BoundDual(k) => Ok(self.push(Op::Input(Input::BoundDual(*k)), shape)),
            Kind::Objective => Ok(self.push(Op::Input(Input::Objective), shape)),
            Kind::Constant(k) => {
                if let Some(init) = self.context.model.constants[*k as usize].init {
                    let value = self.value(&Operand { node: init, env: Env::default() })?;
                    return Ok(self.expand(value, shape));
                }
                let values = self.context.constant(*k, span)?.dense().ok_or_else(|| {
                    refuse(
                        Diagnostic::error(codes::TOO_LARGE, "this needs all entries of a sparse constant")
                            .at(span, ""),
                    )
                })?;
                Ok(self.push(Op::Constant(values.into()), shape))
            }
            Kind::Array(items) => {
                let parts =
                    items.iter().map(|&node| self.value(&inner(node))).collect::<Lowered<Vec<_>>>()?;
                Ok(self.push(Op::Concat(parts.into()), shape))
            }
            Kind::Call { atom, arguments, options } => {
                let arguments: Vec<_> = arguments.iter().map(|&node| inner(node)).collect();
                let atom = atom.atom();
                let call = Application { arguments: &arguments, options, shape, name: atom.row().name, span };
                atom.value(&call, self)
            }
            Kind::Index { base, selectors } => {
                let base = inner(*base);
                let (shape, positions) = self.context.positions(&base, selectors, span)?;
                let from = self.value(&base)?;
                Ok(self.gather(from, shape, positions))
            }
            Kind::Comprehension { atom, body, loops } => {
                if operand.env.is_empty() {
                    self.context.foreseen(loops, &[*body], span)?;
                }
                if let Some(joined) = self.joined(*atom, *body, loops, (&operand.env, shape)) {
                    return Ok(joined);
                }
                let instances = self.context.instances(loops, &operand.env, span)?;
                let arguments: Vec<_> =
                    instances.into_iter().map(|env| Operand { node: *body, env }).collect();
                let atom = atom.atom();
                if arguments.is_empty() {
                    if atom.row().name == "sum" {
                        return Ok(self.push(Op::Constant(vec![0.0].into()), shape));
                    }
                    let message = format!("`{}` over an empty range has no value", atom.row().name);
                    return Err(refuse(Diagnostic::error(codes::EMPTY_REDUCTION, message).at(span, "")));
                }
                let call =
                    Application { arguments: &arguments, options: &[], shape, name: atom.row().name, span };
                atoms::affine::comprehension_value(atom, &call, self)
            }
            Kind::Error => {
                Err(refuse(Diagnostic::error(codes::BAD_ARGUMENT, "this expression is broken").at(span, "")))
            }
        }
    }

    /// A scalar constant.
    pub fn number(&mut self, value: f64) -> u32 {
        self.push(Op::Constant(vec![value].into()), Shape::Scalar)
    }

    /// A scalar constant that fills a shape.
    pub fn fill(&mut self, value: f64, shape: Shape) -> u32 {
        self.push(Op::Constant(vec![value].into()), shape)
    }

    /// Picks entries of a node.
    pub fn gather(&mut self, from: u32, shape: Shape, positions: impl IntoIterator<Item = usize>) -> u32 {
        let positions: Vec<u32> = positions.into_iter().map(|p| p as u32).collect();
        self.push(Op::Gather(from, positions.into()), shape)
    }

    /// Repeats a node's entries to fill a broadcast shape.
    pub fn expand(&mut self, from: u32, shape: Shape) -> u32 {
        let own = self.shape(from);
        if own == shape {
            return from;
        }
        self.gather(from, shape, atoms::broadcast_index(own, shape).collect::<Vec<_>>())
    }

    /// The same entries in another shape.
    pub fn reshape(&mut self, from: u32, shape: Shape) -> u32 {
        if self.shape(from) == shape { from } else { self.gather(from, shape, 0..shape.len()) }
    }

    /// An elementwise function.
    pub fn unary(&mut self, function: Unary, a: u32) -> u32 {
        let shape = self.shape(a);
        self.push(Op::Unary(function, a), shape)
    }

    /// An elementwise function of two operands, which are broadcast to a shape.
    pub fn binary(&mut self, function: Binary, a: u32, b: u32, shape: Shape) -> u32 {
        let fit = |this: &mut Self, node: u32| {
            if this.shape(node) == Shape::Scalar { node } else { this.expand(node, shape) }
        };
        let (a, b) = (fit(self, a), fit(self, b));
        if shape != Shape::Scalar && self.shape(a) == Shape::Scalar && self.shape(b) == Shape::Scalar {
            let a = self.expand(a, shape);
            return self.push(Op::Binary(function, a, b), shape);
        }
        self.push(Op::Binary(function, a, b), shape)
    }

    /// Reduces along an axis, or everything, to a shape.
    pub fn reduce(&mut self, reduction: Reduction, a: u32, axis: Option<usize>, shape: Shape) -> u32 {
        let groups = atoms::groups(self.shape(a), axis);
        let a = if groups.order.iter().enumerate().all(|(k, &i)| k == i) {
            a
        } else {
            self.gather(a, Shape::Vector(groups.order.len()), groups.order)
        };
        self.push(Op::Reduce(reduction, a, groups.size), shape)
    }
}

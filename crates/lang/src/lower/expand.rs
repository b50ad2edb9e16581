//! Expressions to affine arrays: what every atom's graph form builds on.

use super::affine::{Affine, Block, Term, Walk};
use super::column::Column;
use super::context::{Application, Context, Env, Layout, Operand};
use super::ends::Ends;
use super::inputs::Entries;
use super::products::ProductTable;
use super::rows::RowSet;
use super::tape::TapeBuilder;
use super::visits::Recent;
use super::{Lowered, grouped, refuse};
use crate::atoms;
use crate::check::tree::{Kind, Level, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use cvxlayer_program::{
    Check, CheckKind, Columns, Derived, Op, Shape, SmoothTerm, SparseMap, Storage, Text, Unary, UserVariable,
};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Everything that lowering collects.
#[derive(Debug)]
pub struct Lower<'m> {
    /// The model, sizes and constants.
    pub context: &'m Context<'m>,
    /// Products of derived parameters.
    pub products: ProductTable,
    /// Evaluates lifted expressions.
    pub lift: TapeBuilder<'m>,
    /// The lifted expressions.
    pub derived: Vec<Derived>,
    /// What must hold for lifted values.
    pub checks: Vec<Check>,
    /// What the columns are.
    pub columns: Vec<Columns>,
    /// The lower bound of each column.
    pub lo: Ends,
    /// The upper bound of each column.
    pub hi: Ends,
    /// Smooth terms of the objective.
    pub smooth: Vec<SmoothTerm>,
    /// The smooth terms of each column.
    pub(super) smooth_of: HashMap<u32, Vec<usize>>,
    /// Rows of A.
    pub equalities: RowSet,
    /// Rows of G.
    pub inequalities: RowSet,
    /// The declared variables.
    pub variables: Vec<UserVariable>,
    /// For each declared variable, whether it has bounds of its own.
    pub bounded: Vec<bool>,
    /// The user's duals, as terms over rows and bounds.
    pub duals: Vec<super::dual::DualTerms>,
    known: HashMap<NodeId, Rc<Affine>>,
    recent: Recent<Rc<Affine>>,
    lifted: HashMap<u32, usize>,
    /// How many terms there were on the way.
    pub(super) total: usize,
    /// The expression that is being expanded.
    pub(super) here: Span,
}

/// The most terms that a program may have on the way; beyond that memory would run out.
const MAX_TERMS: usize = 100_000_000;

/// The most pairs of terms that one product may form.
const MAX_PAIRS: f64 = 3e8;

impl<'m> Lower<'m> {
    /// Starts with nothing but the parameters.
    pub fn new(context: &'m Context<'m>) -> Self {
        Self {
            context,
            products: ProductTable::default(),
            lift: TapeBuilder::new(context),
            derived: Vec::new(),
            checks: Vec::new(),
            columns: Vec::new(),
            lo: Ends::new(f64::NEG_INFINITY),
            hi: Ends::new(f64::INFINITY),
            smooth: Vec::new(),
            smooth_of: HashMap::new(),
            equalities: RowSet::new(),
            inequalities: RowSet::new(),
            variables: Vec::new(),
            bounded: Vec::new(),
            duals: Vec::new(),
            known: HashMap::new(),
            recent: Recent::default(),
            lifted: HashMap::new(),
            total: 0,
            here: Span::default(),
        }
    }

    /// The expression as an affine array.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn affine(&mut self, operand: &Operand) -> Lowered<Rc<Affine>> {
        if let Some(family) = operand.env.family() {
            return self.each(operand, family);
        }
        let tree = &self.context.model.tree;
        let facts = tree.facts(operand.node);
        let (memoize, key) = (!facts.indexed, tree.canonical(operand.node));
        if memoize && let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let repeated = self.context.repeated[key.0 as usize];
        if repeated && let Some(known) = self.recent.get(key, &operand.env) {
            return Ok(known);
        }
        if !memoize {
            self.context.evaluated(tree.span(operand.node))?;
        }
        self.context.requirements(operand)?;
        let number = facts.level <= Level::Constant && tree.shape(operand.node).is_empty();
        let number = if number { self.context.number(operand).ok() } else { None };
        let out = Rc::new(if let Some(number) = number {
            Affine::fill(Shape::Scalar, number)
        } else if facts.variable_free() && !facts.linear {
            self.lift(operand)?
        } else {
            let around = std::mem::replace(&mut self.here, tree.span(operand.node));
            let expanded = self.expand(operand)?;
            self.here = around;
            expanded
        });
        self.fits(out.size(), tree.span(operand.node))?;
        if memoize {
            self.known.insert(key, out.clone());
        } else if repeated {
            self.recent.insert(key, &operand.env, out.clone());
        }
        Ok(out)
    }

    /// Counts terms.
    ///
    /// # Errors
    /// If there are too many by now.
    pub(super) fn fits(&mut self, terms: usize, span: Span) -> Lowered<()> {
        self.total = self.total.saturating_add(terms);
        if self.total <= MAX_TERMS {
            return Ok(());
        }
        let error = Diagnostic::error(codes::TOO_LARGE, "the model is too large to compile");
        Err(refuse(error.at(span, format!("more than {} terms by here", grouped(MAX_TERMS)))))
    }

    fn expand(&mut self, operand: &Operand) -> Lowered<Affine> {
        let tree = &self.context.model.tree;
        let span = tree.span(operand.node);
        let shape = self.context.shape(operand)?;
        let inner = |node: NodeId| Operand { node, env: operand.env.clone() };
        match &tree[operand.node].kind {
            Kind::Number(bits) => Ok(Affine::fill(shape, bits.get())),
            Kind::Size(size) => Ok(Affine::fill(shape, self.context.size(size, &operand.env, span)? as f64)),
            Kind::Parameter(k) => {
                let kind = self.context.model.parameters[*k as usize].kind;
                let symmetric = kind.symmetric || kind.psd || kind.nsd;
                Ok(parameter(&self.context.layouts[*k as usize], symmetric))
            }
            Kind::Constant(k) => self.constant(*k, shape, operand),
            Kind::Variable(k) => Ok(variable(&self.variables[*k as usize])),
            Kind::Array(items) => {
                let parts = items
                    .iter()
                    .map(|&node| self.affine(&inner(node)).map(|a| (*a).clone()))
                    .collect::<Lowered<Vec<_>>>()?;
                Ok(Affine::concat(shape, &parts))
            }
            Kind::Call { atom, arguments, options } => {
                let arguments: Vec<_> = arguments.iter().map(|&node| inner(node)).collect();
                let atom = atom.atom();
                let call = Application { arguments: &arguments, options, shape, name: atom.row().name, span };
                self.bounded(&call)?;
                atom.graph(&call, self)
            }
            Kind::Index { base, selectors } => {
                let base = inner(*base);
                self.context.bounded(shape, span)?;
                let (shape, positions) = self.context.positions(&base, selectors, span)?;
                Ok(self.affine(&base)?.gather(shape, positions))
            }
            Kind::Comprehension { atom, body, loops } => {
                if operand.env.is_empty() {
                    self.context.foreseen(loops, &[*body], span)?;
                }
                if let Some(joined) = self.joined(*atom, *body, loops, &operand.env) {
                    return Ok(joined.with_shape(shape));
                }
                let instances = self.context.instances(loops, &operand.env, span)?;
                let arguments: Vec<_> =
                    instances.into_iter().map(|env| Operand { node: *body, env }).collect();
                let atom = atom.atom();
                let call =
                    Application { arguments: &arguments, options: &[], shape, name: atom.row().name, span };
                if arguments.is_empty() {
                    return Self::empty(&call);
                }
                atoms::affine::comprehension(atom, &call, self)
            }
            Kind::Dual(_) | Kind::BoundDual(_) | Kind::Objective | Kind::Error => Err(refuse(
                Diagnostic::error(codes::BAD_ARGUMENT, "this has a value only at the solution").at(span, ""),
            )),
        }
    }

    /// Refuses arrays with more entries than memory holds, but where only the entries that are not zero are visited.
    pub(super) fn bounded(&self, call: &Application<'_>) -> Lowered<()> {
        let [result, arguments] = match call.name {
            "diag" | "eye" | "kron" | "negative" | "transpose" => [false, false],
            "matmul" => [true, false],
            _ => [true, true],
        };
        if result {
            self.context.bounded(call.shape, call.span)?;
        }
        for argument in call.arguments.iter().filter(|_| arguments) {
            let span = self.context.model.tree.span(argument.node);
            self.context.bounded(self.context.shape(argument)?, span)?;
        }
        Ok(())
    }

    /// Refuses products of more pairs of terms than can be formed in reasonable time.
    ///
    /// # Errors
    /// If there are too many.
    pub fn affordable(&self, pairs: f64, call: &Application<'_>) -> Lowered<()> {
        if pairs <= MAX_PAIRS {
            return Ok(());
        }
        let error = Diagnostic::error(codes::TOO_LARGE, "this product is too large to compile");
        Err(refuse(error.at(call.span, format!("{pairs:.1e} products of entries"))))
    }

    fn empty(call: &Application<'_>) -> Lowered<Affine> {
        if call.name == "sum" {
            return Ok(Affine::zeros(call.shape));
        }
        let message = format!("`{}` over an empty range has no value", call.name);
        Err(refuse(
            Diagnostic::error(codes::EMPTY_REDUCTION, message).at(call.span, "no index satisfies the range"),
        ))
    }

    fn constant(&mut self, k: u32, shape: Shape, operand: &Operand) -> Lowered<Affine> {
        let span = self.context.model.tree.span(operand.node);
        if let Some(init) = self.context.model.constants[k as usize].init {
            let value = self.affine(&Operand { node: init, env: Env::default() })?;
            if value.shape == shape {
                return Ok((*value).clone());
            }
            self.context.bounded(shape, span)?;
            return Ok(expand_to(&value, shape).into_owned());
        }
        let array = self.context.constant(k, span)?;
        Ok(match &array.entries {
            Entries::Dense(values) => Affine::numbers(shape, values.clone()),
            Entries::Sparse { rows, cols, values } => {
                let places = (rows.clone(), cols.clone());
                Affine::of_blocks(
                    shape,
                    vec![Block::sparse(shape.as_rows(), places, Some(values.clone()), 0)],
                )
            }
        })
    }

    /// Lifts a variable-free expression: its entries become derived parameters.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn lift(&mut self, operand: &Operand) -> Lowered<Affine> {
        let node = self.lift.value(operand)?;
        let tree = &self.context.model.tree;
        let text = self.context.model.text(tree.span(operand.node));
        self.lift_node(node, text, "it is not affine in the parameters")
    }

    /// Makes the entries of a node of the lift's tape derived parameters.
    ///
    /// # Errors
    /// If there are too many.
    pub fn lift_node(&mut self, node: u32, text: String, reason: &'static str) -> Lowered<Affine> {
        let shape = self.lift.tape.shape(node);
        if let Op::Constant(values) = &self.lift.tape.nodes[node as usize].op {
            return Ok(match values[..] {
                [value] => Affine::fill(shape, value),
                _ => Affine::numbers(shape, &values[..]),
            });
        }
        let position = if let Some(&known) = self.lifted.get(&node) {
            known
        } else {
            let start = self.derived.last().map_or(self.context.theta, |d| d.start + d.len);
            self.lifted.insert(node, start);
            self.derived.push(Derived {
                node,
                start,
                len: shape.len(),
                text: Text::from(text),
                reason: reason.into(),
            });
            start
        };
        Ok(Affine::parameters(shape, position))
    }

    /// The reciprocal of a variable-free expression.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn reciprocal(&mut self, operand: &Operand) -> Lowered<Affine> {
        let value = self.affine(operand)?;
        if let Some(numbers) = value.to_numbers() {
            if numbers.iter().all(|&v| v != 0.0) {
                return Ok(Affine::numbers(value.shape, numbers.iter().map(|v| 1.0 / v).collect::<Vec<_>>()));
            }
            let span = self.context.model.tree.span(operand.node);
            return Err(refuse(
                Diagnostic::error(codes::DIVISION_BY_ZERO, "division by zero").at(span, "this is 0"),
            ));
        }
        let node = self.lift.value(operand)?;
        let shape = self.lift.tape.shape(node);
        let text = self.context.model.text(self.context.model.tree.span(operand.node));
        self.check(node, CheckKind::NonZero, &text);
        let inverse = self.lift.push(Op::Unary(Unary::Reciprocal, node), shape);
        self.lift_node(inverse, format!("1 / ({text})"), "a division by a parameter")
    }

    /// A function of the entries of a variable-free expression, where a condition on them holds.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn lifted_unary(
        &mut self,
        function: Unary,
        operand: &Operand,
        condition: CheckKind,
        name: &str,
    ) -> Lowered<Affine> {
        let node = self.lift.value(operand)?;
        let shape = self.lift.tape.shape(node);
        let text = self.context.model.text(self.context.model.tree.span(operand.node));
        self.check(node, condition, &text);
        let value = self.lift.unary(function, node);
        debug_assert_eq!(self.lift.tape.shape(value), shape);
        self.lift_node(value, format!("{name}({text})"), "it is not affine in the parameters")
    }

    /// Adds a condition on a node of the lift's tape.
    pub fn check(&mut self, node: u32, kind: CheckKind, text: &str) {
        let check = Check { node, kind, text: Text::from(text.to_owned()) };
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }

    /// The elementwise product, operands broadcast to `shape`.
    pub fn multiply(&mut self, a: &Affine, b: &Affine, shape: Shape) -> Affine {
        expand_to(a, shape).multiply(&expand_to(b, shape), &mut self.products)
    }

    /// A constant linear map of an array.
    pub fn linear(&self, array: &Affine, shape: Shape, map: &SparseMap) -> Affine {
        array.linear(shape, map)
    }
}

/// Repeats an array's entries to fill a broadcast shape.
pub fn expand_to(array: &Affine, shape: Shape) -> std::borrow::Cow<'_, Affine> {
    if array.shape == shape {
        return std::borrow::Cow::Borrowed(array);
    }
    let ((m, n), (p, q)) = (shape.as_rows(), array.shape.as_rows());
    let outer = if p == 1 { 0 } else { q as i64 };
    let inner = i64::from(q != 1);
    let walk = Walk::grid(0, (m, outer), (n, inner));
    std::borrow::Cow::Owned(array.pick(shape, &walk))
}

fn variable(variable: &UserVariable) -> Affine {
    let first = variable.columns.first().map_or(0, |&c| c);
    if variable.columns.iter().enumerate().all(|(i, &c)| u64::from(c) == u64::from(first) + i as u64) {
        return Affine::columns(variable.shape, first as usize);
    }
    let entries = variable.columns.iter().enumerate().filter(|(_, c)| **c != cvxlayer_program::ZERO_ENTRY);
    let term = |&c: &u32| Term { column: Column::variable(c as usize), parameter: 0, coefficient: 1.0 };
    Affine::from_terms(variable.shape, entries.map(|(i, c)| (i, term(c))))
}

/// A parameter's entries; mirrored entries of a symmetric one are the same entry of θ, so that what they say is said once.
fn parameter(layout: &Layout, symmetric: bool) -> Affine {
    let first = layout.start as i64 + 1;
    match &layout.storage {
        Storage::Dense if !symmetric => return Affine::parameters(layout.shape, layout.start),
        Storage::Sparse { rows, cols } if !symmetric => {
            let places = (Arc::from(&rows[..]), Arc::from(&cols[..]));
            return Affine::of_blocks(
                layout.shape,
                vec![Block::sparse(layout.shape.as_rows(), places, None, first)],
            );
        }
        // The upper triangle by rows, and its mirror image by columns.
        Storage::Dense if layout.shape.as_rows().0 > 16 => {
            let n = layout.shape.as_rows().0 as i64;
            let line = |entry: i64, step: i64, parameter: i64, len: i64| {
                let mut out = Block::range(len as usize, (Column::ONE, 0), (first + parameter, 1), 1.0);
                out.entry = entry;
                out.loops.iter_mut().for_each(|along| along.entry = step);
                out
            };
            let rows = (0..n).map(|i| line(i * n + i, 1, i * n + i, n - i));
            let cols = (0..n).map(|i| line((i + 1) * n + i, n, i * n + i + 1, n - i - 1));
            return Affine::of_blocks(layout.shape, rows.chain(cols).collect());
        }
        _ => {}
    }
    let positions = super::context::positions(layout);
    let term =
        |k: usize| Term { column: Column::ONE, parameter: (layout.start + k + 1) as u32, coefficient: 1.0 };
    let n = layout.shape.as_rows().1;
    let entry = |k: usize, i: usize| {
        let mirrored = (i % n) * n + i / n;
        if symmetric && mirrored < i { positions.binary_search(&mirrored).unwrap_or(k) } else { k }
    };
    Affine::from_terms(layout.shape, positions.iter().enumerate().map(|(k, &i)| (i, term(entry(k, i)))))
}

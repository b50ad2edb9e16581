//! What lowering knows before it starts: the checked model, bound sizes, and the values of constants.

use super::family::Family;
use super::inputs::{Array, Inputs};
use super::visits::{MAX_VISITED, Recent};
use super::{Lowered, grouped, refuse};
use crate::check::model::{CheckedModel, Parameter};
use crate::check::place::focus;
use crate::check::size::{Poly, Unknown};
use crate::check::tree::{Condition, Loops, NodeId, OptionValue};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use cvxlayer_program::{Shape, Storage};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// The values of the indices around an expression.
#[derive(Clone, Debug, Default)]
pub struct Env {
    values: Rc<Vec<(u32, i64)>>,
    /// The values of further indices in many instances at once.
    family: Option<Rc<Family>>,
}

impl PartialEq for Env {
    fn eq(&self, other: &Self) -> bool {
        let family = match (&self.family, &other.family) {
            (Some(a), Some(b)) => a.is(b),
            (None, None) => true,
            _ => false,
        };
        family && self.values == other.values
    }
}

impl Env {
    /// All instances of a family.
    pub(super) fn all(family: Family) -> Self {
        Self { values: family.around().values.clone(), family: Some(Rc::new(family)) }
    }

    /// With one more index.
    #[must_use]
    pub fn with(&self, index: u32, value: i64) -> Self {
        let mut all = (*self.values).clone();
        all.push((index, value));
        Self { values: Rc::new(all), family: self.family.clone() }
    }

    /// Whether there is no index around.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.family.is_none()
    }

    /// How many indices there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether this is the same environment, not only an equal one.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.values, &other.values)
    }

    /// The instances that are evaluated together.
    pub(super) fn family(&self) -> Option<&Rc<Family>> {
        self.family.as_ref()
    }

    pub(super) fn get(&self, index: u32) -> Option<i64> {
        self.values.iter().rev().find(|(k, _)| *k == index).map(|&(_, value)| value)
    }
}

/// An expression with the values of the indices around it.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The expression.
    pub node: NodeId,
    /// The values.
    pub env: Env,
}

/// An atom applied to operands, sizes bound.
#[derive(Debug)]
pub struct Application<'a> {
    /// The operands.
    pub arguments: &'a [Operand],
    /// The options by name.
    pub options: &'a [(String, OptionValue)],
    /// The shape of the result.
    pub shape: Shape,
    /// The name of the atom.
    pub name: &'static str,
    /// Where it stands.
    pub span: Span,
}

impl Application<'_> {
    /// The axis option, counted from 0, for an argument with this many axes.
    pub fn axis(&self, rank: usize) -> Option<usize> {
        self.number_option("axis").map(|a| if a < 0.0 { (a + rank as f64) as usize } else { a as usize })
    }

    /// A number option.
    pub fn number_option(&self, name: &str) -> Option<f64> {
        self.options.iter().find(|(n, _)| n == name).and_then(|(_, v)| match v {
            OptionValue::Number(bits) => Some(bits.get()),
            _ => None,
        })
    }

    /// A text option.
    pub fn text_option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(n, _)| n == name).and_then(|(_, v)| match v {
            OptionValue::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// Where a parameter stands in θ.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Its shape.
    pub shape: Shape,
    /// Which entries are stored.
    pub storage: Storage,
    /// Where its entries start.
    pub start: usize,
    /// How many entries it has.
    pub len: usize,
}

/// The most entries an array may have; larger ones are a mistake, and would exhaust memory.
pub const MAX_ENTRIES: i64 = 1 << 28;

/// The model with everything that is fixed at compile time.
#[derive(Debug)]
pub struct Context<'m> {
    /// The model.
    pub model: &'m CheckedModel,
    /// Values of constants, shapes of data.
    pub inputs: &'m Inputs,
    /// The value of each `dim`.
    pub dims: Vec<i64>,
    /// Where each parameter stands in θ.
    pub layouts: Vec<Layout>,
    /// The length of θ.
    pub theta: usize,
    /// How many instances of all `for`s were visited.
    pub(super) visited: Cell<i64>,
    /// How many expressions were evaluated for single values of indices.
    pub(super) evaluated: Cell<u64>,
    /// By canonical expression, whether its value is worth keeping while the indices around it stay.
    pub(super) repeated: Vec<bool>,
    /// Numbers of such expressions.
    pub(super) numbers: RefCell<Recent<f64>>,
    /// The entries of arrays that the text or sizes state.
    pub(super) literals: RefCell<HashMap<NodeId, Rc<[f64]>>>,
    /// Whether many instances of an expression can be evaluated together.
    pub(super) uniform: RefCell<HashMap<NodeId, bool>>,
}

impl<'m> Context<'m> {
    /// Lays out θ.
    ///
    /// # Errors
    /// If sizes do not fit.
    pub fn new(model: &'m CheckedModel, inputs: &'m Inputs, dims: Vec<i64>) -> Result<Self, Vec<Diagnostic>> {
        let mut context = Self {
            model,
            inputs,
            dims,
            layouts: Vec::new(),
            theta: 0,
            visited: Cell::new(0),
            evaluated: Cell::new(0),
            repeated: super::visits::repeated(&model.tree),
            numbers: RefCell::default(),
            literals: RefCell::default(),
            uniform: RefCell::default(),
        };
        let mut errors = Vec::new();
        for parameter in &model.parameters {
            match context.layout(parameter) {
                Ok(layout) => {
                    context.theta += layout.len;
                    context.layouts.push(layout);
                }
                Err(error) => errors.push(*error),
            }
        }
        if errors.is_empty() { Ok(context) } else { Err(errors) }
    }

    fn layout(&self, parameter: &Parameter) -> Lowered<Layout> {
        let shape = self.concrete(&parameter.shape, &Env::default(), parameter.span)?;
        let (storage, len) =
            if parameter.kind.diag {
                (Storage::Diagonal, shape.as_rows().0)
            } else if parameter.kind.sparse {
                let Some((rows, cols)) = self.inputs.patterns.get(&parameter.name) else {
                    let error = Diagnostic::error(
                        codes::MISSING_PATTERN,
                        format!("the pattern of the sparse parameter `{}` is not known", parameter.name),
                    );
                    return Err(refuse(error.at(parameter.span, "its pattern comes with the data").help(
                        "give its value when the model is compiled; the pattern is fixed from then on",
                    )));
                };
                (Storage::Sparse { rows: rows.clone().into(), cols: cols.clone().into() }, rows.len())
            } else {
                self.bounded(shape, parameter.span)
                    .map_err(|e| refuse(e.help("a matrix that is mostly zeros can be declared `sparse`")))?;
                (Storage::Dense, shape.len())
            };
        Ok(Layout { shape, storage, start: self.theta, len })
    }

    /// The value of a size.
    ///
    /// # Errors
    /// If arithmetic overflows.
    pub fn size(&self, poly: &Poly, env: &Env, span: Span) -> Lowered<i64> {
        poly.evaluate(&|unknown| match unknown {
            Unknown::Dim(k) => self.dims.get(k as usize).copied(),
            Unknown::Index(k) => env.get(k),
        })
        .ok_or_else(|| {
            let size = self.model.tree.show(poly);
            refuse(
                Diagnostic::error(codes::SIZE_OVERFLOW, format!("the size `{size}` is too large to compute"))
                    .at(span, ""),
            )
        })
    }

    /// Sizes as a shape.
    ///
    /// # Errors
    /// If a size is negative or the array would be too large.
    pub fn concrete(&self, sizes: &[Poly], env: &Env, span: Span) -> Lowered<Shape> {
        let mut axes = Vec::with_capacity(2);
        for poly in sizes {
            let size = self.size(poly, env, span)?;
            if size < 0 {
                let text = self.model.tree.show(poly);
                let error =
                    Diagnostic::error(codes::NEGATIVE_SIZE, format!("the size `{text}` is negative: {size}"));
                return Err(refuse(error.at(span, "")));
            }
            axes.push(size);
        }
        // Sparse matrices may be far larger than what they store, so only each axis is bounded here.
        if let Some(size) = axes.iter().find(|&&size| size > MAX_ENTRIES) {
            let error = Diagnostic::error(codes::TOO_LARGE, format!("an axis of size {size} is too large"));
            return Err(refuse(error.at(span, "").note(format!("the largest size is {MAX_ENTRIES}"))));
        }
        Ok(match axes[..] {
            [] => Shape::Scalar,
            [n] => Shape::Vector(n as usize),
            [m, n, ..] => Shape::Matrix(m as usize, n as usize),
        })
    }

    /// The shape of an operand.
    ///
    /// # Errors
    /// As [`concrete`](Self::concrete).
    pub fn shape(&self, operand: &Operand) -> Lowered<Shape> {
        let tree = &self.model.tree;
        let one = self.concrete(tree.shape(operand.node), &operand.env, tree.span(operand.node))?;
        Ok(match operand.env.family() {
            Some(family) => Shape::Matrix(family.len, one.len()),
            None => one,
        })
    }

    /// A part of an expression; in many instances at once it is an array unless no index enters it.
    pub fn part(&self, node: NodeId, env: &Env) -> Operand {
        let same = !self.model.tree.facts(node).indexed;
        let env = match env.family() {
            Some(family) if same => family.around().clone(),
            _ => env.clone(),
        };
        Operand { node, env }
    }

    /// Refuses arrays that would be stored entry by entry and have too many.
    ///
    /// # Errors
    /// If there are too many entries.
    pub fn bounded(&self, shape: Shape, span: Span) -> Lowered<()> {
        if shape.len() as i64 > MAX_ENTRIES / 4 {
            let error =
                Diagnostic::error(codes::TOO_LARGE, format!("an array of shape {shape} is too large"));
            return Err(refuse(error.at(span, format!("{} entries", grouped(shape.len())))));
        }
        Ok(())
    }

    /// Verifies what the checker left open until sizes are known.
    ///
    /// # Errors
    /// If sizes that must agree do not.
    pub fn requirements(&self, operand: &Operand) -> Lowered<()> {
        let tree = &self.model.tree;
        for requirement in &tree[operand.node].requirements {
            let fits = match operand.env.family() {
                Some(family) => {
                    self.sizes(requirement, family).is_some_and(|all| all.iter().all(|&one| one == 0))
                }
                None => self.size(requirement, &operand.env, tree.span(operand.node))? == 0,
            };
            if !fits {
                return Err(self.mismatch(operand, requirement));
            }
        }
        Ok(())
    }

    /// The error for sizes that must agree and do not.
    pub fn mismatch(&self, operand: &Operand, requirement: &Poly) -> Box<Diagnostic> {
        let tree = &self.model.tree;
        let span = tree.span(operand.node);
        let mut error =
            Diagnostic::error(codes::SHAPE_MISMATCH, "the shapes of these do not fit at the sizes given")
                .at(focus(self.model, span, &tree.operands(operand.node)), "");
        for part in tree.operands(operand.node) {
            if let Ok(shape) = self.shape(&Operand { node: part, env: operand.env.clone() }) {
                let symbolic = tree.show_shape(tree.shape(part));
                let label = if shape.rank() == 0 || symbolic == shape.to_string() {
                    format!("this is {symbolic}")
                } else {
                    format!("this is {symbolic}, here {shape}")
                };
                error = error.also(tree.span(part), label);
            }
        }
        refuse(self.told(error, requirement, &operand.env))
    }

    /// Adds what the sizes and indices in a size are, and where they come from.
    pub fn told(&self, error: Diagnostic, size: &Poly, env: &Env) -> Diagnostic {
        let unknowns = size.unknowns();
        let indices = unknowns.iter().filter_map(|unknown| match unknown {
            Unknown::Index(k) => Some(format!("`{}` is {}", self.model.tree.name(*unknown), env.get(*k)?)),
            Unknown::Dim(_) => None,
        });
        super::told(self.model, self.inputs, &unknowns)
            .into_iter()
            .chain(indices)
            .fold(error, Diagnostic::note)
    }

    /// The value of a constant that the caller gave, or that a literal in the text states.
    ///
    /// # Errors
    /// If nobody gave one.
    pub fn constant(&self, k: u32, span: Span) -> Lowered<&Array> {
        let name = &self.model.constants[k as usize].name;
        self.inputs.constants.get(name).ok_or_else(|| {
            refuse(
                Diagnostic::error(codes::MISSING_CONSTANT, format!("the constant `{name}` has no value"))
                    .at(span, "")
                    .help(
                        "give it with the data, or write `= value` or `from \"file\"` after its declaration",
                    ),
            )
        })
    }

    /// The instances of a `for`, as environments.
    ///
    /// # Errors
    /// If there are too many.
    pub fn instances(&self, loops: &Loops, env: &Env, span: Span) -> Lowered<Vec<Env>> {
        let mut all = vec![env.clone()];
        for (index, from, to) in &loops.ranges {
            let mut next = Vec::new();
            for outer in &all {
                let (from, to) = (self.size(from, outer, span)?, self.size(to, outer, span)?);
                let more = to.saturating_sub(from).max(0);
                if more.saturating_add(next.len() as i64) > MAX_INSTANCES {
                    let error = Diagnostic::error(codes::TOO_LARGE, "this `for` has too many instances");
                    return Err(refuse(error.at(span, format!("more than {}", grouped(MAX_INSTANCES)))));
                }
                self.visited.set(self.visited.get() + more);
                if self.visited.get() > MAX_VISITED {
                    let error =
                        Diagnostic::error(codes::TOO_LARGE, "`for` within `for` has too many instances");
                    return Err(refuse(
                        error.at(span, format!("more than {} by here", grouped(MAX_VISITED))),
                    ));
                }
                next.extend((from..to).map(|value| outer.with(*index, value)));
            }
            all = next;
        }
        if let Some(condition) = &loops.condition {
            let mut kept = Vec::with_capacity(all.len());
            for env in all {
                if self.holds(condition, &env, span)? {
                    kept.push(env);
                }
            }
            return Ok(kept);
        }
        Ok(all)
    }

    fn holds(&self, condition: &Condition, env: &Env, span: Span) -> Lowered<bool> {
        Ok(match condition {
            Condition::Compare(order, a, b) => {
                order.holds(self.size(a, env, span)?, self.size(b, env, span)?)
            }
            Condition::And(a, b) => self.holds(a, env, span)? && self.holds(b, env, span)?,
            Condition::Or(a, b) => self.holds(a, env, span)? || self.holds(b, env, span)?,
            Condition::Not(a) => !self.holds(a, env, span)?,
        })
    }
}

/// The most instances of one `for`.
pub(super) const MAX_INSTANCES: i64 = 2_000_000;

/// The position, row by row in the full array, of each stored entry of a parameter.
pub(super) fn positions(layout: &Layout) -> Vec<usize> {
    let n = layout.shape.as_rows().1;
    match &layout.storage {
        Storage::Dense => (0..layout.shape.len()).collect(),
        Storage::Diagonal => (0..layout.len).map(|i| i * n + i).collect(),
        Storage::Sparse { rows, cols } => {
            rows.iter().zip(cols.iter()).map(|(&i, &j)| i as usize * n + j as usize).collect()
        }
    }
}

//! The checker: its state, and the nodes it makes.

use super::curvature::Curvature;
use super::interval::Interval;
use super::model::CheckedModel;
use super::names::{Names, Wanted};
use super::size::{Poly, Unknown};
use super::tree::{Bits, Facts, Kind, Level, Node, NodeId};
use crate::diagnostics::{Diagnostic, any_error};
use crate::source::Span;
use crate::syntax::ast::Ast;
use crate::syntax::limits::MAX_FINDINGS;
use std::collections::HashMap;

/// Builds a [`CheckedModel`] out of a syntax tree.
#[derive(Debug)]
pub struct Checker {
    pub(super) ast: Ast,
    pub(super) model: CheckedModel,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) names: Names,
    pub(super) sizes: Vec<super::dims::SizeState>,
    pub(super) lets: Vec<super::lets::LetState>,
    pub(super) constants: Vec<super::constants::ConstantState>,
    pub(super) functions: Vec<super::lets::Function>,
    /// Parameters whose ranges and defaults are not read yet.
    pub(super) pending: Vec<Option<crate::syntax::ast::Declaration>>,
    /// The range of each index, for proofs that positions are in range.
    pub(super) ranges: Vec<(Poly, Poly)>,
    /// The last index of each name and range.
    pub(super) known_indices: HashMap<(String, Poly, Poly), u32>,
    /// The indices of the `for`s around, outermost first.
    pub(super) open_indices: Vec<u32>,
    /// Whether some `if` cuts the ranges around the current expression.
    pub(super) conditional: usize,
    /// Calls of user-written atoms around the current expression.
    pub(super) expansions: Vec<(Span, String)>,
    pub(super) heights: Vec<u32>,
    pub(super) used: std::collections::BTreeSet<String>,
    /// The labels of constraints and where they stand.
    pub(super) labels: std::collections::BTreeMap<String, Span>,
    /// Declarations whose value is being found, for messages about cycles.
    pub(super) resolving: Vec<String>,
    /// Names of declarations that are wrong; what uses them is not reported as well.
    pub(super) broken: std::collections::BTreeSet<String>,
    /// The options of the call that is being checked, for messages about them.
    pub(super) options: Vec<(String, Span)>,
    /// Whether it was said that something nests too deep.
    pub(super) told_depth: bool,
    /// Whether the text has errors of its own, so that what seems to be missing may stand in what was not read.
    pub(super) partial: bool,
    /// What the objective and the constraints are, for showing them.
    pub(super) roots: Vec<super::outline::Root>,
    pub(super) at_solution: bool,
    /// What the current expression is for, for messages about names.
    pub(super) wanted: Wanted,
    pub(super) multipliers: super::Multipliers,
    pub(super) depth: usize,
    /// How many expressions were visited, those that were known among them.
    pub(super) visited: usize,
}

impl Checker {
    /// A checker of a model text.
    pub fn new(text: &str, ast: Ast) -> Self {
        let model = CheckedModel { source: text.to_owned(), ..CheckedModel::default() };
        Self::over(model, ast)
    }

    /// A checker of an expression over a checked model.
    pub fn resume(model: &CheckedModel, text: &str, ast: Ast) -> Self {
        let mut checker = Self::over(CheckedModel { source: text.to_owned(), ..model.clone() }, ast);
        checker.at_solution = true;
        checker.redeclare();
        checker
    }

    fn over(model: CheckedModel, ast: Ast) -> Self {
        Self {
            ast,
            model,
            diagnostics: Vec::new(),
            names: Names::default(),
            sizes: Vec::new(),
            lets: Vec::new(),
            constants: Vec::new(),
            functions: Vec::new(),
            pending: Vec::new(),
            ranges: Vec::new(),
            known_indices: HashMap::new(),
            open_indices: Vec::new(),
            conditional: 0,
            expansions: Vec::new(),
            heights: Vec::new(),
            used: std::collections::BTreeSet::new(),
            labels: std::collections::BTreeMap::new(),
            resolving: Vec::new(),
            broken: std::collections::BTreeSet::new(),
            options: Vec::new(),
            told_depth: false,
            partial: false,
            roots: Vec::new(),
            at_solution: false,
            wanted: Wanted::Value,
            multipliers: super::Multipliers::default(),
            depth: 0,
            visited: 0,
        }
    }

    /// The model and what was found.
    pub fn finish(self) -> (CheckedModel, Vec<Diagnostic>) {
        (self.model, self.diagnostics)
    }

    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        // Nobody reads more, and a hostile text may hold a million mistakes.
        if self.diagnostics.len() >= MAX_FINDINGS && any_error(&self.diagnostics) {
            return;
        }
        for (span, name) in self.expansions.iter().rev().take(4) {
            diagnostic = diagnostic.also(*span, format!("in this call of `{name}`"));
        }
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn error_node(&mut self, span: Span) -> NodeId {
        let facts =
            Facts { curvature: Curvature::Unknown, level: Level::Variable, ..Facts::number(f64::NAN) };
        let facts = Facts { interval: Interval::ALL, size: None, ..facts };
        self.push(Node { kind: Kind::Error, shape: Vec::new(), facts, requirements: Vec::new() }, span)
    }

    pub(super) fn is_error(&self, node: NodeId) -> bool {
        self.model.tree[node].kind == Kind::Error
    }

    pub(super) fn push(&mut self, node: Node, span: Span) -> NodeId {
        let id = self.model.tree.push(node, span);
        let height = self
            .model
            .tree
            .operands(id)
            .iter()
            .map(|o| self.heights.get(o.0 as usize).copied().unwrap_or(0))
            .max();
        self.heights.resize(id.0 as usize, 0);
        self.heights.push(height.map_or(0, |h| h + 1));
        id
    }

    /// The node of a leaf or of anything whose facts are at hand.
    pub(super) fn leaf(&mut self, kind: Kind, shape: Vec<Poly>, facts: Facts, span: Span) -> NodeId {
        if let Some(known) = self.model.tree.find(&kind) {
            return self.again(known, kind, span);
        }
        self.push(Node { kind, shape, facts, requirements: Vec::new() }, span)
    }

    /// A node for another place where a known expression stands.
    pub(super) fn again(&mut self, known: NodeId, kind: Kind, span: Span) -> NodeId {
        if self.model.tree.span(known) == span {
            return known;
        }
        let node = Node { kind, ..self.model.tree[known].clone() };
        self.push(node, span)
    }

    pub(super) fn number(&mut self, value: f64, span: Span) -> NodeId {
        self.leaf(Kind::Number(Bits::new(value)), Vec::new(), Facts::number(value), span)
    }

    pub(super) fn size_node(&mut self, size: Poly, span: Span) -> NodeId {
        if let Some(value) = size.as_constant() {
            return self.number(value as f64, span);
        }
        let interval = size.interval(&|u| match u {
            Unknown::Dim(_) => Interval { lo: 1.0, hi: f64::INFINITY, nonzero: true },
            Unknown::Index(k) => self.index_interval(k),
        });
        let facts =
            Facts { interval, indexed: size.has_index(), size: Some(size.clone()), ..Facts::number(0.0) };
        self.leaf(Kind::Size(size), Vec::new(), facts, span)
    }

    fn index_interval(&self, index: u32) -> Interval {
        match self.ranges.get(index as usize).and_then(|(from, _)| from.as_constant()) {
            Some(from) => Interval::new(from as f64, f64::INFINITY),
            None => Interval::ALL,
        }
    }
}

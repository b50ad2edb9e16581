//! Names: what is declared where, and what an identifier means.

use super::tree::NodeId;
use crate::atoms::AtomId;
use crate::diagnostics::{Diagnostic, codes, suggest};
use crate::source::Span;
use std::collections::BTreeMap;

/// What a global name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A size, by position in the checker's list.
    Size(usize),
    /// A parameter.
    Parameter(usize),
    /// A constant.
    Constant(usize),
    /// A variable.
    Variable(usize),
    /// A named expression.
    Let(usize),
    /// A user-written atom.
    Function(usize),
}

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Value,
    Size,
    Index,
}

/// What a local name stands for.
#[derive(Clone, Debug)]
pub(super) enum Local {
    /// An index of a `for`.
    Index(u32),
    /// An argument of a `fn`.
    Value(NodeId),
}

/// What functions are called elsewhere, and here.
const SYNONYMS: [(&str, &str); 12] = [
    ("average", "mean"),
    ("concat", "hstack"),
    ("dot_product", "dot"),
    ("l1", "norm1"),
    ("l1_norm", "norm1"),
    ("l2", "norm"),
    ("linalg_norm", "norm"),
    ("norm_1", "norm1"),
    ("norm_2", "norm"),
    ("norminf", "norm_inf"),
    ("quadratic_form", "quad_form"),
    ("sumsq", "sum_squares"),
];

/// The global names, and the local ones of the innermost expansion.
#[derive(Debug, Default)]
pub(super) struct Names {
    globals: BTreeMap<String, (Symbol, Span)>,
    frames: Vec<Vec<(String, Local)>>,
}

impl Names {
    /// Declares a global name; one name stands for one thing.
    pub(super) fn declare(&mut self, name: &str, symbol: Symbol, span: Span) -> Option<Diagnostic> {
        if let Some((_, first)) = self.globals.get(name) {
            return Some(
                Diagnostic::error(codes::DUPLICATE_NAME, format!("the name `{name}` is declared twice"))
                    .at(span, "declared again here")
                    .also(*first, "first declared here"),
            );
        }
        self.globals.insert(name.to_owned(), (symbol, span));
        None
    }

    /// Opens a frame that sees no locals of the frames around it.
    pub(super) fn enter(&mut self, locals: Vec<(String, Local)>) {
        self.frames.push(locals);
    }

    /// Closes the innermost frame.
    pub(super) fn leave(&mut self) {
        self.frames.pop();
    }

    /// Adds a local name to the innermost frame.
    pub(super) fn push(&mut self, name: &str, local: Local) {
        if self.frames.is_empty() {
            self.frames.push(Vec::new());
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.push((name.to_owned(), local));
        }
    }

    /// Removes the latest local names of the innermost frame.
    pub(super) fn pop(&mut self, count: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.truncate(frame.len().saturating_sub(count));
        }
    }

    /// The local meaning of a name.
    pub(super) fn local(&self, name: &str) -> Option<&Local> {
        self.frames.last()?.iter().rev().find(|(n, _)| n == name).map(|(_, local)| local)
    }

    /// The global meaning of a name.
    pub(super) fn global(&self, name: &str) -> Option<Symbol> {
        self.globals.get(name).map(|(symbol, _)| *symbol)
    }

    /// Where a global name is declared.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.globals.get(name).map(|(_, span)| *span)
    }

    /// Adds what a name that means nothing, and is like no other, was probably meant for.
    pub(super) fn hint(&self, error: Diagnostic, name: &str, wanted: Wanted) -> Diagnostic {
        // Names that stand side by side in the mind: `Ax`.
        let glued = || {
            let mut cuts = name.char_indices().skip(1).take(64).map(|(at, _)| name.split_at(at));
            cuts.find(|(left, right)| self.globals.contains_key(*left) && self.globals.contains_key(*right))
        };
        match wanted {
            _ if !error.edits.is_empty() => error,
            _ if name == "end" => error.help("the last entry is `x[-1]`, and `x[i:]` goes on to the end"),
            Wanted::Index => {
                error.help(format!("an index is bound by a range that follows: `… for {name} in 0..n`"))
            }
            Wanted::Size => error.help(format!("declare it as a size: `dim {name};`")),
            Wanted::Value => match glued() {
                Some((a, b)) => {
                    error.help(format!("a product is written `{a} * {b}`, or `{a} @ {b}` of matrices"))
                }
                None => error,
            },
        }
    }

    /// The error for a name that means nothing, with the nearest one that does.
    pub(super) fn unknown(&self, name: &str, span: Span, functions: bool) -> Diagnostic {
        let what = if functions { "function" } else { "name" };
        let error = Diagnostic::error(codes::UNKNOWN_NAME, format!("unknown {what} `{name}`")).at(
            span,
            if functions { "no function has this name" } else { "nothing of this name is declared" },
        );
        if functions {
            let known = |meant: &str| meant == "norm" || AtomId::named(meant).is_some();
            if let Some((_, meant)) = SYNONYMS.iter().find(|(word, meant)| *word == name && known(meant)) {
                return error.suggest(span, *meant, format!("here it is `{meant}`"));
            }
            match name {
                "len" | "shape" | "size" => {
                    return error.help("sizes have names: declare `dim n;`, and write `n`");
                }
                "dual" => {
                    return Diagnostic::error(codes::UNKNOWN_NAME, "a dual has no value in the model")
                        .at(span, "not known before the problem is solved")
                        .help("duals are known at the solution: `cvx grad --of`, or `duals` in the output");
                }
                _ => {}
            }
        }
        let mut known: Vec<&str> = if functions {
            let own = self.globals.iter().filter(|(_, (s, _))| matches!(s, Symbol::Function(_)));
            own.map(|(n, _)| n.as_str())
                .chain(
                    crate::atoms::ATOMS
                        .iter()
                        .flat_map(|a| std::iter::once(a.row().name).chain(a.row().aliases.iter().copied())),
                )
                .collect()
        } else {
            let locals = self.frames.last().into_iter().flatten().map(|(n, _)| n.as_str());
            self.globals.keys().map(String::as_str).chain(locals).collect()
        };
        known.sort_unstable();
        match suggest::nearest(name, known.iter().copied()) {
            Some(near) => error.suggest(span, near, format!("did you mean `{near}`?")),
            None => error,
        }
    }
}

//! Sizes: the values of `dim`s, and the shapes of declarations.

use super::build::Checker;
use super::declare::{Progress, cycle};
use super::model::{Dim, Size};
use super::size::{Poly, Unknown};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Declaration, ExprId};

/// A `dim` on its way to a value.
#[derive(Clone, Debug)]
pub(super) struct SizeState {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) value: Option<ExprId>,
    pub(super) found: Progress<Option<Poly>>,
}

impl Checker {
    /// The value of a `dim`: itself where it is free.
    pub(super) fn size_value(&mut self, k: usize) -> Option<Poly> {
        match &self.sizes[k].found {
            Progress::Done(size) => return size.clone(),
            Progress::Running => {
                let (name, span) = (self.sizes[k].name.clone(), self.sizes[k].span);
                self.report(cycle("size", &name, span));
                return None;
            }
            Progress::Waiting => {}
        }
        self.sizes[k].found = Progress::Running;
        let (name, span) = (self.sizes[k].name.clone(), self.sizes[k].span);
        let size = match self.sizes[k].value {
            None => {
                let unknown = Unknown::Dim(self.model.dims.len() as u32);
                self.model.dims.push(Dim { name: name.clone(), span });
                self.model.tree.dims.push(name);
                Some(Poly::unknown(unknown))
            }
            Some(value) => {
                self.names.enter(Vec::new());
                let size = self.size_of(value);
                self.names.leave();
                if let Some(negative) = size.as_ref().and_then(Poly::as_constant).filter(|v| *v < 0) {
                    let error = Diagnostic::error(
                        codes::NEGATIVE_SIZE,
                        format!("the size `{name}` is negative: {negative}"),
                    );
                    self.report(error.at(self.ast.exprs.span(value), ""));
                }
                if let Some(size) = &size {
                    self.model.sizes.push(Size { name, size: size.clone(), span });
                }
                size
            }
        };
        self.sizes[k].found = Progress::Done(size.clone());
        size
    }

    /// A size: an integer expression of `dim`s and indices.
    pub(super) fn size_of(&mut self, id: ExprId) -> Option<Poly> {
        let node = self.expression(id);
        let span = self.ast.exprs.span(id);
        if self.is_error(node) {
            return None;
        }
        let size = self.model.tree.facts(node).size.clone();
        if size.is_none() {
            self.report(Diagnostic::error(codes::NOT_A_SIZE, "this is not a size").at(
                span,
                "a size is an integer, a `dim`, an index, or a sum, difference or product of sizes",
            ));
        }
        size
    }

    /// The shape of a declaration.
    pub(super) fn declared_shape(&mut self, declaration: &Declaration) -> Vec<Poly> {
        let span = declaration.shape_span;
        if declaration.shape.len() > 2 {
            self.report(
                Diagnostic::error(codes::SHAPE_MISMATCH, "an array has at most two axes")
                    .at(span, format!("`{}` has {}", declaration.name.text, declaration.shape.len())),
            );
        }
        let shape: Vec<_> = declaration.shape.iter().take(2).filter_map(|&size| self.size_of(size)).collect();
        for (size, &id) in shape.iter().zip(&declaration.shape) {
            if let Some(value) = size.as_constant() {
                let at = self.ast.exprs.span(id);
                if value < 0 {
                    self.report(
                        Diagnostic::error(codes::NEGATIVE_SIZE, format!("the size is negative: {value}"))
                            .at(at, ""),
                    );
                } else if value > crate::lower::MAX_ENTRIES {
                    let error =
                        Diagnostic::error(codes::TOO_LARGE, format!("an axis of size {value} is too large"));
                    self.report(error.at(at, format!("the largest size is {}", crate::lower::MAX_ENTRIES)));
                }
            }
        }
        shape
    }
}

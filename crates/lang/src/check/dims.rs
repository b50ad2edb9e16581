//! Sizes: the values of `dim`s, and the shapes of declarations.

use super::build::Checker;
use super::declare::Progress;
use super::model::{Dim, Size};
use super::names::Wanted;
use super::size::{Poly, Unknown};
use super::tree::{Kind, Level, NodeId};
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
    pub(super) fn size_value(&mut self, k: usize, at: Span) -> Option<Poly> {
        match &self.sizes[k].found {
            Progress::Done(size) => return size.clone(),
            Progress::Running => {
                let error = self.cycle("size", &self.sizes[k].name, at);
                self.report(error);
                return None;
            }
            Progress::Waiting => {}
        }
        self.sizes[k].found = Progress::Running;
        let (name, span) = (self.sizes[k].name.clone(), self.sizes[k].span);
        let size = match self.sizes[k].value {
            None => {
                let unknown = Unknown::Dim(self.model.dims.len() as u32);
                self.model.dims.push(Dim { name: name.clone(), rounded: None, span });
                self.model.tree.dims.push(name);
                Some(Poly::unknown(unknown))
            }
            Some(value) => {
                self.names.enter(Vec::new());
                self.resolving.push(name.clone());
                let size = self.size_of(value);
                self.resolving.pop();
                self.names.leave();
                if let Some(negative) = size.as_ref().and_then(Poly::as_constant).filter(|v| *v < 0) {
                    let error = Diagnostic::error(
                        codes::NEGATIVE_SIZE,
                        format!("the size `{name}` is negative: {negative}"),
                    );
                    self.report(error.at(self.ast.exprs.span(value), "a size is at least 0"));
                    self.broken.insert(name.clone());
                }
                if size.is_none() {
                    self.broken.insert(name.clone());
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

    /// The size that a size divided by a number is, rounded up; equal ones are one size.
    pub(super) fn rounded_up(&mut self, size: &Poly, divisor: i64, span: Span) -> Poly {
        let rounded = Some((size.clone(), divisor));
        let known = self.model.dims.iter().position(|dim| dim.rounded == rounded);
        let k = known.unwrap_or_else(|| {
            let text = self.model.tree.show(size);
            let text = if text.contains(' ') { format!("({text})") } else { text };
            let name = format!("ceil({text} / {divisor})");
            self.model.tree.dims.push(name.clone());
            self.model.dims.push(Dim { name, rounded, span });
            self.model.dims.len() - 1
        });
        Poly::unknown(Unknown::Dim(k as u32))
    }

    /// A size: an integer expression of `dim`s and indices.
    pub(super) fn size_of(&mut self, id: ExprId) -> Option<Poly> {
        let node = self.expression_wanted(id, Wanted::Size);
        let span = self.ast.exprs.span(id);
        if self.is_error(node) {
            return None;
        }
        let size = self.model.tree.facts(node).size.clone();
        if size.is_none() {
            let error = self.no_size(node, span);
            self.report(error);
        }
        size
    }

    /// The error for an expression that is no size, with the reason.
    fn no_size(&self, node: NodeId, span: Span) -> Diagnostic {
        let facts = self.model.tree.facts(node);
        let text = self.model.text(span);
        let error = |message: String| Diagnostic::error(codes::NOT_A_SIZE, message);
        match (facts.level, facts.interval.as_point()) {
            (Level::Variable, _) => error(format!("`{text}` depends on a variable, so it is no size"))
                .at(span, "sizes, indices and conditions are fixed before the problem is solved"),
            (Level::Parameter, _) => {
                let error = error(format!("`{text}` depends on a parameter, so it is no size"))
                    .at(span, "sizes, indices and conditions are fixed when the model is compiled");
                match self.data_name(node) {
                    Some((_, name, place)) => error.also(place, "a parameter").help(format!(
                        "declare it as a size: `dim {name};`, which the caller gives or the shapes of data tell"
                    )),
                    None => error,
                }
            }
            (_, Some(value)) if value.fract() != 0.0 => {
                error(format!("the size {value} is not an integer")).at(span, "")
            }
            (_, Some(value)) if value.abs() >= 9.0e15 => {
                Diagnostic::error(codes::SIZE_OVERFLOW, "this size is too large to compute")
                    .at(span, format!("{value:e}"))
            }
            _ if self.focus(node).text(&self.model.source) == "/" => {
                error("a quotient of sizes is no size, since it may not be an integer".into())
                    .at(span, "this divides")
                    .help("give the quotient a name, and write the other size as its multiple: `dim half; dim n = 2*half;`")
            }
            (Level::Constant, _) => {
                let error = error(format!("`{text}` is a constant whose value is not in the text"))
                    .at(span, "not known when the model is checked");
                // A table of positions, such as the ends of the lines of a network.
                if matches!(self.model.tree[node].kind, Kind::Index { .. }) {
                    return error.help("for a sum over what a table lists, multiply by a matrix of zeros and ones: `A @ x`");
                }
                error.help("declare it as a size with `dim`")
            }
            _ => error("this is not a size".into()).at(
                span,
                "a size is an integer, a `dim`, an index, or a sum, difference or product of sizes",
            ),
        }
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
        let sizes: Vec<_> = declaration.shape.iter().take(2).map(|&size| self.size_of(size)).collect();
        let shape: Vec<_> = sizes.iter().flatten().cloned().collect();
        if shape.len() < sizes.len() || declaration.shape.len() > 2 {
            self.broken.insert(declaration.name.text.clone());
        }
        for (size, &id) in shape.iter().zip(&declaration.shape) {
            if let Some(value) = size.as_constant() {
                let at = self.ast.exprs.span(id);
                if value < 0 {
                    self.report(
                        Diagnostic::error(codes::NEGATIVE_SIZE, format!("the size is negative: {value}"))
                            .at(at, "a size is at least 0"),
                    );
                    self.broken.insert(declaration.name.text.clone());
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

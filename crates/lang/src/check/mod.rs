//! From a syntax tree to a checked model: names, shapes, signs, curvature, class.
//!
//! One pass builds the tree of [`tree`], in which every expression is resolved and carries its facts; a second look
//! at the objective and the constraints asks whether they are convex and inside the solver's class. Lets may be
//! anything, since their values are only reported.

pub mod curvature;
pub mod fold;
pub mod interval;
pub mod model;
pub mod outline;
pub mod size;
pub mod tree;

mod attributes;
mod build;
mod call;
mod class;
mod comprehension;
mod constants;
mod constraints;
mod declare;
mod definite;
mod dims;
mod dual;
mod explain;
mod expression;
mod factor;
mod function;
mod index;
mod influence;
mod lets;
mod named;
mod names;
mod operators;
mod parameters;
pub(crate) mod place;
mod ranges;
mod values;
mod variables;
mod warn;

pub use build::Checker;

use crate::diagnostics::{self, Diagnostic};
use crate::syntax;
use model::CheckedModel;
use tree::NodeId;

/// A model with everything that was found wrong or suspicious in it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The model; usable only if no diagnostic is an error.
    pub model: CheckedModel,
    /// Errors and warnings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The objective and the constraints, those that break the rules included.
    roots: Vec<outline::Root>,
}

impl Checked {
    /// Whether the model cannot be used.
    pub fn has_errors(&self) -> bool {
        diagnostics::any_error(&self.diagnostics)
    }
}

/// Reads and checks a model; never fails, and reports every error.
pub fn check(text: &str) -> Checked {
    let parsed = syntax::parse(text);
    let mut checker = Checker::new(text, parsed.ast);
    checker.partial = diagnostics::any_error(&parsed.diagnostics);
    checker.model();
    let roots = std::mem::take(&mut checker.roots);
    let (model, mut diagnostics) = checker.finish();
    diagnostics.extend(parsed.diagnostics);
    let diagnostics = syntax::findings::readable(diagnostics);
    Checked { model, diagnostics, roots }
}

/// What the solution of a compiled model holds besides the values of expressions.
#[derive(Clone, Debug, Default)]
pub struct Multipliers {
    /// Sizes of the axes of each constraint's dual, by position; without them they are symbolic.
    pub duals: Vec<Vec<usize>>,
    /// The variables whose bounds have a dual, in the program's order.
    pub bounds: Vec<String>,
}

/// Checks an expression asked for at the solution against a model; it need not be convex.
///
/// # Errors
/// Everything that is wrong with the text; spans are positions in it.
pub fn check_expression(
    model: &CheckedModel,
    multipliers: Multipliers,
    text: &str,
) -> Result<(CheckedModel, NodeId), Vec<Diagnostic>> {
    let (ast, root, mut diagnostics) = syntax::parse_expression(text);
    let mut checker = Checker::resume(model, text, ast);
    checker.multipliers = multipliers;
    let node = checker.expression(root);
    let (model, found) = checker.finish();
    diagnostics.extend(found);
    if diagnostics::any_error(&diagnostics) {
        return Err(syntax::findings::readable(diagnostics));
    }
    Ok((model, node))
}

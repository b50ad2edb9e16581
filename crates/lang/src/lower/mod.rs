//! From a checked model, with its sizes bound, to a program.
//!
//! 1. `sizes` finds the value of every `dim` from the shapes of data;
//! 2. `columns` gives each variable its columns and bounds;
//! 3. the objective and the constraints are expanded, one small function an atom ([`crate::atoms`]);
//! 4. `assemble` turns their terms into blocks over fixed patterns, and lets into a tape.
//!
//! No parameter has a value here; a checked model lowers without failing, sizes and data apart.

pub mod affine;
pub mod column;
pub mod inputs;
pub mod products;

mod assemble;
mod constraint;
mod context;
mod expand;
mod expression;
mod pieces;
mod rows;
mod sizes;
mod squares;
mod tape;

pub use constraint::Piece;
pub use context::{Application, Context, Env, Layout, MAX_ENTRIES, Operand};
pub use expand::{Lower, expand_to};
pub use expression::{CompiledExpression, lower_expression};
pub use sizes::bind_sizes;
pub use tape::TapeBuilder;

use crate::check::model::CheckedModel;
use crate::diagnostics::Diagnostic;
use cvxlayer_program::Program;
use inputs::Inputs;

/// The result of a step of lowering.
pub type Lowered<T> = Result<T, Box<Diagnostic>>;

/// Boxes a diagnostic, as [`Lowered`] wants it.
pub fn refuse(diagnostic: Diagnostic) -> Box<Diagnostic> {
    Box::new(diagnostic)
}

/// Lowers a model that was checked without errors.
///
/// # Errors
/// Everything about sizes, constants and indices that does not fit.
pub fn lower(model: &CheckedModel, inputs: &Inputs) -> Result<Program, Vec<Diagnostic>> {
    let dims = bind_sizes(model, inputs)?;
    let context = Context::new(model, inputs, dims)?;
    let mut lower = Lower::new(&context);
    lower.variables().map_err(|e| vec![*e])?;
    let mut errors = Vec::new();
    let objective = lower.objective().map_err(|e| errors.push(*e)).ok();
    for k in 0..model.constraints.len() {
        if let Err(error) = lower.constraint(k) {
            errors.push(*error);
        }
    }
    match objective {
        Some(objective) if errors.is_empty() => lower.assemble(&objective).map_err(|e| vec![*e]),
        _ => Err(errors),
    }
}

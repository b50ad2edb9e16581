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
mod auxiliary;
mod constraint;
mod context;
mod dual;
mod ends;
mod expand;
mod expression;
mod family;
mod gram;
mod literal;
mod matmul;
mod pack;
mod pieces;
mod reach;
mod rows;
mod selection;
mod sizes;
mod smooth;
mod squares;
mod tape;
mod together;
mod variable;
mod visits;

pub use constraint::Piece;
pub use context::{Application, Context, Env, Layout, MAX_ENTRIES, Operand};
pub use expand::{Lower, expand_to};
pub use expression::{CompiledExpression, lower_expression};
pub use sizes::{bind_sizes, told};
pub use tape::TapeBuilder;

use crate::check::model::CheckedModel;
use crate::check::size::Poly;
use crate::check::tree::NodeId;
use crate::diagnostics::Diagnostic;
use cvxlayer_program::Program;
use inputs::Inputs;

/// The result of a step of lowering.
pub type Lowered<T> = Result<T, Box<Diagnostic>>;

/// Boxes a diagnostic, as [`Lowered`] wants it.
pub fn refuse(diagnostic: Diagnostic) -> Box<Diagnostic> {
    Box::new(diagnostic)
}

/// A count as people read it: `8,000,000`.
fn grouped(count: impl std::fmt::Display) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Lowers a model that was checked without errors.
///
/// # Errors
/// Everything about sizes, constants and indices that does not fit.
pub fn lower(model: &CheckedModel, inputs: &Inputs) -> Result<Program, Vec<Diagnostic>> {
    let dims = bind_sizes(model, inputs)?;
    lower_at(model, inputs, dims)
        .map_err(|errors| errors.into_iter().map(|error| sizes_told(model, inputs, error)).collect())
}

fn lower_at(model: &CheckedModel, inputs: &Inputs, dims: Vec<i64>) -> Result<Program, Vec<Diagnostic>> {
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

/// Adds what the sizes are that an error depends on, and where they come from.
fn sizes_told(model: &CheckedModel, inputs: &Inputs, error: Diagnostic) -> Diagnostic {
    let Some(span) = error.span() else { return error };
    let tree = &model.tree;
    let mut unknowns = Vec::new();
    for id in (0..tree.len() as u32).map(NodeId) {
        let about = tree.span(id) == span || tree.operands(id).iter().any(|o| tree.span(*o) == span);
        if about && !span.is_empty() {
            let parts = tree.operands(id);
            let shapes = std::iter::once(id).chain(parts).flat_map(|node| tree.shape(node));
            unknowns.extend(shapes.flat_map(Poly::unknowns));
            unknowns.extend(tree[id].requirements.iter().flat_map(Poly::unknowns));
        }
    }
    for shape in model.variables.iter().filter(|v| v.span == span).map(|v| &v.shape) {
        unknowns.extend(shape.iter().flat_map(Poly::unknowns));
    }
    for shape in model.parameters.iter().filter(|p| p.span == span).map(|p| &p.shape) {
        unknowns.extend(shape.iter().flat_map(Poly::unknowns));
    }
    unknowns.sort_unstable();
    unknowns.dedup();
    told(model, inputs, &unknowns)
        .into_iter()
        .fold(error, |error, note| if error.notes.contains(&note) { error } else { error.note(note) })
}

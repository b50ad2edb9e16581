//! Expressions asked for at the solution: `--of`.

use super::context::{Context, Env, Operand};
use super::inputs::Inputs;
use super::tape::TapeBuilder;
use crate::check::model::CheckedModel;
use crate::check::{Multipliers, check_expression};
use crate::diagnostics::Diagnostic;
use cvxlayer_program::{NodeId, Program, Shape, Tape};

/// An expression of variables, lets, duals, the objective and parameters, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct CompiledExpression {
    /// The tape.
    pub tape: Tape,
    /// The node of the value.
    pub node: NodeId,
    /// The shape of the value.
    pub shape: Shape,
}

/// Compiles an expression against a model and the program that was lowered from it.
///
/// # Errors
/// Everything that is wrong with the text; spans are positions in it.
pub fn lower_expression(
    model: &CheckedModel,
    inputs: &Inputs,
    program: &Program,
    text: &str,
) -> Result<CompiledExpression, Vec<Diagnostic>> {
    let multipliers = Multipliers {
        duals: program.solution.duals.iter().map(|dual| dual.axes.to_vec()).collect(),
        bounds: program.solution.bounds.iter().map(|bound| bound.label.to_string()).collect(),
    };
    let (model, node) = check_expression(model, multipliers, text)?;
    let mut dims: Vec<i64> = model
        .dims
        .iter()
        .map(|dim| program.sizes.iter().find(|s| s.name == dim.name.as_str()).map_or(0, |s| s.value as i64))
        .collect();
    super::sizes::round_up(&model, &mut dims);
    let context = Context::new(&model, inputs, dims)?;
    let mut tape = TapeBuilder::new(&context);
    let node = tape.value(&Operand { node, env: Env::default() }).map_err(|e| vec![*e])?;
    let shape = tape.shape(node);
    Ok(CompiledExpression { tape: tape.tape, node, shape })
}

//! Derivatives of a solution, in the user's terms.
//!
//! The chain is that of the program, run forward for tangents and backward for cotangents:
//! `θ → θ̂ → blocks → x̃ and multipliers → variables and duals → lets`. Lets and the objective also depend on the
//! parameters directly. Whether the derivative asked for exists is decided for the chain as a whole.

mod ends;
mod forward;
mod jacobian;
mod moved;
mod notes;
mod output;
mod reverse;
mod sum;
mod verify;

pub use forward::Tangents;
pub use jacobian::Jacobian;
pub(crate) use notes::{column_name, place_name};
pub use output::Output;
pub use reverse::Gradients;
pub use sum::{BatchGradients, vjp_batch_sum};
pub use verify::{Question, Verification};

use crate::data::{Array, ValueError, ValueFault, declaration};
use crate::engine::Route;
use crate::error::Error;
use crate::lifting::tangent_entries;
use crate::named::Named;
use crate::params::nearest;
use crate::solution::{Solution, State};
use cvxlayer_program::{NodeId, Program, Shape, Tape};

/// An expression of variables, lets, duals, the objective and parameters, ready to be evaluated at a solution.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The tape.
    pub tape: Tape,
    /// The node of the value.
    pub node: NodeId,
    /// The shape of the value.
    pub shape: Shape,
}

#[cfg(feature = "lang")]
impl From<cvxlayer_lang::CompiledExpression> for Expression {
    fn from(e: cvxlayer_lang::CompiledExpression) -> Self {
        Self { tape: e.tape, node: e.node, shape: e.shape }
    }
}

/// A question about derivatives at a solution: by which route, and by which parameters.
///
/// ```no_run
/// # fn f(solution: &cvxlayer::Solution, seed: &cvxlayer::Named<cvxlayer::Array>) -> Result<(), cvxlayer::Error> {
/// use cvxlayer::Route;
/// let gradients = solution.derivatives().route(Route::Bpqp).by(&["mu"])?.vjp(seed)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Derivatives<'a> {
    state: &'a State,
    solution: &'a Solution,
    route: Route,
    /// Positions of the parameters asked for.
    asked: Vec<usize>,
}

impl Solution {
    /// A question about derivatives at this solution: by default by all parameters, by the reduced KKT system.
    pub fn derivatives(&self) -> Derivatives<'_> {
        let asked = (0..self.state.program().parameters.len()).collect();
        Derivatives { state: &self.state, solution: self, route: Route::default(), asked }
    }

    /// The derivative, by all parameters, of the sum of outputs times the cotangents given by name.
    ///
    /// Outputs are variables, lets, `dual(label)`, `bounds(variable)` and `objective`.
    ///
    /// # Errors
    /// If the problem is not solved, or a name or shape is unknown.
    pub fn vjp(&self, cotangents: &Named<Array>) -> Result<Gradients, Error> {
        self.derivatives().vjp(cotangents)
    }

    /// How variables, lets, duals and the objective move when parameters, given by name, do.
    ///
    /// # Errors
    /// If the problem is not solved, or a name or shape is unknown.
    pub fn jvp(&self, tangents: &Named<Array>) -> Result<Tangents, Error> {
        self.derivatives().jvp(tangents)
    }

    /// The derivative of an output by a parameter.
    ///
    /// # Errors
    /// If the problem is not solved, or a name is unknown.
    pub fn jacobian(&self, output: &str, parameter: &str) -> Result<Jacobian, Error> {
        self.derivatives().jacobian(output, parameter)
    }

    /// The derivative of a scalar expression by all parameters.
    ///
    /// # Errors
    /// If the problem is not solved, or the expression is no scalar.
    pub fn gradient_of(&self, expression: &Expression) -> Result<Gradients, Error> {
        self.derivatives().gradient_of(expression)
    }

    /// The value of an expression at the solution.
    pub fn value_of(&self, expression: &Expression) -> Array {
        let value = self.state.evaluate(&expression.tape).value(expression.node).to_vec();
        crate::solution::array(&expression.shape.axes(), value)
    }
}

impl Derivatives<'_> {
    /// Chooses how derivatives are computed.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    /// Asks for derivatives by some parameters only.
    ///
    /// # Errors
    /// If there is no parameter of such a name.
    pub fn by(mut self, parameters: &[&str]) -> Result<Self, Error> {
        self.asked =
            parameters.iter().map(|name| parameter(self.state.program(), name)).collect::<Result<_, _>>()?;
        Ok(self)
    }

    fn ready(&self) -> Result<(), Error> {
        if self.solution.is_solved() { Ok(()) } else { Err(Error::NotSolved(self.solution.status)) }
    }

    /// θ's tangent from tangents by parameter.
    fn theta_tangent(&self, tangents: &Named<Array>) -> Result<Vec<f64>, Error> {
        let program = self.state.program();
        let mut moved = vec![0.0; program.lift.theta];
        let mut errors = Vec::new();
        for (name, value) in tangents.iter() {
            let position = parameter(program, name)?;
            let parameter = &program.parameters[position];
            match tangent_entries(parameter, value) {
                Ok(entries) => {
                    moved[parameter.start..parameter.start + parameter.len()].copy_from_slice(&entries);
                }
                Err(fault) => errors.push(tangent_error(parameter, fault)),
            }
        }
        if errors.is_empty() { Ok(moved) } else { Err(Error::Values(errors)) }
    }
}

fn tangent_error(parameter: &cvxlayer_program::Parameter, fault: ValueFault) -> ValueError {
    let origin = Some("its tangent".to_owned());
    ValueError { name: parameter.name.to_string(), origin, declaration: declaration(parameter), fault }
}

/// The position of a parameter.
fn parameter(program: &Program, name: &str) -> Result<usize, Error> {
    program.position(name).ok_or_else(|| Error::Unknown {
        kind: "parameter",
        name: name.to_owned(),
        nearest: nearest(name, program.parameters.iter().map(|p| p.name.as_ref())).map(str::to_owned),
    })
}

//! Errors: input that is not a convex quadratic program, and questions that have no answer.

/// What was wrong with the input or the question. Limits and infeasibility are not errors but [`crate::Status`]es.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A block has the wrong size.
    #[error("{block} has {found} {unit}, expected {expected}")]
    Shape {
        /// Which block: `P`, `q`, `A`, ….
        block: &'static str,
        /// What is counted: `rows`, `columns` or `entries`.
        unit: &'static str,
        /// The number found.
        found: usize,
        /// The number expected.
        expected: usize,
    },
    /// A sparse matrix is malformed.
    #[error("{block} is not a valid sparse matrix: {reason}")]
    Pattern {
        /// Which block.
        block: &'static str,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A number is NaN, or infinite where only bounds may be.
    #[error("{block} has the entry {value} at position {index}")]
    NotFinite {
        /// Which block.
        block: &'static str,
        /// Position in the block's values.
        index: usize,
        /// The offending value.
        value: f64,
    },
    /// P has a negative eigenvalue.
    #[error("P is not positive semidefinite, so the problem is not convex")]
    NotConvex,
    /// The problem's sparsity pattern is not the one the solver was made for.
    #[error("the sparsity pattern of {block} differs from the one the solver was made for")]
    OtherPattern {
        /// Which block.
        block: &'static str,
    },
    /// A setting is outside its range.
    #[error("setting {name} = {value} is out of range")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// Derivatives exist only at a solved problem.
    #[error("only a solved problem has derivatives; this one is {0}")]
    NotSolved(crate::Status),
    /// A derivative route could not reach its accuracy.
    #[error("the derivative did not converge: residual {residual:.1e} after {steps} steps")]
    Derivative {
        /// Relative residual of the derivative's linear system.
        residual: f64,
        /// Steps taken.
        steps: usize,
    },
    /// The derivative that was asked for does not exist here.
    #[error("there is no such derivative: {reason}")]
    NoDerivative {
        /// Why.
        reason: &'static str,
    },
    /// The systems of equations are too large for this machine.
    #[error("out of memory while factoring a system of order {order}")]
    OutOfMemory {
        /// Order of the system.
        order: usize,
    },
}

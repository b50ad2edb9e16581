//! What can go wrong.

use crate::data::ValueError;
use crate::tape::FaultKind;

/// Why a model could not be compiled, solved or differentiated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's text is at fault, or what was given at compile time does not fit it.
    #[cfg(feature = "lang")]
    #[error(transparent)]
    Model(Box<crate::model::ModelError>),
    /// Values do not fit what the model declares.
    #[error("{}", lines(.0))]
    Values(Vec<ValueError>),
    /// A file or an argument holds no values.
    #[error("{origin}: {message}")]
    Data {
        /// The file and the place in it, or the argument.
        origin: String,
        /// What is wrong.
        message: String,
    },
    /// A variable-free expression has no value at the parameters given.
    #[error("`{text}` {kind} at the given parameters")]
    Lift {
        /// The expression.
        text: String,
        /// What went wrong.
        kind: FaultKind,
    },
    /// The solver's data hold a number that means nothing there.
    #[error("{} is {value}", .of.clone().unwrap_or_else(|| format!("entry {entry} of the canonical program's {block}")))]
    NotFinite {
        /// The block.
        block: &'static str,
        /// The entry.
        entry: usize,
        /// Its value.
        value: f64,
        /// What it is in the user's terms, if it is something there.
        of: Option<String>,
    },
    /// A name that nothing has.
    #[error("there is no {kind} `{name}`{}", .nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// What was looked for: `parameter`, `output`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The nearest one there is.
        nearest: Option<String>,
    },
    /// A sample of a batch has no solution to differentiate.
    #[error("the sample has no solution: {0}")]
    Sample(String),
    /// A cotangent or tangent of the wrong size.
    #[error("`{name}` has {expected} entries, but {given} were given")]
    Length {
        /// Whose it is.
        name: String,
        /// How many entries there are.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// A gradient is of one number.
    #[error(
        "the expression has the shape {0}, and a gradient is of one number; ask for an entry, or for a `sum`"
    )]
    NoScalar(String),
    /// Two names that one map cannot hold.
    #[error(
        "`{0}` is ambiguous: it names both a variable or `let` and a constraint; say `dual({0})` for the dual"
    )]
    Ambiguous(String),
    /// Only a solved problem has derivatives.
    #[error("only a solved problem has derivatives; this one is {0}")]
    NotSolved(altdiff::Status),
    /// A serialized program of a version that this library does not know.
    #[error("this is a program of format {0}, and only format {known} is known here; compile the model again", known = cvxlayer_program::FORMAT)]
    Format(u64),
    /// A serialized program that contradicts itself.
    #[error("not a valid program: {0}")]
    Program(String),
    /// The engine refuses the problem.
    #[error(transparent)]
    Engine(#[from] altdiff::Error),
}

fn lines(errors: &[ValueError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

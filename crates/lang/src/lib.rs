//! The cvx language: from text to a checked model.

pub mod source;
pub mod syntax;
pub mod check;
pub mod atoms;
pub mod lower;
pub mod diagnostics;
pub mod format;

pub use diagnostics::{Code, Diagnostic, Severity};
pub use source::{Position, Source, Span};
pub use check::model::CheckedModel;
pub use check::{Checked, check};
pub use lower::inputs::{Array, Entries, Inputs};
pub use lower::{CompiledExpression, lower, lower_expression};

//! The cvx language: from text to a checked model.

pub mod atoms;
pub mod check;
pub mod diagnostics;
pub mod format;
pub mod lower;
pub mod source;
pub mod syntax;

pub use check::model::CheckedModel;
pub use check::{Checked, check};
pub use diagnostics::{Code, Diagnostic, Severity};
pub use lower::inputs::{Array, Entries, Inputs};
pub use lower::{CompiledExpression, lower, lower_expression};
pub use source::{Position, Source, Span};

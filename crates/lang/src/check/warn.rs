//! Warnings: models that mean something, but probably not what was meant.

use super::build::Checker;
use crate::diagnostics::{Diagnostic, codes};

impl Checker {
    /// Adds the warnings that need the whole model.
    pub(super) fn warnings(&mut self) {
        let parameters: Vec<_> = self.model.parameters.iter().map(|p| (p.name.clone(), p.span)).collect();
        for (name, span) in parameters {
            if !self.used.contains(&name) {
                let warning = Diagnostic::warning(
                    codes::UNUSED_PARAMETER,
                    format!("the parameter `{name}` is never used"),
                );
                self.diagnostics.push(warning.at(span, "its gradient is zero"));
            }
        }
    }
}

//! Absolute values between bars.

use super::spelling::Mender;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

impl Mender<'_> {
    /// `|y|`, from its first bar or its second. An operand stands before an `or`, so a bar without one opens.
    pub(super) fn absolute(&mut self, span: Span) -> bool {
        let (before, after) = (&self.text[..span.start as usize], &self.text[span.end as usize..]);
        let operand = |c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '|');
        let word = before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let keyword = matches!(word, "minimize" | "maximize" | "to" | "if" | "and" | "or" | "not");
        if keyword || !before.trim_end().ends_with(operand) {
            let statement = after.split(';').next().unwrap_or_default();
            let Some(close) = statement.find('|') else { return false };
            let inner = statement[..close].trim();
            let whole = Span { start: span.start, end: span.end + close as u32 + 1 };
            let error = Diagnostic::error(codes::FOREIGN_SPELLING, "the absolute value is written `abs(…)`");
            // Bars within bars are not told apart.
            let error = error.at(if inner.ends_with(operand) { whole } else { span }, "");
            self.diagnostics.push(if inner.ends_with(operand) {
                error.fix(whole, format!("abs({inner})"), format!("write `abs({inner})`"))
            } else {
                error
            });
            self.replace(span, " abs(");
            self.open_bars += 1;
            return true;
        }
        if self.open_bars > 0 {
            self.open_bars -= 1;
            self.replace(span, ") ");
            return true;
        }
        false
    }
}

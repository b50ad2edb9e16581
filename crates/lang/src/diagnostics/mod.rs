//! Errors and warnings as data, and the one place that renders them.
//!
//! A [`Diagnostic`] says what is wrong (a [`Code`] and a message), where (labelled spans), why (notes), and what to do
//! about it (help, and edits a program may apply). Every pass of the compiler makes them with the builder methods;
//! [`render`], [`caption`] and [`json`] are the only modules that turn them into text.

pub mod caption;
pub mod codes;
pub mod edits;
pub mod json;
pub mod render;
pub mod suggest;

pub use codes::Code;

use crate::source::Span;

/// Whether a model is unusable or merely suspicious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The model cannot be used.
    Error,
    /// The model can be used, but probably does not say what was meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A remark on a part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The part.
    pub span: Span,
    /// The remark; may be empty.
    pub message: String,
    /// Whether the part is where the mistake is, rather than one that explains it.
    pub primary: bool,
}

/// A change to the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The part to replace; empty for an insertion.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
    /// What the change does, as an instruction.
    pub message: String,
    /// Whether the change surely says what was meant, so that a program may apply it unasked.
    pub safe: bool,
}

/// One error or warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that was broken.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line, without a final stop.
    pub message: String,
    /// Where: the primary label first, unless there is none.
    pub labels: Vec<Label>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
    /// Changes that would mend it; each an alternative of its own.
    pub edits: Vec<Edit>,
}

impl Diagnostic {
    /// An error, yet without a place.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// A warning, yet without a place.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    fn new(code: Code, severity: Severity, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            edits: Vec::new(),
        }
    }

    /// Puts the mistake at `span`; the label may be empty.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: label.into(), primary: true });
        self
    }

    /// Points at another part of the text that explains the mistake.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: label.into(), primary: false });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Offers a change that a human should look at first.
    #[must_use]
    pub fn suggest(self, span: Span, replacement: impl Into<String>, message: impl Into<String>) -> Self {
        self.edit(span, replacement.into(), message.into(), false)
    }

    /// Offers a change that surely says what was meant, and that `cvx check --fix` applies.
    #[must_use]
    pub fn fix(self, span: Span, replacement: impl Into<String>, message: impl Into<String>) -> Self {
        self.edit(span, replacement.into(), message.into(), true)
    }

    fn edit(mut self, span: Span, replacement: String, message: String, safe: bool) -> Self {
        self.edits.push(Edit { span, replacement, message, safe });
        self
    }

    /// Where the mistake is: the first primary label, or the first label.
    pub fn span(&self) -> Option<Span> {
        let primary = self.labels.iter().find(|label| label.primary);
        primary.or(self.labels.first()).map(|label| label.span)
    }

    /// Whether the model cannot be used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Puts diagnostics in the order of the text and drops repetitions, so that every run shows the same list.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| (a.span(), a.code.id, &a.message).cmp(&(b.span(), b.code.id, &b.message)));
    diagnostics.dedup();
}

/// Whether any of them makes the model unusable.
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

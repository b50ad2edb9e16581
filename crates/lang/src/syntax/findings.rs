//! The list of what is wrong with a text, bounded in length.

use super::limits::{MAX_DIAGNOSTICS, MAX_FINDINGS};
use crate::diagnostics::{self, Diagnostic, codes};

/// Diagnostics under collection.
///
/// A hostile text may hold a million mistakes; those past [`MAX_FINDINGS`] are dropped where they are found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Diagnostic>,
}

impl Findings {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < MAX_FINDINGS {
            self.list.push(diagnostic);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Forgets all but the first ones.
    pub(super) fn truncate(&mut self, len: usize) {
        self.list.truncate(len);
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(keep);
    }

    /// The diagnostics in the order of the text, without those that nobody would read.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        readable(self.list)
    }
}

/// Puts diagnostics in the order of the text and leaves out those that nobody would read: past a number of them, the
/// warnings beside errors, and whatever follows.
pub(crate) fn readable(mut list: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics::sort(&mut list);
    if list.len() > MAX_DIAGNOSTICS {
        let errors = diagnostics::any_error(&list);
        list.retain(|diagnostic| !errors || diagnostic.is_error());
        list.truncate(MAX_DIAGNOSTICS);
        let place = list.last().and_then(Diagnostic::span).unwrap_or_default();
        let new = if errors { Diagnostic::error } else { Diagnostic::warning };
        let more = new(codes::TOO_MANY_ERRORS, "there are too many mistakes to show them all".to_owned());
        list.push(more.at(place.after(), "more follow"));
    }
    list
}

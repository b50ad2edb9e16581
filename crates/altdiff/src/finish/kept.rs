//! The factor that the last finish left behind.

use crate::active::ActiveSet;
use crate::kkt::Factor;
use std::sync::{Arc, Mutex, PoisonError};

/// The reduced KKT factor of the last problem with some matrices that was finished: the next one that ends at the same
/// constraints needs no other. It depends on nothing but these and the matrices, so that no bit of a solution depends on
/// what was solved before.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<Arc<Factor>>>);

impl Kept {
    /// The factor, if it is of this active set.
    pub(super) fn of(&self, active: &ActiveSet) -> Option<Arc<Factor>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|factor| factor.is_of(active)).map(Arc::clone)
    }

    /// Keeps this one instead.
    pub(super) fn keep(&self, factor: &Arc<Factor>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(factor));
    }
}

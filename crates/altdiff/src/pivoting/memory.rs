//! The memory of dense factors. That of a large one serves the next: new pages cost up to a third of the time that the
//! elimination takes.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

/// Numbers from which on memory is kept (4 MB), and up to which (512 MB).
const LEAST: usize = 1 << 19;
const MOST: usize = 1 << 26;

/// The memory of the last large factor that was dropped.
static KEPT: Mutex<Vec<f64>> = Mutex::new(Vec::new());

/// Numbers to be written before they are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Vec<f64>);

impl Memory {
    /// At least `len` numbers, whatever they are; not more than twice as many.
    pub(super) fn at_hand(len: usize) -> Self {
        if len >= LEAST
            && let Ok(mut kept) = KEPT.try_lock()
            && (len..=len.saturating_mul(2)).contains(&kept.len())
        {
            return Self(std::mem::take(&mut kept));
        }
        Self(crate::kernel::zeros(len))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if (LEAST..=MOST).contains(&self.0.len())
            && let Ok(mut kept) = KEPT.try_lock()
        {
            std::mem::swap(&mut *kept, &mut self.0);
        }
    }
}

impl From<&[f64]> for Memory {
    fn from(numbers: &[f64]) -> Self {
        Self(numbers.to_vec())
    }
}

impl Deref for Memory {
    type Target = [f64];

    #[inline(always)]
    fn deref(&self) -> &[f64] {
        &self.0
    }
}

impl DerefMut for Memory {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.0
    }
}

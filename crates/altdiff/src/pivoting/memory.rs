//! The memory of dense factors. That of one serves the next of its size: writing zeros, and touching new pages, costs up
//! to a third of the time that the elimination takes.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

/// Numbers from which on memory is kept (64 kB), from which on one is kept whatever its size (4 MB), and up to which
/// (512 MB); powers of two.
const LEAST: u32 = 13;
const LARGE: u32 = 19;
const MOST: u32 = 26;

/// The memory of the last factor that was dropped, of each power of two below the large ones, and of the large ones.
static KEPT: [Mutex<Vec<f64>>; (LARGE - LEAST + 1) as usize] =
    [const { Mutex::new(Vec::new()) }; (LARGE - LEAST + 1) as usize];

/// Where memory of so many numbers is kept, if at all.
fn kept(len: usize) -> Option<&'static Mutex<Vec<f64>>> {
    let size = len.checked_ilog2().filter(|size| (LEAST..MOST).contains(size))?;
    KEPT.get((size.min(LARGE) - LEAST) as usize)
}

/// Numbers to be written before they are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Vec<f64>);

impl Memory {
    /// At least `len` numbers, whatever they are; not more than twice as many.
    pub(super) fn at_hand(len: usize) -> Self {
        if let Some(kept) = kept(len)
            && let Ok(mut kept) = kept.try_lock()
            && (len..=len.saturating_mul(2)).contains(&kept.len())
        {
            return Self(std::mem::take(&mut kept));
        }
        Self(crate::kernel::zeros(len))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(kept) = kept(self.0.len())
            && let Ok(mut kept) = kept.try_lock()
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

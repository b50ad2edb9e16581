//! What the methods need of a problem's matrices, each made when it is first looked at: what only some methods need
//! costs the others nothing.

use super::pivot::Eliminated;
use crate::core::Core;
use crate::finish::Kept;
use crate::scaling::Scaling;
use std::sync::{Arc, OnceLock};

/// Matrices, the vectors they came with, and what depends on the matrices alone.
#[derive(Debug)]
pub(crate) struct Matrices {
    pub user: Arc<Core>,
    equilibrate: bool,
    scaling: OnceLock<Scaling>,
    scaled: OnceLock<Core>,
    pub(super) convex: OnceLock<bool>,
    pub(super) pivoting: OnceLock<Eliminated>,
    pub(super) kept: Kept,
}

impl Matrices {
    pub(super) fn new(user: Core, equilibrate: bool) -> Arc<Self> {
        Arc::new(Self {
            user: Arc::new(user),
            equilibrate,
            scaling: OnceLock::new(),
            scaled: OnceLock::new(),
            convex: OnceLock::new(),
            pivoting: OnceLock::new(),
            kept: Kept::default(),
        })
    }

    /// Matrices of a convex problem that is equilibrated already.
    pub(super) fn equilibrated(user: Core, scaled: Core, scaling: Scaling) -> Arc<Self> {
        Arc::new(Self {
            user: Arc::new(user),
            equilibrate: true,
            scaling: OnceLock::from(scaling),
            scaled: OnceLock::from(scaled),
            convex: OnceLock::from(true),
            pivoting: OnceLock::new(),
            kept: Kept::default(),
        })
    }

    pub(super) fn scaling(&self) -> &Scaling {
        let make = if self.equilibrate { Scaling::ruiz } else { Scaling::none };
        self.scaling.get_or_init(|| make(&self.user))
    }

    /// The equilibrated problem.
    pub(super) fn scaled(&self) -> &Core {
        self.scaled.get_or_init(|| self.scaling().apply(&self.user))
    }
}

/// A problem with some matrices, and the same equilibrated.
#[derive(Debug)]
pub(crate) struct Equilibrated {
    pub user: Arc<Core>,
    pub(super) matrices: Arc<Matrices>,
    /// With its own vectors, where they are not those that the matrices came with.
    own: OnceLock<Core>,
}

impl Equilibrated {
    /// The problem that the matrices came with.
    pub(super) fn of(matrices: &Arc<Matrices>) -> Self {
        Self { user: Arc::clone(&matrices.user), matrices: Arc::clone(matrices), own: OnceLock::new() }
    }

    /// A problem with the same matrices.
    pub(super) fn with(matrices: &Arc<Matrices>, user: Core) -> Self {
        Self { user: Arc::new(user), matrices: Arc::clone(matrices), own: OnceLock::new() }
    }

    pub(crate) fn scaling(&self) -> &Scaling {
        self.matrices.scaling()
    }

    /// The equilibrated problem.
    pub(crate) fn core(&self) -> &Core {
        if Arc::ptr_eq(&self.user, &self.matrices.user) {
            return self.matrices.scaled();
        }
        self.own.get_or_init(|| {
            let mut core = self.matrices.scaled().clone();
            self.scaling().apply_vectors(&self.user, &mut core);
            core
        })
    }
}

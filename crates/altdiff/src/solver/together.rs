//! What the batch engine needs of problems that share their matrices.

use super::pivot::Eliminated;
use super::{Equilibrated, Job, Matrices, Solver};
use crate::Problem;
use crate::active::ActiveSet;
use crate::core::{Core, Point};
use crate::derivative::State;
use crate::kkt::Pattern;
use crate::pivoting::{Layout, Pivoted, Saddle};
use std::sync::{Arc, OnceLock};

/// Matrices, their factor, and what a solution with them is made of.
#[derive(Debug)]
pub(crate) struct Together {
    /// The matrices, and the vectors that samples share.
    pub core: Arc<Core>,
    pub layout: Arc<Layout>,
    pub saddle: Arc<Saddle>,
    /// Rows of A.
    pub equalities: usize,
    pub constant: f64,
    pub tolerance: f64,
    /// Most steps of a search.
    pub limit: usize,
    activity: f64,
    pattern: Arc<Pattern>,
    matrices: Arc<Matrices>,
}

impl Solver {
    /// Factors what the problems of a batch share, if the active-set method is the one for them and none of them has
    /// constraints that are degenerate by themselves.
    pub(crate) fn together(&self, shared: &Arc<Matrices>, base: &Problem) -> Option<Together> {
        let job = Job::new(self, shared, base);
        if self.settings.plain.is_some() || !job.suits_pivoting() {
            return None;
        }
        let Eliminated { layout, saddle } = job.eliminated();
        let saddle = saddle.ok()?;
        if saddle.weight == 0.0 {
            // A Cholesky factor of P proves convexity.
            let _ = job.problem.matrices.convex.set(true);
        }
        // Equal ends of an inequality are pinned together, which harms what moves them apart.
        if !job.convex() || layout.equal.len() != self.equalities {
            return None;
        }
        let Job { constant, problem: Equilibrated { user, matrices, .. }, .. } = job;
        Some(Together {
            core: user,
            layout,
            saddle,
            equalities: self.equalities,
            constant,
            tolerance: self.settings.tolerance,
            limit: self.settings.max_iterations.unwrap_or(usize::MAX),
            activity: self.settings.activity,
            pattern: Arc::clone(&self.pattern),
            matrices,
        })
    }
}

impl Together {
    /// What the derivatives of a solved sample need.
    pub(crate) fn state(
        &self,
        user: Core,
        point: Point,
        active: ActiveSet,
        pivoted: Option<Arc<Pivoted>>,
    ) -> State {
        State {
            equalities: self.equalities,
            problem: Equilibrated::with(&self.matrices, user),
            pattern: Arc::clone(&self.pattern),
            point,
            active,
            factor: None,
            pivoted,
            finished: true,
            activity: self.activity,
            tolerance: self.tolerance,
            null: OnceLock::new(),
            classified: OnceLock::new(),
            slopes: OnceLock::new(),
        }
    }
}

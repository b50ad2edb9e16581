//! The layer: a program, ready to be solved at any parameters.

use crate::engine::{self, Control, Progress, Settings};
use crate::error::Error;
use crate::lifting::Lifted;
use crate::params::Params;
use crate::passes::validate;
use crate::solution::{Origin, Solution};
use cvxlayer_program::{Depends, Program};
use std::sync::{Arc, OnceLock};

/// A parametrized problem, compiled and analysed: solve it at any parameters, and differentiate what comes back.
///
/// A layer is immutable; clones share it, and threads may.
#[derive(Clone, Debug)]
pub struct Layer {
    pub(crate) inner: Arc<Inner>,
}

/// What a layer is made of, shared with its solutions.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) program: Program,
    pub(crate) solver: altdiff::Solver,
    /// What each block depends on, found out from the program rather than believed; made on first use.
    pub(crate) depends: OnceLock<Depends>,
}

impl Layer {
    /// Makes a layer of a program.
    ///
    /// # Errors
    /// If the program contradicts itself, or the engine refuses its constant parts or the settings.
    pub fn new(program: Program, settings: Settings) -> Result<Self, Error> {
        validate(&program)?;
        let solver = engine::solver(&program.blocks, settings)?;
        Ok(Self { inner: Arc::new(Inner { program, solver, depends: OnceLock::new() }) })
    }

    /// The program that the layer runs.
    pub fn program(&self) -> &Program {
        &self.inner.program
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        self.inner.solver.settings()
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(crate) fn solver(&self) -> &altdiff::Solver {
        &self.inner.solver
    }

    /// Solves the problem at the given parameters.
    ///
    /// Infeasible, unbounded and unfinished problems are statuses of the solution, not errors.
    ///
    /// # Errors
    /// If a value is missing, unknown, misshapen or outside its domain (all such values are reported), a lifted
    /// expression has no value, or the problem is not convex at these parameters.
    pub fn solve(&self, params: &Params) -> Result<Solution, Error> {
        self.solve_with(params, None, &mut |_| Control::Continue)
    }

    /// As [`solve`](Self::solve), starting from an earlier solution and reporting to a callback, which owns the clock.
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub fn solve_with(
        &self,
        params: &Params,
        warm: Option<&Solution>,
        callback: &mut dyn FnMut(&Progress) -> Control,
    ) -> Result<Solution, Error> {
        self.solve_lifted(Lifted::new(&self.inner.program, params)?, warm, callback)
    }

    pub(crate) fn solve_lifted(
        &self,
        lifted: Lifted,
        warm: Option<&Solution>,
        callback: &mut dyn FnMut(&Progress) -> Control,
    ) -> Result<Solution, Error> {
        let program = &self.inner.program;
        let problem = engine::problem(&program.blocks, &lifted.theta_hat)
            .map_err(|error| engine::told(program, error))?;
        let warm = warm.map(Solution::warm_start);
        let solved = self.inner.solver.solve_with(&problem, warm.as_ref(), callback)?;
        Ok(Solution::new(Arc::clone(&self.inner), Origin::Made(lifted), Some(problem), solved))
    }
}

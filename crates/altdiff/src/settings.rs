//! Settings: how to solve, to which accuracy, within which limits.

use crate::Error;

/// The forward method asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// Chosen by structure, switched when progress stalls; [`crate::Solution::method`] says what solved.
    #[default]
    Auto,
    /// The alternating recursion of Alt-Diff, finished exactly.
    Alternating,
    /// Active-set pivoting in the dual; falls back to [`Method::Interior`] where the dual is not small and dense.
    ActiveSet,
    /// Proximal interior-point method, finished exactly.
    Interior,
    /// Newton's method on the dual of the rows, finished exactly, where P is diagonal and the rows are few; falls back to
    /// [`Method::Interior`] elsewhere.
    DualNewton,
    /// An outside solver, finished exactly: see [`crate::Solver::solve_by`]. Asked for in [`Settings::method`] it is
    /// [`Method::Auto`].
    Outside,
}

/// The published recursion, literally: no scaling, relaxation, adaptation or exact finish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plain {
    /// The penalty ρ of the augmented Lagrangian (unit: objective per squared constraint unit).
    pub rho: f64,
    /// Number of steps to take.
    pub steps: usize,
}

impl Default for Plain {
    fn default() -> Self {
        Self { rho: 1.0, steps: 1000 }
    }
}

/// How to solve. The default is meant to be right for every problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Forward method. Default [`Method::Auto`].
    pub method: Method,
    /// Largest residual of a solved problem: primal, dual and gap residual of the unscaled problem, each relative to
    /// max(1, the largest term in it). Default 1e-9.
    pub tolerance: f64,
    /// Iterations before [`crate::Status::IterationLimit`]; `None`: 5000 alternating (200 where the method was chosen
    /// automatically), 250 interior-point, 100 in the dual, as many as it takes for pivoting.
    pub max_iterations: Option<usize>,
    /// Penalty ρ of the alternating method in the equilibrated problem; `None`: tr(P)/‖[A; G]‖_F² and adapted.
    pub rho: Option<f64>,
    /// Over-relaxation of the alternating method, in (0, 2). Default 1.6.
    pub relaxation: f64,
    /// Whether to equilibrate (Ruiz). Default true.
    pub scaling: bool,
    /// Whether to try the exact finish on the guessed active set. Default true.
    pub finish: bool,
    /// Run the published recursion instead of everything else. Default none.
    pub plain: Option<Plain>,
    /// A constraint counts as weakly active when its slack and its multiplier are both below this, relative to the terms
    /// they are made of: the slack to the constraint's largest term, the multiplier to the largest that stationarity of
    /// the constraint's variables admits. So a small weight in the objective makes no constraint weakly active. Default
    /// 1e-8; up to that, a constraint of an exactly finished solution is weakly active only if rounding could have made
    /// its slack or multiplier what it is.
    pub activity: f64,
}

/// Default of [`Settings::activity`].
pub(crate) const ACTIVITY: f64 = 1e-8;

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: Method::Auto,
            tolerance: 1e-9,
            max_iterations: None,
            rho: None,
            relaxation: 1.6,
            scaling: true,
            finish: true,
            plain: None,
            activity: ACTIVITY,
        }
    }
}

impl Settings {
    /// The recursion as published: ρ = 1, no scaling, relaxation, adaptation or exact finish.
    pub fn paper() -> Self {
        Self {
            method: Method::Alternating,
            relaxation: 1.0,
            scaling: false,
            finish: false,
            plain: Some(Plain::default()),
            ..Self::default()
        }
    }

    /// Checks ranges.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let check = |name, value: f64, ok| if ok { Ok(()) } else { Err(Error::Setting { name, value }) };
        check("tolerance", self.tolerance, self.tolerance > 0.0 && self.tolerance < 1.0)?;
        check("relaxation", self.relaxation, self.relaxation > 0.0 && self.relaxation < 2.0)?;
        check("activity", self.activity, self.activity >= 0.0 && self.activity < 1.0)?;
        if let Some(rho) = self.rho {
            check("rho", rho, rho > 0.0 && rho.is_finite())?;
        }
        if let Some(plain) = self.plain {
            check("plain.rho", plain.rho, plain.rho > 0.0 && plain.rho.is_finite())?;
        }
        Ok(())
    }
}

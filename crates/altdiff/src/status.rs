//! How a solve ended, and the proof where it ended without a solution.

/// How a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// All residuals of the unscaled problem are below the tolerance.
    Solved,
    /// No point satisfies the constraints; a verified certificate is attached.
    Infeasible,
    /// The objective falls without end over the feasible set; a verified certificate is attached.
    Unbounded,
    /// The iteration limit came first, or the accuracy asked for was out of reach.
    IterationLimit,
    /// The caller's callback reported that time is up.
    TimeLimit,
    /// The caller's callback cancelled.
    Cancelled,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Solved => "solved",
            Self::Infeasible => "infeasible",
            Self::Unbounded => "unbounded",
            Self::IterationLimit => "iteration_limit",
            Self::TimeLimit => "time_limit",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Residuals of the unscaled problem, each relative to max(1, the largest term in it).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residuals {
    /// Largest violation of a constraint.
    pub primal: f64,
    /// Largest entry of Px + q + Aᵀλ + Gᵀ(ν_u − ν_l) + μ_u − μ_l.
    pub dual: f64,
    /// Difference of the primal and the dual objective.
    pub gap: f64,
}

impl Residuals {
    /// The largest of the three.
    pub fn max(&self) -> f64 {
        self.primal.max(self.dual).max(self.gap)
    }

    /// Infinite residuals: nothing is known.
    pub(crate) fn unknown() -> Self {
        Self { primal: f64::INFINITY, dual: f64::INFINITY, gap: f64::INFINITY }
    }
}

/// A proof that the problem has no solution, checked on the unscaled data before it is claimed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Certificate {
    /// Aᵀλ + Gᵀ(ν_u − ν_l) + μ_u − μ_l = 0 with ν, μ ≥ 0 and bᵀλ + guᵀν_u − glᵀν_l + hiᵀμ_u − loᵀμ_l < 0 (Farkas).
    /// The largest entry is 1.
    Infeasible {
        /// One per equality.
        lambda: Vec<f64>,
        /// One per row of G, for its lower end.
        nu_lower: Vec<f64>,
        /// One per row of G, for its upper end.
        nu_upper: Vec<f64>,
        /// One per variable, for its lower bound.
        mu_lower: Vec<f64>,
        /// One per variable, for its upper bound.
        mu_upper: Vec<f64>,
    },
    /// From the feasible `point` the objective falls without end along `direction` (largest entry 1).
    Unbounded {
        /// Pd = 0, Ad = 0, Gd and d do not run against a finite end, and qᵀd < 0.
        direction: Vec<f64>,
        /// A point that satisfies the constraints.
        point: Vec<f64>,
    },
}

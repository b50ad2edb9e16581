//! The solution, and the warm start made from it.

use crate::active::{ActiveSet, Side};
use crate::batch::Sample;
use crate::derivative::State;
use crate::smooth::Slopes;
use crate::{Certificate, Method, Problem, Residuals, Status};
use std::sync::Arc;

/// The outcome of a solve. For every status x and the multipliers are the last iterate; they mean something to rely
/// on only when `status` is [`Status::Solved`].
///
/// Sign convention: `Px + q + Aᵀλ + Gᵀ(ν_u − ν_l) + μ_u − μ_l = 0`, with ν, μ ≥ 0.
#[derive(Debug, Clone)]
pub struct Solution {
    /// How the solve ended.
    pub status: Status,
    /// The point, n.
    pub x: Vec<f64>,
    /// Multipliers of Ax = b, m.
    pub lambda: Vec<f64>,
    /// Multipliers of the lower ends of G, p.
    pub nu_lower: Vec<f64>,
    /// Multipliers of the upper ends of G, p.
    pub nu_upper: Vec<f64>,
    /// Multipliers of the lower bounds, n.
    pub mu_lower: Vec<f64>,
    /// Multipliers of the upper bounds, n.
    pub mu_upper: Vec<f64>,
    /// ½xᵀPx + qᵀx + r at x.
    pub objective: f64,
    /// Residuals of the unscaled problem.
    pub residuals: Residuals,
    /// Iterations of the method that ended the solve.
    pub iterations: usize,
    /// The method that ended the solve (never [`Method::Auto`]).
    pub method: Method,
    /// Whether the exact finish confirmed the active set.
    pub finished: bool,
    /// Remarks in order: switches of method, what the finish found.
    pub notes: Vec<String>,
    /// The proof, where the status is infeasible or unbounded.
    pub certificate: Option<Certificate>,
    pub(crate) active: ActiveSet,
    pub(crate) state: Option<Arc<State>>,
    /// Where the state is to be made from, of a sample that was solved side by side with others.
    pub(crate) sample: Option<Sample>,
}

impl Solution {
    /// A solve of `problem` that got no further than x.
    pub(crate) fn unfinished(problem: &Problem, x: Vec<f64>) -> Self {
        let (n, m, p) = (problem.variables(), problem.b.len(), problem.gl.len());
        Self {
            status: Status::IterationLimit,
            objective: problem.objective(&x),
            x,
            lambda: vec![0.0; m],
            nu_lower: vec![0.0; p],
            nu_upper: vec![0.0; p],
            mu_lower: vec![0.0; n],
            mu_upper: vec![0.0; n],
            residuals: Residuals::unknown(),
            iterations: 0,
            method: Method::Interior,
            finished: false,
            notes: Vec::new(),
            certificate: None,
            active: ActiveSet { rows: vec![Side::Inactive; m + p], vars: vec![Side::Inactive; n] },
            state: None,
            sample: None,
        }
    }

    /// Whether the solve found that the solution is differentiable beyond doubt: no constraint is weakly active, active
    /// ones are independent. Else [`degeneracy`](Self::degeneracy) says more.
    pub fn is_clear(&self) -> bool {
        let pivoted = |state: &Arc<State>| {
            state.slopes.get().is_none() && state.pivoted.as_ref().is_some_and(|pivoted| pivoted.clean)
        };
        self.status == Status::Solved && (self.sample.is_some() || self.state.as_ref().is_some_and(pivoted))
    }

    /// Keeps what the derivatives of a problem with smooth terms need.
    pub(crate) fn attach(&mut self, slopes: Slopes) {
        if let Some(state) = &self.state {
            // The state was made for this solution, so nothing has been attached.
            let _ = state.slopes.set(slopes);
        }
    }

    /// The last iterate, multipliers and active set, to start a later solve of a nearby problem from.
    pub fn warm_start(&self) -> WarmStart {
        fn signed<'a>(upper: &'a [f64], lower: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
            upper.iter().zip(lower).map(|(u, l)| u - l)
        }
        WarmStart {
            x: self.x.clone(),
            y: self.lambda.iter().copied().chain(signed(&self.nu_upper, &self.nu_lower)).collect(),
            z: signed(&self.mu_upper, &self.mu_lower).collect(),
            active: self.active.clone(),
        }
    }

    /// Which constraints are active: for every row of G and every bound, in that order, −1 (lower end), 0 (inactive),
    /// 1 (upper end) or 2 (both ends, equal).
    pub fn active_set(&self) -> Vec<i8> {
        let m = self.lambda.len();
        self.active.rows.iter().skip(m).chain(&self.active.vars).map(|side| *side as i8).collect()
    }
}

/// Where to start: the last point, multipliers and active set of a nearby problem with the same pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct WarmStart {
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) z: Vec<f64>,
    pub(crate) active: ActiveSet,
}

impl WarmStart {
    /// A start from a point and multipliers: `y` for the rows of A then G, `z` for the bounds, positive towards the
    /// upper end. The active set is where the multipliers are not zero.
    pub fn new(x: Vec<f64>, y: Vec<f64>, z: Vec<f64>) -> Self {
        let side = |v: &f64| match v.total_cmp(&0.0) {
            std::cmp::Ordering::Greater => Side::Upper,
            std::cmp::Ordering::Less => Side::Lower,
            std::cmp::Ordering::Equal => Side::Inactive,
        };
        let active = ActiveSet { rows: y.iter().map(side).collect(), vars: z.iter().map(side).collect() };
        Self { x, y, z, active }
    }
}

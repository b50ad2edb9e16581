//! Route 3: the derivative as an equality-constrained quadratic program (Pan et al. 2024):
//! `minimize ½dᵀPd − aᵀd  subject to  C₊d = g₊, d₊ = bound rates`, solved by this engine.

use super::state::{Stacked, State};
use crate::active::ActiveSet;
use crate::{Csc, Error, Problem, Settings, Solver, Status};

impl State {
    /// Solves `K d = rhs` as a program of its own.
    pub(super) fn solve_program(&self, rhs: &Stacked, active: &ActiveSet) -> Result<(Stacked, f64), Error> {
        let (user, n) = (&self.problem.user, self.problem.user.n());
        let rows: Vec<usize> = (0..user.m()).filter(|&i| active.rows[i].on()).collect();
        let mut index = vec![usize::MAX; user.m()];
        for (k, &i) in rows.iter().enumerate() {
            index[i] = k;
        }
        let triplets: Vec<_> =
            user.c.iter().filter(|e| index[e.0] != usize::MAX).map(|(i, j, v)| (index[i], j, v)).collect();
        let end = |i: usize, none: f64| if active.vars[i].on() { rhs.z[i] } else { none };
        let problem = Problem::new(n)
            .quadratic((*user.p).clone(), rhs.x.iter().map(|v| -v).collect())
            .equalities(
                Csc::from_triplets(rows.len(), n, &triplets)?,
                rows.iter().map(|&i| rhs.y[i]).collect(),
            )
            .bounds(
                (0..n).map(|i| end(i, f64::NEG_INFINITY)).collect(),
                (0..n).map(|i| end(i, f64::INFINITY)).collect(),
            );
        let settings = Settings { tolerance: self.tolerance, ..Settings::default() };
        let solution = Solver::new(&problem, settings)?.solve(&problem, None)?;
        if solution.status != Status::Solved {
            return Err(Error::Derivative { residual: solution.residuals.max(), steps: solution.iterations });
        }
        let mut d = Stacked::zeros(user);
        for (k, &i) in rows.iter().enumerate() {
            d.y[i] = solution.lambda[k];
        }
        for i in 0..n {
            d.z[i] = solution.mu_upper[i] - solution.mu_lower[i];
        }
        d.x = solution.x;
        Ok((d, solution.residuals.max()))
    }
}

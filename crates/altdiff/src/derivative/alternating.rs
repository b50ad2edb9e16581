//! Route 2: the differentiated alternating recursion at the fixed active set (Sun et al. 2023, §4), and its transpose.
//!
//! With ζ = Cẋ on inactive rows, the recursion for a right-hand side (a, g) of K is
//! ```text
//! (P + σI + CᵀρC) ẋ⁺ = a + σẋ + Cᵀ(ρζ − ẏ),   active:   ẏ⁺ = ẏ + ρ(Cẋ⁺ − g), ζ = g,   inactive: ζ⁺ = Cẋ⁺, ẏ = 0
//! ```
//! where a = −(Ṗx + q̇ + Ċᵀy) and g = ċ − Ċx hold all data; bounds are rows of the identity. Its fixed point solves
//! K(ẋ, ẏ) = (a, g). The reverse mode runs the transposed recursion from the cotangent and collects what reaches
//! (a, g), so that k reverse steps are the exact transpose of k forward steps.

use super::state::{Stacked, State};
use crate::Error;
use crate::active::ActiveSet;
use crate::core::Core;
use crate::kkt::{Factor, Numeric, System};
use crate::problem::norm_inf;
use crate::scaling::Scaling;
use std::borrow::Cow;

/// Penalty of active and inactive rows in the equilibrated problem, and the proximal weight.
const ACTIVE: f64 = 1e5;
const INACTIVE: f64 = 1e-5;
const SIGMA: f64 = 1e-7;
const MAX_STEPS: usize = 20_000;

/// The recursion at one active set, in the equilibrated problem.
pub(super) struct Recursion<'a> {
    state: &'a State,
    core: Cow<'a, Core>,
    scaling: Cow<'a, Scaling>,
    factor: Factor,
    /// Penalties of rows and bounds (0 where there is no end).
    rho: Vec<f64>,
    rho_bound: Vec<f64>,
    rows: Vec<bool>,
    vars: Vec<bool>,
    hx: Vec<f64>,
    dr: Vec<f64>,
    present: Vec<bool>,
}

/// What a run came to.
pub(super) struct Run {
    pub value: Stacked,
    /// Estimated relative error.
    pub error: f64,
}

impl<'a> Recursion<'a> {
    pub(super) fn new(state: &'a State, active: &ActiveSet) -> Result<Self, Error> {
        let (core, scaling) = if state.slopes.get().is_some() {
            // The penalties are meant for a matrix of size 1, curvature of smooth terms at the solution and all.
            let scaling = Scaling::ruiz(&state.problem.user);
            (Cow::Owned(scaling.apply(&state.problem.user)), Cow::Owned(scaling))
        } else {
            (Cow::Borrowed(state.problem.core()), Cow::Borrowed(state.problem.scaling()))
        };
        let weight = |on: bool, l: f64, u: f64| {
            if on {
                ACTIVE
            } else if l.is_finite() || u.is_finite() {
                INACTIVE
            } else {
                0.0
            }
        };
        let rho: Vec<f64> =
            (0..core.m()).map(|i| weight(active.rows[i].on(), core.l[i], core.u[i])).collect();
        let rho_bound: Vec<f64> =
            (0..core.n()).map(|i| weight(active.vars[i].on(), core.lo[i], core.hi[i])).collect();
        let hx: Vec<f64> = rho_bound.iter().map(|r| r + SIGMA).collect();
        let dr: Vec<f64> = rho.iter().map(|r| if *r > 0.0 { 1.0 / r } else { 1.0 }).collect();
        let present: Vec<bool> = rho.iter().map(|r| *r > 0.0).collect();
        let factor = Factor::new(
            &state.pattern,
            &Numeric { p: &core.p, c: &core.c, hx: &hx, dr: &dr, free: None, rows: Some(&present) },
        )?;
        let vars = active.vars.iter().map(|s| s.on()).collect();
        Ok(Self {
            state,
            core,
            scaling,
            factor,
            rho,
            rho_bound,
            rows: active.row_mask(),
            vars,
            hx,
            dr,
            present,
        })
    }

    /// Solves `[P + σI + ρ_b, Cᵀ; C, −1/ρ] (x, w) = (bx, by)` in place: the x-step in KKT form, whose w = ρ(Cx − by) is
    /// the change of the multipliers without the cancellation that a large ρ would bring. Refined, since the recursion
    /// adds up errors.
    fn solve(&self, bx: &mut [f64], by: &mut [f64]) {
        let system = System {
            core: &self.core,
            hx: Some(&self.hx),
            dr: Some(&self.dr),
            free: None,
            rows: Some(&self.present),
        };
        let sizes = (norm_inf(bx).max(1e-300), norm_inf(by).max(norm_inf(bx)).max(1e-300));
        system.solve_within(&self.factor, bx, by, sizes, 1e-15, 4);
    }

    /// Right-hand sides in the equilibrated problem.
    fn scaled(&self, v: &Stacked) -> Stacked {
        let s = &*self.scaling;
        Stacked {
            x: v.x.iter().zip(&s.d).map(|(v, d)| v * d * s.cost).collect(),
            y: v.y.iter().zip(&s.e).map(|(v, e)| v * e).collect(),
            z: v.z.iter().zip(&s.d).map(|(v, d)| v / d).collect(),
        }
    }

    /// Solutions back in the user's units.
    fn unscaled(&self, v: &Stacked) -> Stacked {
        let s = &*self.scaling;
        Stacked {
            x: v.x.iter().zip(&s.d).map(|(v, d)| v * d).collect(),
            y: v.y.iter().zip(&s.e).map(|(v, e)| v * e / s.cost).collect(),
            z: v.z.iter().zip(&s.d).map(|(v, d)| v / (d * s.cost)).collect(),
        }
    }

    /// The limit in the user's units; bound multipliers, which a large penalty blurs, follow from stationarity.
    fn ended(&self, rhs: &Stacked, u: &Stacked, error: f64, limit: Option<usize>) -> Run {
        let mut value = self.unscaled(u);
        if limit.is_none() {
            let free: Vec<bool> = self.vars.iter().map(|on| !on).collect();
            self.state.bound_multipliers(rhs, &mut value, &free);
        }
        Run { value, error }
    }

    /// The tangent of the solution for the right-hand side (a, g): at most `limit` steps, or to convergence.
    pub(super) fn forward(&self, original: &Stacked, limit: Option<usize>) -> Result<Run, Error> {
        let core = &*self.core;
        let (n, m) = (core.n(), core.m());
        let rhs = self.scaled(original);
        let mut u = Stacked::zeros(core);
        let mut zeta: Vec<f64> = (0..m).map(|i| if self.rows[i] { rhs.y[i] } else { 0.0 }).collect();
        let mut zeta_bound: Vec<f64> = (0..n).map(|i| if self.vars[i] { rhs.z[i] } else { 0.0 }).collect();
        let mut watch = Watch::default();
        for step in 1..=limit.unwrap_or(MAX_STEPS) {
            let mut w: Vec<f64> = (0..m)
                .map(|i| if self.rho[i] > 0.0 { zeta[i] - u.y[i] / self.rho[i] } else { 0.0 })
                .collect();
            let mut x: Vec<f64> = (0..n)
                .map(|i| rhs.x[i] + SIGMA * u.x[i] + self.rho_bound[i] * zeta_bound[i] - u.z[i])
                .collect();
            // w = ẏ + ρ(Cẋ − ζ), the new multiplier of an active row.
            self.solve(&mut x, &mut w);
            let cx = core.c.mul_vec(&x);
            // ż⁺ = ż + ρ(ẋ − g) of an active bound, from the x-step's stationarity for the same reason.
            let mut z: Vec<f64> = (0..n).map(|i| rhs.x[i] - SIGMA * (x[i] - u.x[i])).collect();
            core.p.mul_symmetric_add(-1.0, &x, &mut z);
            core.c.mul_transpose_add(-1.0, &w, &mut z);
            let mut change = 0.0_f64;
            for i in 0..m {
                if self.rows[i] {
                    change = change.max((w[i] - u.y[i]).abs());
                    u.y[i] = w[i];
                } else {
                    zeta[i] = cx[i];
                }
            }
            for i in 0..n {
                if self.vars[i] {
                    change = change.max((z[i] - u.z[i]).abs());
                    u.z[i] = z[i];
                } else {
                    zeta_bound[i] = x[i];
                }
                change = change.max((x[i] - u.x[i]).abs());
            }
            u.x = x;
            if let Some(error) = watch.done(change, u.norm(), step, limit) {
                return Ok(self.ended(original, &u, error, limit));
            }
        }
        Err(Error::Derivative { residual: watch.error, steps: MAX_STEPS })
    }

    /// What reaches (a, g) from a cotangent of (ẋ, ẏ): the transposed recursion.
    pub(super) fn reverse(&self, v: &Stacked, limit: Option<usize>) -> Result<Run, Error> {
        let core = &*self.core;
        let (n, m) = (core.n(), core.m());
        let mut adjoint = self.scaled(v);
        for i in 0..m {
            if !self.rows[i] {
                adjoint.y[i] = 0.0;
            }
        }
        for i in 0..n {
            if !self.vars[i] {
                adjoint.z[i] = 0.0;
            }
        }
        // Cotangents of ζ on inactive rows share the slots of y that those rows do not use.
        let mut w = Stacked::zeros(core);
        let mut watch = Watch::default();
        for step in 1..=limit.unwrap_or(MAX_STEPS) {
            let inactive: Vec<f64> = (0..m).map(|i| if self.rows[i] { 0.0 } else { adjoint.y[i] }).collect();
            let mut by: Vec<f64> = (0..m).map(|i| if self.rows[i] { adjoint.y[i] } else { 0.0 }).collect();
            let mut base = adjoint.x.clone();
            core.c.mul_transpose_add(1.0, &inactive, &mut base);
            let mut s: Vec<f64> = (0..n)
                .map(|i| base[i] + if self.vars[i] { self.rho_bound[i] } else { 1.0 } * adjoint.z[i])
                .collect();
            // by = ρ(Cs − ẏ) of active rows.
            self.solve(&mut s, &mut by);
            let cs = core.c.mul_vec(&s);
            // base becomes ρ(s − ż) of active bounds.
            core.p.mul_symmetric_add(-1.0, &s, &mut base);
            core.c.mul_transpose_add(-1.0, &by, &mut base);
            let mut change = norm_inf(&s);
            for i in 0..m {
                if self.rows[i] {
                    change = change.max(by[i].abs());
                    w.y[i] += by[i];
                    adjoint.y[i] = -by[i] / self.rho[i];
                } else {
                    adjoint.y[i] = self.rho[i] * cs[i];
                }
            }
            for i in 0..n {
                if self.vars[i] {
                    let by = base[i] - SIGMA * s[i];
                    change = change.max(by.abs());
                    w.z[i] += by;
                    adjoint.z[i] = -by / self.rho_bound[i];
                } else {
                    adjoint.z[i] = self.rho_bound[i] * s[i];
                }
                w.x[i] += s[i];
                adjoint.x[i] = SIGMA * s[i];
            }
            if let Some(error) = watch.done(change, w.norm(), step, limit) {
                return Ok(self.ended(v, &w, error, limit));
            }
        }
        Err(Error::Derivative { residual: watch.error, steps: MAX_STEPS })
    }
}

/// Watches a linearly convergent sequence and estimates the distance to its limit.
struct Watch {
    last: f64,
    rate: f64,
    error: f64,
    least: f64,
    quiet: usize,
}

impl Default for Watch {
    fn default() -> Self {
        Self { last: f64::INFINITY, rate: 0.0, error: f64::INFINITY, least: f64::INFINITY, quiet: 0 }
    }
}

impl Watch {
    /// The estimated relative error once the sequence has converged or its steps are used up. The remaining sum of a
    /// geometric sequence with the largest rate seen lately, doubled.
    fn done(&mut self, change: f64, size: f64, step: usize, limit: Option<usize>) -> Option<f64> {
        if self.last.is_finite() && self.last > 0.0 {
            self.rate = (change / self.last).max(0.9 * self.rate).min(0.999_999);
        }
        self.last = change;
        let rest = 2.0 * change * (self.rate / (1.0 - self.rate)).max(1.0);
        self.error = if size > 0.0 { rest / size } else { rest };
        if limit == Some(step) {
            return Some(self.error);
        }
        // At the level of rounding the changes stop falling.
        let floor = change <= 1e-10 * size && change >= 0.5 * self.least;
        self.least = self.least.min(change);
        self.quiet = if floor || change == 0.0 { self.quiet + 1 } else { 0 };
        (limit.is_none() && (self.quiet >= 5 || (self.error < 1e-15 && step > 3))).then_some(self.error)
    }
}

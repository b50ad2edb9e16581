//! The derivative of the μ-smoothed solution map: the point of the central path at which every finite end has
//! slack · multiplier = μ, which depends smoothly on all data.
//!
//! With w = multiplier / slack of each end (summed over the two ends of a row), the path's tangent solves
//! ```text
//! (P + W_b) ẋ + Cᵀẏ = −(Ṗx + q̇ + Ċᵀy) + Σ w ḃ,     C ẋ − W⁻¹ẏ = W⁻¹ Σ w ċ − Ċx     (equalities: Cẋ = ḃ − Ċx)
//! ```
//! a quasi-definite matrix, so that nothing is ever weakly active. As μ → 0 it tends to the derivative where there is
//! one, and else to a choice between the one-sided ones. With smooth terms in the objective P is the Hessian P + ∇²φ at
//! the point of the path, and q̇ has the weights' part ∇φ ẇ. The end of a term's domain is an end like any other, whatever
//! the term's weight, so that the point depends smoothly on weights that are 0 as well.

use super::state::{Stacked, State, at};
use crate::core::Core;
use crate::interior::centre::{CENTRED, NO_CENTRE, NO_INTERIOR};
use crate::interior::{Interior, Start};
use crate::kkt::{Factor, Numeric, System};
use crate::random::Random;
use crate::scaling::Scaling;
use crate::smooth::{Central, Slopes};
use crate::{Cotangent, Error, Gradient, Solution, SolutionTangent, Tangent};
use std::sync::Arc;

/// Relative accuracy of the linear systems.
const EXACT: f64 = 1e-14;

/// Residual of the linear systems beyond which there is no solution.
const REGULAR: f64 = 1e-6;

/// Added to the diagonal of the factor; refinement takes it out again.
const GUARD: f64 = 1e-10;

/// The μ-smoothed solution, and its derivatives; made by [`Solution::smoothed`].
#[derive(Debug)]
pub struct Smoothed {
    /// slack · multiplier of every finite end, in units of the objective.
    pub mu: f64,
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
    /// Whether the point and the multipliers are unique. They are not where equalities depend on each other, or where the
    /// point may move with neither the objective nor a slack changing; derivatives are then those of least norm.
    pub unique: bool,
    state: Arc<State>,
    /// The problem, or its second-order model at the point, in the user's units and equilibrated.
    user: Core,
    core: Core,
    scaling: Scaling,
    slopes: Option<Slopes>,
    /// Signed multipliers of all rows.
    y: Vec<f64>,
    /// Multiplier over slack of the ends of all rows and bounds, (lower, upper); zero where there is none.
    rows: Vec<(f64, f64)>,
    bounds: Vec<(f64, f64)>,
    /// Signed multipliers of variables whose bounds coincide.
    fixed: Vec<f64>,
    factor: Factor,
    hx: Vec<f64>,
    dr: Vec<f64>,
    free: Vec<bool>,
    present: Vec<bool>,
}

impl Solution {
    /// The μ-smoothed solution, for derivatives that see past the active set: slack · multiplier = `mu` (units of the
    /// objective) at every finite end, found from this solution's problem to about 1e-9. It is the minimizer of
    /// `½xᵀPx + qᵀx + Σ wₖ φₖ(x_{jₖ}) − mu Σ log(slack)` over Ax = b. The ends of the domains of smooth terms are among the
    /// ends, whatever the weights; their multipliers are in `mu_lower`.
    ///
    /// # Errors
    /// [`Error::NotSolved`] unless the problem is solved; [`Error::Setting`] unless `mu` is positive and finite;
    /// [`Error::NoDerivative`] where the central path does not exist (no point satisfies every inequality
    /// strictly, or the solutions are unbounded).
    pub fn smoothed(&self, mu: f64) -> Result<Smoothed, Error> {
        let state = self.state()?;
        if !(mu > 0.0 && mu.is_finite()) {
            return Err(Error::Setting { name: "mu", value: mu });
        }
        Smoothed::new(state, mu)
    }
}

impl Smoothed {
    fn new(state: &Arc<State>, mu: f64) -> Result<Self, Error> {
        let (path, user, core, s, slopes) = if let Some(slopes) = state.slopes.get() {
            let Central { path, user, core, scaling, slopes } = slopes.centre(state, mu)?;
            (path, user, core, scaling, Some(slopes))
        } else {
            let (core, s) = (state.problem.core(), state.problem.scaling());
            let mut path = Interior::new(core, &state.pattern, Start::Near, 1e-12)?;
            // slack · multiplier scales with the cost alone.
            if path.centre(mu * s.cost)? > CENTRED {
                let any = Interior::any_inside(core, s)?.is_some();
                return Err(Error::NoDerivative { reason: if any { NO_CENTRE } else { NO_INTERIOR } });
            }
            (path, (*state.problem.user).clone(), core.clone(), s.clone(), None)
        };
        let (n, m, me) = (core.n(), core.m(), state.equalities);
        let point = s.unscale(&path.point());
        let free: Vec<bool> = (0..n).map(|i| core.lo[i] != core.hi[i]).collect();
        let present: Vec<bool> = (0..m).map(|i| core.l[i].is_finite() || core.u[i].is_finite()).collect();
        let (mut hx, mut weight) = (vec![0.0; n], vec![0.0; m]);
        let (mut rows, mut bounds) = (vec![(0.0, 0.0); m], vec![(0.0, 0.0); n]);
        let (mut nu, mut bound_multipliers) = (vec![(0.0, 0.0); m], vec![(0.0, 0.0); n]);
        let put = |slot: &mut (f64, f64), upper: bool, v: f64| if upper { slot.1 = v } else { slot.0 = v };
        for end in path.pairs() {
            let (i, w) = (end.index, end.multiplier / end.slack);
            if end.row {
                weight[i] += w;
                put(&mut rows[i], end.upper, w * s.e[i] * s.e[i] / s.cost);
                put(&mut nu[i], end.upper, end.multiplier * s.e[i] / s.cost);
            } else {
                hx[i] += w;
                put(&mut bounds[i], end.upper, w / (s.d[i] * s.d[i] * s.cost));
                put(&mut bound_multipliers[i], end.upper, end.multiplier / (s.d[i] * s.cost));
            }
        }
        for i in (me..m).filter(|&i| core.l[i] == core.u[i]) {
            nu[i] = ((-point.y[i]).max(0.0), point.y[i].max(0.0));
        }
        for i in (0..n).filter(|&i| !free[i]) {
            bound_multipliers[i] = ((-point.z[i]).max(0.0), point.z[i].max(0.0));
        }
        let dr: Vec<f64> = weight.iter().map(|w| if *w > 0.0 { 1.0 / w } else { 0.0 }).collect();
        let guarded = |v: &[f64]| v.iter().map(|v| v + GUARD).collect::<Vec<f64>>();
        let factor = Factor::new(
            &state.pattern,
            &Numeric {
                p: &core.p,
                c: &core.c,
                hx: &guarded(&hx),
                dr: &guarded(&dr),
                free: Some(&free),
                rows: Some(&present),
            },
        )?;
        let (nu_lower, nu_upper) = nu.into_iter().skip(me).unzip();
        let (mu_lower, mu_upper) = bound_multipliers.into_iter().unzip();
        let mut this = Self {
            mu,
            unique: true,
            lambda: point.y[..me].to_vec(),
            nu_lower,
            nu_upper,
            mu_lower,
            mu_upper,
            x: point.x,
            y: point.y,
            fixed: point.z,
            state: Arc::clone(state),
            user,
            core,
            scaling: s,
            slopes,
            rows,
            bounds,
            factor,
            hx,
            dr,
            free,
            present,
        };
        this.unique = this.is_regular();
        Ok(this)
    }

    /// Whether the path's system has a solution for any right-hand side: it is symmetric, so that it has one for a random
    /// one only if it is regular.
    fn is_regular(&self) -> bool {
        let mut v = Stacked::zeros(&self.user);
        let mut random = Random::new();
        v.x.iter_mut().zip(&self.free).filter(|(_, free)| **free).for_each(|(x, _)| *x = random.sign());
        v.y.iter_mut().zip(&self.present).filter(|(_, row)| **row).for_each(|(y, _)| *y = random.sign());
        self.solve(&mut v) <= REGULAR
    }

    /// Solves the path's system in the user's units, in place: (x, y), and the prescribed values z of fixed variables.
    /// Returns the relative residual.
    fn solve(&self, v: &mut Stacked) -> f64 {
        let (core, s) = (&self.core, &self.scaling);
        let (n, m) = (core.n(), core.m());
        let held: Vec<f64> = (0..n).map(|i| if self.free[i] { 0.0 } else { v.z[i] / s.d[i] }).collect();
        let mut bx: Vec<f64> = (0..n).map(|i| v.x[i] * s.cost * s.d[i]).collect();
        let mut by: Vec<f64> = (0..m).map(|i| v.y[i] * s.e[i]).collect();
        let system = System {
            core,
            hx: Some(&self.hx),
            dr: Some(&self.dr),
            free: Some(&self.free),
            rows: Some(&self.present),
        };
        if held.iter().any(|v| *v != 0.0) {
            system.subtract(&held, &vec![0.0; m], &mut bx, &mut by);
        }
        let outcome = system.solve(&self.factor, &mut bx, &mut by, EXACT, 20);
        for i in 0..n {
            v.x[i] = if self.free[i] { bx[i] * s.d[i] } else { v.z[i] };
        }
        for i in 0..m {
            v.y[i] = by[i] * s.e[i] / s.cost;
        }
        outcome.residual
    }

    /// Rates of the multipliers of the two ends from that of their difference. Written so that nothing cancels however
    /// large the weights are.
    fn split((l, u): (f64, f64), signed: f64, lower: f64, upper: f64) -> (f64, f64) {
        if l + u == 0.0 {
            return (0.0, 0.0);
        }
        let apart = lower - upper;
        (l / (l + u) * (u * apart - signed), u / (l + u) * (l * apart + signed))
    }

    /// The transpose of [`Self::split`]: the cotangents of the difference, and of the lower rate (minus the upper's).
    fn join((l, u): (f64, f64), lower: f64, upper: f64) -> (f64, f64) {
        if l + u == 0.0 {
            return (0.0, 0.0);
        }
        ((u * upper - l * lower) / (l + u), l * u / (l + u) * (lower + upper))
    }

    /// How the smoothed solution moves when the data move along `tangent`.
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::NotFinite`] for a tangent that does not fit.
    pub fn jvp(&self, t: &Tangent) -> Result<SolutionTangent, Error> {
        let state = &*self.state;
        let t = &*state.program_tangent(t, self.slopes.as_ref())?;
        state.check_tangent(t)?;
        let (user, me) = (&self.user, state.equalities);
        let (n, m) = (user.n(), user.m());
        let (mut cost, moved) = state.linear(t, &self.x, &self.y);
        state.hessian_rate(t).mul_symmetric_add(1.0, &self.x, &mut cost);
        let mut rhs = Stacked::zeros(user);
        // Bounded variables follow their bounds, and the system finds the rest: its right-hand side then holds no weights.
        let mut with_bounds = vec![0.0; n];
        let end = |multiplier: f64, lower: f64, upper: f64| if multiplier < 0.0 { lower } else { upper };
        for i in 0..n {
            let ((l, u), (lower, upper)) = (self.bounds[i], (at(&t.lo, i), at(&t.hi, i)));
            rhs.x[i] = -cost[i];
            if !self.free[i] {
                rhs.z[i] = end(self.fixed[i], lower, upper);
            } else if l + u > 0.0 {
                with_bounds[i] = (l * lower + u * upper) / (l + u);
            }
        }
        user.p.mul_symmetric_add(-1.0, &with_bounds, &mut rhs.x);
        user.c.mul_add(-1.0, &with_bounds, &mut rhs.y);
        for i in 0..m {
            let (l, u) = self.rows[i];
            let rate = match i.checked_sub(me) {
                None => at(&t.b, i),
                Some(k) if l + u > 0.0 => (l * at(&t.gl, k) + u * at(&t.gu, k)) / (l + u),
                Some(k) => end(self.y[i], at(&t.gl, k), at(&t.gu, k)),
            };
            rhs.y[i] += rate - moved[i];
        }
        let residual = self.solve(&mut rhs);
        for (x, b) in rhs.x.iter_mut().zip(&with_bounds) {
            *x += b;
        }
        // ż from stationarity.
        let mut z: Vec<f64> = cost.iter().map(|v| -v).collect();
        user.p.mul_symmetric_add(-1.0, &rhs.x, &mut z);
        user.c.mul_transpose_add(-1.0, &rhs.y, &mut z);
        let held = |multiplier: f64, rate: f64| if multiplier < 0.0 { (-rate, 0.0) } else { (0.0, rate) };
        let (nu_lower, nu_upper) = (me..m)
            .map(|i| {
                if user.l[i] == user.u[i] {
                    held(self.y[i], rhs.y[i])
                } else {
                    Self::split(self.rows[i], rhs.y[i], at(&t.gl, i - me), at(&t.gu, i - me))
                }
            })
            .unzip();
        let (mu_lower, mu_upper) = (0..n)
            .map(|i| {
                if self.free[i] {
                    Self::split(self.bounds[i], z[i], at(&t.lo, i), at(&t.hi, i))
                } else {
                    held(self.fixed[i], z[i])
                }
            })
            .unzip();
        let lambda = rhs.y[..me].to_vec();
        Ok(SolutionTangent {
            x: rhs.x,
            lambda,
            nu_lower,
            nu_upper,
            mu_lower,
            mu_upper,
            residual,
            ..SolutionTangent::default()
        })
    }

    /// The derivative of the scalar whose derivative by the smoothed outputs is `cotangent`, by all data.
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::NotFinite`] for a cotangent that does not fit.
    pub fn vjp(&self, v: &Cotangent) -> Result<Gradient, Error> {
        let state = &*self.state;
        state.check_cotangent(v)?;
        let (user, me) = (&self.user, state.equalities);
        let (n, m) = (user.n(), user.m());
        let held =
            |multiplier: f64, lower: f64, upper: f64| (if multiplier < 0.0 { -lower } else { upper }, 0.0);
        let rows: Vec<(f64, f64)> = (0..m)
            .map(|i| match i.checked_sub(me) {
                None => (at(&v.lambda, i), 0.0),
                Some(k) if user.l[i] == user.u[i] => held(self.y[i], at(&v.nu_lower, k), at(&v.nu_upper, k)),
                Some(k) => Self::join(self.rows[i], at(&v.nu_lower, k), at(&v.nu_upper, k)),
            })
            .collect();
        let bounds: Vec<(f64, f64)> = (0..n)
            .map(|i| {
                let (lower, upper) = (at(&v.mu_lower, i), at(&v.mu_upper, i));
                if self.free[i] {
                    Self::join(self.bounds[i], lower, upper)
                } else {
                    held(self.fixed[i], lower, upper)
                }
            })
            .collect();
        // What is asked of ż is, by stationarity, asked of −Pẋ − Cᵀẏ and of the cost's rate.
        let z: Vec<f64> = bounds.iter().map(|b| b.0).collect();
        let mut d = Stacked::zeros(user);
        for i in 0..n {
            d.x[i] = at(&v.x, i);
        }
        user.p.mul_symmetric_add(-1.0, &z, &mut d.x);
        for i in 0..m {
            d.y[i] = rows[i].0;
        }
        user.c.mul_add(-1.0, &z, &mut d.y);
        let mut worth = d.x.clone();
        let residual = self.solve(&mut d);
        // What a fixed variable's value is worth; for a bounded one this is (W d)ᵢ, by its row of the system.
        user.p.mul_symmetric_add(-1.0, &d.x, &mut worth);
        user.c.mul_transpose_add(-1.0, &d.y, &mut worth);
        let mut adjoint = d.clone();
        for (a, z) in adjoint.x.iter_mut().zip(&z) {
            *a += z;
        }
        adjoint.negate();
        let t = state.pair(&adjoint, &self.x, &self.y, &state.active);
        let mut out = Gradient { p: t.p, q: t.q, a: t.a, b: t.b, g: t.g, residual, ..Gradient::default() };
        out.b.copy_from_slice(&d.y[..me]);
        let pick = |multiplier: f64, value: f64| if multiplier < 0.0 { (value, 0.0) } else { (0.0, value) };
        (out.gl, out.gu) = (me..m)
            .map(|i| {
                let (l, u) = self.rows[i];
                if user.l[i] == user.u[i] {
                    pick(self.y[i], d.y[i])
                } else if l + u > 0.0 {
                    (d.y[i] * l / (l + u) + rows[i].1, d.y[i] * u / (l + u) - rows[i].1)
                } else {
                    (0.0, 0.0)
                }
            })
            .unzip();
        (out.lo, out.hi) = (0..n)
            .map(|i| {
                let (l, u) = self.bounds[i];
                let share = |w: f64| if l + u > 0.0 { worth[i] * w / (l + u) } else { 0.0 };
                if self.free[i] {
                    (share(l) + bounds[i].1, share(u) - bounds[i].1)
                } else {
                    pick(self.fixed[i], worth[i])
                }
            })
            .unzip();
        if let Some(slopes) = &self.slopes {
            slopes.gradient(&mut out);
        }
        Ok(out)
    }
}

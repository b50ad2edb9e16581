//! The alternating method (Alt-Diff, Sun et al. 2023, §3) on the stacked problem: an exact x-step, a projection of the
//! rows onto their intervals, a multiplier step; with over-relaxation, a penalty per row, and adaptation.

use crate::Error;
use crate::active::{ActiveSet, Side};
use crate::core::{Core, Point};
use crate::kkt::{Factor, Numeric, Pattern};
use crate::problem::norm_inf;
use std::borrow::Cow;
use std::sync::Arc;

/// Proximal weight of the x-step, for problems where P + CᵀρC is singular.
const SIGMA: f64 = 1e-7;

/// Penalties stay in this range (the problem is equilibrated).
const RANGE: (f64, f64) = (1e-6, 1e6);

/// How strongly the rows are held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Penalty {
    /// ρ; `None`: tr(P)/‖C‖_F².
    pub base: Option<f64>,
    /// How much larger it is for equalities.
    pub equalities: f64,
}

impl Default for Penalty {
    fn default() -> Self {
        Self { base: None, equalities: 10.0 }
    }
}

/// The state of the iteration, in the equilibrated problem.
pub(crate) struct Alternating<'a> {
    core: Cow<'a, Core>,
    pattern: &'a Arc<Pattern>,
    factor: Factor,
    base: f64,
    equalities: f64,
    relaxation: f64,
    rho: Vec<f64>,
    rho_bound: Vec<f64>,
    rows: Vec<bool>,
    pub point: Point,
    /// Projected rows and variables.
    ends: Vec<f64>,
    bounds: Vec<f64>,
    /// Where the last projection clipped.
    pub clipped: ActiveSet,
    pub iterations: usize,
}

impl<'a> Alternating<'a> {
    pub(crate) fn new(
        core: &'a Core,
        pattern: &'a Arc<Pattern>,
        rho: Option<f64>,
        relaxation: f64,
        warm: Option<&Point>,
    ) -> Result<Self, Error> {
        let point = warm.cloned().unwrap_or_else(|| Point::zeros(core));
        let penalty = Penalty { base: rho, ..Penalty::default() };
        Self::from(Cow::Borrowed(core), pattern, penalty, relaxation, point)
    }

    /// For an objective that `core` is the second-order model of at `x`.
    pub(crate) fn curved(
        core: Core,
        pattern: &'a Arc<Pattern>,
        penalty: Penalty,
        relaxation: f64,
        x: &[f64],
    ) -> Result<Self, Error> {
        let point = Point { x: x.to_vec(), ..Point::zeros(&core) };
        Self::from(Cow::Owned(core), pattern, penalty, relaxation, point)
    }

    fn from(
        shared: Cow<'a, Core>,
        pattern: &'a Arc<Pattern>,
        penalty: Penalty,
        relaxation: f64,
        point: Point,
    ) -> Result<Self, Error> {
        let core = &*shared;
        // ρ ≈ tr(P)/‖C‖_F² balances the two terms of the x-step; bounds count as rows of the identity.
        let trace: f64 = core.p.iter().filter(|(i, j, _)| i == j).map(|(_, _, v)| v).sum();
        let bounded = (0..core.n()).filter(|&i| core.lo[i].is_finite() || core.hi[i].is_finite()).count();
        let frobenius: f64 = core.c.values.iter().map(|v| v * v).sum::<f64>() + bounded as f64;
        let natural = if trace > 0.0 && frobenius > 0.0 { trace / frobenius } else { 0.1 };
        let base = penalty.base.unwrap_or(natural).clamp(RANGE.0, RANGE.1);
        let (rho, rho_bound) = penalties(core, base, penalty.equalities);
        let rows: Vec<bool> = rho.iter().map(|r| *r > 0.0).collect();
        let factor = factor(core, pattern, &rho, &rho_bound, &rows)?;
        let mut ends = core.c.mul_vec(&point.x);
        for i in 0..core.m() {
            ends[i] = ends[i].max(core.l[i]).min(core.u[i]);
        }
        let bounds = (0..core.n()).map(|i| point.x[i].max(core.lo[i]).min(core.hi[i])).collect();
        let clipped = ActiveSet::equalities(core);
        Ok(Self {
            core: shared,
            pattern,
            factor,
            base,
            equalities: penalty.equalities,
            relaxation,
            rho,
            rho_bound,
            rows,
            point,
            ends,
            bounds,
            clipped,
            iterations: 0,
        })
    }

    /// One step: x, projection, multipliers.
    pub(crate) fn iterate(&mut self) {
        let x = self.minimizer();
        self.take(x);
    }

    /// Takes another second-order model of the objective, and factors it.
    pub(crate) fn model(&mut self, change: impl FnOnce(&mut Core)) -> Result<(), Error> {
        change(self.core.to_mut());
        self.factor = factor(&self.core, self.pattern, &self.rho, &self.rho_bound, &self.rows)?;
        Ok(())
    }

    /// Takes the objective of another second-order model for its gradient.
    pub(crate) fn linearize(&mut self, model: &Core) {
        let core = self.core.to_mut();
        core.p = Arc::clone(&model.p);
        core.q.copy_from_slice(&model.q);
    }

    /// The minimizer over x of the augmented Lagrangian.
    pub(crate) fn minimizer(&self) -> Vec<f64> {
        let core = &*self.core;
        let mut x: Vec<f64> = (0..core.n())
            .map(|i| {
                -core.q[i] + SIGMA * self.point.x[i] + self.rho_bound[i] * self.bounds[i] - self.point.z[i]
            })
            .collect();
        let weight: Vec<f64> = (0..core.m()).map(|i| self.rho[i] * self.ends[i] - self.point.y[i]).collect();
        core.c.mul_transpose_add(1.0, &weight, &mut x);
        self.factor.solve(&mut x, &mut vec![0.0; core.m()]);
        x
    }

    /// The gradient of the augmented Lagrangian by x.
    pub(crate) fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let core = &*self.core;
        let cx = core.c.mul_vec(x);
        let y = (0..core.m()).map(|i| self.point.y[i] + self.rho[i] * (cx[i] - self.ends[i])).collect();
        let z = (0..core.n())
            .map(|i| {
                let near = SIGMA * (x[i] - self.point.x[i]);
                self.point.z[i] + self.rho_bound[i] * (x[i] - self.bounds[i]) + near
            })
            .collect();
        core.stationarity(&Point { x: x.to_vec(), y, z })
    }

    /// The rest of a step: x is taken, rows and bounds are projected, multipliers follow.
    pub(crate) fn take(&mut self, x: Vec<f64>) {
        self.iterations += 1;
        let core = &*self.core;
        let (n, m) = (core.n(), core.m());
        let cx = core.c.mul_vec(&x);
        let a = self.relaxation;
        for i in 0..m {
            if self.rows[i] {
                let (end, y, side) = project(
                    a * cx[i] + (1.0 - a) * self.ends[i],
                    self.point.y[i],
                    self.rho[i],
                    core.l[i],
                    core.u[i],
                );
                self.ends[i] = end;
                self.point.y[i] = y;
                self.clipped.rows[i] = side;
            }
        }
        for i in 0..n {
            if self.rho_bound[i] > 0.0 {
                let (end, z, side) = project(
                    a * x[i] + (1.0 - a) * self.bounds[i],
                    self.point.z[i],
                    self.rho_bound[i],
                    core.lo[i],
                    core.hi[i],
                );
                self.bounds[i] = end;
                self.point.z[i] = z;
                self.clipped.vars[i] = side;
            }
        }
        self.point.x = x;
    }

    /// Rebalances the penalty by the ratio of the residuals of the equilibrated problem, and factors again where it
    /// moves by more than a factor of 5.
    pub(crate) fn adapt(&mut self) -> Result<(), Error> {
        let core = &*self.core;
        let cx = core.c.mul_vec(&self.point.x);
        let mut primal = 0.0_f64;
        let mut size = 1e-10_f64;
        for i in 0..core.m() {
            if self.rows[i] {
                primal = primal.max((cx[i] - self.ends[i]).abs());
                size = size.max(cx[i].abs()).max(self.ends[i].abs());
            }
        }
        for i in 0..core.n() {
            if self.rho_bound[i] > 0.0 {
                primal = primal.max((self.point.x[i] - self.bounds[i]).abs());
                size = size.max(self.point.x[i].abs());
            }
        }
        let dual = norm_inf(&core.stationarity(&self.point));
        let px = norm_inf(&core.p.mul_symmetric_vec(&self.point.x));
        let cy = norm_inf(&core.c.mul_transpose_vec(&self.point.y));
        let dual_size = px.max(cy).max(norm_inf(&core.q)).max(1e-10);
        let ratio = ((primal / size).max(1e-16) / (dual / dual_size).max(1e-16)).sqrt();
        let base = (self.base * ratio).clamp(RANGE.0, RANGE.1);
        if base > 5.0 * self.base || base < 0.2 * self.base {
            self.base = base;
            (self.rho, self.rho_bound) = penalties(core, base, self.equalities);
            self.factor = factor(core, self.pattern, &self.rho, &self.rho_bound, &self.rows)?;
        }
        Ok(())
    }

    /// The iterate with rows and multipliers consistent: x projected onto its bounds.
    pub(crate) fn projected(&self) -> Point {
        let mut point = self.point.clone();
        for i in 0..self.core.n() {
            point.x[i] = point.x[i].max(self.core.lo[i]).min(self.core.hi[i]);
        }
        point
    }
}

/// The projection of a row value, its new multiplier, and where it was clipped.
fn project(v: f64, y: f64, rho: f64, l: f64, u: f64) -> (f64, f64, Side) {
    let w = v + y / rho;
    if l == u {
        (l, rho * (w - l), Side::Equal)
    } else if w >= u {
        (u, rho * (w - u), Side::Upper)
    } else if w <= l {
        (l, rho * (w - l), Side::Lower)
    } else {
        (w, 0.0, Side::Inactive)
    }
}

/// Penalties of rows and bounds: larger by a factor for equalities, zero where there is no end.
fn penalties(core: &Core, base: f64, equalities: f64) -> (Vec<f64>, Vec<f64>) {
    let of = |l: f64, u: f64| {
        if l == u {
            equalities * base
        } else if l.is_finite() || u.is_finite() {
            base
        } else {
            0.0
        }
    };
    (
        (0..core.m()).map(|i| of(core.l[i], core.u[i])).collect(),
        (0..core.n()).map(|i| of(core.lo[i], core.hi[i])).collect(),
    )
}

/// (P + σI + CᵀρC + ρ_b), by its KKT form.
fn factor(
    core: &Core,
    pattern: &Arc<Pattern>,
    rho: &[f64],
    rho_bound: &[f64],
    rows: &[bool],
) -> Result<Factor, Error> {
    let hx: Vec<f64> = rho_bound.iter().map(|r| r + SIGMA).collect();
    let dr: Vec<f64> = rho.iter().map(|r| if *r > 0.0 { 1.0 / r } else { 1.0 }).collect();
    Factor::new(pattern, &Numeric { p: &core.p, c: &core.c, hx: &hx, dr: &dr, free: None, rows: Some(rows) })
}

//! The exact finish: guess the active set, solve the equality-constrained problem on it, accept iff all KKT conditions
//! hold, else repair the set.
//!
//! The solve starts from the iterate it is given and is proximal, so where multipliers or the point are not unique it
//! ends at the ones nearest to the iterate.

mod kept;

pub(crate) use kept::Kept;

use crate::Error;
use crate::Residuals;
use crate::active::{ActiveSet, Side};
use crate::core::{Core, Point, Products};
use crate::kkt::{Factor, Numeric, Pattern, System};
use crate::problem::norm_inf;
use crate::scaling::Scaling;
use crate::sizes::Sizes;
use std::sync::Arc;

/// Proximal weight of the finish in the equilibrated problem: small against every eigenvalue that counts, and above the
/// root of the machine's precision, since pivots of this size make rounding errors of ε / `PROXIMAL`, which must stay
/// below it for a null space to be told from them. Refinement wins the other digits back.
pub(crate) const PROXIMAL: f64 = 1e-7;

/// Largest residual of a variable's stationarity relative to its own terms, and to the largest of all.
const BALANCED: f64 = 1e-3;
const ROUNDING: f64 = 1e-12;

/// Residuals relative to their terms from which on they are rounding in the sums.
const REFINED: f64 = 32.0 * f64::EPSILON;

/// How a point is corrected on an active set.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Correction {
    /// By one solve at a time.
    Single,
    /// By many at once: eigenvalues below the proximal weight are hardly moved by single ones.
    Many,
}

impl Correction {
    /// Corrections in a row that may fail to halve the residual.
    fn patience(self) -> usize {
        if self == Self::Single { 3 } else { 1 }
    }
}

/// Residual, relative to its terms, up to which many corrections may take it to rounding; what part of it they are to
/// leave, and how many times larger they may make the point.
const ALMOST: f64 = 1e-4;
const POLISHED: f64 = 1e-6;
const FAR: f64 = 1e3;

/// Multipliers this much larger than the cost's slope are worth a second look.
const LARGE: f64 = 30.0;

/// A point whose KKT conditions hold on the unscaled problem.
#[derive(Debug)]
pub(crate) struct Finished {
    /// In the user's units.
    pub point: Point,
    pub active: ActiveSet,
    pub residuals: Residuals,
    /// The reduced KKT matrix of `active`, in the equilibrated problem.
    pub factor: Arc<Factor>,
    /// Repairs of the active set.
    pub repairs: usize,
}

/// How much a finish may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effort {
    /// So many repairs of the active set.
    Repairs(usize),
    /// So many repairs, unless a good part of the set is mistaken.
    Try(usize),
    /// Few mistakes, and each repair at least halves them; else it is too early.
    WhileHalving,
}

/// Part of the constraints, and their number, that may be mistaken in an early guess; and how often it is repaired.
const PART: usize = 64;
const FEW: usize = 8;
const HALVINGS: usize = 5;

/// Part of the constraints beyond which a few repairs are hopeless.
const HOPELESS: usize = 16;

/// What a finish needs to know.
pub(crate) struct Finisher<'a> {
    /// The user's problem.
    pub user: &'a Core,
    /// The equilibrated problem.
    pub core: &'a Core,
    pub scaling: &'a Scaling,
    pub pattern: &'a Arc<Pattern>,
    pub tolerance: f64,
    /// Where the factor stays for the next problem with these matrices.
    pub kept: Option<&'a Kept>,
}

impl Finisher<'_> {
    /// Tries to finish from a point of the equilibrated problem and a guess, in the memory of a factor of its pattern.
    pub(crate) fn run(
        &self,
        start: &Point,
        mut active: ActiveSet,
        effort: Effort,
        room: &mut Option<Factor>,
    ) -> Result<Option<Finished>, Error> {
        let (max_repairs, mut most) = match effort {
            Effort::Repairs(repairs) => (repairs, usize::MAX),
            Effort::Try(repairs) => (repairs, FEW.max((self.core.n() + self.core.m()) / HOPELESS)),
            Effort::WhileHalving => (HALVINGS, FEW.max((self.core.n() + self.core.m()) / PART)),
        };
        active.fit(self.core);
        let mut point = start.clone();
        let mut fewest = usize::MAX;
        let mut patience = 3;
        for repairs in 0..=max_repairs {
            let mut factor = match self.kept.and_then(|kept| kept.of(&active)) {
                Some(kept) => kept,
                None => Arc::new(reduced_factor_in(room.take(), self.core, self.pattern, &active)?),
            };
            let residual = self.solve_on(&mut point, &active, &factor, Correction::Single);
            if !point.is_finite() {
                return Ok(None);
            }
            let mut mistakes = self.mistakes(&point, &active);
            if mistakes.is_empty() && residual > REFINED && residual <= ALMOST {
                let before = point.clone();
                self.solve_on(&mut point, &active, &factor, Correction::Many);
                if self.strays(&before, &point) {
                    point = before;
                } else {
                    mistakes = self.mistakes(&point, &active);
                }
            }
            let wrong = mistakes.len();
            if wrong == 0 && !self.balanced(&point) {
                return Ok(None);
            }
            if wrong > most {
                *room = Arc::into_inner(factor).or(room.take());
                return Ok(None);
            }
            if effort == Effort::WhileHalving {
                most = wrong / 2;
            }
            if wrong == 0 {
                self.shrink_multipliers(&mut point, &active, &factor);
                let mut user = self.scaling.unscale(&point);
                self.clean(&mut user, &active);
                let residuals = self.user.residuals(&user);
                if residuals.max() <= self.tolerance {
                    if let Some(factor) = Arc::get_mut(&mut factor) {
                        factor.shrink();
                    }
                    if let Some(kept) = self.kept {
                        kept.keep(&factor);
                    }
                    return Ok(Some(Finished { point: user, active, residuals, factor, repairs }));
                }
                return Ok(None);
            }
            // All at once while that makes the number of mistakes fall; else the one with the largest index (Murty),
            // which cannot cycle.
            if wrong < fewest {
                fewest = wrong;
                patience = 3;
            } else {
                patience -= 1;
            }
            *room = Arc::into_inner(factor).or(room.take());
            let all = if patience < 0 { &mistakes[wrong - 1..] } else { &mistakes };
            for &(k, side) in all {
                match k.checked_sub(active.rows.len()) {
                    None => active.rows[k] = side,
                    Some(i) => active.vars[i] = side,
                }
            }
        }
        Ok(None)
    }

    /// Whether corrections followed what is rounding in P: they led far away, or along a direction of negative curvature,
    /// where what they lead to is no minimum.
    fn strays(&self, before: &Point, after: &Point) -> bool {
        if !after.is_finite() || norm_inf(&after.x) > FAR * norm_inf(&before.x).max(1.0) {
            return true;
        }
        let moved: Vec<f64> = after.x.iter().zip(&before.x).map(|(a, b)| a - b).collect();
        let terms = self.core.p.iter().map(|(i, j, v)| {
            let twice = if i == j { 1.0 } else { 2.0 };
            twice * v * moved[i] * moved[j]
        });
        let (curvature, size) = terms.fold((0.0, 0.0), |(sum, size), t| (sum + t, size + t.abs()));
        curvature < -ROUNDING * size
    }

    /// Whether every variable's stationarity holds in its own measure: the tolerance on the largest one would let a small
    /// weight of the objective, and the active constraints it implies, go unseen.
    fn balanced(&self, point: &Point) -> bool {
        let terms = Sizes::new(self.core, point).noise.1;
        // Terms that are all rounding are judged by the size of the equilibrated problem.
        let rounding = ROUNDING * norm_inf(&terms).max(1e-4);
        let stationarity = self.core.stationarity(point);
        stationarity.iter().zip(&terms).all(|(r, t)| r.abs() <= BALANCED * t + rounding)
    }

    /// Where dependent constraints admit multipliers without bound, those of the iterate can be so large that every residual
    /// is small beside them. Moves them towards the ones of least norm, as far as their signs allow; where nothing is to be
    /// gained from the constraints, to zero.
    fn shrink_multipliers(&self, point: &mut Point, active: &ActiveSet, factor: &Factor) {
        let mut cost = self.core.q.clone();
        self.core.p.mul_symmetric_add(1.0, &point.x, &mut cost);
        if cost.iter().all(|v| *v == 0.0) {
            point.y.fill(0.0);
            point.z.fill(0.0);
            return;
        }
        let before = point.size();
        if before <= LARGE * norm_inf(&cost).max(1.0) {
            return;
        }
        let mut least = point.clone();
        least.y.fill(0.0);
        self.solve_on(&mut least, active, factor, Correction::Single);
        let signed = |side: Side, y: f64| match side {
            Side::Upper => y,
            Side::Lower => -y,
            Side::Inactive | Side::Equal => f64::INFINITY,
        };
        let mut part = 1.0_f64;
        let rows = active.rows.iter().zip(&point.y).zip(&least.y);
        let vars = active.vars.iter().zip(&point.z).zip(&least.z);
        for ((side, from), to) in rows.chain(vars) {
            let (from, to) = (signed(*side, *from).max(0.0), signed(*side, *to));
            if to < 0.0 {
                part = part.min(from / (from - to));
            }
        }
        let mix = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + part * (b - a)).collect();
        let mut between =
            Point { x: mix(&point.x, &least.x), y: mix(&point.y, &least.y), z: point.z.clone() };
        let residual = self.solve_on(&mut between, active, factor, Correction::Single);
        let fine = residual <= REFINED && between.is_finite() && self.mistakes(&between, active).is_empty();
        if fine && between.size() < 0.5 * before && self.balanced(&between) {
            *point = between;
        }
    }

    /// Solves the equality-constrained problem on the active set from the given point; returns the residual relative to its
    /// terms.
    fn solve_on(&self, point: &mut Point, active: &ActiveSet, factor: &Factor, by: Correction) -> f64 {
        let core = self.core;
        let (free, rows) = (active.free_mask(), active.row_mask());
        for i in 0..core.n() {
            if !free[i] {
                point.x[i] = active.vars[i].value(core.lo[i], core.hi[i]);
            }
            point.z[i] = 0.0;
        }
        for i in 0..core.m() {
            if !rows[i] {
                point.y[i] = 0.0;
            }
        }
        let system = System { core, hx: None, dr: None, free: Some(&free), rows: Some(&rows) };
        let ends: Vec<f64> = (0..core.m())
            .map(|i| if rows[i] { active.rows[i].value(core.l[i], core.u[i]) } else { 0.0 })
            .collect();
        let mut last = f64::INFINITY;
        let mut best = (f64::INFINITY, f64::INFINITY, point.x.clone(), point.y.clone());
        let (mut stalled, mut refined) = (0, false);
        let part = |residual: f64, terms: f64| if residual == 0.0 { 0.0 } else { residual / terms };
        let mut products = Products::default();
        products.resize(core.n(), core.m());
        for _ in 0..40 {
            let mut rx: Vec<f64> = core.q.iter().map(|v| -v).collect();
            let mut ry = ends.clone();
            core.products_of(&point.x, &point.y, &mut products);
            system.subtract_products(&products, (&point.x, &point.y), &mut rx, &mut ry);
            let terms = (
                norm_inf(&products.px).max(norm_inf(&products.cy)).max(norm_inf(&core.q)),
                norm_inf(&products.cx),
            );
            let (dual, primal) = (norm_inf(&rx), norm_inf(&ry));
            let relative = part(dual, terms.0).max(part(primal, terms.1));
            // At rounding one more correction is the last that can help.
            let exact = relative <= f64::EPSILON || refined;
            refined = relative <= REFINED;
            let residual = dual.max(primal);
            if residual < best.0 {
                best = (residual, relative, point.x.clone(), point.y.clone());
            }
            stalled = if residual > 0.5 * last { stalled + 1 } else { 0 };
            last = residual;
            if exact || stalled >= by.patience() || !residual.is_finite() {
                break;
            }
            match by {
                Correction::Single => factor.solve(&mut rx, &mut ry),
                Correction::Many => {
                    system.attempt(factor, &mut rx, &mut ry, POLISHED, 0);
                }
            }
            for i in 0..core.n() {
                point.x[i] += rx[i];
            }
            for i in 0..core.m() {
                point.y[i] += ry[i];
            }
        }
        let (_, relative, x, y) = best;
        (point.x, point.y) = (x, y);
        let stationarity = core.stationarity(point);
        for i in 0..core.n() {
            if !free[i] {
                point.z[i] = -stationarity[i];
            }
        }
        relative
    }

    /// The constraints on the wrong side, rows before bounds, with the side where each belongs.
    fn mistakes(&self, point: &Point, active: &ActiveSet) -> Vec<(usize, Side)> {
        let core = self.core;
        let cx = core.c.mul_vec(&point.x);
        let (m, n) = (core.m(), core.n());
        let feasible = self.tolerance.min(1e-9) * 0.1;
        let multipliers = norm_inf(&point.y).max(norm_inf(&point.z)).max(1.0) * 1e-11;
        // A set of dependent constraints can leave some of them away from their ends: those are not active.
        let terms = row_terms(core, &point.x);
        let judge = |side: Side, v: f64, term: f64, y: f64, l: f64, u: f64| -> Option<Side> {
            let slack = feasible * (1.0 + v.abs());
            let apart = feasible * (1.0 + term);
            match side {
                Side::Inactive if v > u + slack => Some(Side::Upper),
                Side::Inactive if v < l - slack => Some(Side::Lower),
                Side::Upper if y < -multipliers || v < u - apart => Some(Side::Inactive),
                Side::Lower if y > multipliers || v > l + apart => Some(Side::Inactive),
                _ => None,
            }
        };
        let rows = (0..m).map(|i| judge(active.rows[i], cx[i], terms[i], point.y[i], core.l[i], core.u[i]));
        let bounds = (0..n).map(|i| {
            let v = point.x[i];
            judge(active.vars[i], v, v.abs(), point.z[i], core.lo[i], core.hi[i])
        });
        rows.chain(bounds).enumerate().filter_map(|(k, side)| Some((k, side?))).collect()
    }

    /// Exact zeros and exact bounds where the active set says so, and no multiplier of the wrong sign.
    fn clean(&self, user: &mut Point, active: &ActiveSet) {
        let sign = |side: Side, y: &mut f64| match side {
            Side::Inactive => *y = 0.0,
            Side::Upper => *y = y.max(0.0),
            Side::Lower => *y = y.min(0.0),
            Side::Equal => {}
        };
        for i in 0..self.core.m() {
            sign(active.rows[i], &mut user.y[i]);
        }
        for i in 0..self.core.n() {
            if active.vars[i].on() {
                user.x[i] = active.vars[i].value(self.user.lo[i], self.user.hi[i]);
            }
            sign(active.vars[i], &mut user.z[i]);
        }
    }
}

/// The largest term of each row's value.
fn row_terms(core: &Core, x: &[f64]) -> Vec<f64> {
    let (c, mut terms) = (&core.c, vec![0.0_f64; core.m()]);
    for (columns, x) in c.col_ptr.windows(2).zip(x).filter(|(_, x)| **x != 0.0) {
        let entries = columns[0]..columns[1];
        for (&i, v) in c.row_idx[entries.clone()].iter().zip(&c.values[entries]) {
            terms[i] = terms[i].max((v * x).abs());
        }
    }
    terms
}

/// Factors the reduced KKT matrix of an active set in the equilibrated problem, with proximal weights.
pub(crate) fn reduced_factor(
    core: &Core,
    pattern: &Arc<Pattern>,
    active: &ActiveSet,
) -> Result<Factor, Error> {
    reduced_factor_in(None, core, pattern, active)
}

/// As [`reduced_factor`], with proximal weights for the variables of their own.
pub(crate) fn weighted_factor(
    core: &Core,
    pattern: &Arc<Pattern>,
    active: &ActiveSet,
    hx: &[f64],
) -> Result<Factor, Error> {
    weighted_factor_in(None, core, pattern, active, hx)
}

/// As [`reduced_factor`], in the memory of a factor of the same pattern, if there is one.
fn reduced_factor_in(
    room: Option<Factor>,
    core: &Core,
    pattern: &Arc<Pattern>,
    active: &ActiveSet,
) -> Result<Factor, Error> {
    weighted_factor_in(room, core, pattern, active, &vec![PROXIMAL; core.n()])
}

fn weighted_factor_in(
    room: Option<Factor>,
    core: &Core,
    pattern: &Arc<Pattern>,
    active: &ActiveSet,
    hx: &[f64],
) -> Result<Factor, Error> {
    let (free, rows) = (active.free_mask(), active.row_mask());
    let numeric = Numeric {
        p: &core.p,
        c: &core.c,
        hx,
        dr: &vec![PROXIMAL; core.m()],
        free: Some(&free),
        rows: Some(&rows),
    };
    let Some(mut factor) = room else { return Factor::new(pattern, &numeric) };
    factor.update(&numeric)?;
    Ok(factor)
}

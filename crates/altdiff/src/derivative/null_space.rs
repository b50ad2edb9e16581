//! The null space of the reduced KKT matrix K: directions that stay free, and dependencies of active normals.

use super::degeneracy::Weak;
use super::state::{Stacked, State};
use crate::Error;
use crate::active::ActiveSet;
use crate::finish::{PROXIMAL, reduced_factor, weighted_factor};
use crate::kernel::axpy;
use crate::kkt::{Factor, System, alone};
use crate::problem::{dot, norm_inf};
use crate::random::Random;
use std::sync::Arc;

/// Residual that only a right-hand side outside the matrix's range leaves.
pub(super) const INCONSISTENT: f64 = 1e-6;

/// What the matrix may make of a vector of its null space.
const FLAT: f64 = 1e-12;

/// Below this (relative) a projection on the null space is rounding noise.
const NULL: f64 = 1e-6;

/// A null vector that the matrix makes more of than this (relative) holds what is none.
const MIXED: f64 = 1e-3;

/// A power that changes less than this (relative) is the last.
const FIXED: f64 = 1e-9;

/// Powers that make the projection: enough to tell from the null space what is above a few times the proximal weight.
const POWERS: usize = 12;

/// Powers that part the two null spaces.
const UNMIXED: usize = 2;

/// Relative residual to which, and steps in which, what rounding left outside the null space is solved for.
const CLEANED: f64 = 1e-3;
const CLEANINGS: usize = 4;

/// Random vectors (x, 0) and (0, y) of the null space of K in the equilibrated problem; empty where there is none.
#[derive(Debug, Default, Clone)]
pub(crate) struct Null {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Null {
    /// Projections on the two null spaces, left out where they are rounding noise.
    fn new(mut x: Vec<f64>, mut y: Vec<f64>) -> Self {
        for v in [&mut x, &mut y] {
            if norm_inf(v) <= NULL {
                v.clear();
            }
        }
        Self { x, y }
    }

    /// Leaves out what K does not map to zero to rounding.
    pub(super) fn exact(mut self, system: &System<'_>) -> Self {
        let (ix, iy) = self.images(system);
        if ix > FLAT * norm_inf(&self.x) {
            self.x.clear();
        }
        if iy > FLAT * norm_inf(&self.y) {
            self.y.clear();
        }
        self
    }

    /// Sizes of what K makes of either.
    fn images(&self, system: &System<'_>) -> (f64, f64) {
        let (n, m) = (system.core.n(), system.core.m());
        let image = |x: &[f64], y: &[f64]| {
            let (mut rx, mut ry) = (vec![0.0; n], vec![0.0; m]);
            system.subtract(x, y, &mut rx, &mut ry);
            norm_inf(&rx).max(norm_inf(&ry))
        };
        let of_x = if self.x.is_empty() { 0.0 } else { image(&self.x, &vec![0.0; m]) };
        let of_y = if self.y.is_empty() { 0.0 } else { image(&vec![0.0; n], &self.y) };
        (of_x, of_y)
    }

    /// Whether no solution of K d = b leaves less than a residual of [`INCONSISTENT`]: the null space's part of the
    /// residual is that of b.
    pub(super) fn contradicts(&self, bx: &[f64], by: &[f64]) -> bool {
        let size = norm_inf(bx).max(norm_inf(by));
        let part = |null: &[f64], b: &[f64]| {
            let length: f64 = null.iter().map(|v| v.abs()).sum();
            !null.is_empty() && dot(null, b).abs() > INCONSISTENT * length * size
        };
        part(&self.x, bx) || part(&self.y, by)
    }
}

impl State {
    /// A factor of the reduced KKT matrix of an active set: the one that the finish left behind, if it is of that set.
    pub(super) fn factor_on(&self, active: &ActiveSet) -> Result<Arc<Factor>, Error> {
        match &self.factor {
            Some(factor) if *active == self.active => Ok(Arc::clone(factor)),
            _ => Ok(Arc::new(reduced_factor(self.problem.core(), &self.pattern, active)?)),
        }
    }

    /// A random dependency of an active set's normals, if they depend on each other.
    pub(super) fn dependency(&self, active: &ActiveSet) -> Result<Option<Stacked>, Error> {
        if self.pivoted_on(active).is_some() {
            return Ok(None);
        }
        let factor = self.factor_on(active)?;
        Ok(self.null_space(active, &self.null_on(active, &factor)).1.pop())
    }

    /// Whether some of the weakly active constraints take part in a dependency.
    pub(super) fn involved(y: &Stacked, weak: &[Weak]) -> bool {
        let of = |w: &Weak| if w.row { y.y[w.index] } else { y.z[w.index] };
        weak.iter().any(|w| of(w).abs() > 1e-7 * y.norm())
    }

    /// Random vectors of the null space of K: a direction that stays free, and a dependency of the active normals. One of
    /// each suffices: with probability one it shows what any other would. Those of the set at hand are found once.
    pub(super) fn null_on(&self, active: &ActiveSet, factor: &Factor) -> Null {
        if *active != self.active {
            return self.null_vectors(active, factor);
        }
        if let Some(known) = self.null.get() {
            return known.clone();
        }
        let made = self.null_vectors(active, factor);
        self.null.get_or_init(|| made).clone()
    }

    fn null_vectors(&self, active: &ActiveSet, factor: &Factor) -> Null {
        let (n, m) = (self.problem.core().n(), self.problem.core().m());
        let (fixed, rows) = (active.free_mask(), active.row_mask());
        let mut random = Random::new();
        let mut x: Vec<f64> = (0..n).map(|i| if fixed[i] { random.uniform() } else { 0.0 }).collect();
        let mut y: Vec<f64> = (0..m).map(|i| if rows[i] { random.uniform() } else { 0.0 }).collect();
        (x, y) = self.project(x, y, active, factor);
        let null = Null::new(x, y);
        if null.x.is_empty() || null.y.is_empty() {
            return null;
        }
        // Where one of the two is hardly a null space, the other one's near misses have a part in it of that size: without
        // the other their part is of the second order.
        let core = self.problem.core();
        let system = System { core, hx: None, dr: None, free: Some(&fixed), rows: Some(&rows) };
        let (ix, iy) = null.images(&system);
        let Null { mut x, mut y } = null;
        let floor = 0.01 * NULL;
        if ix > MIXED * norm_inf(&x) {
            (x, _) = Self::powers((x, vec![0.0; m]), factor, UNMIXED, floor);
        }
        if iy > MIXED * norm_inf(&y) {
            (_, y) = Self::powers((vec![0.0; n], y), factor, UNMIXED, floor);
        }
        Null::new(x, y)
    }

    /// The free direction and the dependency that vectors of the null space stand for, in the user's units.
    pub(super) fn null_space(&self, active: &ActiveSet, null: &Null) -> (Vec<Stacked>, Vec<Stacked>) {
        let (n, m) = (self.problem.core().n(), self.problem.core().m());
        let (s, mut free, mut dependent) = (self.problem.scaling(), Vec::new(), Vec::new());
        if !null.x.is_empty() {
            let x: Vec<f64> = null.x.iter().zip(&s.d).map(|(x, d)| x * d).collect();
            free.push(Stacked { x, y: vec![0.0; m], z: vec![0.0; n] });
        }
        if !null.y.is_empty() {
            let y: Vec<f64> = null.y.iter().zip(&s.e).map(|(y, e)| y * e / s.cost).collect();
            let mut z = self.problem.user.c.mul_transpose_vec(&y);
            for i in 0..n {
                z[i] = if active.vars[i].on() { -z[i] } else { 0.0 };
            }
            dependent.push(Stacked { x: vec![0.0; n], y, z });
        }
        (free, dependent)
    }

    /// A factor and null vectors that know the curvature of variables whose own it is alone from none: the weights of
    /// `factor` hide what is smaller than they are. Nothing else where no row depends on the others and such curvature is
    /// all that keeps `null` from being exact, since only then pivots as small as the curvature do no harm.
    pub(super) fn finer(
        &self,
        active: &ActiveSet,
        factor: Arc<Factor>,
        null: Null,
    ) -> Result<(Arc<Factor>, Null), Error> {
        let core = self.problem.core();
        if null.x.is_empty() || !null.y.is_empty() {
            return Ok((factor, null));
        }
        let alone = alone(&core.p);
        let mut own = vec![0.0; core.n()];
        for (_, j, v) in core.p.iter().filter(|(i, j, v)| i == j && alone[*j] && *v >= FLAT) {
            own[j] = v;
        }
        let flat = FLAT * norm_inf(&null.x);
        if null.x.iter().zip(&own).all(|(x, own)| (x * own).abs() <= flat) {
            return Ok((factor, null));
        }
        let weights: Vec<f64> =
            own.iter().map(|&own| if own > 0.0 { PROXIMAL * own.min(1.0) } else { PROXIMAL }).collect();
        let finer = weighted_factor(core, &self.pattern, active, &weights)?;
        let (x, _) = self.project(null.x, vec![0.0; core.m()], active, &finer);
        Ok((Arc::new(finer), Null::new(x, Vec::new())))
    }

    /// The projection on the null space of K, in the equilibrated problem: powers of the resolvent of the monotone map
    /// M = JK converge to it.
    pub(super) fn project(
        &self,
        mut x: Vec<f64>,
        mut y: Vec<f64>,
        active: &ActiveSet,
        factor: &Factor,
    ) -> (Vec<f64>, Vec<f64>) {
        let (free, rows) = (active.free_mask(), active.row_mask());
        let zero = |v: &mut [f64], mask: &[bool]| {
            for (v, keep) in v.iter_mut().zip(mask) {
                if !keep {
                    *v = 0.0;
                }
            }
        };
        zero(&mut x, &free);
        zero(&mut y, &rows);
        let size = norm_inf(&x).max(norm_inf(&y)).min(1.0);
        (x, y) = Self::powers((x, y), factor, POWERS, 0.01 * NULL * size);
        // The factor's pivots are as small as the proximal weight, so that rounding brings back what the powers took out.
        let system =
            System { core: self.problem.core(), hx: None, dr: None, free: Some(&free), rows: Some(&rows) };
        let (mut dx, mut dy) = (vec![0.0; x.len()], vec![0.0; y.len()]);
        system.subtract(&x, &y, &mut dx, &mut dy);
        let most = NULL * norm_inf(&x).max(norm_inf(&y));
        let (mut sx, mut sy) = (dx.clone(), dy.clone());
        factor.solve(&mut sx, &mut sy);
        // One solve tells what is more than rounding, and then belongs to small eigenvalues.
        if norm_inf(&sx).max(norm_inf(&sy)) > 10.0 * most {
            return (x, y);
        }
        let solved = system.solve(factor, &mut dx, &mut dy, CLEANED, CLEANINGS).residual <= CLEANED;
        if solved && norm_inf(&dx).max(norm_inf(&dy)) <= most {
            axpy(1.0, &dx, &mut x);
            axpy(1.0, &dy, &mut y);
        }
        (x, y)
    }

    /// So many powers of the resolvent, or zeros as soon as no more than `floor` is left.
    fn powers(
        (mut x, mut y): (Vec<f64>, Vec<f64>),
        factor: &Factor,
        most: usize,
        floor: f64,
    ) -> (Vec<f64>, Vec<f64>) {
        let size = norm_inf(&x).max(norm_inf(&y)).min(1.0);
        for _ in 0..most {
            let last = (x.clone(), y.clone());
            factor.resolve(&mut x, &mut y);
            // The resolvent never lengthens a vector, so nothing comes back.
            if norm_inf(&x).max(norm_inf(&y)) <= floor {
                x.fill(0.0);
                y.fill(0.0);
                break;
            }
            // What the resolvent leaves as it is lies in the null space.
            if apart(&x, &last.0).max(apart(&y, &last.1)) <= FIXED * size {
                break;
            }
        }
        (x, y)
    }
}

/// The largest difference of entries.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

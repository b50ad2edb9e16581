//! Weakly active constraints that another solution satisfies strictly.
//!
//! Where the solution is not unique, say in an auxiliary variable between two ends, the one at hand may lie on such an end
//! by chance. If a direction z that P and the strongly active set leave free leads away from some weakly active
//! constraints and towards none, x + εz is as good a solution, with the same multipliers, and these constraints are
//! inactive there: they are no reason for a kink. By Gordan's theorem there is such a z iff no convex combination of the
//! normals vanishes on the free directions, which the shortest one tells.

use super::degeneracy::Weak;
use super::state::State;
use crate::active::{ActiveSet, Side};
use crate::kkt::Factor;
use crate::problem::{dot, norm_inf};
use crate::{Csc, Error, Problem, Settings, Solver};

/// More weakly active constraints than this are all taken to bind.
const MANY: usize = 64;

/// Below this (relative) what the free directions see of a normal is rounding noise.
const NOISE: f64 = 1e-5;

/// Curvature, and the part of an active normal, along a direction that leaves the solution as good as it is.
const FLAT: f64 = 1e-10;

/// A part of a convex combination that is more than rounding.
const PART: f64 = 1e-6;

impl State {
    /// The weakly active constraints that bind at every solution near by.
    pub(super) fn binding(
        &self,
        weak: &[Weak],
        active: &ActiveSet,
        factor: &Factor,
    ) -> Result<Vec<Weak>, Error> {
        if weak.len() > MANY {
            return Ok(weak.to_vec());
        }
        let mut binds = vec![true; weak.len()];
        let mut open: Vec<(usize, Vec<f64>)> = Vec::new();
        for (k, w) in weak.iter().enumerate() {
            let sign = if w.side == Side::Lower { -1.0 } else { 1.0 };
            let mut x = self.normal(w).x;
            for (v, d) in x.iter_mut().zip(&self.problem.scaling().d) {
                *v *= sign * d;
            }
            let whole = dot(&x, &x).sqrt();
            let (mut part, _) = Self::project(x, vec![0.0; self.problem.core().m()], active, factor);
            if normalize(&mut part) > NOISE * whole {
                open.push((k, part));
            }
        }
        while !open.is_empty() {
            let Some(parts) = shortest(&open)? else { break };
            let mut sum = vec![0.0; self.problem.core().n()];
            for ((_, normal), part) in open.iter().zip(&parts) {
                for (s, v) in sum.iter_mut().zip(normal) {
                    *s += part * v;
                }
            }
            if dot(&sum, &sum).sqrt() > NOISE {
                let away = self.leaves_free(&sum, active);
                for (k, _) in &open {
                    binds[*k] = !away;
                }
                break;
            }
            // Those in the combination hold each other; a direction for the others has to run along them.
            let mut rest = Vec::new();
            let mut held = Vec::new();
            for ((k, normal), part) in open.into_iter().zip(parts) {
                if part > PART { held.push(normal) } else { rest.push((k, normal)) }
            }
            let mut basis: Vec<Vec<f64>> = Vec::new();
            for mut normal in held {
                if normalize(remove(&mut normal, &basis)) > NOISE {
                    basis.push(normal);
                }
            }
            rest.retain_mut(|(_, normal)| normalize(remove(normal, &basis)) > NOISE);
            open = rest;
        }
        Ok((0..weak.len()).filter(|&k| binds[k]).map(|k| weak[k]).collect())
    }
}

impl State {
    /// Whether P and the active rows leave a direction of the equilibrated problem free up to rounding: directions of little
    /// curvature look free to the projection.
    fn leaves_free(&self, z: &[f64], active: &ActiveSet) -> bool {
        let core = self.problem.core();
        let size = FLAT * norm_inf(z);
        let flat = norm_inf(&core.p.mul_symmetric_vec(z)) <= size;
        let along = core.c.mul_vec(z);
        flat && along.iter().zip(&active.rows).all(|(v, side)| !side.on() || v.abs() <= size)
    }
}

/// The weights of the shortest convex combination of unit vectors.
fn shortest(vectors: &[(usize, Vec<f64>)]) -> Result<Option<Vec<f64>>, Error> {
    let k = vectors.len();
    let mut gram = Vec::new();
    for (j, (_, b)) in vectors.iter().enumerate() {
        for (i, (_, a)) in vectors.iter().enumerate().take(j + 1) {
            gram.push((i, j, dot(a, b)));
        }
    }
    let ones: Vec<_> = (0..k).map(|j| (0, j, 1.0)).collect();
    let problem = Problem::new(k)
        .quadratic(Csc::from_triplets(k, k, &gram)?, vec![0.0; k])
        .equalities(Csc::from_triplets(1, k, &ones)?, vec![1.0])
        .bounds(vec![0.0; k], vec![f64::INFINITY; k]);
    let solution = Solver::new(&problem, Settings::default())?.solve(&problem, None);
    Ok(solution.ok().filter(|s| s.status == crate::Status::Solved).map(|s| s.x))
}

/// Takes the parts along orthonormal vectors out, twice to be rid of rounding.
fn remove<'v>(v: &'v mut Vec<f64>, basis: &[Vec<f64>]) -> &'v mut Vec<f64> {
    for b in basis.iter().chain(basis) {
        let along = dot(v, b);
        for (v, b) in v.iter_mut().zip(b) {
            *v -= along * b;
        }
    }
    v
}

/// Scales to length 1; the length before.
fn normalize(v: &mut [f64]) -> f64 {
    let length = dot(v, v).sqrt();
    if length > 0.0 {
        for v in v {
            *v /= length;
        }
    }
    length
}

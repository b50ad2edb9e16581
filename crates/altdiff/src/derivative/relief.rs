//! Weakly active constraints that another solution satisfies strictly.
//!
//! Where the solution is not unique, say in an auxiliary variable between two ends, the one at hand may lie on such an end
//! by chance. If a direction z that P and the strongly active set leave free leads away from some weakly active
//! constraints and towards none, x + εz is as good a solution, with the same multipliers, and these constraints are
//! inactive there: they are no reason for a kink. By Gordan's theorem there is such a z iff no convex combination of the
//! normals vanishes on the free directions, which the shortest one tells.
//!
//! What the others ask of x: where directions z are free, g₁ᵀẋ + h₁ᵀα ≤ r₁ and so on for some move α along these. By
//! Farkas' lemma there is one iff μᵀ(gẋ) ≤ μᵀr for all μ ≥ 0 with μᵀh = 0. A chain t ≤ u ≤ s with u free asks of t and s
//! what t ≤ s does, and nothing where that is held anyway. The μ that vanish on h are spanned by nonnegative ones, once
//! the constraints that another solution satisfies strictly are left out: all nonnegative ones have a rate of zero iff
//! those of a basis have.

use super::degeneracy::Weak;
use super::state::{Stacked, State};
use crate::active::ActiveSet;
use crate::kernel::axpy;
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

/// A combination of the slacks of weakly active constraints that no move along the free directions changes.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    /// The constraints and their weights.
    pub parts: Vec<(Weak, f64)>,
    /// Combinations of the same constraints, or of some that these share others with, have the same number: which of them
    /// bind together is not looked into.
    pub group: usize,
}

impl Binding {
    /// Constraints that bind one by one.
    pub(super) fn each(weak: &[Weak]) -> Vec<Self> {
        weak.iter().enumerate().map(|(k, w)| Self { parts: vec![(*w, 1.0)], group: k }).collect()
    }

    /// The parts as weights of normals.
    pub(super) fn signed(&self) -> Vec<(Weak, f64)> {
        self.parts.iter().map(|(w, part)| (*w, part * w.sign())).collect()
    }
}

/// What free directions see of a constraint's normal: its place, and a unit vector with the length it had.
struct Seen {
    place: usize,
    length: f64,
    part: Vec<f64>,
}

/// A combination of constraints, and their places.
struct Joint {
    binding: Binding,
    members: Vec<usize>,
}

/// A combination of vectors, with its weights.
struct Remainder {
    part: Vec<f64>,
    weights: Vec<f64>,
}

impl State {
    /// What the weakly active constraints that bind at every solution near by ask of it.
    pub(super) fn binding(
        &self,
        weak: &[Weak],
        free: &[Stacked],
        active: &ActiveSet,
        factor: &Factor,
    ) -> Result<Vec<Binding>, Error> {
        if weak.len() > MANY {
            return Ok(self.one_by_one(weak, free));
        }
        let mut binds = vec![true; weak.len()];
        let mut open: Vec<(usize, Vec<f64>)> = Vec::new();
        let mut seen = Vec::new();
        for (k, w) in weak.iter().enumerate() {
            let (mut part, whole) = self.projected(&[(*w, w.sign())], active, factor);
            let length = normalize(&mut part);
            if length > NOISE * whole {
                open.push((k, part.clone()));
                seen.push(Seen { place: k, length, part });
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
        seen.retain(|s| binds[s.place]);
        let mut out = Vec::new();
        for joint in self.joint(weak, &seen, active, factor) {
            joint.members.iter().for_each(|&k| binds[k] = false);
            out.push(joint.binding);
        }
        let alone: Vec<Weak> = (0..weak.len()).filter(|&k| binds[k]).map(|k| weak[k]).collect();
        let alone = self.one_by_one(&alone, free).into_iter();
        out.extend(alone.map(|b| Binding { group: weak.len() + b.group, ..b }));
        Ok(out)
    }

    /// Constraints that bind one by one. Those that free directions see may bind together, and are one group.
    fn one_by_one(&self, weak: &[Weak], free: &[Stacked]) -> Vec<Binding> {
        let mut out = Binding::each(weak);
        for z in free {
            let readings = self.readings(&out, &z.x);
            for (binding, (value, size)) in out.iter_mut().zip(readings) {
                if value.abs() > FLAT * size * norm_inf(&z.x) {
                    binding.group = weak.len();
                }
            }
        }
        out
    }

    /// The part that free directions see of a combination of normals in the equilibrated problem, and the length of the whole.
    fn projected(&self, parts: &[(Weak, f64)], active: &ActiveSet, factor: &Factor) -> (Vec<f64>, f64) {
        let mut x = self.combination(parts).x;
        for (v, d) in x.iter_mut().zip(&self.problem.scaling().d) {
            *v *= d;
        }
        let whole = dot(&x, &x).sqrt();
        (self.project(x, vec![0.0; self.problem.core().m()], active, factor).0, whole)
    }

    /// A basis of the combinations of binding constraints that free directions do not see. None where a direction is free
    /// only up to little curvature: each constraint then binds by itself.
    fn joint(&self, weak: &[Weak], seen: &[Seen], active: &ActiveSet, factor: &Factor) -> Vec<Joint> {
        if !seen.iter().all(|s| self.leaves_free(&s.part, active)) {
            return Vec::new();
        }
        let (basis, mut vanishing) = eliminate(seen);
        let mut groups: Vec<usize> = (0..seen.len()).collect();
        for weights in &mut vanishing {
            let parts = |weights: &[f64]| -> Vec<(Weak, f64)> {
                let all = seen.iter().zip(weights).map(|(s, part)| (weak[s.place], part / s.length));
                all.map(|(w, part)| (w, part * w.sign())).collect()
            };
            // Projections are right to a part of their own length: what is left of a sum of them says how to correct it.
            let (rest, _) = self.projected(&parts(weights), active, factor);
            for Remainder { part, weights: made } in &basis {
                axpy(-dot(part, &rest), made, weights);
            }
            for v in weights.iter_mut().filter(|v| v.abs() <= FLAT) {
                *v = 0.0;
            }
            let mut members = (0..seen.len()).filter(|&k| weights[k] != 0.0);
            if let Some(first) = members.next() {
                for other in members {
                    let (from, to) = (groups[other], groups[first]);
                    groups.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
                }
            }
        }
        let one = |weights: &Vec<f64>| {
            let members: Vec<usize> = (0..seen.len()).filter(|&k| weights[k] != 0.0).collect();
            let part = |k: usize| weights[k] / seen[k].length;
            let most = members.iter().map(|&k| part(k).abs()).fold(0.0, f64::max);
            let parts = members.iter().map(|&k| (weak[seen[k].place], part(k) / most)).collect();
            let group = groups[members[0]];
            Joint {
                binding: Binding { parts, group },
                members: members.iter().map(|&k| seen[k].place).collect(),
            }
        };
        vanishing.iter().map(one).collect()
    }
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

/// Orthonormal combinations of vectors, by elimination with the longest remainder first, and the weights of those
/// combinations that vanish: one for each vector that depends on the others.
fn eliminate(vectors: &[Seen]) -> (Vec<Remainder>, Vec<Vec<f64>>) {
    let unit = |k: usize| (0..vectors.len()).map(|j| f64::from(u8::from(j == k))).collect();
    let mut rest: Vec<Remainder> = vectors
        .iter()
        .enumerate()
        .map(|(k, v)| Remainder { part: v.part.clone(), weights: unit(k) })
        .collect();
    let mut basis = Vec::new();
    while let Some(longest) = (0..rest.len()).max_by(|&a, &b| square(&rest[a]).total_cmp(&square(&rest[b]))) {
        if square(&rest[longest]).sqrt() <= NOISE {
            break;
        }
        let mut next = rest.swap_remove(longest);
        let length = normalize(&mut next.part);
        next.weights.iter_mut().for_each(|w| *w /= length);
        for other in &mut rest {
            let along = dot(&other.part, &next.part);
            axpy(-along, &next.part, &mut other.part);
            axpy(-along, &next.weights, &mut other.weights);
        }
        basis.push(next);
    }
    (basis, rest.into_iter().map(|r| r.weights).collect())
}

fn square(v: &Remainder) -> f64 {
    dot(&v.part, &v.part)
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

//! Degeneracy at a solution: weakly active constraints, dependent active ones, and non-uniqueness.

use super::reduced::{Care, Reduced};
use super::relief::Binding;
use super::state::{Stacked, State};
use crate::active::{ActiveSet, Side};
use crate::core::Point;
use crate::kernel::each;
use crate::kkt::System;
use crate::pivoting::Pivoted;
use crate::problem::norm_inf;
use crate::random::Random;
use crate::sizes::Sizes;
use crate::{Error, Harm, Place, Solution};
use std::sync::OnceLock;

/// What keeps the solution map from being differentiable everywhere around a solution.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Degeneracy {
    /// Constraints with zero slack and zero multiplier.
    pub weakly_active: Vec<Place>,
    /// Active constraints that take part in a linear dependency: their multipliers need not be unique.
    pub dependent: Vec<Place>,
    /// Variables in which the solution is not unique (P and the active constraints leave a direction free).
    pub not_unique: Vec<usize>,
    /// Constraints other than equalities whose two ends coincide.
    pub pinned: Vec<Place>,
    /// Whether the active set was confirmed beyond doubt.
    pub proved: bool,
}

/// A weakly active constraint of the stacked problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weak {
    /// A row, else a bound.
    pub row: bool,
    pub index: usize,
    pub side: Side,
}

/// The solution in the equilibrated problem, with what its slacks and multipliers are made of.
pub(super) struct Measured {
    pub point: Point,
    /// Cx.
    pub cx: Vec<f64>,
    pub stationarity: Vec<f64>,
    pub sizes: Sizes,
}

impl Weak {
    /// −1 at a lower end, 1 at an upper one.
    pub(super) fn sign(&self) -> f64 {
        if self.side == Side::Lower { -1.0 } else { 1.0 }
    }
}

/// The strongly active set, and all that is degenerate about it.
#[derive(Debug)]
pub(crate) struct Classified {
    /// Strongly active constraints and equalities: the set derivatives are taken on.
    pub(super) active: ActiveSet,
    /// These and the weakly active ones, each at its end.
    pub(super) tight: ActiveSet,
    pub(super) factor: Reduced,
    /// Weakly active constraints whose normals do not depend on those of `active`, and what those of them that bind at
    /// every solution near by ask of it.
    pub(super) weak: Vec<Weak>,
    pub(super) binding: Vec<Binding>,
    /// Dependencies: combinations of active (and weak) normals that vanish, as multipliers.
    pub(super) dependencies: Vec<Stacked>,
    /// Directions that P and the active set leave free.
    pub(super) free: Vec<Stacked>,
    pub(super) proved: bool,
    /// The harms of data that turn dependent constraints about each other, on first use.
    pub(super) turning: OnceLock<Vec<Harm>>,
    /// The dependencies of the equalities alone, if only these can leave no point between their constraints; on first use.
    pub(super) contrary: OnceLock<Option<Vec<Stacked>>>,
}

/// Rounding in a slack or a multiplier, relative to the terms it is made of.
const ROUNDING: f64 = 1e-13;

/// So many weakly active constraints are examined one by one; of more, random combinations are, which move iff one of them
/// does.
pub(super) const FEW: usize = 8;

impl Solution {
    /// What keeps the solution map from being differentiable everywhere around this solution. Computed on first use.
    ///
    /// # Errors
    /// [`Error::NotSolved`] unless the problem is solved.
    pub fn degeneracy(&self) -> Result<Degeneracy, Error> {
        let state = self.state()?;
        let c = state.classified()?;
        let mut out = Degeneracy { proved: c.proved, ..Degeneracy::default() };
        for w in &c.weak {
            out.weakly_active.push(state.weak_place(w));
        }
        for y in &c.dependencies {
            out.dependent.extend(state.support(y, &c.tight));
        }
        out.dependent.sort_unstable();
        out.dependent.dedup();
        for x in &c.free {
            out.not_unique.extend(support(&x.x));
        }
        out.not_unique.sort_unstable();
        out.not_unique.dedup();
        out.pinned = state.pinned().map(|(row, i)| state.fixed_place(row, i)).collect();
        Ok(out)
    }
}

/// An active set and weakly active constraints, each at its end.
fn with(active: &ActiveSet, weak: &[Weak]) -> ActiveSet {
    let mut out = active.clone();
    for w in weak {
        let side = if w.row { &mut out.rows[w.index] } else { &mut out.vars[w.index] };
        *side = w.side;
    }
    out
}

/// Places of the entries that are not rounding noise.
pub(super) fn support(v: &[f64]) -> impl Iterator<Item = usize> + '_ {
    let size = norm_inf(v);
    v.iter().enumerate().filter(move |(_, x)| x.abs() > 1e-7 * size).map(|(i, _)| i)
}

impl State {
    /// The strongly active set and its degeneracies, computed once.
    pub(super) fn classified(&self) -> Result<&Classified, Error> {
        if let Some(done) = self.classified.get() {
            return Ok(done);
        }
        let made = self.classify()?;
        Ok(self.classified.get_or_init(|| made))
    }

    fn classify(&self) -> Result<Classified, Error> {
        let measured = self.measured();
        let (mut active, mut weak, proved) = self.activity(&measured);
        if !weak.is_empty() {
            self.tell_from_rounding(&measured, &mut active, &mut weak)?;
        }
        active.fit(self.problem.core());
        let (factor, free, mut dependencies) = if let Some(pivoted) = self.pivoted_on(&active) {
            (Reduced::Pivoted(pivoted), Vec::new(), Vec::new())
        } else {
            let factor = self.factor_on(&active)?;
            let null = self.null_on(&active, &factor);
            let (factor, null) = self.finer(&active, factor, null)?;
            let (free, dependencies) = self.null_space(&active, &null);
            let (kept, rows) = (active.free_mask(), active.row_mask());
            let core = self.problem.core();
            let system = System { core, hx: None, dr: None, free: Some(&kept), rows: Some(&rows) };
            let null = null.exact(&system);
            (Reduced::Factor(factor, null), free, dependencies)
        };
        let tight = with(&active, &weak);
        let independent = if weak.len() <= FEW {
            self.split(&weak, &active, &factor, &mut dependencies)
        } else {
            // All of them depend on the active ones iff a random combination does.
            let mut random = Random::new();
            let parts: Vec<(Weak, f64)> = weak.iter().map(|w| (*w, random.weight())).collect();
            match self.dependence(&parts, &active, &factor) {
                Some(y) => {
                    dependencies.push(y);
                    Vec::new()
                }
                None => weak.clone(),
            }
        };
        let binding = match &factor {
            Reduced::Factor(factor, _) if !free.is_empty() => {
                self.binding(&independent, &free, &active, factor)?
            }
            _ => Binding::each(&independent),
        };
        let bound: Vec<Weak> = binding.iter().flat_map(|b| b.parts.iter().map(|(w, _)| *w)).collect();
        // Weak constraints can depend on one another and the active ones only all together, and many were not looked at alone.
        if bound.len() > 1 || weak.len() > FEW && !bound.is_empty() {
            let joint = self.dependency(&with(&active, &bound))?;
            dependencies.extend(joint.filter(|y| Self::involved(y, &bound)));
        }
        Ok(Classified {
            active,
            tight,
            factor,
            weak: independent,
            binding,
            dependencies,
            free,
            proved,
            turning: OnceLock::new(),
            contrary: OnceLock::new(),
        })
    }

    /// The weak constraints whose normals do not depend on those of the active set. One that does adds a dependency; as a
    /// choice it is immaterial.
    fn split(
        &self,
        weak: &[Weak],
        active: &ActiveSet,
        factor: &Reduced,
        dependencies: &mut Vec<Stacked>,
    ) -> Vec<Weak> {
        let size = self.problem.user.p.nnz() + self.problem.user.c.nnz();
        let depends = each(weak, size, |w| self.dependence(&[(*w, 1.0)], active, factor));
        let mut independent = Vec::new();
        for (w, dependency) in weak.iter().zip(depends) {
            match dependency {
                Some(y) => dependencies.push(y),
                None => independent.push(*w),
            }
        }
        independent
    }

    /// The dependency of a combination of weak constraints' normals on those of the active set, if there is one.
    fn dependence(&self, parts: &[(Weak, f64)], active: &ActiveSet, factor: &Reduced) -> Option<Stacked> {
        let scaling = self.problem.scaling();
        let normal = self.combination(parts);
        let (d, residual) = self.solve_on(&normal, active, factor, Care::Probe);
        let own = crate::problem::dot(&normal.x, &d.x).abs();
        let scaled: f64 = normal.x.iter().zip(&scaling.d).map(|(v, d)| (v * d) * (v * d)).sum();
        if residual.is_nan()
            || residual >= 1e-9
            || own * scaling.cost.recip() > 1e-9 * scaled.max(f64::MIN_POSITIVE)
        {
            return None;
        }
        let mut y = Stacked { x: vec![0.0; d.x.len()], y: d.y, z: d.z };
        y.negate();
        for (w, part) in parts {
            if w.row {
                y.y[w.index] += part;
            } else {
                y.z[w.index] += part;
            }
        }
        Some(y)
    }

    /// The factors that the active-set method left behind, on an active set whose constraints are independent beyond doubt.
    pub(super) fn pivoted_on(&self, active: &ActiveSet) -> Option<Pivoted> {
        self.pivoted.as_ref()?.on(active)
    }

    fn measured(&self) -> Measured {
        let core = self.problem.core();
        let point = self.problem.scaling().scale(&self.point);
        Measured {
            cx: core.c.mul_vec(&point.x),
            stationarity: core.stationarity(&point),
            sizes: Sizes::new(core, &point),
            point,
        }
    }

    /// Splits the constraints into strongly active ones and weakly active ones.
    fn activity(&self, measured: &Measured) -> (ActiveSet, Vec<Weak>, bool) {
        let core = self.problem.core();
        let Measured { point, cx, stationarity, sizes } = measured;
        let (m, n) = (core.m(), core.n());
        // Without the exact finish slacks and multipliers are only known to the root of the tolerance.
        let blur =
            if self.finished { self.activity } else { self.activity.max(10.0 * self.tolerance.sqrt()) };
        let left = if self.finished { 0.0 } else { 10.0 * norm_inf(stationarity) };
        let extent = norm_inf(&point.x);
        let mut active = ActiveSet::equalities(core);
        let mut weak = Vec::new();
        let mut proved = true;
        for k in 0..m + n {
            let (row, i) = if k < m { (true, k) } else { (false, k - m) };
            let (v, y, l, u) = if row {
                (cx[i], point.y[i], core.l[i], core.u[i])
            } else {
                (point.x[i], point.z[i], core.lo[i], core.hi[i])
            };
            if l == u {
                continue;
            }
            let was = if row { self.active.rows[i] } else { self.active.vars[i] };
            let of = |sizes: &(Vec<f64>, Vec<f64>)| if row { sizes.0[i] } else { sizes.1[i] };
            let near = |end: f64| {
                end.is_finite()
                    && (v - end).abs() <= blur * of(&sizes.value).max(end.abs()) + ROUNDING * extent.max(1.0)
            };
            let tight = |side: Side, end: f64| was == side || near(end);
            // Where all terms are rounding they tell nothing about each other: the equilibrated problem's own size does.
            let strong = y.abs() > blur * of(&sizes.multiplier) + ROUNDING * of(&sizes.noise).max(1.0) + left;
            let side = if tight(Side::Upper, u) && (y > 0.0 || !tight(Side::Lower, l)) {
                Side::Upper
            } else if tight(Side::Lower, l) {
                Side::Lower
            } else {
                proved &= !strong;
                continue;
            };
            if strong {
                if row {
                    active.rows[i] = side;
                } else {
                    active.vars[i] = side;
                }
                proved &= self.finished || near(side.value(l, u));
            } else {
                weak.push(Weak { row, index: i, side });
            }
        }
        (active, weak, proved)
    }

    /// The combination of normals, as a right-hand side of K.
    pub(super) fn combination(&self, parts: &[(Weak, f64)]) -> Stacked {
        let user = &self.problem.user;
        let mut out = Stacked::zeros(user);
        let mut rows = vec![0.0; user.m()];
        for (w, part) in parts {
            if w.row { rows[w.index] += part } else { out.x[w.index] += part }
        }
        user.c.mul_transpose_add(1.0, &rows, &mut out.x);
        out
    }

    /// The products of what binds with a vector: of combinations of normals, each times its sign, and the normals' sizes.
    pub(super) fn readings(&self, binding: &[Binding], x: &[f64]) -> Vec<(f64, f64)> {
        let user = &self.problem.user;
        let (mut values, mut sizes) = (vec![0.0; user.m()], vec![0.0_f64; user.m()]);
        if binding.iter().flat_map(|b| &b.parts).any(|(w, _)| w.row) {
            for (i, j, v) in user.c.iter() {
                values[i] += v * x[j];
                sizes[i] = sizes[i].max(v.abs());
            }
        }
        let one = |b: &Binding| {
            b.signed().iter().fold((0.0, 0.0_f64), |(sum, most), (w, part)| {
                let (value, size) = if w.row { (values[w.index], sizes[w.index]) } else { (x[w.index], 1.0) };
                (sum + part * value, most.max(part.abs() * size))
            })
        };
        binding.iter().map(one).collect()
    }

    /// Inequalities (row?, index) whose two ends coincide.
    pub(super) fn pinned(&self) -> impl Iterator<Item = (bool, usize)> + '_ {
        let user = &self.problem.user;
        (self.equalities..user.m())
            .filter(|&i| user.l[i] == user.u[i])
            .map(|i| (true, i))
            .chain((0..user.n()).filter(|&i| user.lo[i] == user.hi[i]).map(|i| (false, i)))
    }

    pub(super) fn fixed_place(&self, row: bool, i: usize) -> Place {
        if row { self.row_place(i, Side::Equal) } else { Self::bound_place(i, Side::Equal) }
    }

    pub(super) fn weak_place(&self, w: &Weak) -> Place {
        if w.row { self.row_place(w.index, w.side) } else { Self::bound_place(w.index, w.side) }
    }

    /// The constraints that take part in a dependency, each at the end it has in `tight`.
    pub(super) fn support(&self, y: &Stacked, tight: &ActiveSet) -> Vec<Place> {
        let size = y.norm();
        let mut out = Vec::new();
        for (i, _) in y.y.iter().enumerate().filter(|(_, v)| v.abs() > 1e-7 * size) {
            out.push(self.row_place(i, tight.rows[i]));
        }
        for (i, _) in y.z.iter().enumerate().filter(|(_, v)| v.abs() > 1e-7 * size) {
            out.push(Self::bound_place(i, tight.vars[i]));
        }
        out
    }
}

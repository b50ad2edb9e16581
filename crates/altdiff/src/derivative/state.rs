//! What a solution keeps for its derivatives, and the stacked form of cotangents and data tangents.

use super::degeneracy::Classified;
use super::null_space::Null;
use super::outer;
use crate::active::{ActiveSet, Side};
use crate::core::Point;
use crate::kernel::{axpy, both, zeros};
use crate::kkt::{Factor, Pattern};
use crate::pivoting::Pivoted;
use crate::solver::Equilibrated;
use crate::{Cotangent, Gradient, Place, Solution, SolutionTangent, Tangent};
use std::sync::{Arc, OnceLock};

/// What a solution keeps for its derivatives.
#[derive(Debug)]
pub(crate) struct State {
    /// Number of equalities: the first rows of the stacked problem.
    pub equalities: usize,
    pub problem: Equilibrated,
    pub pattern: Arc<Pattern>,
    /// In the user's units.
    pub point: Point,
    pub active: ActiveSet,
    /// The reduced KKT factor of `active` that the finish left behind.
    pub factor: Option<Arc<Factor>>,
    /// The factors of the active-set method, if it solved the problem.
    pub pivoted: Option<Arc<Pivoted>>,
    pub finished: bool,
    pub activity: f64,
    pub tolerance: f64,
    /// Random vectors of the null space of `active`'s reduced KKT matrix, on first use.
    pub(crate) null: OnceLock<Null>,
    pub(crate) classified: OnceLock<Classified>,
    /// The smooth terms' slopes, where there are any.
    pub slopes: OnceLock<crate::smooth::Slopes>,
}

/// A right-hand side or solution of the reduced KKT system in the user's units: x, all rows, all bounds. Entries of
/// inactive rows and bounds are zero.
pub(crate) type Stacked = Point;

impl Stacked {
    pub(crate) fn negate(&mut self) {
        for v in self.x.iter_mut().chain(&mut self.y).chain(&mut self.z) {
            *v = -*v;
        }
    }

    /// Adds another one.
    pub(super) fn add(&mut self, other: &Self) {
        for (a, b) in [(&mut self.x, &other.x), (&mut self.y, &other.y), (&mut self.z, &other.z)] {
            axpy(1.0, b, a);
        }
    }

    pub(super) fn norm(&self) -> f64 {
        use crate::problem::norm_inf;
        norm_inf(&self.x).max(norm_inf(&self.y)).max(norm_inf(&self.z))
    }
}

/// `v[i]`, or 0 where the vector was left empty.
pub(crate) fn at(v: &[f64], i: usize) -> f64 {
    v.get(i).copied().unwrap_or(0.0)
}

/// The signed multiplier's cotangent from those of its two nonnegative parts. Where both ends are equal the part that
/// the multiplier's sign selects counts.
pub(crate) fn signed(side: Side, multiplier: f64, lower: f64, upper: f64) -> f64 {
    match side {
        Side::Inactive => 0.0,
        Side::Upper => upper,
        Side::Lower => -lower,
        Side::Equal => {
            if multiplier < 0.0 {
                -lower
            } else {
                upper
            }
        }
    }
}

impl State {
    /// Number of inequality rows.
    pub(super) fn inequalities(&self) -> usize {
        self.problem.user.m() - self.equalities
    }

    /// The multiplier cotangents as signed ones, on the given active set.
    pub(super) fn stack(&self, v: &Cotangent, active: &ActiveSet) -> Stacked {
        let mut out = Stacked::default();
        self.stack_in(v, active, &mut out);
        out
    }

    /// As [`stack`](Self::stack), in memory that is at hand.
    pub(super) fn stack_in(&self, v: &Cotangent, active: &ActiveSet, out: &mut Stacked) {
        out.resize(self.problem.user.n(), self.problem.user.m());
        for (i, o) in out.x.iter_mut().enumerate() {
            *o = at(&v.x, i);
        }
        for i in 0..self.problem.user.m() {
            out.y[i] = if i < self.equalities {
                at(&v.lambda, i)
            } else {
                let k = i - self.equalities;
                signed(active.rows[i], self.point.y[i], at(&v.nu_lower, k), at(&v.nu_upper, k))
            };
        }
        for i in 0..self.problem.user.n() {
            out.z[i] = signed(active.vars[i], self.point.z[i], at(&v.mu_lower, i), at(&v.mu_upper, i));
        }
    }

    /// The gradient that belongs to the adjoint d: q̄ = d_x, P̄ = ½(d_x xᵀ + x d_xᵀ), C̄ = d_y xᵀ + y d_xᵀ and −d_y, −d_z
    /// for the active ends.
    pub(super) fn gradient(&self, d: &Stacked, active: &ActiveSet) -> Gradient {
        self.pair(d, &self.point.x, &self.point.y, active).into()
    }

    /// The covector `δ ↦ d_xᵀ(Ṗx + q̇ + Ċᵀy) + d_yᵀ(Ċx − ċ) − d_zᵀ(bound)˙` of a data tangent.
    pub(super) fn pair(&self, d: &Stacked, x: &[f64], y: &[f64], active: &ActiveSet) -> Tangent {
        let (user, me) = (&self.problem.user, self.equalities);
        let (n, mi) = (user.n(), self.inequalities());
        let mut out = Tangent {
            p: Vec::new(),
            q: d.x.clone(),
            w: Vec::new(),
            a: Vec::new(),
            b: zeros(me),
            g: Vec::new(),
            gl: zeros(mi),
            gu: zeros(mi),
            lo: zeros(n),
            hi: zeros(n),
        };
        let Tangent { p, a, g, .. } = &mut out;
        both(
            user.p.nnz(),
            || outer::symmetric(&user.p, &d.x, x, p),
            || outer::stacked(&user.c, me, (y, &d.x), (&d.y, x), (a, g)),
        );
        let ends = [&mut out.b[..], &mut out.gl, &mut out.gu, &mut out.lo, &mut out.hi];
        outer::ends(d, &self.point, active, ends);
        out
    }

    /// Zeros shaped like the data.
    pub(super) fn empty(&self) -> Tangent {
        let (n, me, mi) = (self.problem.user.n(), self.equalities, self.inequalities());
        let a = self.problem.user.c.row_idx.iter().filter(|&&i| i < me).count();
        Tangent {
            p: vec![0.0; self.problem.user.p.nnz()],
            q: vec![0.0; n],
            w: Vec::new(),
            a: vec![0.0; a],
            b: vec![0.0; me],
            g: vec![0.0; self.problem.user.c.nnz() - a],
            gl: vec![0.0; mi],
            gu: vec![0.0; mi],
            lo: vec![0.0; n],
            hi: vec![0.0; n],
        }
    }

    /// The right-hand side (a, g) of `K ẋ = (−(Ṗx + q̇ + Ċᵀy), ċ − Ċx)` for a data tangent; all rows, active or not,
    /// with the rate of the end that is active or (for inactive rows) zero.
    pub(super) fn right_hand_side(&self, t: &Tangent, active: &ActiveSet) -> Stacked {
        let (user, me) = (&self.problem.user, self.equalities);
        let (x, y) = (&self.point.x, &self.point.y);
        let mut out = Stacked::zeros(user);
        for i in 0..user.n() {
            out.x[i] = -at(&t.q, i);
            out.z[i] = match end(active.vars[i], self.point.z[i]) {
                Side::Lower => at(&t.lo, i),
                Side::Upper => at(&t.hi, i),
                _ => 0.0,
            };
        }
        if !t.p.is_empty() {
            for (k, (i, j, _)) in user.p.iter().enumerate() {
                out.x[i] -= t.p[k] * x[j];
                if i != j {
                    out.x[j] -= t.p[k] * x[i];
                }
            }
        }
        let (mut ka, mut kg) = (0, 0);
        for (i, j, _) in user.c.iter() {
            let v = if i < me {
                ka += 1;
                at(&t.a, ka - 1)
            } else {
                kg += 1;
                at(&t.g, kg - 1)
            };
            out.x[j] -= v * y[i];
            if active.rows[i].on() {
                out.y[i] -= v * x[j];
            }
        }
        for i in 0..user.m() {
            out.y[i] += if i < me {
                at(&t.b, i)
            } else {
                match end(active.rows[i], y[i]) {
                    Side::Lower => at(&t.gl, i - me),
                    Side::Upper => at(&t.gu, i - me),
                    _ => 0.0,
                }
            };
        }
        out
    }

    /// A tangent of signed multipliers as one of the user's outputs.
    pub(super) fn unstack(&self, s: Stacked, active: &ActiveSet) -> SolutionTangent {
        let me = self.equalities;
        let (mi, n) = (self.inequalities(), self.problem.user.n());
        let mut out = SolutionTangent {
            lambda: s.y[..me].to_vec(),
            nu_lower: vec![0.0; mi],
            nu_upper: vec![0.0; mi],
            mu_lower: vec![0.0; n],
            mu_upper: vec![0.0; n],
            ..SolutionTangent::default()
        };
        for i in me..self.problem.user.m() {
            match end(active.rows[i], self.point.y[i]) {
                Side::Lower => out.nu_lower[i - me] = -s.y[i],
                Side::Upper => out.nu_upper[i - me] = s.y[i],
                _ => {}
            }
        }
        for i in 0..n {
            match end(active.vars[i], self.point.z[i]) {
                Side::Lower => out.mu_lower[i] = -s.z[i],
                Side::Upper => out.mu_upper[i] = s.z[i],
                _ => {}
            }
        }
        out.x = s.x;
        out
    }

    /// The place of stacked row `i`, at the given side.
    pub(super) fn row_place(&self, i: usize, side: Side) -> Place {
        match (i.checked_sub(self.equalities), side) {
            (None, _) => Place::Equality(i),
            (Some(k), Side::Lower) => Place::RowLower(k),
            (Some(k), Side::Equal) => Place::RowFixed(k),
            (Some(k), _) => Place::RowUpper(k),
        }
    }

    /// The place of variable `i`'s bound, at the given side.
    pub(super) fn bound_place(i: usize, side: Side) -> Place {
        match side {
            Side::Lower => Place::BoundLower(i),
            Side::Equal => Place::BoundFixed(i),
            _ => Place::BoundUpper(i),
        }
    }
}

/// The end a side stands for; of equal ends the one that the multiplier presses against.
pub(crate) fn end(side: Side, multiplier: f64) -> Side {
    match side {
        Side::Equal if multiplier < 0.0 => Side::Lower,
        Side::Equal => Side::Upper,
        other => other,
    }
}

impl Solution {
    /// The state for derivatives of a solved problem.
    pub(crate) fn state(&self) -> Result<&Arc<State>, crate::Error> {
        match (&self.state, &self.sample) {
            _ if self.status != crate::Status::Solved => Err(crate::Error::NotSolved(self.status)),
            (Some(state), _) => Ok(state),
            (None, Some(sample)) => Ok(sample.state()),
            (None, None) => Err(crate::Error::NotSolved(self.status)),
        }
    }
}

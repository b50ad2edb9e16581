//! One-sided derivatives along a direction of the data, where the two-sided one does not exist.
//!
//! Along a direction δ the solution of the perturbed problem leaves in three decisions, each a program of its own:
//!
//! 1. where x is not unique, it leaves from the solution that the perturbation likes best (a quadratic program over the
//!    solution set);
//! 2. where multipliers are not unique, it leaves with those that pay most for the perturbation: the multipliers of the
//!    linear program `min (Px + q)ᵀw` over the linearized constraints (Gol'shtein 1972);
//! 3. with both known, ẋ solves the quadratic program on the critical cone: strongly active constraints stay active,
//!    weakly active ones may only be left inwards (Ralph and Dempe 1995, Theorem 2, for linear constraints).

use super::degeneracy::{Classified, Weak, support};
use super::reduced::Care;
use super::state::{Stacked, State, at};
use crate::active::{ActiveSet, Side};
use crate::problem::norm_inf;
use crate::sizes::Sizes;
use crate::{
    Cause, Csc, Error, Freedom, Problem, Settings, Solution, SolutionTangent, Solver, Status, Tangent,
};

/// The derivative along one direction, and where it starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OneSided {
    /// The solution that the solutions of the perturbed problems tend to, n. It is [`Solution::x`] wherever that is
    /// unique; the variables in which it differs jump.
    pub from: Vec<f64>,
    /// How the solution moves from there, per unit of the direction. `harmful` names what jumps, `free` are the directions
    /// in which x and the multipliers are not unique along the way.
    pub tangent: SolutionTangent,
    /// What only a higher order of the perturbation settles: dependent constraints that the direction turns about each
    /// other may hold the solution back, and a slope that it makes along a free direction pulls it away. Where there is
    /// none the derivative is right.
    pub unsettled: Vec<Cause>,
}

/// A rate below this part of its terms is zero.
const TURNED: f64 = 1e-7;

/// Multipliers below this part of the largest are zero.
const ZERO: f64 = 1e-9;

/// What is left of a sum, relative to its largest term, where its terms cancel.
const CANCELLED: f64 = 1e-13;

/// Rates of all ends along the direction, with what Ċ moves taken over to the ends.
pub(super) struct Rates {
    lower: Vec<f64>,
    upper: Vec<f64>,
    lo: Vec<f64>,
    hi: Vec<f64>,
}

impl Rates {
    /// That of a weakly active constraint's end.
    pub(super) fn of(&self, w: &Weak) -> f64 {
        let (lower, upper) = if w.row { (&self.lower, &self.upper) } else { (&self.lo, &self.hi) };
        if w.side == Side::Lower { lower[w.index] } else { upper[w.index] }
    }
}

type Pair<'a> = (&'a [f64], &'a [f64]);

/// Multipliers of rows and bounds, and the directions in which they are not unique.
struct Prices {
    y: Vec<f64>,
    z: Vec<f64>,
    free: Vec<Stacked>,
}

/// Which ends hold with equality at a point.
struct Tight {
    rows: Vec<(bool, bool)>,
    vars: Vec<(bool, bool)>,
}

impl Solution {
    /// The one-sided derivative of the solution map along `tangent`: the limit of (x(t) − x(0⁺)) / t as t ↓ 0.
    ///
    /// It exists where [`Solution::jvp`] reports weakly active constraints, ties or dependent constraints, and is then
    /// not linear in the direction; wherever the solution is differentiable the two agree.
    ///
    /// # Errors
    /// As [`Solution::jvp`]; [`Error::NoDerivative`] where the perturbed problems have no solution however small the
    /// step, or the solution runs away.
    pub fn one_sided(&self, tangent: &Tangent) -> Result<OneSided, Error> {
        let state = self.state()?;
        let tangent = &*state.program_tangent(tangent, state.slopes.get())?;
        state.check_tangent(tangent)?;
        let classified = state.classified()?;
        let mut from = state.point.x.clone();
        let (mut y, mut z) = (state.point.y.clone(), state.point.z.clone());
        let (mut harmful, mut choices) = (Vec::new(), Vec::new());
        if !classified.free.is_empty() {
            match state.departure(tangent) {
                Ok((x, free)) => {
                    choices = free;
                    let jump: Vec<f64> = x.iter().zip(&from).map(|(a, b)| a - b).collect();
                    if norm_inf(&jump) > 1e-7 * norm_inf(&x).max(1.0) {
                        harmful.push(Cause::NotUnique(support(&jump).collect()));
                    }
                    from = x;
                }
                // A nonconvex perturbation of P leaves from no point that one can name.
                Err(Error::NotConvex) => {
                    harmful.extend(classified.free.iter().map(|d| Cause::NotUnique(support(&d.x).collect())));
                }
                Err(e) => return Err(e),
            }
        }
        let tight = state.tight(&from);
        let rates = state.rates(tangent, &from);
        if !classified.dependencies.is_empty() {
            let prices = state.prices(&from, &tight, &rates)?;
            (y, z) = (prices.y, prices.z);
            choices.extend(prices.free);
        }
        let along = state.along_cone(tangent, &from, (&y, &z), &tight, &rates)?;
        let held = along.state()?.classified()?;
        let unsettled = state.unsettled(tangent, held, &along, &tight.sides())?;
        let free = state.free_along(tangent, held, &along, &choices, (&y, &z), &tight)?;
        let residual = along.residuals.max();
        let multipliers = ((&*along.nu_upper, &*along.nu_lower), (&*along.mu_upper, &*along.mu_lower));
        let parts = state.parts(along.x, multipliers, (&y, &z), &tight);
        let tangent = SolutionTangent { harmful, free, residual, ..parts };
        Ok(OneSided { from, tangent, unsettled })
    }
}

impl Tight {
    fn sides(&self) -> ActiveSet {
        let side = |ends: &(bool, bool)| match ends {
            (true, true) => Side::Equal,
            (true, false) => Side::Lower,
            (false, true) => Side::Upper,
            (false, false) => Side::Inactive,
        };
        ActiveSet { rows: self.rows.iter().map(side).collect(), vars: self.vars.iter().map(side).collect() }
    }
}

impl State {
    /// Whether the data turn the constraints of a dependency y about each other, as seen by a motion of x: yᵀĊẋ ≠ 0.
    pub(super) fn turns(&self, y: &Stacked, t: &Tangent, x: &[f64]) -> bool {
        let (_, turned) = self.linear(t, x, &y.y);
        let sum: f64 = turned.iter().zip(&y.y).map(|(c, y)| c * y).sum();
        let size = norm_inf(&turned) * norm_inf(&y.y);
        sum.abs() > TURNED * size && size > TURNED * norm_inf(&y.y) * norm_inf(x)
    }

    fn solve(problem: &Problem, what: &'static str) -> Result<Solution, Error> {
        let solution = Solver::new(problem, Settings::default())?.solve(problem, None)?;
        match solution.status {
            Status::Solved => Ok(solution),
            Status::Infeasible => {
                Err(Error::NoDerivative { reason: "the constraints contradict each other" })
            }
            Status::Unbounded => Err(Error::NoDerivative { reason: "the solution runs away" }),
            _ => Err(Error::NoDerivative { reason: what }),
        }
    }

    /// q̇ + Ċᵀy, and Ċx, for a data tangent.
    pub(super) fn linear(&self, t: &Tangent, x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let user = &self.problem.user;
        let mut cost: Vec<f64> = (0..user.n()).map(|i| at(&t.q, i)).collect();
        let mut moved = vec![0.0; user.m()];
        let (mut ka, mut kg) = (0, 0);
        for (i, j, _) in user.c.iter() {
            let (block, k) = if i < self.equalities { (&t.a, &mut ka) } else { (&t.g, &mut kg) };
            let v = at(block, *k);
            *k += 1;
            cost[j] += v * y[i];
            moved[i] += v * x[j];
        }
        (cost, moved)
    }

    /// Ṗ on P's pattern.
    pub(super) fn hessian_rate(&self, t: &Tangent) -> Csc {
        let p = &self.problem.user.p;
        if t.p.iter().all(|v| *v == 0.0) {
            return Csc::zeros(p.nrows, p.ncols);
        }
        Csc { values: t.p.clone(), ..(**p).clone() }
    }

    /// The solution from which the perturbed ones depart: the best for the perturbation among all solutions; and the
    /// directions in which it is not unique.
    fn departure(&self, t: &Tangent) -> Result<(Vec<f64>, Vec<Stacked>), Error> {
        let (user, c) = (&self.problem.user, self.classified()?);
        let (cost, _) = self.linear(t, &self.point.x, &self.point.y);
        let mut full = Vec::new();
        for (i, j, v) in user.p.iter() {
            full.push((i, j, v));
            if i != j {
                full.push((j, i, v));
            }
        }
        let n = user.n();
        let p = Csc::from_triplets(n, n, &full)?;
        let held = |side: Side, l: f64, u: f64| match side {
            Side::Lower => (l, l),
            Side::Upper => (u, u),
            Side::Inactive | Side::Equal => (l, u),
        };
        let (mut gl, mut gu): (Vec<f64>, Vec<f64>) =
            (0..user.m()).map(|i| held(c.active.rows[i], user.l[i], user.u[i])).unzip();
        let px = p.mul_vec(&self.point.x);
        gl.extend_from_slice(&px);
        gu.extend_from_slice(&px);
        let (lo, hi) = (0..n).map(|i| held(c.active.vars[i], user.lo[i], user.hi[i])).unzip();
        let problem = Problem::new(n)
            .quadratic(self.hessian_rate(t), cost)
            .inequalities(user.c.stack(&p), gl, gu)
            .bounds(lo, hi);
        let s = Self::solve(&problem, "the departure could not be found")?;
        let free = s.state()?.classified()?.free.iter();
        let free = free.map(|z| Stacked { x: z.x.clone(), ..Stacked::zeros(user) }).collect();
        Ok((s.x, free))
    }

    /// Which ends hold with equality at x.
    fn tight(&self, x: &[f64]) -> Tight {
        let user = &self.problem.user;
        let mut point = self.point.clone();
        point.x = x.to_vec();
        let sizes = Sizes::new(user, &point).value;
        let extent = norm_inf(x).max(1.0);
        let near = |v: f64, end: f64, size: f64| {
            end.is_finite() && (v - end).abs() <= self.activity * size.max(end.abs()) + 1e-12 * extent
        };
        let cx = user.c.mul_vec(x);
        let rows = (0..user.m())
            .map(|i| (near(cx[i], user.l[i], sizes.0[i]), near(cx[i], user.u[i], sizes.0[i])))
            .collect();
        let vars = (0..user.n())
            .map(|i| (near(x[i], user.lo[i], sizes.1[i]), near(x[i], user.hi[i], sizes.1[i])))
            .collect();
        Tight { rows, vars }
    }

    pub(super) fn rates(&self, t: &Tangent, x: &[f64]) -> Rates {
        let (me, m, n) = (self.equalities, self.problem.user.m(), self.problem.user.n());
        let (_, moved) = self.linear(t, x, &self.point.y);
        let side = |ends: &[f64]| {
            (0..m)
                .map(|i| if i < me { at(&t.b, i) } else { at(ends, i - me) } - moved[i])
                .collect::<Vec<f64>>()
        };
        Rates {
            lower: side(&t.gl),
            upper: side(&t.gu),
            lo: (0..n).map(|i| at(&t.lo, i)).collect(),
            hi: (0..n).map(|i| at(&t.hi, i)).collect(),
        }
    }

    /// The interval in which a linearized constraint may move: `multiplier` tells a strongly active one.
    fn interval(multiplier: f64, tight: (bool, bool), rates: (f64, f64)) -> (f64, f64) {
        match tight {
            (_, true) if multiplier > 0.0 => (rates.1, rates.1),
            (true, _) if multiplier < 0.0 => (rates.0, rates.0),
            (lower, upper) => {
                (if lower { rates.0 } else { f64::NEG_INFINITY }, if upper { rates.1 } else { f64::INFINITY })
            }
        }
    }

    /// A program in the rates w: `min ½wᵀPw + costᵀw` over the linearized constraints.
    fn program(&self, p: Csc, cost: Vec<f64>, (y, z): Pair<'_>, tight: &Tight, rates: &Rates) -> Problem {
        let user = &self.problem.user;
        let (gl, gu) = (0..user.m())
            .map(|i| Self::interval(y[i], tight.rows[i], (rates.lower[i], rates.upper[i])))
            .unzip();
        let (lo, hi) =
            (0..user.n()).map(|i| Self::interval(z[i], tight.vars[i], (rates.lo[i], rates.hi[i]))).unzip();
        Problem::new(user.n()).quadratic(p, cost).inequalities((*user.c).clone(), gl, gu).bounds(lo, hi)
    }

    /// The admissible multipliers that pay most for the perturbation, noise removed, and the directions in which these are
    /// not unique.
    fn prices(&self, x: &[f64], tight: &Tight, rates: &Rates) -> Result<Prices, Error> {
        let (user, n, m) = (&self.problem.user, self.problem.user.n(), self.problem.user.m());
        let mut cost = user.q.clone();
        user.p.mul_symmetric_add(1.0, x, &mut cost);
        // What is left of terms that cancel would make multipliers that no other one is there to dwarf.
        let alone = Stacked { x: x.to_vec(), ..Stacked::zeros(user) };
        for (c, size) in cost.iter_mut().zip(Sizes::new(user, &alone).noise.1) {
            if c.abs() <= CANCELLED * size {
                *c = 0.0;
            }
        }
        let none = (vec![0.0; m], vec![0.0; n]);
        let problem = self.program(Csc::zeros(n, n), cost, (&none.0, &none.1), tight, rates);
        let s = Self::solve(&problem, "the multipliers could not be found")?;
        let signed =
            |upper: &[f64], lower: &[f64]| upper.iter().zip(lower).map(|(u, l)| u - l).collect::<Vec<f64>>();
        let (mut y, mut z) = (signed(&s.nu_upper, &s.nu_lower), signed(&s.mu_upper, &s.mu_lower));
        let least = ZERO * norm_inf(&y).max(norm_inf(&z));
        for v in y.iter_mut().chain(&mut z).filter(|v| v.abs() <= least) {
            *v = 0.0;
        }
        let free = s.state()?.classified()?.dependencies.clone();
        Ok(Prices { y, z, free })
    }

    /// The solution of the quadratic program on the critical cone.
    fn along_cone(
        &self,
        t: &Tangent,
        x: &[f64],
        (y, z): Pair<'_>,
        tight: &Tight,
        rates: &Rates,
    ) -> Result<Solution, Error> {
        let (user, c) = (&self.problem.user, self.classified()?);
        let (mut cost, _) = self.linear(t, x, y);
        self.hessian_rate(t).mul_symmetric_add(1.0, x, &mut cost);
        // Which multipliers count as positive was decided with the classification, unless they are new.
        let unique = c.dependencies.is_empty();
        let strong = |on: bool, v: f64| if on || !unique { v } else { 0.0 };
        let y_strong: Vec<f64> = (0..user.m()).map(|i| strong(c.active.rows[i].on(), y[i])).collect();
        let z_strong: Vec<f64> = (0..user.n()).map(|i| strong(c.active.vars[i].on(), z[i])).collect();
        let problem = self.program((*user.p).clone(), cost, (&y_strong, &z_strong), tight, rates);
        Self::solve(&problem, "the program on the critical cone could not be solved")
    }

    /// Rates of x and of the (upper, lower) multipliers of all rows and bounds as a tangent: a multiplier moves at the end
    /// its constraint sits at.
    fn parts(
        &self,
        x: Vec<f64>,
        (rows, bounds): (Pair<'_>, Pair<'_>),
        (y, z): Pair<'_>,
        tight: &Tight,
    ) -> SolutionTangent {
        let me = self.equalities;
        let part = |(upper, lower): (f64, f64), multiplier: f64, tight: (bool, bool)| {
            let signed = upper - lower;
            match tight {
                (true, true) if multiplier == 0.0 => (upper, lower),
                (true, true) if multiplier < 0.0 => (0.0, -signed),
                (_, true) => (signed, 0.0),
                (true, false) => (0.0, -signed),
                (false, false) => (0.0, 0.0),
            }
        };
        let of = |rates: Pair<'_>, i: usize| (rates.0[i], rates.1[i]);
        let lambda = (0..me).map(|i| rows.0[i] - rows.1[i]).collect();
        let (nu_upper, nu_lower) = (me..y.len()).map(|i| part(of(rows, i), y[i], tight.rows[i])).unzip();
        let (mu_upper, mu_lower) = (0..z.len()).map(|i| part(of(bounds, i), z[i], tight.vars[i])).unzip();
        SolutionTangent { x, lambda, nu_lower, nu_upper, mu_lower, mu_upper, ..SolutionTangent::default() }
    }

    /// What the first order leaves open: `along` solves the program on the critical cone, `held` is its degeneracy.
    fn unsettled(
        &self,
        t: &Tangent,
        held: &Classified,
        along: &Solution,
        sides: &ActiveSet,
    ) -> Result<Vec<Cause>, Error> {
        let c = self.classified()?;
        let turned = |d: &&Stacked| self.turns(d, t, &along.x);
        // What dependent constraints see of the directions that are free fixes where along these the solution departs.
        let fixing = |d: &&Stacked| c.free.iter().any(|z| self.turns(d, t, &z.x));
        let turning = held.dependencies.iter().filter(turned).chain(c.dependencies.iter().filter(fixing));
        let mut out: Vec<Cause> = turning.map(|d| Cause::Dependent(self.support(d, sides))).collect();
        let y: Vec<f64> = along.nu_upper.iter().zip(&along.nu_lower).map(|(u, l)| u - l).collect();
        let sliding = held.free.iter().filter(|z| self.slides(z, t, &along.x, &y));
        out.extend(sliding.map(|z| Cause::NotUnique(support(&z.x).collect())));
        if !held.proved {
            out.push(Cause::Unproved);
        }
        Ok(out)
    }

    /// The directions in which the tangent is not unique: those of the program on the critical cone, and how its solution
    /// moves with the choice among solutions and multipliers that are as good to depart from.
    fn free_along(
        &self,
        t: &Tangent,
        held: &Classified,
        along: &Solution,
        choices: &[Stacked],
        multipliers: Pair<'_>,
        tight: &Tight,
    ) -> Result<Vec<Freedom>, Error> {
        let program = along.state()?;
        let sides = tight.sides();
        let freedom = |cause: Cause, d: &Stacked| {
            let none = (vec![0.0; d.y.len()], vec![0.0; d.z.len()]);
            let rates = ((&*d.y, &*none.0), (&*d.z, &*none.1));
            Freedom { cause, along: self.parts(d.x.clone(), rates, multipliers, tight) }
        };
        let mut out = Vec::new();
        for z in &held.free {
            out.push(freedom(Cause::NotUnique(support(&z.x).collect()), z));
        }
        for y in &held.dependencies {
            out.push(freedom(Cause::Dependent(self.support(y, &sides)), y));
        }
        let turn = Tangent { q: Vec::new(), ..t.clone() };
        let rate = self.hessian_rate(t);
        for choice in choices {
            let mut rhs = Stacked::zeros(&self.problem.user);
            (rhs.x, rhs.y) = self.linear(&turn, &choice.x, &choice.y);
            rate.mul_symmetric_add(1.0, &choice.x, &mut rhs.x);
            if rhs.norm() > TURNED * turn.largest() * choice.norm() {
                rhs.negate();
                let (moved, _) = program.solve_on(&rhs, &held.active, &held.factor, Care::Exact);
                let cause = if norm_inf(&choice.x) > 0.0 {
                    Cause::NotUnique(support(&choice.x).collect())
                } else {
                    Cause::Dependent(self.support(choice, &sides))
                };
                out.push(freedom(cause, &moved));
            }
        }
        Ok(out)
    }
}

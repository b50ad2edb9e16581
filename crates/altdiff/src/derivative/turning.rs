//! Harm that is done to second order: two motions of the data that are harmless alone.

use super::data::MOVED;
use super::degeneracy::{Classified, Weak, support};
use super::harm::{NOISE, STILL, push, scaled};
use super::reduced::Care;
use super::state::{Stacked, State};
use crate::active::{ActiveSet, Side};
use crate::problem::{dot, norm_inf};
use crate::random::Random;
use crate::{
    Cause, Control, Csc, Error, Harm, Method, Problem, Progress, Settings, Solution, Solver, Status, Tangent,
};

/// Variables and rows up to which a direction inwards is searched for.
const SEARCHED: usize = 1000;

/// Steps in which a direction is found, or taken not to be there.
const INWARDS: usize = 40;

impl Solution {
    /// What leaves no solution near by along a direction, to second order: yᵀĊẋ ≠ 0 for dependent constraints, or
    /// zᵀ(Ṗẋ + Ċᵀẏ) ≠ 0 for a free direction. A [`Harm`] with two rates is only done where this names its cause.
    ///
    /// # Errors
    /// As [`Solution::jvp`].
    pub fn turned(&self, tangent: &Tangent) -> Result<Vec<Cause>, Error> {
        let state = self.state()?;
        let tangent = &*state.program_tangent(tangent, state.slopes.get())?;
        state.check_tangent(tangent)?;
        let c = state.classified()?;
        let (moved, _) =
            state.solve_on(&state.right_hand_side(tangent, &c.active), &c.active, &c.factor, Care::Exact);
        let turns = |y: &&Stacked| state.turns(y, tangent, &moved.x);
        let mut turned: Vec<&Stacked> = c.dependencies.iter().filter(turns).collect();
        if !turned.is_empty()
            && let Some(contrary) = state.contrary(c)?
            && !contrary.iter().any(|y| turns(&y))
        {
            turned.clear();
        }
        let turned = turned.into_iter().map(|y| Cause::Dependent(state.support(y, &c.tight)));
        let slides = c.free.iter().filter(|z| state.slides(z, tangent, &moved.x, &moved.y));
        Ok(turned.chain(slides.map(|z| Cause::NotUnique(support(&z.x).collect()))).collect())
    }
}

impl State {
    /// As [`turning`](Self::turning), computed once.
    pub(super) fn turnings<'c>(&self, c: &'c Classified) -> &'c [Harm] {
        if let Some(done) = c.turning.get() {
            return done;
        }
        let made = self.turning(c);
        c.turning.get_or_init(|| made)
    }

    /// What does harm to second order, whatever is asked: yᵀĊẋ ≠ 0 leaves no point between dependent constraints, and
    /// zᵀ(Ṗẋ + Ċᵀẏ) ≠ 0 lets the solution run off along a free direction z. Of either factor, the data's part and the
    /// solution's, the product with one random vector tells whether it moves; one solve tells it for all of these.
    fn turning(&self, c: &Classified) -> Vec<Harm> {
        let user = &self.problem.user;
        let (n, m) = (user.n(), user.m());
        let mut random = Random::new();
        let mut seen = Stacked::zeros(user);
        for v in seen.x.iter_mut().chain(&mut seen.y) {
            *v = random.weight();
        }
        let (mut touched, mut held) = (vec![false; n], vec![false; m]);
        let mut out = Vec::new();
        for y in &c.dependencies {
            let cause = Cause::Dependent(self.support(y, &c.tight));
            let noise = NOISE * y.norm();
            let mut columns = vec![false; n];
            user.c.iter().filter(|(i, _, _)| y.y[*i].abs() > noise).for_each(|(_, j, _)| columns[j] = true);
            let before = out.len();
            self.push_turned(&cause, y, &kept(&seen.x, &columns), &mut out);
            if out.len() > before {
                touched.iter_mut().zip(&columns).for_each(|(t, c)| *t |= c);
            }
        }
        for z in &c.free {
            let cause = Cause::NotUnique(support(&z.x).collect());
            let noise = NOISE * norm_inf(&z.x);
            let free = |j: usize| z.x[j].abs() > noise;
            let (mut columns, mut rows) = (vec![false; n], vec![false; m]);
            for (i, j, _) in user.p.iter() {
                columns[i] |= free(j);
                columns[j] |= free(i);
            }
            user.c
                .iter()
                .filter(|(i, j, _)| free(*j) && c.tight.rows[*i].on())
                .for_each(|(i, _, _)| rows[i] = true);
            let (x, y) = (kept(&seen.x, &columns), kept(&seen.y, &rows));
            push(&mut out, &cause, self.turned_about(c, z, &x, &y), 0.0);
            touched.iter_mut().zip(&columns).for_each(|(t, c)| *t |= c);
            held.iter_mut().zip(&rows).for_each(|(t, r)| *t |= r);
        }
        if out.is_empty() {
            return out;
        }
        let seen = Stacked { x: kept(&seen.x, &touched), y: kept(&seen.y, &held), ..seen };
        let Some(moved) = self.moving(&seen, c, &mut random) else { return Vec::new() };
        for harm in &mut out {
            harm.with = Some(Box::new(moved.clone()));
        }
        out
    }

    /// Of dependencies in which inequalities take part, those of the equalities alone, if some direction leads away from
    /// all tight inequalities and along the equalities: then only these can leave no point between their constraints, and
    /// of the others one gives way, so that x moves by no more than the contradiction.
    fn contrary<'c>(&self, c: &'c Classified) -> Result<Option<&'c Vec<Stacked>>, Error> {
        if let Some(done) = c.contrary.get() {
            return Ok(done.as_ref());
        }
        let alone = |y: &Stacked| {
            let noise = NOISE * y.norm();
            let of_inequalities = y.y[self.equalities..].iter().chain(&y.z);
            of_inequalities.into_iter().all(|v| v.abs() <= noise)
        };
        // A search would take as long as the solve: in large problems all dependencies are suspected instead.
        let small = self.problem.user.n() + self.problem.user.m() <= SEARCHED;
        let made = if c.dependencies.iter().all(alone) || !(small && self.inwards(c)?) {
            None
        } else {
            let equalities = ActiveSet::equalities(self.problem.core());
            Some(self.dependency(&equalities)?.into_iter().collect())
        };
        Ok(c.contrary.get_or_init(|| made).as_ref())
    }

    /// Whether a direction w leads away from all tight inequalities and along the equalities: the least w with cᵀw ≤ −1 for
    /// the inequalities and cᵀw = 0 for the equalities. The problem has the pattern of C, and its bounds for bounds.
    fn inwards(&self, c: &Classified) -> Result<bool, Error> {
        let core = self.problem.core();
        let ends = |sides: &[Side]| -> (Vec<f64>, Vec<f64>) {
            let end = |side: &Side| match side {
                Side::Inactive => (f64::NEG_INFINITY, f64::INFINITY),
                Side::Equal => (0.0, 0.0),
                Side::Upper => (f64::NEG_INFINITY, -1.0),
                Side::Lower => (1.0, f64::INFINITY),
            };
            sides.iter().map(end).unzip()
        };
        let ((l, u), (lo, hi)) = (ends(&c.tight.rows), ends(&c.tight.vars));
        let problem = Problem::new(core.n())
            .quadratic(Csc::identity(core.n()), vec![0.0; core.n()])
            .inequalities((*core.c).clone(), l, u)
            .bounds(lo, hi);
        let settings =
            Settings { method: Method::Interior, finish: false, tolerance: 1e-6, ..Settings::default() };
        // Stopped, not limited: nobody asks for a proof that there is none.
        let enough = |p: &Progress| if p.iteration < INWARDS { Control::Continue } else { Control::Cancel };
        let s = Solver::new(&problem, settings)?.solve_with(&problem, None, &mut |p| enough(p))?;
        Ok(s.status == Status::Solved)
    }

    /// zᵀ(Ṗx + Ċᵀy).
    pub(super) fn turned_about(&self, c: &Classified, z: &Stacked, x: &[f64], y: &[f64]) -> Tangent {
        let Tangent { p, a, g, .. } = self.pair(z, x, y, &c.active);
        Tangent { p, a, g, ..Tangent::default() }
    }

    /// The rate of a combination of the solution, and of the slacks of weakly active constraints: they move the solution
    /// as soon as their slack would become negative. Nothing where nothing moves.
    fn moving(&self, seen: &Stacked, c: &Classified, random: &mut Random) -> Option<Tangent> {
        let mut parts: Vec<(Weak, f64)> = Vec::new();
        for binding in &c.binding {
            let weight = random.weight();
            parts.extend(binding.parts.iter().map(|(w, part)| (*w, part * weight)));
        }
        let signed: Vec<(Weak, f64)> = parts.iter().map(|(w, part)| (*w, part * w.sign())).collect();
        let mut rhs = self.combination(&signed);
        rhs.add(seen);
        let mut d = self.solve_on(&rhs, &c.active, &c.factor, Care::Sketch).0;
        if norm_inf(&d.x) <= STILL * d.norm().max(rhs.norm()) {
            d.x.fill(0.0);
        }
        let mut moved = self.slack_rate(c, &parts, &d);
        scaled(&mut moved, 0.0).then_some(moved)
    }

    /// Whether the slope along a free direction z moves to second order: zᵀ(Ṗẋ + Ċᵀẏ) ≠ 0.
    pub(super) fn slides(&self, z: &Stacked, t: &Tangent, x: &[f64], y: &[f64]) -> bool {
        let turn = Tangent { q: Vec::new(), ..t.clone() };
        let (mut slope, _) = self.linear(&turn, x, y);
        self.hessian_rate(t).mul_symmetric_add(1.0, x, &mut slope);
        let size = norm_inf(x).max(norm_inf(y)) * turn.largest() * norm_inf(&z.x);
        dot(&z.x, &slope).abs() > MOVED * size
    }
}

/// The entries that a mask keeps, zeros elsewhere.
fn kept(v: &[f64], mask: &[bool]) -> Vec<f64> {
    v.iter().zip(mask).map(|(v, keep)| if *keep { *v } else { 0.0 }).collect()
}

//! Harm that is done to second order: two motions of the data that are harmless alone.

use super::data::MOVED;
use super::degeneracy::{Classified, support};
use super::harm::{MANY, NOISE, STILL, push, scaled};
use super::state::{Stacked, State};
use crate::active::{ActiveSet, Side};
use crate::finish::reduced_factor;
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
        let (moved, _) = state.solve_on(&state.right_hand_side(tangent, &c.active), &c.active, &c.factor);
        let turns = state.contrary(c)?.iter().filter(|y| state.turns(y, tangent, &moved.x));
        let slides = c.free.iter().filter(|z| state.slides(z, tangent, &moved.x, &moved.y));
        let turns = turns.map(|y| Cause::Dependent(state.support(y, &c.tight)));
        Ok(turns.chain(slides.map(|z| Cause::NotUnique(support(&z.x).collect()))).collect())
    }
}

impl State {
    /// What does harm to second order, whatever is asked: yᵀĊẋ ≠ 0 leaves no point between dependent constraints, and
    /// zᵀ(Ṗẋ + Ċᵀẏ) ≠ 0 lets the solution run off along a free direction z. Of either factor, the data's part and the
    /// solution's, the product with one random vector tells whether it moves.
    pub(super) fn turning(&self, c: &Classified) -> Vec<Harm> {
        let user = &self.problem.user;
        let (n, m) = (user.n(), user.m());
        let mut random = Random::new();
        let mut vector = |len: usize, keep: &dyn Fn(usize) -> bool| -> Vec<f64> {
            (0..len).map(|i| if keep(i) { random.weight() } else { 0.0 }).collect()
        };
        let mut out = Vec::new();
        for y in self.contrary(c).unwrap_or(&c.dependencies) {
            let cause = Cause::Dependent(self.support(y, &c.tight));
            let (mut touched, noise) = (vec![false; n], NOISE * y.norm());
            user.c.iter().filter(|(i, _, _)| y.y[*i].abs() > noise).for_each(|(_, j, _)| touched[j] = true);
            let mut harms = Vec::new();
            self.push_turned(&cause, y, &vector(n, &|j| touched[j]), &mut harms);
            let seen = Stacked { x: vector(n, &|j| touched[j]), ..Stacked::zeros(user) };
            out.extend(harms.pop().and_then(|turned| self.turned_by(turned, &seen, c)));
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
            let none = Stacked::zeros(user);
            let of_x = (vector(n, &|j| columns[j]), none.y.clone());
            let of_y = (none.x.clone(), vector(m, &|i| rows[i]));
            for (x, y) in [of_x, of_y] {
                let mut harms = Vec::new();
                push(&mut harms, &cause, self.turned_about(z, &x, &y), 0.0);
                let seen = Stacked { x, y, ..none.clone() };
                out.extend(harms.pop().and_then(|turned| self.turned_by(turned, &seen, c)));
            }
        }
        out
    }

    /// The dependencies that can leave no point between their constraints. Where some direction leads away from all tight
    /// inequalities and along the equalities, only those of the equalities can: of the others one gives way, and x moves by
    /// no more than the contradiction.
    fn contrary<'c>(&self, c: &'c Classified) -> Result<&'c Vec<Stacked>, Error> {
        if let Some(done) = c.contrary.get() {
            return Ok(done);
        }
        let alone = |y: &Stacked| {
            let noise = NOISE * y.norm();
            let of_inequalities = y.y[self.equalities..].iter().chain(&y.z);
            of_inequalities.into_iter().all(|v| v.abs() <= noise)
        };
        // A search would take as long as the solve: in large problems all dependencies are suspected instead.
        let small = self.problem.user.n() + self.problem.user.m() <= SEARCHED;
        let made = if c.dependencies.iter().all(alone) || !(small && self.inwards(c)?) {
            c.dependencies.clone()
        } else {
            let core = self.problem.core();
            let equalities = ActiveSet::equalities(core);
            self.null_space(&equalities, &reduced_factor(core, &self.pattern, &equalities)?).1
        };
        Ok(c.contrary.get_or_init(|| made))
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
    pub(super) fn turned_about(&self, z: &Stacked, x: &[f64], y: &[f64]) -> Tangent {
        let Ok(c) = self.classified() else { return self.empty() };
        let Tangent { p, a, g, .. } = self.pair(z, x, y, &c.active);
        Tangent { p, a, g, ..Tangent::default() }
    }

    /// The harm of a rate together with what moves a combination of the solution; nothing where nothing does.
    fn turned_by(&self, turned: Harm, seen: &Stacked, c: &Classified) -> Option<Harm> {
        let (mut d, _) = self.solve_on(seen, &c.active, &c.factor);
        d.negate();
        if norm_inf(&d.x) <= STILL * d.norm().max(seen.norm()) {
            d.x.fill(0.0);
        }
        let mut moved = self.pair(&d, &self.point.x, &self.point.y, &c.active);
        // Weakly active constraints move the solution as soon as their slack would become negative.
        let binding = &c.binding[..c.binding.len().min(MANY)];
        if !binding.is_empty() {
            let mut random = Random::new();
            let parts: Vec<f64> = binding.iter().map(|_| random.weight()).collect();
            let mut normals = Stacked::zeros(&self.problem.user);
            for (w, part) in binding.iter().zip(&parts) {
                for (sum, g) in normals.x.iter_mut().zip(&self.normal(w).x) {
                    *sum += part * w.sign() * g;
                }
            }
            let (together, _) = self.solve_on(&normals, &c.active, &c.factor);
            let mut rate = self.pair(&together, &self.point.x, &self.point.y, &c.active);
            for (w, part) in binding.iter().zip(&parts) {
                self.add_own_rate(&mut rate, w, *part);
            }
            for (m, r) in moved.blocks_mut().into_iter().flatten().zip(rate.blocks().into_iter().flatten()) {
                *m += r;
            }
        }
        scaled(&mut moved, 0.0).then(|| Harm { with: Some(Box::new(moved)), ..turned })
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

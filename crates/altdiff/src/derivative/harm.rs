//! What can make the derivative that was asked for ill defined.
//!
//! A derivative is well defined iff it is the same for every admissible multiplier, every choice at weakly active
//! constraints and every solution. Each reason found is reported with the quantity that parameters must not move;
//! where nothing a caller owns moves it (a constant redundant row, an auxiliary variable), it harms nothing.

use super::data::MOVED;
use super::degeneracy::{Classified, FEW, Weak, support};
use super::reduced::Care;
use super::relief::Binding;
use super::state::{Stacked, State, at, end};
use crate::active::Side;
use crate::kernel::each;
use crate::problem::{dot, norm_inf};
use crate::random::Random;
use crate::{Cause, Cotangent, Error, Freedom, Harm, Place, SolutionTangent, Tangent};
use std::collections::BTreeSet;

/// Below this (relative) a coupling is rounding noise.
pub(super) const NOISE: f64 = 1e-8;

/// Below this, relative to the rest of an adjoint, its part by x is rounding noise.
pub(super) const STILL: f64 = 1e-12;

/// Rounds in which what the output sees of many weakly active constraints spreads; then it is taken to have reached all.
const ROUNDS: usize = 4;

impl State {
    /// The harms of a reverse derivative: cotangent v, adjoint d.
    pub(super) fn harms(&self, asked: &Cotangent, v: &Stacked, d: &Stacked) -> Result<Vec<Harm>, Error> {
        let c = self.classified()?;
        let mut out = Vec::new();
        if !c.proved {
            out.push(Harm::always(Cause::Unproved));
        }
        for z in &c.free {
            let cause = Cause::NotUnique(support(&z.x).collect());
            if dot(&z.x, &v.x).abs() > NOISE * norm_inf(&z.x) * v.norm() {
                out.push(Harm::always(cause));
                continue;
            }
            // Stationarity along z must stay, and nothing that d sees may depend on where along z the solution lies.
            let along = self.pair(z, &self.point.x, &self.point.y, &c.active);
            let shifted = self.turned_about(c, d, &z.x, &vec![0.0; self.problem.user.m()]);
            push(&mut out, &cause, along, 0.0);
            push(&mut out, &cause, shifted, norm_inf(&z.x) * d.norm());
        }
        for y in &c.dependencies {
            self.dependency_harms(y, v, d, asked, &mut out);
        }
        out.extend_from_slice(self.turnings(c));
        self.weak_harms(v, d, asked, &mut out)?;
        for (row, i) in self.pinned() {
            let place = self.fixed_place(row, i);
            if asks_for_parts(asked, place) && self.is_slack(row, i) {
                out.push(Harm::always(Cause::Pinned(place)));
                continue;
            }
            // One way they leave no point between them, whatever is asked.
            let only = |len: usize, at: usize, value: f64| {
                let mut out = vec![0.0; len];
                out[at] = value;
                out
            };
            let rate = if row {
                let (len, k) = (self.inequalities(), i - self.equalities);
                Tangent { gl: only(len, k, -1.0), gu: only(len, k, 1.0), ..Tangent::default() }
            } else {
                let n = self.problem.user.n();
                Tangent { lo: only(n, i, -1.0), hi: only(n, i, 1.0), ..Tangent::default() }
            };
            out.push(Harm { cause: Cause::Pinned(place), rate: Some(Box::new(rate)), with: None });
        }
        Ok(out)
    }

    /// Dependent active constraints harm what moves them against each other, and what asks for their multipliers.
    fn dependency_harms(
        &self,
        y: &Stacked,
        v: &Stacked,
        d: &Stacked,
        asked: &Cotangent,
        out: &mut Vec<Harm>,
    ) {
        let Ok(c) = self.classified() else { return };
        let places = self.support(y, &c.tight);
        let cause = Cause::Dependent(places.clone());
        let asked_at: f64 = places.iter().map(|p| multiplier_cotangent(asked, *p).abs()).fold(0.0, f64::max);
        if asked_at > 0.0 && (dot(&y.y, &v.y) + dot(&y.z, &v.z)).abs() > NOISE * y.norm() * asked_at
            || places.iter().any(|p| self.is_weak_choice(*p) && multiplier_cotangent(asked, *p) != 0.0)
            || places.iter().any(|p| asks_for_parts(asked, *p))
        {
            out.push(Harm::always(cause));
            return;
        }
        // yᵀ(ċ − Ċx) with every end of the dependency, whether or not its row was kept in the active set.
        let mut apart = self.empty();
        let (mut ka, mut kg) = (0, 0);
        for (i, j, _) in self.problem.user.c.iter() {
            let (block, k) =
                if i < self.equalities { (&mut apart.a, &mut ka) } else { (&mut apart.g, &mut kg) };
            block[*k] = -y.y[i] * self.point.x[j];
            *k += 1;
        }
        for (i, w) in y.y.iter().enumerate() {
            if i < self.equalities {
                apart.b[i] = *w;
            } else {
                match end(c.tight.rows[i], self.point.y[i]) {
                    Side::Lower => apart.gl[i - self.equalities] = *w,
                    _ => apart.gu[i - self.equalities] = *w,
                }
            }
        }
        for (i, w) in y.z.iter().enumerate() {
            match end(c.tight.vars[i], self.point.z[i]) {
                Side::Lower => apart.lo[i] = *w,
                _ => apart.hi[i] = *w,
            }
        }
        push(out, &cause, apart, 0.0);
        // What turns the constraints about each other fixes directions that were free before.
        if norm_inf(&d.x) > STILL * d.norm().max(v.norm()) {
            self.push_turned(&cause, y, &d.x, out);
        }
        for z in &c.free {
            self.push_turned(&cause, y, &z.x, out);
        }
    }

    /// yᵀĊx for a dependency y and a direction x.
    pub(super) fn push_turned(&self, cause: &Cause, y: &Stacked, x: &[f64], out: &mut Vec<Harm>) {
        let mut turned = self.empty();
        let (mut ka, mut kg) = (0, 0);
        for (i, j, _) in self.problem.user.c.iter() {
            let (block, k) =
                if i < self.equalities { (&mut turned.a, &mut ka) } else { (&mut turned.g, &mut kg) };
            block[*k] = y.y[i] * x[j];
            *k += 1;
        }
        push(out, cause, turned, y.norm() * norm_inf(x));
    }

    /// Whether the constraint is weakly active and was taken as inactive because its normal depends on the others.
    fn is_weak_choice(&self, place: Place) -> bool {
        let Ok(c) = self.classified() else { return true };
        match place {
            Place::Equality(_) => false,
            Place::RowLower(k) | Place::RowUpper(k) | Place::RowFixed(k) => {
                !c.active.rows[k + self.equalities].on()
            }
            Place::BoundLower(i) | Place::BoundUpper(i) | Place::BoundFixed(i) => !c.active.vars[i].on(),
        }
    }

    /// Weakly active constraints that the output sees, and those coupled to them.
    fn weak_harms(
        &self,
        v: &Stacked,
        d: &Stacked,
        asked: &Cotangent,
        out: &mut Vec<Harm>,
    ) -> Result<(), Error> {
        let c = self.classified()?;
        if c.binding.is_empty() || d.norm() == 0.0 && v.norm() == 0.0 && multipliers_asked(asked) == 0.0 {
            return Ok(());
        }
        let still = norm_inf(&d.x) <= STILL * d.norm().max(v.norm());
        let mut seen: Vec<bool> = self
            .readings(&c.binding, &d.x)
            .into_iter()
            .zip(&c.binding)
            .map(|((value, size), b)| {
                !still && value.abs() > NOISE * (size * norm_inf(&d.x)).max(f64::MIN_POSITIVE)
                    || b.parts.iter().any(|(w, _)| multiplier_cotangent(asked, self.weak_place(w)) != 0.0)
            })
            .collect();
        if !seen.contains(&true) {
            return Ok(());
        }
        whole_groups(&c.binding, &mut seen);
        if c.binding.len() <= FEW { self.reached_harms(seen, out) } else { self.reached_together(seen, out) }
    }

    /// The harms of weakly active constraints that the output sees, and of those coupled to them, one by one.
    fn reached_harms(&self, seen: Vec<bool>, out: &mut Vec<Harm>) -> Result<(), Error> {
        let c = self.classified()?;
        let normals: Vec<Stacked> = c.binding.iter().map(|b| self.combination(&b.signed())).collect();
        let size = self.problem.user.p.nnz() + self.problem.user.c.nnz();
        let moved = each(&normals, size, |g| self.solve_on(g, &c.active, &c.factor, Care::Probe).0);
        // What the output sees spreads over couplings gᵢᵀK⁻¹gⱼ ≠ 0.
        let couplings: Vec<Vec<bool>> = moved.iter().map(|d| self.coupled(&c.binding, &d.x)).collect();
        let mut reached = seen;
        let mut frontier: Vec<usize> = (0..reached.len()).filter(|&i| reached[i]).collect();
        while let Some(i) = frontier.pop() {
            for j in 0..reached.len() {
                if !reached[j] && (couplings[i][j] || c.binding[i].group == c.binding[j].group) {
                    reached[j] = true;
                    frontier.push(j);
                }
            }
        }
        for i in (0..reached.len()).filter(|&i| reached[i]) {
            let parts = &c.binding[i].parts;
            let mut rate = self.slack_rate(c, parts, &moved[i]);
            if scaled(&mut rate, 0.0) {
                let cause = self.weak_cause(parts);
                out.push(Harm { cause, rate: Some(Box::new(rate)), with: None });
            }
            for y in &c.dependencies {
                self.push_turned(&Cause::Dependent(self.support(y, &c.tight)), y, &moved[i].x, out);
            }
        }
        Ok(())
    }

    /// As [`reached_harms`](Self::reached_harms), all together: a random combination of their rates moves iff one of them
    /// does.
    fn reached_together(&self, seen: Vec<bool>, out: &mut Vec<Harm>) -> Result<(), Error> {
        let c = self.classified()?;
        let mut random = Random::new();
        let sizes = self.readings(&c.binding, &vec![0.0; self.problem.user.n()]);
        // Normals of one size, except those that are zero.
        let weights: Vec<f64> =
            sizes.iter().map(|(_, size)| random.weight() / if *size > 0.0 { *size } else { 1.0 }).collect();
        let marked = |mask: &[bool]| -> Vec<(Weak, f64)> {
            let all = c.binding.iter().zip(&weights).zip(mask).filter(|(_, marked)| **marked);
            let parts = |((b, weight), _): ((&Binding, &f64), _)| -> Vec<(Weak, f64)> {
                b.parts.iter().map(|(w, part)| (*w, part * weight)).collect()
            };
            all.flat_map(parts).collect()
        };
        let (mut reached, mut fresh) = (seen.clone(), seen);
        let mut moved = Stacked::zeros(&self.problem.user);
        for round in 0..=ROUNDS {
            let normals: Vec<_> = marked(&fresh).iter().map(|(w, part)| (*w, part * w.sign())).collect();
            let (d, _) = self.solve_on(&self.combination(&normals), &c.active, &c.factor, Care::Probe);
            moved.add(&d);
            fresh = if round + 1 < ROUNDS { self.coupled(&c.binding, &d.x) } else { vec![true; fresh.len()] };
            whole_groups(&c.binding, &mut fresh);
            for (fresh, reached) in fresh.iter_mut().zip(&mut reached) {
                *fresh &= !*reached;
                *reached |= *fresh;
            }
            if !fresh.contains(&true) {
                break;
            }
        }
        let parts = marked(&reached);
        let mut rate = self.slack_rate(c, &parts, &moved);
        if scaled(&mut rate, 0.0) {
            let cause = self.weak_cause(&parts);
            out.push(Harm { cause, rate: Some(Box::new(rate)), with: None });
        }
        for y in &c.dependencies {
            self.push_turned(&Cause::Dependent(self.support(y, &c.tight)), y, &moved.x, out);
        }
        Ok(())
    }

    /// Which weakly active constraints' slacks a motion of x moves.
    fn coupled(&self, binding: &[Binding], x: &[f64]) -> Vec<bool> {
        let size = NOISE * norm_inf(x);
        self.readings(binding, x).into_iter().map(|(value, of)| value.abs() > size * of).collect()
    }

    /// The cause that a combination of weakly active constraints is.
    fn weak_cause(&self, parts: &[(Weak, f64)]) -> Cause {
        let mut places: Vec<Place> = parts.iter().map(|(w, _)| self.weak_place(w)).collect();
        places.sort_unstable();
        places.dedup();
        Cause::WeaklyActive(places)
    }

    /// How a combination of slacks of weakly active constraints, taken as inactive, moves with the data; `moved` is K⁻¹ of
    /// the same combination of their normals, each times its sign.
    pub(super) fn slack_rate(&self, c: &Classified, parts: &[(Weak, f64)], moved: &Stacked) -> Tangent {
        // u̇ − Ċx − gᵀẋ for an upper end; gᵀẋ = movedᵀ(a, g) = −pair(moved).
        let mut rate = self.pair(moved, &self.point.x, &self.point.y, &c.active);
        let mut rows = vec![0.0; self.problem.user.m()];
        for (w, part) in parts {
            let (part, lower) = (part * w.sign(), w.side == Side::Lower);
            if w.row {
                rows[w.index] += part;
                let k = w.index - self.equalities;
                if lower { rate.gl[k] += part } else { rate.gu[k] += part }
            } else if lower {
                rate.lo[w.index] += part;
            } else {
                rate.hi[w.index] += part;
            }
        }
        if parts.iter().any(|(w, _)| w.row) {
            let below = self.problem.user.c.iter().filter(|(i, _, _)| *i >= self.equalities);
            for (g, (i, j, _)) in rate.g.iter_mut().zip(below) {
                *g -= rows[i] * self.point.x[j];
            }
        }
        rate
    }

    /// The harms of a forward derivative along a data tangent.
    pub(super) fn harms_along(&self, t: &Tangent, moved: &Stacked) -> Result<Vec<Cause>, Error> {
        let c = self.classified()?;
        let mut out = Vec::new();
        let size = t.largest();
        if size == 0.0 {
            return Ok(out);
        }
        if !c.proved {
            out.push(Cause::Unproved);
        }
        for z in &c.free {
            let shifted = self.right_hand_side(t, &c.active);
            let slides = dot(&z.x, &shifted.x).abs() > NOISE * norm_inf(&z.x) * size;
            if slides || self.slides(z, t, &moved.x, &moved.y) {
                out.push(Cause::NotUnique(support(&z.x).collect()));
            }
        }
        for y in &c.dependencies {
            let mut harms = Vec::new();
            self.dependency_harms(
                y,
                &Stacked::zeros(&self.problem.user),
                moved,
                &Cotangent::default(),
                &mut harms,
            );
            if harms.iter().any(|h| h.stands(t)) {
                out.push(Cause::Dependent(self.support(y, &c.tight)));
            }
        }
        if !c.binding.is_empty() {
            // Whatever route `moved` came by.
            let rhs = self.right_hand_side(t, &c.active);
            let (exact, _) = self.solve_on(&rhs, &c.active, &c.factor, Care::Exact);
            let rates = self.rates(t, &self.point.x);
            for (b, (value, _)) in c.binding.iter().zip(self.readings(&c.binding, &exact.x)) {
                let ends: f64 = b.signed().iter().map(|(w, part)| part * rates.of(w)).sum();
                if (ends - value).abs() > MOVED * size {
                    out.push(self.weak_cause(&b.parts));
                }
            }
        }
        for (row, i) in self.pinned() {
            let k = i.wrapping_sub(self.equalities);
            let apart = if row { at(&t.gu, k) - at(&t.gl, k) } else { at(&t.hi, i) - at(&t.lo, i) };
            if apart.abs() > NOISE * size {
                out.push(Cause::Pinned(self.fixed_place(row, i)));
            }
        }
        Ok(out)
    }

    /// The directions in which the solution and its multipliers are not unique.
    pub(super) fn freedoms(&self) -> Result<Vec<Freedom>, Error> {
        let c = self.classified()?;
        let of_x = c.free.iter().map(|z| Freedom {
            cause: Cause::NotUnique(support(&z.x).collect()),
            along: SolutionTangent {
                x: z.x.clone(),
                ..self.unstack(Stacked::zeros(&self.problem.user), &c.tight)
            },
        });
        let of_multipliers = c.dependencies.iter().map(|y| Freedom {
            cause: Cause::Dependent(self.support(y, &c.tight)),
            along: self.unstack(y.clone(), &c.tight),
        });
        // The two parts of the multiplier of equal ends: their difference is one number, and where that is 0 each has a kink.
        let parts = self.pinned().filter(|&(row, i)| self.is_slack(row, i)).map(|(row, i)| {
            let mut along = self.unstack(Stacked::zeros(&self.problem.user), &c.tight);
            if row {
                let k = i - self.equalities;
                (along.nu_lower[k], along.nu_upper[k]) = (1.0, 1.0);
            } else {
                (along.mu_lower[i], along.mu_upper[i]) = (1.0, 1.0);
            }
            Freedom { cause: Cause::Pinned(self.fixed_place(row, i)), along }
        });
        Ok(of_x.chain(of_multipliers).chain(parts).collect())
    }

    /// Whether the multiplier of equal ends is 0, to rounding.
    fn is_slack(&self, row: bool, i: usize) -> bool {
        let multiplier = if row { self.point.y[i] } else { self.point.z[i] };
        multiplier.abs() <= self.activity * self.point.norm().max(1.0)
    }
}

/// Marks all of a group where one of them is.
fn whole_groups(binding: &[Binding], marked: &mut [bool]) {
    let groups: BTreeSet<usize> =
        binding.iter().zip(&*marked).filter(|(_, m)| **m).map(|(b, _)| b.group).collect();
    for (m, b) in marked.iter_mut().zip(binding) {
        *m |= groups.contains(&b.group);
    }
}

/// Reports a rate scaled to largest entry 1, unless it is rounding noise against `size`.
pub(super) fn push(out: &mut Vec<Harm>, cause: &Cause, mut rate: Tangent, size: f64) {
    if scaled(&mut rate, size) {
        out.push(Harm { cause: cause.clone(), rate: Some(Box::new(rate)), with: None });
    }
}

/// Scales a rate to largest entry 1; whether it is more than rounding noise against `size`.
pub(super) fn scaled(rate: &mut Tangent, size: f64) -> bool {
    let largest = rate.largest();
    if largest <= NOISE * size || largest == 0.0 {
        return false;
    }
    for v in rate.blocks_mut().into_iter().flatten() {
        *v /= largest;
    }
    true
}

/// The cotangent on a constraint's multiplier.
fn multiplier_cotangent(v: &Cotangent, place: Place) -> f64 {
    match place {
        Place::Equality(i) => at(&v.lambda, i),
        Place::RowLower(k) => at(&v.nu_lower, k),
        Place::RowUpper(k) => at(&v.nu_upper, k),
        Place::RowFixed(k) => at(&v.nu_lower, k).abs().max(at(&v.nu_upper, k).abs()),
        Place::BoundLower(i) => at(&v.mu_lower, i),
        Place::BoundUpper(i) => at(&v.mu_upper, i),
        Place::BoundFixed(i) => at(&v.mu_lower, i).abs().max(at(&v.mu_upper, i).abs()),
    }
}

/// Whether the two nonnegative parts of a multiplier of equal ends are asked for otherwise than by their difference, which
/// alone is linear.
fn asks_for_parts(v: &Cotangent, place: Place) -> bool {
    match place {
        Place::RowFixed(k) => at(&v.nu_lower, k) != -at(&v.nu_upper, k),
        Place::BoundFixed(i) => at(&v.mu_lower, i) != -at(&v.mu_upper, i),
        _ => false,
    }
}

fn multipliers_asked(v: &Cotangent) -> f64 {
    [&v.lambda, &v.nu_lower, &v.nu_upper, &v.mu_lower, &v.mu_upper]
        .iter()
        .map(|b| norm_inf(b))
        .fold(0.0, f64::max)
}

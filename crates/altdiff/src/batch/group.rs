//! Samples with shared matrices, solved and differentiated side by side.

use super::guess::{self, Guess};
use super::system::{Room, Sides, System, WidePoint};
use super::wide::{LANES, Wide};
use super::{Batch, Block};
use crate::active::{ActiveSet, Side};
use crate::core::Core;
use crate::derivative::{State, block_len};
use crate::kernel::{kernel, vectorized};
use crate::pivoting::{CLEAR, Inequality, Pivoted, Search};
use crate::solver::Together;
use crate::{Method, Residuals, Solution, Status, WarmStart};
use std::sync::{Arc, OnceLock};

/// Refinements of a solution.
const REFINEMENTS: usize = 6;

/// What a batch of samples with shared matrices has in common.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) together: Together,
    guess: Option<Guess>,
}

/// Samples side by side: their problems, and their solutions where the quick way found them beyond doubt. The others
/// are for the general way.
#[derive(Debug)]
pub(crate) struct Group {
    family: Arc<Family>,
    /// Linear costs, negated.
    cost: Vec<Wide>,
    /// The lower and upper ends of the constraints that take part: equal ones, then unequal ones.
    ends: Vec<[Wide; 2]>,
    pub(super) point: WidePoint,
    /// The sides of those constraints, as the numbers of [`Side`].
    pub(super) side: Vec<Wide>,
    /// The factors of the active sets; none for a sample that needs the general way.
    pub(super) active: Vec<Option<Arc<Pivoted>>>,
}

/// What became of the samples of a group.
#[derive(Debug)]
struct Verdict {
    residuals: [Residuals; LANES],
    objective: Wide,
    /// Whether the solution is differentiable, and right, beyond doubt.
    clear: [bool; LANES],
    iterations: [usize; LANES],
}

/// A sample's place in its group, and what its derivatives need, made when they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(super) group: Arc<Group>,
    pub(super) lane: usize,
    state: OnceLock<Arc<State>>,
}

impl Sample {
    pub(crate) fn state(&self) -> &Arc<State> {
        self.state.get_or_init(|| Arc::new(self.group.state(self.lane)))
    }
}

impl Family {
    /// `cold`: whether some sample has no start.
    pub(super) fn new(together: Together, cold: bool) -> Self {
        let guess = if cold { Guess::new(&together.saddle) } else { None };
        Self { together, guess }
    }

    /// Whether a sample's vectors are numbers, and its constraints have the ends that the factor was made for.
    pub(super) fn fits(&self, batch: &Batch, sample: usize) -> bool {
        let Together { core, layout, equalities: me, .. } = &self.together;
        let (me, m) = (*me, layout.m);
        let finite = |block| {
            batch.values(block, sample).is_none_or(|v| v.iter().fold(true, |fine, v| fine & v.is_finite()))
        };
        let ends = |blocks: [Block; 2], first: usize, base: [&[f64]; 2]| {
            if blocks.iter().all(|block| batch.is_shared(*block)) {
                return true;
            }
            let own = |side: usize| batch.values(blocks[side], sample).unwrap_or(base[side]);
            own(0).iter().zip(own(1)).zip(&layout.place[first..]).all(|((l, u), place)| alike(*l, *u, *place))
        };
        finite(Block::Q)
            && finite(Block::B)
            && ends([Block::Gl, Block::Gu], me, [&core.l[me..], &core.u[me..]])
            && ends([Block::Lo, Block::Hi], m, [&core.lo, &core.hi])
    }

    /// Whether no interval that all samples share is empty.
    pub(super) fn is_consistent(&self, batch: &Batch) -> bool {
        let Together { core, layout, equalities: me, .. } = &self.together;
        let shared = |blocks: [Block; 2]| blocks.iter().all(|block| batch.is_shared(*block));
        let ends = |l: &[f64], u: &[f64], first: usize| {
            l.iter().zip(u).zip(&layout.place[first..]).all(|((l, u), place)| alike(*l, *u, *place))
        };
        (!shared([Block::Gl, Block::Gu]) || ends(&core.l[*me..], &core.u[*me..], *me))
            && (!shared([Block::Lo, Block::Hi]) || ends(&core.lo, &core.hi, layout.m))
    }
}

/// Whether the ends of an inequality are those of one that has the place in the layout, and not empty.
fn alike(l: f64, u: f64, place: usize) -> bool {
    if place == usize::MAX {
        l == f64::NEG_INFINITY && u == f64::INFINITY
    } else {
        l < u && (l.is_finite() || u.is_finite())
    }
}

/// Room to solve groups in, one after another.
pub(super) struct Scratch {
    room: Room,
    guesses: guess::Room,
    search: Search,
    multipliers: Vec<Wide>,
}

impl Scratch {
    pub(super) fn new(family: &Family) -> Self {
        let together = &family.together;
        let layout = &together.layout;
        Self {
            room: System { together, active: &[] }.room(),
            guesses: guess::Room::default(),
            search: Search::default(),
            multipliers: vec![Wide::default(); layout.unequal.len()],
        }
    }
}

impl Group {
    /// Solves the given samples of a batch, at most [`LANES`]. A sample without a solution is for the general way.
    pub(super) fn solve(
        family: &Arc<Family>,
        batch: &Batch,
        samples: &[usize],
        warm: &[Option<&WarmStart>],
        scratch: &mut Scratch,
    ) -> Vec<Option<Solution>> {
        let mut group = Self::load(family, batch, samples);
        let (energy, iterations) = group.search(scratch, warm);
        let verdict = group.finish(&energy, &mut scratch.room, iterations);
        for (lane, active) in group.active.iter_mut().enumerate() {
            if !verdict.clear[lane] {
                *active = None;
            }
        }
        let group = Arc::new(group);
        (0..samples.len())
            .map(|lane| group.active[lane].is_some().then(|| Self::solution(&group, lane, &verdict)))
            .collect()
    }

    /// Takes the samples' vectors; the first one stands in where there are not enough.
    fn load(family: &Arc<Family>, batch: &Batch, samples: &[usize]) -> Self {
        let Together { core, layout, .. } = &family.together;
        let (n, m, me) = (layout.n, layout.m, family.together.equalities);
        let at = |lane: usize| samples.get(lane).or(samples.first()).copied().unwrap_or(0);
        let spread = |block: Block, base: &[f64]| -> Vec<Wide> {
            let mut out: Vec<Wide> = base.iter().map(|v| Wide::all(*v)).collect();
            if !batch.is_shared(block) {
                for lane in 0..LANES {
                    for (o, v) in out.iter_mut().zip(batch.values(block, at(lane)).unwrap_or_default()) {
                        o.0[lane] = *v;
                    }
                }
            }
            out
        };
        let mut cost = spread(Block::Q, &core.q);
        for v in &mut cost {
            *v = v.scaled(-1.0);
        }
        let b = spread(Block::B, &core.l[..me]);
        let rows = [spread(Block::Gl, &core.l[me..]), spread(Block::Gu, &core.u[me..])];
        let bounds = [spread(Block::Lo, &core.lo), spread(Block::Hi, &core.hi)];
        let ends = |k: usize| match k {
            k if k < me => [b[k]; 2],
            k if k < m => [rows[0][k - me], rows[1][k - me]],
            k => [bounds[0][k - m], bounds[1][k - m]],
        };
        Self {
            family: Arc::clone(family),
            cost,
            ends: layout.equal.iter().chain(&layout.unequal).map(|&k| ends(k)).collect(),
            point: WidePoint::zeros(n, m),
            side: vec![Wide::default(); layout.order() - n],
            active: Vec::with_capacity(samples.len()),
        }
    }

    /// Finds the active sets, and leaves the eliminated right-hand side with the multipliers in the room. Returns its
    /// energy and the steps of the searches.
    fn search(&mut self, scratch: &mut Scratch, warm: &[Option<&WarmStart>]) -> (Wide, [usize; LANES]) {
        let Scratch { room, guesses, search, multipliers } = scratch;
        let Family { together, guess } = &*self.family;
        let Together { layout, saddle, .. } = together;
        let (n, e) = (layout.n, layout.equal.len());
        let step = &mut room.step;
        step[..n].copy_from_slice(&self.cost);
        for (s, end) in step[n..n + e].iter_mut().zip(&self.ends) {
            *s = end[0];
        }
        step[n + e..].fill(Wide::default());
        let energy = System { together, active: &[] }.eliminate(step);
        let tail = &mut step[n + e..];
        for t in tail.iter_mut() {
            *t = t.scaled(-1.0);
        }
        let ends = &self.ends[e..];
        let fits = |active: &&ActiveSet| active.rows.len() == layout.m && active.vars.len() == n;
        let warm: Vec<_> = warm.iter().map(|w| w.map(|w| &w.active).filter(fits)).collect();
        let cold = warm.iter().any(Option::is_none);
        let guess = guess.as_ref().filter(|_| cold);
        if let Some(guess) = guess {
            guess.run(tail, ends, guesses);
        }
        for side in &mut self.side[..e] {
            *side = Wide::all(f64::from(Side::Equal as i8));
        }
        let mut steps = [0; LANES];
        multipliers.fill(Wide::default());
        for (lane, active) in warm.into_iter().enumerate() {
            let inequalities = tail.iter().zip(ends).zip(&layout.unequal).enumerate();
            let inequalities = inequalities.map(|(i, ((value, [l, u]), &k))| {
                let (l, u) = (l.0[lane], u.0[lane]);
                let guess = match (active, guess) {
                    (Some(active), _) => Some(start_side(active, layout.m, k, l, u)),
                    (None, Some(_)) => Some(guesses.side(i, lane)),
                    (None, None) => None,
                };
                Inequality { l, u, value: value.0[lane], guess }
            });
            search.load(saddle, energy.0[lane], inequalities);
            let found = search.finds(saddle, together.limit);
            steps[lane] = search.steps();
            self.active.push(found.then(|| Arc::new(search.leave(layout, saddle))));
            if found {
                let sides = self.side[e..].iter_mut().zip(search.sides());
                for ((side, s), (y, v)) in sides.zip(multipliers.iter_mut().zip(search.multipliers())) {
                    side.0[lane] = f64::from(*s as i8);
                    y.0[lane] = *v;
                }
            }
        }
        tail.copy_from_slice(multipliers);
        (energy, steps)
    }

    /// Recovers the points, refines them against the user's data, and judges what came out.
    fn finish(&mut self, energy: &Wide, room: &mut Room, iterations: [usize; LANES]) -> Verdict {
        let together = &self.family.together;
        let system = System { together, active: &self.active };
        system.recover(&mut room.step);
        system.add(&mut self.point, &room.step);
        let on: Vec<Wide> = self.on();
        let held = |(side, [l, u]): (&Wide, &[Wide; 2])| {
            let mut end = Wide::default();
            for lane in 0..LANES {
                end.0[lane] = match side.0[lane] {
                    0.0 => 0.0,
                    -1.0 => l.0[lane],
                    _ => u.0[lane],
                };
            }
            end
        };
        let ends: Vec<Wide> = self.side.iter().zip(&self.ends).map(held).collect();
        let sides = Sides { x: &self.cost, ends: &ends, on: &on };
        let residual = system.refine(&sides, &mut self.point, energy, REFINEMENTS, room);
        let mut verdict = vectorized::<Judge, _>((&*self, &*room));
        verdict.iterations = iterations;
        for lane in 0..LANES {
            verdict.clear[lane] &= residual.0[lane].is_finite()
                && verdict.residuals[lane].max() <= together.tolerance
                && matches!(self.active.get(lane), Some(Some(_)));
        }
        verdict
    }

    /// Whether constraints are active.
    pub(super) fn on(&self) -> Vec<Wide> {
        self.side.iter().map(|side| side.map(|s| if s == 0.0 { 0.0 } else { 1.0 })).collect()
    }

    pub(super) fn together(&self) -> &Together {
        &self.family.together
    }

    /// Number of entries of a block.
    pub(super) fn len(&self, block: Block) -> usize {
        let Together { core, equalities, .. } = self.together();
        block_len(core, *equalities, block)
    }

    /// The sides of one sample.
    pub(super) fn active_set(&self, lane: usize) -> ActiveSet {
        let layout = &self.together().layout;
        let mut out =
            ActiveSet { rows: vec![Side::Inactive; layout.m], vars: vec![Side::Inactive; layout.n] };
        for (&k, side) in layout.equal.iter().chain(&layout.unequal).zip(&self.side) {
            let side = match side.0[lane] {
                0.0 => continue,
                -1.0 => Side::Lower,
                1.0 => Side::Upper,
                _ => Side::Equal,
            };
            if k < layout.m { out.rows[k] = side } else { out.vars[k - layout.m] = side }
        }
        out
    }

    fn solution(group: &Arc<Self>, lane: usize, verdict: &Verdict) -> Solution {
        let me = group.together().equalities;
        let of = |v: &[Wide]| -> Vec<f64> { v.iter().map(|v| v.0[lane]).collect() };
        let part =
            |v: &[Wide], sign: f64| -> Vec<f64> { v.iter().map(|v| (sign * v.0[lane]).max(0.0)).collect() };
        let WidePoint { x, y, z } = &group.point;
        Solution {
            status: Status::Solved,
            x: of(x),
            lambda: of(&y[..me]),
            nu_lower: part(&y[me..], -1.0),
            nu_upper: part(&y[me..], 1.0),
            mu_lower: part(z, -1.0),
            mu_upper: part(z, 1.0),
            objective: verdict.objective.0[lane],
            residuals: verdict.residuals[lane],
            iterations: verdict.iterations[lane],
            method: Method::ActiveSet,
            finished: true,
            notes: Vec::new(),
            certificate: None,
            active: group.active_set(lane),
            state: None,
            sample: Some(Sample { group: Arc::clone(group), lane, state: OnceLock::new() }),
        }
    }

    /// What the derivatives of one sample need.
    fn state(&self, lane: usize) -> State {
        let together = self.together();
        let Together { core, layout, .. } = together;
        let mut user = Core { q: self.cost.iter().map(|v| -v.0[lane]).collect(), ..(**core).clone() };
        for (&k, [l, u]) in layout.equal.iter().chain(&layout.unequal).zip(&self.ends) {
            let (l, u) = (l.0[lane], u.0[lane]);
            if k < layout.m {
                (user.l[k], user.u[k]) = (l, u);
            } else {
                (user.lo[k - layout.m], user.hi[k - layout.m]) = (l, u);
            }
        }
        let pivoted = self.active[lane].clone();
        together.state(user, self.point.sample(lane), self.active_set(lane), pivoted)
    }
}

/// The side a warm start has a constraint at, where it has such an end.
fn start_side(active: &ActiveSet, m: usize, k: usize, l: f64, u: f64) -> Side {
    let side = if k < m { active.rows[k] } else { active.vars[k - m] };
    match side {
        Side::Upper if u.is_finite() => Side::Upper,
        Side::Lower if l.is_finite() => Side::Lower,
        _ => Side::Inactive,
    }
}

kernel!(Judge = judge, (&Group, &Room) -> Verdict);

/// Residuals and objectives at the points whose products are in the room, and whether nothing about them is in doubt:
/// see [`Core::residuals_of`] and `Solve::clean`.
#[inline(always)]
fn judge((group, room): (&Group, &Room)) -> Verdict {
    let Group { cost, ends, point, side, .. } = group;
    let together = group.together();
    let layout = &together.layout;
    let (n, m) = (layout.n, layout.m);
    let (mut violation, mut size, mut largest) = (Wide::default(), Wide::all(1.0), Wide::all(1.0));
    let (mut sum, mut wrong, mut unclear) = (Wide::default(), Wide::default(), Wide::default());
    let mut multipliers = Wide::all(1.0);
    for v in point.y.iter().chain(&point.z) {
        multipliers = multipliers.reach(v);
    }
    for (c, &k) in layout.equal.iter().chain(&layout.unequal).enumerate() {
        let v = if k < m { &room.cx[k] } else { &point.x[k - m] };
        let (y, [l, u], side) = (point.multiplier(k), &ends[c], &side[c]);
        for lane in 0..LANES {
            let (v, y, l, u, side) = (v.0[lane], y.0[lane], l.0[lane], u.0[lane], side.0[lane]);
            let beyond = if l - v > v - u { l - v } else { v - u };
            violation.0[lane] = violation.0[lane].max(beyond);
            let end = if y > 0.0 { u } else { l };
            let finite = end.abs() < f64::INFINITY;
            let end = if finite { end } else { 0.0 };
            size.0[lane] = size.0[lane].max(v.abs()).max(end.abs());
            let term = y * end;
            sum.0[lane] += term;
            largest.0[lane] = largest.0[lane].max(term.abs());
            wrong.0[lane] = wrong.0[lane].max(if finite { 0.0 } else { y.abs() });
            let gap = CLEAR * (1.0 + v.abs());
            let inactive = v - l > gap && u - v > gap;
            let active = side * y > CLEAR * multipliers.0[lane] || side == 2.0;
            let clear = if side == 0.0 { inactive } else { active };
            unclear.0[lane] += if clear { 0.0 } else { 1.0 };
        }
    }
    // What has no ends takes part in the sizes.
    for v in room.cx.iter().chain(&point.x) {
        size = size.reach(v);
    }
    let (mut dual, mut terms) = (wrong, Wide::all(1.0));
    let (mut quadratic, mut linear) = (Wide::default(), Wide::default());
    for j in 0..n {
        let (px, cy, q, z) = (&room.px[j], &room.cy[j], &cost[j], &point.z[j]);
        dual = dual.reach(&px.minus(q).plus(cy).plus(z));
        terms = terms.reach(px).reach(q).reach(cy).reach(z);
        quadratic.add_product(&point.x[j], px);
        linear = linear.minus(&point.x[j].times(q));
    }
    largest = largest.reach(&quadratic).reach(&linear).reach(&sum);
    let clean = |v: f64| if v.is_nan() { f64::INFINITY } else { v };
    let finite = |lane: usize| (quadratic.0[lane] + linear.0[lane] + sum.0[lane]).is_finite();
    Verdict {
        residuals: std::array::from_fn(|lane| Residuals {
            primal: clean(violation.0[lane] / size.0[lane]),
            dual: clean(dual.0[lane] / terms.0[lane]),
            gap: clean((quadratic.0[lane] + linear.0[lane] + sum.0[lane]).abs() / largest.0[lane]),
        }),
        objective: quadratic.scaled(0.5).plus(&linear).map(|v| v + together.constant),
        clear: std::array::from_fn(|lane| unclear.0[lane] == 0.0 && finite(lane)),
        iterations: [0; LANES],
    }
}

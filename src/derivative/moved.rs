//! Which parameters move a quantity whose derivative by the data is known up to rounding.

use super::Derivatives;
use super::notes::AT_PARAMETERS;
use crate::lifting::project;
use altdiff::Cause;
use cvxlayer_program::Parameter;

/// Rates are right to about 1e-9, so what is smaller than this, relative to the motion of the data, is rounding.
const RATE: f64 = 1e-7;
/// A gradient's entry below this, relative to the largest one, is rounding.
const GRADIENT: f64 = 1e-9;
/// How many entries of a parameter are looked at more closely, the most suspicious first.
const CLOSE_LOOKS: usize = 32;

/// How the entries of θ move a quantity.
struct Ways {
    /// Its derivative.
    theta: Vec<f64>,
    /// The derivatives of what is at a kink of the lift: they move it to one side at least, whatever slope is used there.
    kinks: Vec<Vec<f64>>,
}

impl Derivatives<'_> {
    /// The parameters asked for that move a quantity with the given derivative by the data.
    pub(super) fn movers_of_data(&self, rate: &altdiff::Tangent) -> Vec<String> {
        let ways = self.ways(rate);
        let moved = self.asked().filter(|p| self.moving_of(p, &ways).next().is_some());
        moved.map(|p| p.name.to_string()).collect()
    }

    /// The entries of θ, of the parameters asked for, that move such a quantity.
    pub(super) fn moving_entries(&self, rate: &altdiff::Tangent) -> Vec<usize> {
        let ways = self.ways(rate);
        let entries = self.asked().flat_map(|p| self.moving_of(p, &ways).map(|e| p.start + e));
        let mut out: Vec<usize> = entries.collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    fn ways(&self, rate: &altdiff::Tangent) -> Ways {
        let (state, program) = (self.state, self.state.program());
        let data = crate::engine::DataVector { blocks: rate.clone(), r: 0.0 };
        let mut theta_hat = vec![0.0; program.lift.len()];
        crate::engine::data_adjoint(&program.blocks, &data, &mut theta_hat);
        let noise = RATE * largest(&theta_hat).max(1.0);
        let (theta, mut nodes) = state.lifted().adjoint(program, theta_hat);
        for entry in nodes.iter_mut().flatten().flatten().filter(|v| v.abs() <= noise) {
            *entry = 0.0;
        }
        let probes = state.lifted().tape.probes(&program.lift.tape, Some(&nodes), AT_PARAMETERS);
        let kinks = probes.iter().map(|probe| state.lifted().node_adjoint(program, &probe.weights));
        Ways { theta, kinks: kinks.collect() }
    }

    /// The entries of a parameter that move a quantity; some more than once.
    fn moving_of<'w>(&self, p: &'w Parameter, ways: &'w Ways) -> impl Iterator<Item = usize> + use<'_, 'w> {
        let of = |theta: &[f64]| project(p, &theta[p.start..p.start + p.len()]);
        let entries = of(&ways.theta);
        let suspects = by_size(&entries).into_iter().take(CLOSE_LOOKS);
        let through_kinks = ways.kinks.iter().flat_map(move |kink| {
            let threshold = GRADIENT * largest(kink).max(f64::MIN_POSITIVE);
            let above = of(kink).into_iter().enumerate().filter(move |(_, v)| v.abs() > threshold);
            above.map(|(e, _)| e)
        });
        suspects.filter(move |&e| self.moves(p, e, entries[e])).chain(through_kinks)
    }

    /// Whether a rate by one entry of a parameter is more than rounding, given how far the entry moves the data.
    fn moves(&self, p: &Parameter, entry: usize, rate: f64) -> bool {
        let mut unit = vec![0.0; p.len()];
        unit[entry] = 1.0;
        let mut direction = vec![0.0; self.state.program().lift.theta];
        direction[p.start..p.start + p.len()].copy_from_slice(&project(p, &unit));
        rate.abs() > RATE * largest_of_data(&self.data_tangent(&direction).0.blocks)
    }

    /// The parameters asked for by which a combination of operands, with the given gradient, is not constant.
    ///
    /// What a constraint holds in place has a gradient of rounding errors alone, which only the weights of the
    /// combination tell from a true motion.
    pub(super) fn movers_of_gradient(&self, theta: &[f64], weights: &[(u32, Vec<f64>)]) -> Vec<String> {
        let weight = weights.iter().fold(0.0_f64, |m, (_, w)| m.max(largest(w)));
        let threshold = GRADIENT * largest(theta).max(weight).max(f64::MIN_POSITIVE);
        self.names(theta, |entries| largest(entries) > threshold)
    }

    /// The parameters asked for that move in a direction.
    pub(super) fn moving(&self, theta: &[f64]) -> Vec<String> {
        self.names(theta, |entries| entries.iter().any(|v| *v != 0.0))
    }

    fn names(&self, theta: &[f64], moves: impl Fn(&[f64]) -> bool) -> Vec<String> {
        let moved = self.asked().filter(|p| moves(&project(p, &theta[p.start..p.start + p.len()])));
        moved.map(|p| p.name.to_string()).collect()
    }

    /// What parameters asked for do together only: a direction that moves all of them, in no relation, tells. `None` where
    /// that could not be found out.
    pub(super) fn turned(&self) -> Option<Vec<Cause>> {
        let mut direction = vec![0.0; self.state.program().lift.theta];
        let mut random = fastrand::Rng::with_seed(1);
        for p in self.asked() {
            let entries: Vec<f64> = (0..p.len()).map(|_| random.f64() - 0.5).collect();
            direction[p.start..p.start + p.len()].copy_from_slice(&project(p, &entries));
        }
        self.state.solved.turned(&self.data_tangent(&direction).0.blocks).ok()
    }

    fn asked(&self) -> impl Iterator<Item = &Parameter> {
        self.asked.iter().map(|&i| &self.state.program().parameters[i])
    }
}

/// The entries that are not 0, the largest first.
fn by_size(entries: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).filter(|&e| entries[e] != 0.0).collect();
    order.sort_by(|&a, &b| entries[b].abs().total_cmp(&entries[a].abs()));
    order
}

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m, x| m.max(x.abs()))
}

fn largest_of_data(t: &altdiff::Tangent) -> f64 {
    [&t.p, &t.q, &t.w, &t.a, &t.b, &t.g, &t.gl, &t.gu, &t.lo, &t.hi]
        .into_iter()
        .map(|v| largest(v))
        .fold(0.0, f64::max)
}

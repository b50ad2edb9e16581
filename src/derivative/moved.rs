//! Which parameters move a quantity whose derivative by the data is known up to rounding.

use super::Derivatives;
use crate::lifting::project;

/// Rates are right to about 1e-9, so what is smaller than this, relative to the motion of the data, is rounding.
const RATE: f64 = 1e-7;
/// A gradient's entry below this, relative to the largest one, is rounding.
const GRADIENT: f64 = 1e-9;
/// How many entries of a parameter are looked at more closely, the most suspicious first.
const CLOSE_LOOKS: usize = 32;

impl Derivatives<'_> {
    /// The parameters asked for that move a quantity with the given derivative by the data.
    pub(super) fn movers_of_data(&self, rate: &altdiff::Tangent) -> Vec<String> {
        let theta = self.rate_of_theta(rate);
        self.names(&theta, |query, p, entries| {
            let suspects = by_size(entries);
            suspects.into_iter().take(CLOSE_LOOKS).any(|e| query.moves(p, e, entries[e]))
        })
    }

    /// The entries of θ, of the parameters asked for, that move such a quantity.
    pub(super) fn moving_entries(&self, rate: &altdiff::Tangent) -> Vec<usize> {
        let theta = self.rate_of_theta(rate);
        let all = &self.state.program().parameters;
        let mut out = Vec::new();
        for p in self.asked.iter().map(|&i| &all[i]) {
            let entries = project(p, &theta[p.start..p.start + p.len()]);
            let moving =
                by_size(&entries).into_iter().take(CLOSE_LOOKS).filter(|&e| self.moves(p, e, entries[e]));
            out.extend(moving.map(|e| p.start + e));
        }
        out
    }

    fn rate_of_theta(&self, rate: &altdiff::Tangent) -> Vec<f64> {
        let (state, program) = (self.state, self.state.program());
        let data = crate::engine::DataVector { blocks: rate.clone(), r: 0.0 };
        let mut theta_hat = vec![0.0; program.lift.len()];
        crate::engine::data_adjoint(&program.blocks, &data, &mut theta_hat);
        state.lifted().adjoint(program, theta_hat).0
    }

    /// Whether a rate by one entry of a parameter is more than rounding, given how far the entry moves the data.
    fn moves(&self, p: &cvxlayer_program::Parameter, entry: usize, rate: f64) -> bool {
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
        self.names(theta, |_, _, entries| largest(entries) > threshold)
    }

    /// The parameters asked for that move in a direction.
    pub(super) fn moving(&self, theta: &[f64]) -> Vec<String> {
        self.names(theta, |_, _, entries| entries.iter().any(|v| *v != 0.0))
    }

    fn names(
        &self,
        theta: &[f64],
        moves: impl Fn(&Self, &cvxlayer_program::Parameter, &[f64]) -> bool,
    ) -> Vec<String> {
        let all = &self.state.program().parameters;
        let asked = self.asked.iter().map(|&i| &all[i]);
        asked
            .filter(|p| moves(self, p, &project(p, &theta[p.start..p.start + p.len()])))
            .map(|p| p.name.to_string())
            .collect()
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

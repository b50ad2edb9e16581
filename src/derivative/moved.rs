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
        let (state, program) = (self.state, self.state.program());
        let data = crate::engine::DataVector { blocks: rate.clone(), r: 0.0 };
        let mut theta_hat = vec![0.0; program.lift.len()];
        crate::engine::data_adjoint(&program.blocks, &data, &mut theta_hat);
        let (theta, _) = state.lifted.adjoint(program, theta_hat);
        self.names(&theta, |query, p, entries| {
            let mut order: Vec<usize> = (0..entries.len()).filter(|&e| entries[e] != 0.0).collect();
            order.sort_by(|&a, &b| entries[b].abs().total_cmp(&entries[a].abs()));
            order.iter().take(CLOSE_LOOKS).any(|&e| {
                let mut unit = vec![0.0; entries.len()];
                unit[e] = 1.0;
                let mut direction = vec![0.0; program.lift.theta];
                direction[p.start..p.start + p.len()].copy_from_slice(&project(p, &unit));
                entries[e].abs() > RATE * largest_of_data(&query.data_tangent(&direction).0.blocks)
            })
        })
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

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m, x| m.max(x.abs()))
}

fn largest_of_data(t: &altdiff::Tangent) -> f64 {
    [&t.p, &t.q, &t.a, &t.b, &t.g, &t.gl, &t.gu, &t.lo, &t.hi]
        .into_iter()
        .map(|v| largest(v))
        .fold(0.0, f64::max)
}

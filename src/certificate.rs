//! Proofs that there is no solution, in the user's terms.

use crate::data::Array;
use crate::derivative::{column_name, place_name};
use crate::engine;
use crate::named::Named;
use crate::solution::{array, duals, variables};
use altdiff::Place;
use cvxlayer_program::Program;

/// Why there is no solution.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Certificate {
    /// Multipliers with which the constraints contradict themselves: the combination of constraints has no variable
    /// left and is false. Signs are those of duals, and the largest is 1.
    Infeasible {
        /// By the constraints' labels.
        duals: Named<Array>,
        /// Of the variables' bounds.
        bounds: Named<Array>,
    },
    /// A direction along which every point stays feasible and the objective improves without end.
    Unbounded {
        /// The direction, by variable; the largest entry is 1.
        direction: Named<Array>,
        /// A feasible point.
        point: Named<Array>,
    },
}

impl Certificate {
    pub(crate) fn new(program: &Program, proof: &altdiff::Certificate) -> Option<Self> {
        match proof {
            altdiff::Certificate::Infeasible { lambda, nu_lower, nu_upper, mu_lower, mu_upper } => {
                let stacked = engine::stack([lambda, nu_lower, nu_upper, mu_lower, mu_upper]);
                let map = &program.solution;
                let (duals, bounds) = (duals(&map.duals, &stacked), duals(&map.bounds, &stacked));
                let scale = largest([&duals, &bounds]);
                Some(Self::Infeasible { duals: scaled(&duals, scale), bounds: scaled(&bounds, scale) })
            }
            altdiff::Certificate::Unbounded { direction, point } => {
                let direction = variables(program, direction);
                let scale = largest([&direction]);
                Some(Self::Unbounded {
                    direction: scaled(&direction, scale),
                    point: variables(program, point),
                })
            }
            _ => None,
        }
    }
}

/// A multiplier of a domain below this, the largest being 1, takes no part in a proof.
const NEGLIGIBLE: f64 = 1e-9;

/// Which variables a proof of infeasibility needs to be nonnegative because smooth terms do: no bound is written there, so
/// no dual names it.
pub(crate) fn domains(program: &Program, lo: &[f64], proof: &altdiff::Certificate) -> Option<String> {
    let altdiff::Certificate::Infeasible { mu_lower, .. } = proof else { return None };
    let unwritten = |j: &usize| lo[*j] == f64::NEG_INFINITY && mu_lower[*j] > NEGLIGIBLE;
    let which = list((0..lo.len()).filter(unwritten).map(|j| column_name(program, j)))?;
    Some(format!(
        "the domain of the objective is part of the contradiction: its terms need {which} to be nonnegative"
    ))
}

/// Which variables the constraints hold at 0 where a smooth term is infinite, by the nearest point there is: it takes no
/// contradiction to make such a problem infeasible.
pub(crate) fn closed(program: &Program, problem: &altdiff::Problem, x: &[f64]) -> Option<String> {
    let held = |t: &&altdiff::SmoothTerm| x[t.column] == 0.0 && t.function.value(0.0).is_infinite();
    let columns = problem.smooth.iter().filter(held).map(|t| column_name(program, t.column));
    let which = list(columns)?;
    Some(format!("the domain of the objective needs {which} to be positive, and the constraints forbid it"))
}

/// Names in a sentence.
fn list(names: impl Iterator<Item = String>) -> Option<String> {
    let mut names: Vec<String> = names.collect();
    names.dedup();
    Some(match &names[..] {
        [] => return None,
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [first, .., last] => format!("{first}, …, {last}"),
    })
}

/// Of which entries the two ends alone contradict each other: their multipliers are 1 both, and the dual, which is their
/// difference, does not show them.
pub(crate) fn crossed(program: &Program, proof: &altdiff::Certificate) -> Option<String> {
    let altdiff::Certificate::Infeasible { nu_lower, nu_upper, mu_lower, mu_upper, .. } = proof else {
        return None;
    };
    let both = |lower: &[f64], upper: &[f64], place: fn(usize) -> Place| {
        let at = (0..lower.len()).filter(|&i| lower[i] > NEGLIGIBLE && upper[i] > NEGLIGIBLE);
        at.map(|i| place_name(program, place(i))).collect::<Vec<_>>()
    };
    let mut names = both(nu_lower, nu_upper, Place::RowFixed);
    names.extend(both(mu_lower, mu_upper, Place::BoundFixed));
    let which = match &names[..] {
        [] => return None,
        [one] => one.clone(),
        [one, ..] => format!("{one} and {} more", names.len() - 1),
    };
    Some(format!("the lower end of {which} is above the upper end"))
}

fn largest<const N: usize>(lists: [&Named<Array>; N]) -> f64 {
    let entries = lists.into_iter().flat_map(Named::iter).flat_map(|(_, a)| a.values());
    entries.fold(0.0, |m: f64, v| m.max(v.abs()))
}

/// Divided by `scale`, unless that is zero.
fn scaled(list: &Named<Array>, scale: f64) -> Named<Array> {
    let by = |v: &f64| if scale > 0.0 { v / scale } else { *v };
    list.iter().map(|(name, a)| (name, array(a.axes(), a.values().iter().map(by).collect()))).collect()
}

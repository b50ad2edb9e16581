//! A complementarity problem whose matrix is given.

use super::complementarity::{Found, Search};
use super::saddle::Saddle;
use crate::active::Side;

/// Steps of a search per constraint, and at least, before it is given up.
const STEPS: usize = 20;

/// `l ≤ g₀ − S y ≤ u`, S positive definite, each entry of y zero unless its end is reached.
pub(crate) struct Complementarity {
    saddle: Saddle,
    search: Search,
}

impl Complementarity {
    pub(crate) fn new(order: usize) -> Self {
        let (mut search, mut saddle) = (Search::default(), Saddle::default());
        search.resize(order);
        saddle.keep(order);
        Self { saddle, search }
    }

    /// Takes S by the function that gives its entries, and its ends.
    pub(crate) fn set(&mut self, entry: impl Fn(usize, usize) -> f64, l: &[f64], u: &[f64]) {
        self.saddle.fill_kept(entry);
        self.search.l.copy_from_slice(l);
        self.search.u.copy_from_slice(u);
    }

    /// y, from the ends that are reached in a guess; each value within `slack` of its end is there. `None` where the search
    /// goes on too long.
    pub(crate) fn solve(&mut self, g0: &[f64], slack: &[f64], guess: &[Side]) -> Option<(&[f64], &[Side])> {
        let search = &mut self.search;
        search.resize(g0.len());
        search.g0.copy_from_slice(g0);
        search.slack.copy_from_slice(slack);
        search.noise.fill(0.0);
        search.side.copy_from_slice(guess);
        let limit = STEPS * (g0.len() + 1);
        match search.run(&self.saddle, &mut |step| step <= limit) {
            Found::Solution => Some((&search.y, &search.side)),
            Found::Nothing | Found::Stopped => None,
        }
    }
}

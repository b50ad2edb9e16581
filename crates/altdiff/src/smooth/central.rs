//! The central path of a problem with smooth terms: the Hessian P + ∇²φ and the slopes follow the point.

use super::Slopes;
use super::function::Domain;
use super::local::Local;
use crate::core::Core;
use crate::derivative::State;
use crate::interior::centre::{CENTRED, Curved, EXACT, Inside, NO_CENTRE, NO_INTERIOR};
use crate::interior::{Interior, Start};
use crate::scaling::Scaling;
use crate::{Csc, Error};
use std::sync::Arc;

/// Accuracy of the points that only lead to the one asked for.
const PASSING: f64 = 0.1;

/// That of the model's central point, where the search starts.
const NEAR: f64 = 1e-6;

/// What the target falls by from one of them to the next.
const RATE: f64 = 0.1;

/// A point of the path, and the second-order model there.
pub(crate) struct Central<'a> {
    /// The iteration, at the point.
    pub path: Interior<'a>,
    /// The model in the user's units, and equilibrated.
    pub user: Core,
    pub core: Core,
    pub scaling: Scaling,
    /// The terms' slopes.
    pub slopes: Slopes,
}

impl Curved for Local<'_> {
    fn value(&self, x: &[f64]) -> f64 {
        self.scaling.cost * self.problem.objective(&self.unscale(x))
    }

    fn model(&mut self, x: &[f64]) -> (&Arc<Csc>, &[f64]) {
        self.at(&self.unscale(x));
        (&self.scaled.p, &self.scaled.q)
    }
}

impl Slopes {
    /// The point where slack · multiplier is `mu` at every finite end, those of domains among them.
    pub(crate) fn centre<'a>(&self, state: &'a State, mu: f64) -> Result<Central<'a>, Error> {
        let c = Arc::clone(&state.problem.user.c);
        let scaling = Scaling::none(&state.problem.user);
        let mut local = Local::with(&self.augmented, &self.problem, (Arc::clone(&c), c), scaling);
        let path = match at_once(&mut local, state, mu)? {
            Some(path) => path,
            None => step_by_step(&mut local, state, mu)?,
        };
        let x = local.unscale(&path.point().x);
        let slopes = Self::of(self.augmented.clone(), self.problem.clone(), &x);
        let Local { user, scaled, scaling, .. } = local;
        Ok(Central { path, user, core: scaled, scaling, slopes })
    }
}

/// From the central point of the model at the solution, which is mostly near.
fn at_once<'a>(local: &mut Local<'_>, state: &'a State, mu: f64) -> Result<Option<Interior<'a>>, Error> {
    let mut x = state.point.x.clone();
    for term in local.problem.smooth.iter().filter(|t| t.function.domain() != Domain::All) {
        // At the end itself curvature may be infinite.
        x[term.column] = x[term.column].max(mu.min(1e-3));
    }
    local.rescale(&x);
    let core = local.scaled.clone();
    let mut start = Interior::new(&core, &state.pattern, Start::Near, EXACT)?;
    if start.centre(mu * local.scaling.cost)? > NEAR {
        return Ok(None);
    }
    let inside = start.inside(&local.scaling);
    exactly(local, state, &inside, mu)
}

/// From a point inside, with one complementarity after the other.
fn step_by_step<'a>(local: &mut Local<'_>, state: &'a State, mu: f64) -> Result<Interior<'a>, Error> {
    let Some(mut inside) = Interior::any_inside(&local.scaled, &local.scaling)? else {
        return Err(Error::NoDerivative { reason: NO_INTERIOR });
    };
    let mut next = mu.max(1.0);
    while next > mu {
        let (path, _) = nearer(local, state, &inside, next, PASSING)?;
        inside = path.inside(&local.scaling);
        next = mu.max(RATE * next);
    }
    exactly(local, state, &inside, mu)?.ok_or(Error::NoDerivative { reason: NO_CENTRE })
}

/// The point itself, equilibrated where it is; nothing where it is not found.
fn exactly<'a>(
    local: &mut Local<'_>,
    state: &'a State,
    inside: &Inside,
    mu: f64,
) -> Result<Option<Interior<'a>>, Error> {
    let (path, _) = nearer(local, state, inside, mu, PASSING)?;
    let inside = path.inside(&local.scaling);
    let (path, error) = nearer(local, state, &inside, mu, EXACT)?;
    Ok((error <= CENTRED).then_some(path))
}

/// Moves from a point inside towards the central one, and says how far off it still is.
fn nearer<'a>(
    local: &mut Local<'_>,
    state: &'a State,
    inside: &Inside,
    mu: f64,
    within: f64,
) -> Result<(Interior<'a>, f64), Error> {
    local.rescale(&inside.point.x);
    let target = mu * local.scaling.cost;
    let core = local.scaled.clone();
    let mut path = Interior::from_inside(inside, core, &local.scaling, &state.pattern, target);
    let error = path.centre_curved(target, within, local)?;
    Ok((path, error))
}

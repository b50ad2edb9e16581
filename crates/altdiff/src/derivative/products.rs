//! Vector–Jacobian and Jacobian–vector products.

use super::alternating::Recursion;
use super::data::in_doubt;
use super::reduced::Care;
use super::state::{Stacked, State};
use crate::active::ActiveSet;
use crate::kernel::both;
use crate::smooth::Slopes;
use crate::{
    Cause, Cotangent, DerivativeOptions, Error, Gradient, Harm, Route, Solution, SolutionTangent, Tangent,
};
use std::borrow::Cow;

/// The direction a linear map is applied in.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Forward,
    Reverse,
}

/// K⁻¹ of a right-hand side.
struct Applied {
    value: Stacked,
    /// Relative residual of the system.
    residual: f64,
    /// What is left out where the route truncates or the residual is in doubt, by one solve with the factor at hand.
    error: Option<Stacked>,
}

/// Error of an entry, relative to the largest one, up to which a derivative is claimed to be exact.
const CLAIMED: f64 = 1e-9;

/// Steps at which a truncated recursion gives up on its tolerance.
const MOST_STEPS: usize = 1 << 14;

impl Route {
    /// The doubt that an error leaves, unless it is the route's purpose.
    fn doubt(self, error: f64) -> Option<Cause> {
        let truncated = matches!(self, Self::Truncated { .. } | Self::TruncatedTo { .. });
        ((error > CLAIMED || error.is_nan()) && !truncated).then_some(Cause::Inexact(error))
    }
}

fn ratio(error: f64, size: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / size }
}

impl Solution {
    /// The derivative of the scalar whose derivative by the outputs is `cotangent`, by all data.
    ///
    /// # Errors
    /// [`Error::NotSolved`] unless the problem is solved; [`Error::Shape`] when a non-empty block of the cotangent has
    /// the wrong length; [`Error::Derivative`] when an iterative route does not converge.
    pub fn vjp(&self, cotangent: &Cotangent, options: &DerivativeOptions) -> Result<Gradient, Error> {
        let mut gradient = self.vjp_of_program(cotangent, options)?;
        if let Some(slopes) = self.state()?.slopes.get() {
            slopes.gradient(&mut gradient);
        }
        Ok(gradient)
    }

    /// As [`vjp`](Self::vjp), by the data of the quadratic program that was solved last.
    fn vjp_of_program(&self, cotangent: &Cotangent, options: &DerivativeOptions) -> Result<Gradient, Error> {
        let state = self.state()?;
        if let Some(gradient) = state.clean_gradient(cotangent, options)? {
            return Ok(gradient);
        }
        let classified = state.classified()?;
        let active = &classified.active;
        let v = state.stack(cotangent, active);
        let (applied, ()) = both(
            state.pattern.fill(),
            || state.apply(&v, options.route, Mode::Reverse),
            || {
                if options.examine {
                    state.turnings(classified);
                }
            },
        );
        let Applied { value: mut d, residual, error } = applied?;
        d.negate();
        let mut gradient = state.gradient(&d, active);
        gradient.residual = residual;
        if let Some(error) = error {
            gradient.error_estimate = ratio(state.gradient(&error, active).largest(), gradient.largest());
        }
        if options.examine {
            gradient.harmful = state.harms(cotangent, &v, &d)?;
            gradient.harmful.extend(options.route.doubt(gradient.error_estimate).map(Harm::always));
        }
        Ok(gradient)
    }

    /// How the solution moves when the data move along `tangent`.
    ///
    /// # Errors
    /// As [`Solution::vjp`].
    pub fn jvp(&self, tangent: &Tangent, options: &DerivativeOptions) -> Result<SolutionTangent, Error> {
        let state = self.state()?;
        let tangent = &*state.program_tangent(tangent, state.slopes.get())?;
        state.check_tangent(tangent)?;
        if let Some(pivoted) = state.clean_pivots(options.route) {
            let rhs = state.right_hand_side(tangent, &state.active);
            let (moved, residual) = state.solve_pivoted(pivoted, &rhs, &state.active);
            if !in_doubt(residual) {
                return Ok(SolutionTangent { residual, ..state.unstack(moved, &state.active) });
            }
        }
        let classified = state.classified()?;
        let active = &classified.active;
        let rhs = state.right_hand_side(tangent, active);
        let Applied { value: moved, residual, error } = state.apply(&rhs, options.route, Mode::Forward)?;
        let mut out = state.unstack(moved.clone(), active);
        out.residual = residual;
        if let Some(error) = error {
            out.error_estimate = ratio(state.unstack(error, active).largest(), out.largest());
        }
        if options.examine {
            out.harmful = state.harms_along(tangent, &moved)?;
            out.free = state.freedoms()?;
            out.harmful.extend(options.route.doubt(out.error_estimate));
        }
        Ok(out)
    }

    /// The rows of the Jacobian that belong to the given cotangents: as many right-hand sides of one factorization.
    ///
    /// # Errors
    /// As [`Solution::vjp`].
    pub fn vjps(
        &self,
        cotangents: &[Cotangent],
        options: &DerivativeOptions,
    ) -> Result<Vec<Gradient>, Error> {
        cotangents.iter().map(|v| self.vjp(v, options)).collect()
    }

    /// The columns of the Jacobian that belong to the given tangents.
    ///
    /// # Errors
    /// As [`Solution::vjp`].
    pub fn jvps(
        &self,
        tangents: &[Tangent],
        options: &DerivativeOptions,
    ) -> Result<Vec<SolutionTangent>, Error> {
        tangents.iter().map(|t| self.jvp(t, options)).collect()
    }
}

impl State {
    /// K⁻¹ applied to a right-hand side by the chosen route.
    fn apply(&self, rhs: &Stacked, route: Route, mode: Mode) -> Result<Applied, Error> {
        let classified = self.classified()?;
        let active = &classified.active;
        let run = |recursion: &Recursion, limit| match mode {
            Mode::Forward => recursion.forward(rhs, limit),
            Mode::Reverse => recursion.reverse(rhs, limit),
        };
        let cut = |recursion: &Recursion, steps: usize| -> Result<(Applied, f64), Error> {
            let value = run(recursion, Some(steps))?.value;
            let rest = self.rest(rhs, &value, active);
            let residual = rest.norm() / rhs.norm().max(f64::MIN_POSITIVE);
            let error = self.solve_on(&rest, active, &classified.factor, Care::Exact).0;
            let relative = ratio(error.norm(), value.norm());
            Ok((Applied { value, residual, error: Some(error) }, relative))
        };
        let exact = |value: Stacked, residual| {
            let error = in_doubt(residual).then(|| {
                let rest = self.rest(rhs, &value, active);
                self.solve_on(&rest, active, &classified.factor, Care::Estimate).0
            });
            Applied { value, residual, error }
        };
        match route {
            Route::ReducedKkt => {
                let (d, residual) = self.solve_on(rhs, active, &classified.factor, Care::Exact);
                Ok(exact(d, residual))
            }
            Route::Alternating => run(&Recursion::new(self, active)?, None).map(|r| exact(r.value, r.error)),
            Route::Truncated { steps } => Ok(cut(&Recursion::new(self, active)?, steps.max(1))?.0),
            Route::TruncatedTo { tolerance } => {
                let recursion = Recursion::new(self, active)?;
                let mut steps = 4;
                loop {
                    let (applied, relative) = cut(&recursion, steps)?;
                    if relative <= tolerance {
                        return Ok(applied);
                    }
                    if steps >= MOST_STEPS {
                        return Err(Error::Derivative { residual: relative, steps });
                    }
                    steps *= 2;
                }
            }
            Route::Bpqp => self.solve_program(rhs, active).map(|(d, residual)| exact(d, residual)),
        }
    }

    /// What is left of the right-hand side: rhs − K d, on the active set.
    fn rest(&self, rhs: &Stacked, d: &Stacked, active: &ActiveSet) -> Stacked {
        let user = &self.problem.user;
        let mut out = rhs.clone();
        user.p.mul_symmetric_add(-1.0, &d.x, &mut out.x);
        user.c.mul_transpose_add(-1.0, &d.y, &mut out.x);
        user.c.mul_add(-1.0, &d.x, &mut out.y);
        for i in 0..user.n() {
            out.x[i] -= d.z[i];
            out.z[i] = if active.vars[i].on() { rhs.z[i] - d.x[i] } else { 0.0 };
        }
        for i in 0..user.m() {
            if !active.rows[i].on() {
                out.y[i] = 0.0;
            }
        }
        out
    }

    /// A tangent of the user's data as one of the quadratic model in which smooth terms have these slopes.
    pub(super) fn program_tangent<'t>(
        &self,
        tangent: &'t Tangent,
        slopes: Option<&Slopes>,
    ) -> Result<Cow<'t, Tangent>, Error> {
        let Some(slopes) = slopes else { return Ok(Cow::Borrowed(tangent)) };
        check("P", &tangent.p, slopes.kept.len())?;
        check("w", &tangent.w, slopes.terms.len())?;
        check("q", &tangent.q, self.problem.user.n())?;
        Ok(Cow::Owned(slopes.tangent(tangent, self.problem.user.n(), self.problem.user.p.nnz())))
    }

    pub(super) fn check_cotangent(&self, v: &Cotangent) -> Result<(), Error> {
        check_cotangent(v, self.problem.user.n(), self.equalities, self.inequalities())
    }

    pub(super) fn check_tangent(&self, t: &Tangent) -> Result<(), Error> {
        let like = self.empty();
        check("P", &t.p, like.p.len())?;
        check("q", &t.q, like.q.len())?;
        check("A", &t.a, like.a.len())?;
        check("b", &t.b, like.b.len())?;
        check("G", &t.g, like.g.len())?;
        check("gl", &t.gl, like.gl.len())?;
        check("gu", &t.gu, like.gu.len())?;
        check("lo", &t.lo, like.lo.len())?;
        check("hi", &t.hi, like.hi.len())
    }
}

/// Checks the lengths and numbers of a cotangent, for n variables, m equalities and p inequality rows.
pub(crate) fn check_cotangent(v: &Cotangent, n: usize, m: usize, p: usize) -> Result<(), Error> {
    check("x", &v.x, n)?;
    check("lambda", &v.lambda, m)?;
    check("nu_lower", &v.nu_lower, p)?;
    check("nu_upper", &v.nu_upper, p)?;
    check("mu_lower", &v.mu_lower, n)?;
    check("mu_upper", &v.mu_upper, n)
}

fn check(block: &'static str, v: &[f64], expected: usize) -> Result<(), Error> {
    if !v.is_empty() && v.len() != expected {
        return Err(Error::Shape { block, unit: "entries", found: v.len(), expected });
    }
    match v.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::NotFinite { block, index, value: v[index] }),
        None => Ok(()),
    }
}

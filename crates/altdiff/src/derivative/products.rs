//! Vector–Jacobian and Jacobian–vector products.

use super::alternating::Recursion;
use super::state::{Stacked, State};
use crate::{Cotangent, DerivativeOptions, Error, Gradient, Route, Solution, SolutionTangent, Tangent};
use std::borrow::Cow;

/// The direction a linear map is applied in.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Forward,
    Reverse,
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
        if let Some((d, residual)) = state.clean_adjoint(cotangent, options)? {
            return Ok(Gradient { residual, ..state.gradient(&d, &state.active) });
        }
        let classified = state.classified()?;
        let active = &classified.active;
        let v = state.stack(cotangent, active);
        let (mut d, residual, error) = state.apply(&v, options.route, Mode::Reverse)?;
        d.negate();
        let mut gradient = state.gradient(&d, active);
        gradient.residual = residual;
        gradient.error_estimate = error;
        if options.examine {
            gradient.harmful = state.harms(cotangent, &v, &d)?;
        }
        Ok(gradient)
    }

    /// How the solution moves when the data move along `tangent`.
    ///
    /// # Errors
    /// As [`Solution::vjp`].
    pub fn jvp(&self, tangent: &Tangent, options: &DerivativeOptions) -> Result<SolutionTangent, Error> {
        let state = self.state()?;
        let tangent = &*state.program_tangent(tangent)?;
        state.check_tangent(tangent)?;
        if let Some(pivoted) = state.clean_pivots(options.route) {
            let rhs = state.right_hand_side(tangent, &state.active);
            let (moved, residual) = state.solve_pivoted(pivoted, &rhs);
            return Ok(SolutionTangent { residual, ..state.unstack(moved, &state.active) });
        }
        let classified = state.classified()?;
        let active = &classified.active;
        let rhs = state.right_hand_side(tangent, active);
        let (moved, residual, error) = state.apply(&rhs, options.route, Mode::Forward)?;
        let harmful = if options.examine { state.harms_along(tangent, &rhs, &moved)? } else { Vec::new() };
        let mut out = state.unstack(moved, active);
        out.residual = residual;
        out.error_estimate = error;
        out.harmful = harmful;
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
    /// K⁻¹ applied to a right-hand side by the chosen route: value, residual, estimated error.
    fn apply(&self, rhs: &Stacked, route: Route, mode: Mode) -> Result<(Stacked, f64, f64), Error> {
        let classified = self.classified()?;
        let active = &classified.active;
        let run = |limit| {
            let recursion = Recursion::new(self, active)?;
            match mode {
                Mode::Forward => recursion.forward(rhs, limit),
                Mode::Reverse => recursion.reverse(rhs, limit),
            }
        };
        match route {
            Route::ReducedKkt => {
                let (d, residual) = self.solve_reduced(rhs, active, &classified.factor);
                Ok((d, residual, 0.0))
            }
            Route::Alternating => run(None).map(|r| (r.value, r.error, 0.0)),
            Route::Truncated { steps } => run(Some(steps.max(1))).map(|r| (r.value, r.error, r.error)),
            Route::Bpqp => self.solve_program(rhs, active).map(|(d, residual)| (d, residual, 0.0)),
        }
    }

    /// A tangent of the user's data as one of the quadratic program that was solved last.
    pub(super) fn program_tangent<'t>(&self, tangent: &'t Tangent) -> Result<Cow<'t, Tangent>, Error> {
        let Some(slopes) = self.slopes.get() else { return Ok(Cow::Borrowed(tangent)) };
        check("P", &tangent.p, slopes.kept.len())?;
        check("w", &tangent.w, slopes.terms.len())?;
        check("q", &tangent.q, self.user.n())?;
        Ok(Cow::Owned(slopes.tangent(tangent, self.user.n(), self.user.p.nnz())))
    }

    pub(super) fn check_cotangent(&self, v: &Cotangent) -> Result<(), Error> {
        check_cotangent(v, self.user.n(), self.equalities, self.inequalities())
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

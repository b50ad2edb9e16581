//! Solves and derivatives in memory that is kept, for small dense problems.

use crate::active::{ActiveSet, Side};
use crate::core::{Core, Point};
use crate::derivative::{at, check_cotangent, ends, in_doubt, signed, stacked, symmetric};
use crate::pivoting::{Buffers, Factors, Layout, Outcome, Room, Saddle, Solve};
use crate::{
    Cotangent, DerivativeOptions, Error, Gradient, Method, Problem, Residuals, Solution, Solver, Status,
};
use std::sync::Arc;

/// Memory for [`Solver::solve_in`] and [`Solver::vjp_in`], and their results.
///
/// Made by [`Solver::workspace`] and of use with that solver only; one per thread. The fields are those of
/// [`Solution`], of the last solve.
#[derive(Debug)]
pub struct Workspace {
    /// How the solve ended.
    pub status: Status,
    /// The point, n.
    pub x: Vec<f64>,
    /// Multipliers of Ax = b, m.
    pub lambda: Vec<f64>,
    /// Multipliers of the lower ends of G, p.
    pub nu_lower: Vec<f64>,
    /// Multipliers of the upper ends of G, p.
    pub nu_upper: Vec<f64>,
    /// Multipliers of the lower bounds, n.
    pub mu_lower: Vec<f64>,
    /// Multipliers of the upper bounds, n.
    pub mu_upper: Vec<f64>,
    /// ½xᵀPx + qᵀx + r at x.
    pub objective: f64,
    /// Residuals of the unscaled problem.
    pub residuals: Residuals,
    /// The method that ended the solve (never [`Method::Auto`]).
    pub method: Method,
    /// Whether a solve starts from the active set that the last one ended with. Default false.
    pub warm: bool,
    core: Core,
    equalities: usize,
    constant: f64,
    layout: Layout,
    saddle: Saddle,
    /// Whether the factor is that of the matrices the solver was made with.
    kept: bool,
    buffers: Buffers,
    start: ActiveSet,
    clean: bool,
    /// The ordinary solution, where the problem was not one for the workspace.
    solution: Option<Solution>,
    rhs: Point,
    d: Point,
    room: Room,
    gradient: Gradient,
}

impl Solver {
    /// Memory for solves of problems of this solver's pattern.
    pub fn workspace(&self) -> Workspace {
        let core = self.template();
        let (n, m, me) = (core.n(), core.m(), self.equalities());
        let layout = Layout::widest(n, m, me);
        let mut buffers = Buffers::default();
        buffers.reserve(&layout);
        let mut saddle = Saddle::default();
        saddle.reserve(layout.order());
        let mut room = Room::default();
        room.resize(&layout);
        let (mut rhs, mut d) = (Point::default(), Point::default());
        rhs.resize(n, m);
        d.resize(n, m);
        let zeros = |len: usize| vec![0.0; len];
        let (a, g) = (core.c.row_idx.iter().filter(|&&i| i < me).count(), core.c.nnz());
        let gradient = Gradient {
            p: zeros(core.p.nnz()),
            q: zeros(n),
            a: zeros(a),
            b: zeros(me),
            g: zeros(g - a),
            gl: zeros(m - me),
            gu: zeros(m - me),
            lo: zeros(n),
            hi: zeros(n),
            ..Gradient::default()
        };
        Workspace {
            status: Status::IterationLimit,
            x: zeros(n),
            lambda: zeros(me),
            nu_lower: zeros(m - me),
            nu_upper: zeros(m - me),
            mu_lower: zeros(n),
            mu_upper: zeros(n),
            objective: f64::NAN,
            residuals: Residuals::unknown(),
            method: Method::ActiveSet,
            warm: false,
            start: ActiveSet { rows: vec![Side::Inactive; m], vars: vec![Side::Inactive; n] },
            core,
            equalities: me,
            constant: 0.0,
            layout,
            saddle,
            kept: false,
            buffers,
            clean: false,
            solution: None,
            rhs,
            d,
            room,
            gradient,
        }
    }

    /// As [`Solver::solve`], into a workspace; the results are its fields.
    ///
    /// Allocates nothing where the active-set method solves the problem, P is positive definite, and there are at most
    /// 192 variables and constraints together (a two-sided constraint counts once, an absent bound not at all). Any
    /// other problem is solved as usual, at the usual price.
    ///
    /// # Errors
    /// As [`Solver::solve`].
    pub fn solve_in(&self, problem: &Problem, workspace: &mut Workspace) -> Result<Status, Error> {
        let w = workspace;
        w.solution = None;
        if self.pivots() && !self.is_smooth() {
            let same = self.compare(problem)?;
            w.load(problem, same);
            if w.factor(same) && w.pivot(self.settings().tolerance) {
                return Ok(Status::Solved);
            }
        }
        let solution = self.solve(problem, None)?;
        w.take(solution);
        Ok(w.status)
    }

    /// As [`Solution::vjp`] by the default options, at the solution in the workspace.
    ///
    /// Allocates nothing where the solve did not, and the solution is differentiable beyond doubt; else reasons why it
    /// may not be are looked for as usual.
    ///
    /// # Errors
    /// As [`Solution::vjp`].
    pub fn vjp_in<'w>(
        &self,
        cotangent: &Cotangent,
        workspace: &'w mut Workspace,
    ) -> Result<&'w Gradient, Error> {
        let w = workspace;
        if w.status != Status::Solved {
            return Err(Error::NotSolved(w.status));
        }
        if w.solution.is_none() && w.clean {
            check_cotangent(cotangent, w.x.len(), w.lambda.len(), w.nu_lower.len())?;
            w.differentiate(cotangent);
            if !in_doubt(w.gradient.residual) {
                return Ok(&w.gradient);
            }
        }
        let solution = match w.solution.take() {
            Some(solution) => solution,
            None => self.solve(&w.core.problem(w.equalities, w.constant), None)?,
        };
        w.gradient = w.solution.insert(solution).vjp(cotangent, &DerivativeOptions::default())?;
        Ok(&w.gradient)
    }
}

impl Workspace {
    /// Takes the problem's numbers.
    fn load(&mut self, problem: &Problem, same: bool) {
        let me = self.equalities;
        let core = &mut self.core;
        self.constant = problem.r;
        core.q.copy_from_slice(&problem.q);
        core.l[..me].copy_from_slice(&problem.b);
        core.u[..me].copy_from_slice(&problem.b);
        core.l[me..].copy_from_slice(&problem.gl);
        core.u[me..].copy_from_slice(&problem.gu);
        core.lo.copy_from_slice(&problem.lo);
        core.hi.copy_from_slice(&problem.hi);
        if same && self.kept {
            return;
        }
        // The matrices belong to this workspace alone, so that there is nothing to copy.
        Arc::make_mut(&mut core.p).values.copy_from_slice(&problem.p.values);
        let c = Arc::make_mut(&mut core.c);
        for j in 0..c.ncols {
            let (a, g) = (
                &problem.a.values[problem.a.col_ptr[j]..problem.a.col_ptr[j + 1]],
                &problem.g.values[problem.g.col_ptr[j]..problem.g.col_ptr[j + 1]],
            );
            let column = &mut c.values[c.col_ptr[j]..c.col_ptr[j + 1]];
            let (above, below) = column.split_at_mut(a.len());
            above.copy_from_slice(a);
            below.copy_from_slice(g);
        }
    }

    /// Factors, unless the factor at hand is the right one.
    fn factor(&mut self, same: bool) -> bool {
        let core = &self.core;
        if same && self.kept && self.layout.fits(core) {
            return true;
        }
        self.kept = false;
        let empty = |l: &[f64], u: &[f64]| l.iter().zip(u).any(|(l, u)| l > u);
        if empty(&core.l, &core.u) || empty(&core.lo, &core.hi) {
            return false;
        }
        self.layout.renew(core);
        if self.saddle.renew(core, &self.layout).is_err() || self.saddle.weight > 0.0 {
            return false;
        }
        self.kept = same;
        true
    }

    fn pivot(&mut self, tolerance: f64) -> bool {
        let empty = |l: &[f64], u: &[f64]| l.iter().zip(u).any(|(l, u)| l > u);
        if empty(&self.core.l, &self.core.u) || empty(&self.core.lo, &self.core.hi) {
            return false;
        }
        let solve = Solve { core: &self.core, layout: &self.layout, saddle: &self.saddle, tolerance };
        let warm = (self.warm && self.status == Status::Solved).then_some(&self.start);
        if solve.run(&mut self.buffers, warm, &mut |_| true) != Outcome::Solved {
            return false;
        }
        let b = &self.buffers;
        self.clean = solve.clean(b, self.equalities);
        self.status = Status::Solved;
        self.method = Method::ActiveSet;
        let me = self.equalities;
        let part = |to: &mut [f64], from: &[f64], sign: f64| {
            for (to, v) in to.iter_mut().zip(from) {
                *to = (sign * v).max(0.0);
            }
        };
        self.x.copy_from_slice(&b.point.x);
        self.lambda.copy_from_slice(&b.point.y[..me]);
        part(&mut self.nu_lower, &b.point.y[me..], -1.0);
        part(&mut self.nu_upper, &b.point.y[me..], 1.0);
        part(&mut self.mu_lower, &b.point.z, -1.0);
        part(&mut self.mu_upper, &b.point.z, 1.0);
        let terms = self.x.iter().zip(&b.products.px).zip(&self.core.q);
        self.objective = self.constant + terms.map(|((x, p), q)| x * (0.5 * p + q)).sum::<f64>();
        self.residuals = b.residuals.unwrap_or_else(Residuals::unknown);
        self.start.rows.copy_from_slice(&b.active.rows);
        self.start.vars.copy_from_slice(&b.active.vars);
        true
    }

    /// Takes an ordinary solution.
    fn take(&mut self, solution: Solution) {
        self.status = solution.status;
        self.method = solution.method;
        self.objective = solution.objective;
        self.residuals = solution.residuals;
        self.x.clone_from(&solution.x);
        self.lambda.clone_from(&solution.lambda);
        self.nu_lower.clone_from(&solution.nu_lower);
        self.nu_upper.clone_from(&solution.nu_upper);
        self.mu_lower.clone_from(&solution.mu_lower);
        self.mu_upper.clone_from(&solution.mu_upper);
        self.start.rows.copy_from_slice(&solution.active.rows);
        self.start.vars.copy_from_slice(&solution.active.vars);
        self.solution = Some(solution);
    }

    /// The gradient at a differentiable solution.
    fn differentiate(&mut self, v: &Cotangent) {
        let (me, point, active) = (self.equalities, &self.buffers.point, &self.buffers.active);
        for (i, o) in self.rhs.x.iter_mut().enumerate() {
            *o = -at(&v.x, i);
        }
        for (i, o) in self.rhs.y.iter_mut().enumerate() {
            *o = match i.checked_sub(me) {
                None => -at(&v.lambda, i),
                Some(k) => -signed(active.rows[i], point.y[i], at(&v.nu_lower, k), at(&v.nu_upper, k)),
            };
        }
        for (i, o) in self.rhs.z.iter_mut().enumerate() {
            *o = -signed(active.vars[i], point.z[i], at(&v.mu_lower, i), at(&v.mu_upper, i));
        }
        let factors = Factors::of(&self.layout, &self.saddle, &self.buffers.search);
        let d = &mut self.d;
        let g = &mut self.gradient;
        g.residual = factors.solve(&self.core, active, &self.rhs, d, &mut self.room);
        g.harmful.clear();
        g.error_estimate = 0.0;
        symmetric(&self.core.p, &d.x, &point.x, &mut g.p);
        g.q.copy_from_slice(&d.x);
        stacked(&self.core.c, me, (&point.y, &d.x), (&d.y, &point.x), (&mut g.a, &mut g.g));
        ends(d, point, active, [&mut g.b[..], &mut g.gl, &mut g.gu, &mut g.lo, &mut g.hi]);
    }
}

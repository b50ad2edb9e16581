//! The `clarabel` crate as an outside solver.

use super::{Forward, ForwardSolver};
use crate::{Control, Problem};
use ::clarabel::algebra::CscMatrix;
use ::clarabel::solver::{
    DefaultInfo, DefaultSettings, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, ZeroConeT,
};
use std::sync::mpsc;

/// Clarabel (Goulart and Chen 2024), a conic interior-point method.
#[derive(Debug, Clone, PartialEq)]
pub struct Clarabel {
    /// Its relative and absolute gap and feasibility tolerance. Default 1e-9.
    pub tolerance: f64,
}

impl Default for Clarabel {
    fn default() -> Self {
        Self { tolerance: 1e-9 }
    }
}

/// One-sided form `Mx + s = h`: equalities with s = 0, then inequalities with s ≥ 0.
struct Cones {
    matrix: CscMatrix<f64>,
    right: Vec<f64>,
    equalities: usize,
    /// For each row: a row of [A; G] or a variable, and its sign.
    of: Vec<(bool, usize, f64)>,
}

impl Cones {
    fn new(problem: &Problem) -> Self {
        let (n, me) = (problem.variables(), problem.b.len());
        let (mut equal, mut less) = (Vec::new(), Vec::new());
        let mut add = |row: bool, i: usize, l: f64, u: f64| {
            if l == u {
                equal.push(((row, i, 1.0), u));
            } else {
                if u.is_finite() {
                    less.push(((row, i, 1.0), u));
                }
                if l.is_finite() {
                    less.push(((row, i, -1.0), -l));
                }
            }
        };
        for (i, b) in problem.b.iter().enumerate() {
            add(true, i, *b, *b);
        }
        for (k, (l, u)) in problem.gl.iter().zip(&problem.gu).enumerate() {
            add(true, me + k, *l, *u);
        }
        for (i, (l, u)) in problem.lo.iter().zip(&problem.hi).enumerate() {
            add(false, i, *l, *u);
        }
        let equalities = equal.len();
        let (of, right): (Vec<_>, Vec<_>) = equal.into_iter().chain(less).unzip();
        let stacked = problem.a.stack(&problem.g);
        let mut of_row = vec![Vec::new(); stacked.nrows];
        let mut of_var = vec![Vec::new(); n];
        for (k, &(row, i, sign)) in of.iter().enumerate() {
            if row { of_row[i].push((k, sign)) } else { of_var[i].push((k, sign)) }
        }
        let (mut column, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        for j in 0..n {
            let mut entries: Vec<(usize, f64)> = of_var[j].clone();
            for (i, v) in stacked.column(j) {
                entries.extend(of_row[i].iter().map(|(k, sign)| (*k, sign * v)));
            }
            entries.sort_by_key(|e| e.0);
            rows.extend(entries.iter().map(|e| e.0));
            values.extend(entries.iter().map(|e| e.1));
            column.push(rows.len());
        }
        let matrix = CscMatrix::new(of.len(), n, column, rows, values);
        Self { matrix, right, equalities, of }
    }
}

impl ForwardSolver for Clarabel {
    fn name(&self) -> &'static str {
        "clarabel"
    }

    fn forward(&mut self, problem: &Problem, report: &mut dyn FnMut(usize) -> Control) -> Option<Forward> {
        if problem.variables() == 0 {
            return None;
        }
        let Cones { matrix, right, equalities, of } = Cones::new(problem);
        let (n, m) = (problem.variables(), problem.b.len() + problem.gl.len());
        let p = &problem.p;
        let hessian = CscMatrix::new(n, n, p.col_ptr.clone(), p.row_idx.clone(), p.values.clone());
        let cones = [ZeroConeT(equalities), NonnegativeConeT(of.len() - equalities)];
        let settings = DefaultSettings {
            verbose: false,
            tol_gap_abs: self.tolerance,
            tol_gap_rel: self.tolerance,
            tol_feas: self.tolerance,
            ..DefaultSettings::default()
        };
        let q = problem.q.clone();
        // Its callback has to own what it uses, and ours does not: they talk across a thread.
        let (tell, told) = mpsc::channel::<u32>();
        let (answer, answered) = mpsc::channel::<bool>();
        let solving = std::thread::spawn(move || {
            let mut solver = DefaultSolver::new(&hessian, &q, &matrix, &right, &cones, settings).ok()?;
            let answered = std::sync::Mutex::new(answered);
            solver.set_termination_callback(move |info: &DefaultInfo<f64>| {
                tell.send(info.iterations).is_err()
                    || answered.lock().ok().and_then(|a| a.recv().ok()).unwrap_or(true)
            });
            solver.solve();
            let status = solver.solution.status;
            let usable = matches!(
                status,
                SolverStatus::Solved
                    | SolverStatus::AlmostSolved
                    | SolverStatus::InsufficientProgress
                    | SolverStatus::MaxIterations
            );
            usable.then(|| {
                let solution = &solver.solution;
                (solution.x.clone(), solution.z.clone(), solution.iterations as usize)
            })
        });
        for iteration in told {
            let stop = report(iteration as usize) != Control::Continue;
            if answer.send(stop).is_err() {
                break;
            }
        }
        let (x, multipliers, iterations) = solving.join().ok()??;
        let (mut y, mut z) = (vec![0.0; m], vec![0.0; n]);
        for (v, (row, i, sign)) in multipliers.iter().zip(of) {
            if row { y[i] += sign * v } else { z[i] += sign * v }
        }
        Some(Forward { x, y, z, iterations })
    }
}

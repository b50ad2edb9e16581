//! What a solve returns.

use crate::certificate::{self, Certificate};
use crate::data::Array;
use crate::engine::{self, Method, Residuals, Status};
use crate::error::Error;
use crate::layer::Inner;
use crate::lifting::{self, Lifted, Moving};
use crate::named::Named;
use crate::params::Params;
use crate::tape::Evaluation;
use cvxlayer_program::{Input, Node, Op, Program, Sense, Tape, UserDual, UserVariable, ZERO_ENTRY};
use std::sync::{Arc, OnceLock};

/// The outcome of a solve, in the user's terms; it owns what its derivatives need.
///
/// Values are there when the status is [`Status::Solved`], and of the last iterate at a limit.
#[derive(Clone, Debug)]
pub struct Solution {
    /// How the solve ended.
    pub status: Status,
    /// The objective in the user's sense; not a number where there is none.
    pub objective: f64,
    /// The variables, as declared.
    pub variables: Named<Array>,
    /// The lets.
    pub expressions: Named<Array>,
    /// The duals of constraints, by label.
    pub duals: Named<Array>,
    /// The duals of variables' bounds, by variable.
    pub bounds: Named<Array>,
    /// The proof that there is no solution, where that is so.
    pub certificate: Option<Certificate>,
    /// How the engine fared.
    pub info: Info,
    pub(crate) state: Arc<State>,
}

/// How the engine fared.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// The method that ended the solve.
    pub method: Method,
    /// Its iterations.
    pub iterations: usize,
    /// Residuals of the unscaled problem.
    pub residuals: Residuals,
    /// Remarks, in order.
    pub notes: Vec<String>,
}

/// What derivatives need.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) inner: Arc<Inner>,
    origin: Origin,
    problem: OnceLock<altdiff::Problem>,
    pub(crate) solved: altdiff::Solution,
    /// What derivatives are taken of, where that is the point of the central path.
    pub(crate) smoothed: Option<altdiff::Smoothed>,
    /// The tape of lets; empty unless there is a point.
    pub(crate) values: Evaluation,
    /// The objective in the user's sense.
    pub(crate) objective: f64,
}

/// The parameters a solution belongs to.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Lifted.
    Made(Lifted),
    /// Those of a sample: the base of its batch with some values of its own, lifted when that is asked for.
    Sample { base: Arc<Lifted>, moving: Arc<Moving>, own: Vec<f64>, made: Box<OnceLock<Lifted>> },
}

impl Origin {
    pub(crate) fn sample(base: Arc<Lifted>, moving: Arc<Moving>, own: Vec<f64>) -> Self {
        Self::Sample { base, moving, own, made: Box::default() }
    }
}

impl State {
    /// The parameters, lifted.
    pub(crate) fn lifted(&self) -> &Lifted {
        match &self.origin {
            Origin::Made(lifted) => lifted,
            Origin::Sample { base, moving, own, made } => made.get_or_init(|| {
                let mut lifted = (**base).clone();
                // These values have been taken, and found right, before the sample was solved.
                let taken = lifted.take(self.program(), moving, own, &Params::new());
                debug_assert!(taken.is_ok());
                lifted
            }),
        }
    }

    /// The engine's problem.
    pub(crate) fn problem(&self) -> &altdiff::Problem {
        self.problem.get_or_init(|| {
            let blocks = &self.program().blocks;
            // It was made before, to be solved.
            engine::problem(blocks, &self.lifted().theta_hat).unwrap_or_else(|_| engine::template(blocks))
        })
    }

    pub(crate) fn program(&self) -> &Program {
        &self.inner.program
    }

    /// 1, or −1 where the user maximizes.
    pub(crate) fn sense(&self) -> f64 {
        sense(self.program())
    }

    /// The engine's derivative of a scalar by all data.
    pub(crate) fn vjp(
        &self,
        cotangent: &altdiff::Cotangent,
        options: &altdiff::DerivativeOptions,
    ) -> Result<altdiff::Gradient, Error> {
        Ok(match &self.smoothed {
            Some(smoothed) => smoothed.vjp(cotangent)?,
            None => self.solved.vjp(cotangent, options)?,
        })
    }

    /// How the engine's solution moves with the data.
    pub(crate) fn jvp(
        &self,
        tangent: &altdiff::Tangent,
        options: &altdiff::DerivativeOptions,
    ) -> Result<altdiff::SolutionTangent, Error> {
        Ok(match &self.smoothed {
            Some(smoothed) => smoothed.jvp(tangent)?,
            None => self.solved.jvp(tangent, options)?,
        })
    }

    /// Evaluates a tape at the solution.
    pub(crate) fn evaluate(&self, tape: &Tape) -> Evaluation {
        let stacked = engine::multipliers(&self.solved);
        let reads = |node: &Node| matches!(node.op, Op::Input(Input::Parameter(_)));
        let at = At {
            program: self.program(),
            theta: if tape.nodes.iter().any(reads) { &self.lifted().theta } else { &[] },
            x: &self.solved.x,
            stacked: &stacked,
            objective: self.objective,
        };
        let mut out = Evaluation::default();
        out.renew(tape, &|input, to| at.append(input, to));
        out
    }
}

/// What a tape of lets reads at a solution.
pub(crate) struct At<'a> {
    pub(crate) program: &'a Program,
    pub(crate) theta: &'a [f64],
    /// The solver's variables and stacked multipliers.
    pub(crate) x: &'a [f64],
    pub(crate) stacked: &'a [f64],
    pub(crate) objective: f64,
}

impl At<'_> {
    /// Appends the value of an input.
    pub(crate) fn append(&self, input: Input, to: &mut Vec<f64>) {
        let map = &self.program.solution;
        match input {
            Input::Parameter(i) => lifting::full_into(&self.program.parameters[i as usize], self.theta, to),
            Input::Variable(i) => variable_into(&map.variables[i as usize], self.x, to),
            Input::Dual(i) => dual_into(&map.duals[i as usize], self.stacked, to),
            Input::BoundDual(i) => dual_into(&map.bounds[i as usize], self.stacked, to),
            Input::Objective => to.push(self.objective),
        }
    }
}

/// Appends the entries of a variable.
pub(crate) fn variable_into(variable: &UserVariable, x: &[f64], to: &mut Vec<f64>) {
    to.extend(variable.columns.iter().map(|&c| if c == ZERO_ENTRY { 0.0 } else { x[c as usize] }));
}

/// Appends the entries of a dual.
pub(crate) fn dual_into(dual: &UserDual, stacked: &[f64], to: &mut Vec<f64>) {
    let start = to.len();
    to.resize(start + dual.map.rows, 0.0);
    dual.map.apply(stacked, &mut to[start..]);
}

impl Solution {
    pub(crate) fn new(
        inner: Arc<Inner>,
        origin: Origin,
        problem: Option<altdiff::Problem>,
        solved: altdiff::Solution,
    ) -> Self {
        Self::with(inner, origin, problem, solved, None)
    }

    fn with(
        inner: Arc<Inner>,
        origin: Origin,
        problem: Option<altdiff::Problem>,
        solved: altdiff::Solution,
        smoothed: Option<altdiff::Smoothed>,
    ) -> Self {
        let problem = problem.map_or_else(OnceLock::new, OnceLock::from);
        let values = Evaluation::default();
        let mut state = State { inner, origin, problem, solved, smoothed, values, objective: f64::NAN };
        let (inner, solved) = (&state.inner, &state.solved);
        let mut notes = solved.notes.clone();
        if let Some(proof) = &solved.certificate {
            notes.extend(certificate::domains(&inner.program, &state.problem().lo, proof));
            notes.extend(certificate::crossed(&inner.program, proof));
        } else if solved.status == Status::Infeasible {
            notes.extend(certificate::closed(&inner.program, state.problem(), &solved.x));
        }
        let info =
            Info { method: solved.method, iterations: solved.iterations, residuals: solved.residuals, notes };
        let status = solved.status;
        let has_point = !matches!(status, Status::Infeasible | Status::Unbounded);
        let objective = if has_point { sense(&inner.program) * solved.objective } else { f64::NAN };
        let certificate =
            solved.certificate.as_ref().and_then(|proof| Certificate::new(&inner.program, proof));
        state.objective = objective;
        let mut out = (Named::default(), Named::default(), Named::default(), Named::default());
        if has_point {
            state.values = state.evaluate(&state.program().values);
            let (program, stacked) = (state.program(), engine::multipliers(&state.solved));
            out = (
                variables(program, &state.solved.x),
                program
                    .lets
                    .iter()
                    .map(|l| (l.name.clone(), array(&l.shape.axes(), state.values.value(l.node).to_vec())))
                    .collect(),
                duals(&program.solution.duals, &stacked),
                duals(&program.solution.bounds, &stacked),
            );
        }
        let (variables, expressions, duals, bounds) = out;
        let state = Arc::new(state);
        Self { status, objective, variables, expressions, duals, bounds, certificate, info, state }
    }

    /// Whether the problem was solved.
    pub fn is_solved(&self) -> bool {
        self.status == Status::Solved
    }

    /// The solution smoothed: the point of the central path where slack · multiplier is `mu`, in units of the objective, at
    /// every end of a constraint, of a bound and of the domain of a function in the objective, those that the atoms bring
    /// along among them. Where it is unique it depends smoothly on all data, whatever is active in the solution; as `mu`
    /// falls its derivatives tend to those of the solution where these exist, and else to a choice between the one-sided
    /// ones.
    ///
    /// Values and derivatives of what is returned are those of that point; residuals are the solution's.
    ///
    /// # Errors
    /// If the problem is not solved, `mu` is not positive and finite, or there is no central path: no point satisfies
    /// every inequality strictly, or the solutions are unbounded.
    pub fn smoothed(&self, mu: f64) -> Result<Self, Error> {
        if !self.is_solved() {
            return Err(Error::NotSolved(self.status));
        }
        let state = &self.state;
        let smoothed = state.solved.smoothed(mu)?;
        let mut solved = state.solved.clone();
        solved.objective = state.problem().objective(&smoothed.x);
        solved.x.clone_from(&smoothed.x);
        solved.lambda.clone_from(&smoothed.lambda);
        solved.nu_lower.clone_from(&smoothed.nu_lower);
        solved.nu_upper.clone_from(&smoothed.nu_upper);
        solved.mu_lower.clone_from(&smoothed.mu_lower);
        solved.mu_upper.clone_from(&smoothed.mu_upper);
        let origin = Origin::Made(state.lifted().clone());
        let problem = Some(state.problem().clone());
        let mut out = Self::with(Arc::clone(&state.inner), origin, problem, solved, Some(smoothed));
        out.info.notes.push(format!("smoothed: slack · multiplier is {mu:e} at every end"));
        Ok(out)
    }

    /// slack · multiplier at every end, where the solution is a [smoothed](Self::smoothed) one.
    pub fn mu(&self) -> Option<f64> {
        self.state.smoothed.as_ref().map(|smoothed| smoothed.mu)
    }

    /// The program that was solved.
    pub fn program(&self) -> &Program {
        self.state.program()
    }

    pub(crate) fn warm_start(&self) -> altdiff::WarmStart {
        self.state.solved.warm_start()
    }
}

pub(crate) fn sense(program: &Program) -> f64 {
    if program.sense == Sense::Maximize { -1.0 } else { 1.0 }
}

/// The declared variables, from the solver's.
pub(crate) fn variables(program: &Program, x: &[f64]) -> Named<Array> {
    let all = program.solution.variables.iter();
    all.map(|v| (v.name.clone(), array(&v.shape.axes(), v.apply(x)))).collect()
}

/// Duals by label, from the stacked multipliers.
pub(crate) fn duals(all: &[UserDual], stacked: &[f64]) -> Named<Array> {
    all.iter().map(|d| (d.label.clone(), array(&d.axes, dual_entries(d, stacked)))).collect()
}

pub(crate) fn dual_entries(dual: &UserDual, stacked: &[f64]) -> Vec<f64> {
    let mut out = Vec::new();
    dual_into(dual, stacked, &mut out);
    out
}

/// An array of the program's making, whose length fits by its invariants.
pub(crate) fn array(axes: &[usize], entries: Vec<f64>) -> Array {
    // A negative zero says nothing to a reader.
    let entries: Vec<f64> = entries.into_iter().map(|v| v + 0.0).collect();
    if axes.iter().product::<usize>() != entries.len() {
        return Array::from(entries);
    }
    Array::dense(axes.to_vec(), entries).unwrap_or_else(|| Array::from(Vec::new()))
}

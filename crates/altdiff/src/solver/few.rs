//! Newton's method on the dual of few rows, within a solve.

use super::drive::{Driver, End, REPAIRS};
use crate::core::Point;
use crate::dual::{Dual, Step};
use crate::finish::Effort;
use crate::progress::{Callback, Control, Progress};
use crate::{Error, Method, Status, certificate};

/// Default limit of steps.
const STEPS: usize = 100;

/// Variables per row from which on the dual is the easier problem.
const FEW: usize = 4;

/// What came of an attempt.
pub(super) enum Few {
    /// It ended the solve.
    Ended(Box<End>),
    /// It could not: why.
    Unfit(String),
    /// The problem is not of the kind.
    Unsuited,
}

impl Driver<'_> {
    /// Tries Newton's method on the dual where P is diagonal and the rows are few.
    pub(super) fn dual_newton(&self, warm: Option<&Point>, callback: Callback<'_>) -> Result<Few, Error> {
        let few = self.settings.method == Method::DualNewton || FEW * self.core.m() <= self.core.n();
        if !self.settings.finish || !few {
            return Ok(Few::Unsuited);
        }
        let Some(mut dual) = Dual::new(self.core, warm.map(|w| &w.y[..])) else { return Ok(Few::Unsuited) };
        let mut end = Box::new(End::new(Method::DualNewton));
        let limit = self.settings.max_iterations.unwrap_or(STEPS);
        let mut step = if dual.settled() { Step::Settled } else { Step::Moved };
        while let Step::Moved = step {
            if end.iterations == limit {
                break;
            }
            end.iterations += 1;
            match callback(&Progress {
                method: Method::DualNewton,
                iteration: end.iterations,
                residuals: None,
            }) {
                Control::Continue => {}
                Control::OutOfTime => end.status = Status::TimeLimit,
                Control::Cancel => end.status = Status::Cancelled,
            }
            if end.status != Status::IterationLimit {
                return Ok(Few::Ended(self.unfinished(end, &dual)));
            }
            step = dual.step();
        }
        match step {
            Step::Settled | Step::Stuck => {
                let effort = Effort::Repairs(REPAIRS);
                if let Some(done) = self.finisher().run(&dual.point(), dual.guess(), effort, &mut None)? {
                    end.finish(done);
                    return Ok(Few::Ended(end));
                }
            }
            Step::Unbounded(y) => {
                let ray = self.scaling.unscale(&Point { y, ..Point::zeros(self.core) });
                if self.certify
                    && let Some(proof) =
                        certificate::infeasible(self.user, self.equalities, &ray.y, certificate::STRICT)
                {
                    end.status = Status::Infeasible;
                    end.certificate = Some(proof);
                    return Ok(Few::Ended(self.unfinished(end, &dual)));
                }
            }
            Step::Moved if self.settings.max_iterations.is_some() => {
                return Ok(Few::Ended(self.unfinished(end, &dual)));
            }
            Step::Moved => {}
        }
        Ok(Few::Unfit(format!("dual Newton: no finish after {} steps", end.iterations)))
    }

    /// An end at the present point.
    fn unfinished(&self, mut end: Box<End>, dual: &Dual<'_>) -> Box<End> {
        end.active = dual.guess();
        end.point = self.scaling.unscale(&dual.point());
        end.residuals = self.user.residuals(&end.point);
        end
    }
}

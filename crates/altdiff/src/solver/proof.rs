//! What is proved of a problem that no method solves: that it is infeasible, or unbounded.

use super::drive::{Driver, End, INTERIOR};
use crate::core::{Core, Point};
use crate::kkt::Pattern;
use crate::progress::Callback;
use crate::scaling::Scaling;
use crate::{Certificate, Error, Method, Settings, Status, certificate};
use std::sync::Arc;

impl Driver<'_> {
    /// After a method gave up: look for a proof of infeasibility, then of unboundedness.
    pub(super) fn settle(&self, mut end: End, callback: Callback<'_>) -> Result<End, Error> {
        if end.status != Status::IterationLimit || !self.certify {
            return Ok(end);
        }
        let elastic = certificate::elastic(self.core);
        let phase = match self.auxiliary(&elastic, callback)? {
            Ok(point) => point,
            Err(stopped) => return Ok(End { status: stopped, ..end }),
        };
        let (n, m) = (self.user.n(), self.user.m());
        let phase = self.scaling.unscale(&Point { x: phase.x[..n].to_vec(), y: phase.y, z: vec![0.0; n] });
        if let Some(proof) =
            certificate::infeasible(self.user, self.equalities, &phase.y, certificate::TOLERANCE)
        {
            end.status = Status::Infeasible;
            end.certificate = Some(proof);
            end.notes.push(String::from("infeasibility found by the elastic problem"));
            return Ok(end);
        }
        let point = phase.x;
        let feasible = self.user.residuals(&Point { x: point.clone(), ..Point::zeros(self.user) }).primal;
        if feasible > self.settings.tolerance {
            return Ok(end);
        }
        let steepest = certificate::steepest(self.core);
        let ray = match self.auxiliary(&steepest, callback)? {
            Ok(point) => point,
            Err(stopped) => return Ok(End { status: stopped, ..end }),
        };
        let ray = self.scaling.unscale(&Point { x: ray.x, y: vec![0.0; m], z: vec![0.0; n] });
        if let Some(direction) = certificate::recession(self.user, &ray.x) {
            end.status = Status::Unbounded;
            end.certificate = Some(Certificate::Unbounded { direction, point });
            end.notes.push(String::from("unbounded along the steepest recession direction"));
        }
        Ok(end)
    }

    /// The best point found for an auxiliary linear program, or the status where the caller stopped it. What follows from the
    /// point is verified on the problem itself, so that it need not be exact.
    fn auxiliary(&self, core: &Core, callback: Callback<'_>) -> Result<Result<Point, Status>, Error> {
        let settings = Settings { method: Method::Interior, ..self.settings.clone() };
        let scaling = Scaling::none(core);
        let scaled = Arc::new(scaling.apply(core));
        let pattern = Pattern::new(&core.p, &core.c)?;
        let driver = Driver {
            settings: &settings,
            user: core,
            core: &scaled,
            scaling: &scaling,
            pattern: &pattern,
            equalities: 0,
            kept: None,
            certify: false,
        };
        let end = driver.interior(INTERIOR, callback)?;
        Ok(match end.status {
            Status::TimeLimit | Status::Cancelled => Err(end.status),
            _ => Ok(end.point),
        })
    }
}

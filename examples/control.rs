//! Model predictive control in a loop: each step starts from the solution of the step before.
//!
//! ```sh
//! cargo run --release --example control
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

#[path = "support/noise.rs"]
mod noise;

use cvxlayer::Solved;
use cvxlayer::nalgebra::{SMatrix, SVector};
use noise::Noise;
use std::time::{Duration, Instant};

/// Steps that the controller looks ahead.
const HORIZON: usize = 20;
/// The largest speed.
const LIMIT: f64 = 0.6;

cvxlayer::problem! {
    /// Reach the origin within limits on force and speed.
    pub Controller;

    /// Position and speed now.
    param now[2];
    /// How the state moves on by itself, and under the force.
    param A[2, 2];
    param B[2];
    /// The largest force.
    param force pos = 1;

    var x[2, 21];
    var u[20];
    /// What is applied.
    let first = u[0];

    minimize
      sum(10 * square(x[0, t]) + square(x[1, t]) + 0.1 * square(u[t]) for t in 0..20)
      + 50 * square(x[0, 20]) + 5 * square(x[1, 20]);

    subject to
      start: x[:, 0] == now;
      moves: x[:, t + 1] == A @ x[:, t] + B * u[t] for t in 0..20;
      push: -force <= u <= force;
      speed: -{LIMIT} <= x[1, t] <= {LIMIT} for t in 1..21;
}

/// What a loop of control brought.
struct Run {
    /// The distance to the origin, step by step.
    distance: Vec<f64>,
    fastest: f64,
    iterations: usize,
    time: Duration,
}

/// Drives the cart, with gusts, from solution to solution or from scratch.
fn drive(steps: usize, warm: bool) -> Result<Run, cvxlayer::Error> {
    let controller = Controller::new()?;
    let (a, b): (SMatrix<f64, 2, 2>, SVector<f64, 2>) =
        (SMatrix::from_row_slice(&[1.0, 0.2, 0.0, 1.0]), SVector::from([0.02, 0.2]));
    let mut noise = Noise(3);
    let mut state = SVector::from([4.0, 0.0]);
    let mut before: Option<Solved<Controller>> = None;
    let mut run = Run { distance: Vec::new(), fastest: 0.0, iterations: 0, time: Duration::ZERO };
    for _ in 0..steps {
        let params = controller.params(state, a, b);
        let began = Instant::now();
        let solved = match &before {
            Some(before) if warm => controller.solve_from(&params, before)?,
            _ => controller.solve(&params)?,
        };
        run.time += began.elapsed();
        run.iterations += solved.info().iterations;
        state = a * state + b * solved.first + SVector::from([0.0, 0.01 * noise.normal()]);
        run.distance.push(state[0].abs());
        run.fastest = run.fastest.max(solved.x.row(1).columns(1, HORIZON).amax());
        before = Some(solved);
    }
    Ok(run)
}

fn main() -> Result<(), cvxlayer::Error> {
    for (name, warm) in [("from scratch", false), ("from the step before", true)] {
        let run = drive(80, warm)?;
        let per_step = run.time / u32::try_from(run.distance.len()).unwrap_or(1);
        let end = run.distance.last().copied().unwrap_or_default();
        println!(
            "{name}: {} iterations, {per_step:.0?} a step, {end:.3} from the origin at the end",
            run.iterations
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, drive};

    #[test]
    fn the_cart_arrives_within_its_limits_either_way() {
        let (cold, warm) = (drive(60, false).unwrap(), drive(60, true).unwrap());
        for run in [&cold, &warm] {
            assert!(run.distance[59] < 0.1 && run.fastest <= LIMIT + 1e-6, "{}", run.distance[59]);
        }
        let apart = cold.distance.iter().zip(&warm.distance).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-5, "the same path: {apart}");
        assert!(warm.iterations <= cold.iterations, "{} and {}", warm.iterations, cold.iterations);
    }
}

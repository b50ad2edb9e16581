//! Times setup, solve and derivative of `.npz` problems: the vector–Jacobian product of the sum of x by all data.
//!
//! `cargo run --release --example timing -- [--method auto|alternating|active-set|interior|dual-newton] FILE.npz…`
#![allow(clippy::print_stdout)]

#[path = "../problem_set/npz.rs"]
mod npz;
#[path = "../problem_set/read.rs"]
mod read;

use altdiff::{Cotangent, DerivativeOptions, Method, Settings, Solver};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut method = Method::Auto;
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|a| a == "--method").is_some() {
        method = match arguments.next().as_deref() {
            Some("alternating") => Method::Alternating,
            Some("active-set") => Method::ActiveSet,
            Some("interior") => Method::Interior,
            Some("dual-newton") => Method::DualNewton,
            _ => Method::Auto,
        };
    }
    println!(
        "problem,status,method,iterations,setup_s,forward_s,backward_s,residual,gradient_residual,notes"
    );
    for path in arguments {
        let problem = read::problem(path.as_ref())?;
        let settings = Settings { method, ..Settings::default() };
        let mut best = [f64::INFINITY; 3];
        let mut line = String::new();
        let begin = Instant::now();
        while begin.elapsed().as_secs_f64() < 0.7 {
            let start = Instant::now();
            let solver = Solver::new(&problem, settings.clone())?;
            let setup = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let solution = solver.solve(&problem, None)?;
            let forward = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let seed = Cotangent::x(vec![1.0; solution.x.len()]);
            let gradient = solution.vjp(&seed, &DerivativeOptions::default());
            let backward = start.elapsed().as_secs_f64();
            for (b, t) in best.iter_mut().zip([setup, forward, backward]) {
                *b = b.min(t);
            }
            line = format!(
                "{:.1e},{:.1e},{:?}",
                solution.residuals.max(),
                gradient.map_or(f64::NAN, |g| g.residual),
                solution.notes
            );
            line = format!(
                "{},{:?},{},{:.3e},{:.3e},{:.3e},{line}",
                solution.status, solution.method, solution.iterations, best[0], best[1], best[2]
            );
        }
        println!("{path},{line}");
    }
    Ok(())
}

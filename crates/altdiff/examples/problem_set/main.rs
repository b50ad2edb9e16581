//! Solves every `.npz` problem in the folder named by `CVXLAYER_QP_DATA` and prints a table: size, status, method,
//! iterations, seconds forward (set-up and solve) and backward (the derivative of the sum of x by all data), residuals,
//! the error of the objective against `optima.csv` where there is one, and whether what is claimed holds by arithmetic on
//! the data. Without a known optimum a problem is expected to be infeasible.
//!
//! `cargo run --release --example problem_set -- [name prefix]`
#![allow(clippy::print_stdout)]

mod judge;
mod npz;
mod read;

use altdiff::{Control, Cotangent, DerivativeOptions, Settings, Solver};
use judge::{Verdict, judge, objective_error, optima};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let Ok(folder) = std::env::var("CVXLAYER_QP_DATA") else {
        println!("CVXLAYER_QP_DATA names no folder: nothing to do");
        return Ok(());
    };
    let prefix = std::env::args().nth(1).unwrap_or_default();
    let limit: f64 = std::env::var("CVXLAYER_QP_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(60.0);
    let optima = optima(Path::new(&folder));
    let mut paths: Vec<_> = std::fs::read_dir(&folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "npz"));
    paths.sort();
    println!(
        "name,n,rows,status,method,finished,iterations,seconds,backward,primal,dual,gap,objective_error,right"
    );
    let (mut right, mut wrong, mut total) = (0, 0, 0);
    for path in paths {
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.starts_with(&prefix) {
            continue;
        }
        total += 1;
        let problem = read::problem(&path)?;
        // The least of three runs where they are short.
        let (mut seconds, mut spent, mut runs) = (f64::INFINITY, 0.0, 0);
        let solved = loop {
            let start = Instant::now();
            let solved = Solver::new(&problem, Settings::default()).and_then(|solver| {
                solver.solve_with(&problem, None, &mut |_| {
                    if start.elapsed().as_secs_f64() > limit { Control::OutOfTime } else { Control::Continue }
                })
            });
            let taken = start.elapsed().as_secs_f64();
            (seconds, spent, runs) = (seconds.min(taken), spent + taken, runs + 1);
            if runs == 3 || spent > 0.5 {
                break solved;
            }
        };
        match solved {
            Ok(s) => {
                let start = Instant::now();
                let seed = Cotangent::x(vec![1.0; s.x.len()]);
                let gradient = s.vjp(&seed, &DerivativeOptions::default());
                let backward = if gradient.is_ok() { start.elapsed().as_secs_f64() } else { f64::NAN };
                let optimum = optima.get(&name).copied();
                let verdict = judge(&problem, &s, optimum);
                right += usize::from(verdict == Verdict::Right);
                wrong += usize::from(matches!(verdict, Verdict::Wrong(_)));
                println!(
                    "{name},{},{},{},{:?},{},{},{seconds:.3e},{backward:.3e},{:.1e},{:.1e},{:.1e},{:.1e},{verdict:?} {:?}",
                    s.x.len(),
                    problem.a.nrows + problem.g.nrows,
                    s.status,
                    s.method,
                    s.finished,
                    s.iterations,
                    s.residuals.primal,
                    s.residuals.dual,
                    s.residuals.gap,
                    optimum.map_or(f64::NAN, |o| objective_error(&s, o)),
                    s.notes,
                );
            }
            Err(e) => println!("{name},error: {e},{seconds:.3e}"),
        }
    }
    println!("{right} of {total} right, {wrong} wrong claims");
    Ok(())
}

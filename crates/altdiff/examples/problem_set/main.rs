//! Solves every `.npz` problem in the folder named by `CVXLAYER_QP_DATA` and prints a table: size, status, method,
//! iterations, seconds, residuals, and the error of the objective against `optima.csv` where there is one.
//!
//! `cargo run --release --example problem_set -- [name prefix]`
#![allow(clippy::print_stdout)]

mod npz;
mod read;

use altdiff::{Control, Settings, Solver, Status};
use std::collections::BTreeMap;
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
    let optima = optima(&Path::new(&folder).join("optima.csv"));
    let mut paths: Vec<_> = std::fs::read_dir(&folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "npz"));
    paths.sort();
    println!("name,n,rows,status,method,finished,iterations,seconds,primal,dual,gap,objective_error,right");
    let (mut right, mut wrong, mut total) = (0, 0, 0);
    for path in paths {
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.starts_with(&prefix) {
            continue;
        }
        total += 1;
        let problem = read::problem(&path)?;
        let start = Instant::now();
        let solved = Solver::new(&problem, Settings::default()).and_then(|solver| {
            solver.solve_with(&problem, None, &mut |_| {
                if start.elapsed().as_secs_f64() > limit { Control::OutOfTime } else { Control::Continue }
            })
        });
        let seconds = start.elapsed().as_secs_f64();
        match solved {
            Ok(s) => {
                let error = optima.get(&name).map(|o| (s.objective - o).abs() / o.abs().max(1.0));
                let good = s.status == Status::Solved && error.is_none_or(|e| e <= 1e-6);
                right += usize::from(good);
                wrong +=
                    usize::from(s.status != Status::IterationLimit && s.status != Status::TimeLimit && !good);
                println!(
                    "{name},{},{},{},{:?},{},{},{seconds:.3},{:.1e},{:.1e},{:.1e},{:.1e},{good} {:?}",
                    s.x.len(),
                    problem.a.nrows + problem.g.nrows,
                    s.status,
                    s.method,
                    s.finished,
                    s.iterations,
                    s.residuals.primal,
                    s.residuals.dual,
                    s.residuals.gap,
                    error.unwrap_or(f64::NAN),
                    s.notes,
                );
            }
            Err(e) => println!("{name},error: {e},{seconds:.3}"),
        }
    }
    println!("{right} of {total} right, {wrong} wrong claims");
    Ok(())
}

fn optima(path: &Path) -> BTreeMap<String, f64> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            Some((fields.first()?.to_string(), fields.last()?.parse().ok()?))
        })
        .collect()
}

//! How long a model takes from text and from values to the canonical program, and how large the program is.
//!
//! `cargo bench --bench canonicalization -- MODEL DATA [REPEATS]` prints one JSON object; `canonicalization.py` runs it
//! beside CVXPY. Times are the least of the repeats, in one process, since that is how the peer is timed.

#![allow(clippy::print_stdout, reason = "a program whose result is what it prints")]

use cvxlayer::{Data, Model};
use std::time::Instant;

fn least<T>(repeats: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let mut best = (f64::INFINITY, None);
    for _ in 0..repeats.max(1) {
        let start = Instant::now();
        let out = run();
        best.0 = best.0.min(start.elapsed().as_secs_f64());
        best.1 = Some(out);
    }
    (best.0, best.1.expect("it ran"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` passes a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [model, data, rest @ ..] = &arguments[..] else { return Ok(()) };
    let repeats = rest.first().map_or(Ok(20), |r| r.parse())?;
    let (text, values) = (std::fs::read_to_string(model)?, std::fs::read_to_string(data)?);
    let mut data = Data::new();
    data.read_json(&values, "data")?;

    let (check, model) = least(repeats, || Model::from_text(&text));
    let model = model?;
    let (bind, bound) = least(repeats, || model.bind(&data));
    let bound = bound?;
    let (compile, program) = least(repeats, || bound.program());
    let program = program?;
    println!(
        "{{\"check\": {check:e}, \"bind\": {bind:e}, \"compile\": {compile:e}, \"variables\": {}, \"rows\": {}, \"nonzeros\": {}}}",
        program.variables(),
        program.rows(),
        program.nonzeros()
    );
    Ok(())
}

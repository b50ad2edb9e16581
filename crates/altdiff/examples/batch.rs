//! A batch: the projections of many points onto one polyhedron, and the gradient of a loss by its right-hand sides.
//!
//! P and G are shared, so that they are scaled and factored once; each sample has its own q.
#![allow(clippy::print_stdout)]

use altdiff::{Batch, Block, Cotangent, Csc, DerivativeOptions, Error, Problem, Settings, Solver, Status};

fn main() -> Result<(), Error> {
    let (n, samples) = (3, 8);
    // minimize ½‖x − point‖²  subject to  Σ x ≤ 1, x ≥ 0
    let sum = Csc::from_triplets(1, n, &[(0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0)])?;
    let base = Problem::new(n)
        .quadratic(Csc::identity(n), vec![0.0; n])
        .inequalities(sum, vec![f64::NEG_INFINITY], vec![1.0])
        .bounds(vec![0.0; n], vec![f64::INFINITY; n]);
    let points: Vec<f64> = (0..samples * n).map(|k| (1.7 * k as f64).sin() + 0.3).collect();
    let batch = Batch::new(base, samples).with(Block::Q, points.iter().map(|v| -v).collect())?;
    let solver = Solver::new(batch.base(), Settings::default())?;
    let solutions = solver.solve_batch(&batch, &[])?;
    let mut cotangents = Vec::new();
    for (k, sample) in solutions.iter().enumerate() {
        // One infeasible or broken sample would not harm the others.
        let solution = sample.as_ref().map_err(Clone::clone)?;
        assert_eq!(solution.status, Status::Solved);
        println!("{:.3?} -> {:.3?}", &points[k * n..(k + 1) * n], solution.x);
        cotangents.push(Cotangent::x(solution.x.clone()));
    }
    // The loss Σ ½‖x‖² by the shared right-hand side, and by every point.
    let gradient = solutions.vjp(&cotangents, &[Block::Gu, Block::Q], &DerivativeOptions::default())?;
    println!("by the bound on the sum: {:.3?}", gradient.block(Block::Gu));
    println!(
        "by the first point: {:.3?}",
        gradient.block(Block::Q)[..n].iter().map(|v| -v).collect::<Vec<_>>()
    );
    Ok(())
}

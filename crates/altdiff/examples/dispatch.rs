//! Prices in an energy dispatch, and how they answer to demand and to fuel costs.
//!
//! Generators g with cost aᵢgᵢ + ½cᵢgᵢ² and capacity limits serve the demand at two places joined by a line of limited
//! capacity. The multiplier of each balance is the price at that place.
#![allow(clippy::print_stdout)]

use altdiff::{Cotangent, Csc, DerivativeOptions, Error, Problem, Settings, Solver, Tangent};

fn main() -> Result<(), Error> {
    // Variables: three generators in MW (the first two at place 0), and the flow from place 0 to place 1.
    let linear = [20.0, 32.0, 45.0];
    let quadratic = [0.02, 0.05, 0.04];
    let capacity = [300.0, 150.0, 200.0];
    let (demand, line) = ([180.0, 260.0], 120.0);
    let balance =
        Csc::from_triplets(2, 4, &[(0, 0, 1.0), (0, 1, 1.0), (0, 3, -1.0), (1, 2, 1.0), (1, 3, 1.0)])?;
    let mut cost = linear.to_vec();
    cost.push(0.0);
    let mut upper = capacity.to_vec();
    upper.push(line);
    let problem = Problem::new(4)
        .quadratic(Csc::diagonal(&[quadratic[0], quadratic[1], quadratic[2], 0.0]), cost)
        .equalities(balance, demand.to_vec())
        .bounds(vec![0.0, 0.0, 0.0, -line], upper);
    let solution = Solver::new(&problem, Settings::default())?.solve(&problem, None)?;
    println!(
        "dispatch {:.1?} MW, flow {:.1} MW, cost {:.0}",
        &solution.x[..3],
        solution.x[3],
        solution.objective
    );
    // Px + q + Aᵀλ + μ = 0, so that the price of one more MW is −λ.
    println!(
        "prices {:.2?} per MWh, congestion {:.2}",
        solution.lambda.iter().map(|l| -l).collect::<Vec<_>>(),
        solution.mu_upper[3]
    );

    // The price at place 1 by all data at once.
    let price = Cotangent { lambda: vec![0.0, -1.0], ..Cotangent::default() };
    let gradient = solution.vjp(&price, &DerivativeOptions::default())?;
    println!(
        "price at place 1, per MW of demand: {:+.4} there, {:+.4} at place 0",
        gradient.b[1], gradient.b[0]
    );
    println!("per MW of line capacity: {:+.4}", gradient.hi[3]);
    println!("per unit of each generator's fuel cost: {:+.3?}", &gradient.q[..3]);

    // What one more MW of demand at place 1 does to the dispatch.
    let more = Tangent { b: vec![0.0, 1.0], ..Tangent::default() };
    let moved = solution.jvp(&more, &DerivativeOptions::default())?;
    println!("one more MW at place 1 comes from {:.2?}", &moved.x[..3]);
    Ok(())
}

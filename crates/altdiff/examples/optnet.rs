//! A quadratic program as a layer (OptNet, Amos and Kolter 2017): the layer projects its input onto a polyhedron whose
//! right-hand sides are learned from pairs of inputs and outputs.
#![allow(clippy::print_stdout)]

use altdiff::{Cotangent, Csc, DerivativeOptions, Error, Problem, Settings, Solver};

const SAMPLES: usize = 60;
const STEPS: usize = 200;

/// Numbers in [−1, 1) that look random.
fn noise(seed: &mut u64) -> f64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

fn main() -> Result<(), Error> {
    // minimize ½‖x − input‖²  subject to  Gx ≤ h, h to be learned.
    let g = Csc::from_triplets(3, 2, &[(0, 0, 1.0), (0, 1, 1.0), (1, 0, -1.0), (2, 1, -1.0)])?;
    let layer = |input: &[f64], h: &[f64]| {
        Problem::new(2).quadratic(Csc::identity(2), input.iter().map(|v| -v).collect()).inequalities(
            g.clone(),
            vec![f64::NEG_INFINITY; 3],
            h.to_vec(),
        )
    };
    let truth = [0.5, 0.2, 0.4];
    let solver = Solver::new(&layer(&[0.0; 2], &truth), Settings::default())?;
    let mut seed = 7;
    let mut data = Vec::new();
    for _ in 0..SAMPLES {
        let input = [2.0 * noise(&mut seed), 2.0 * noise(&mut seed)];
        data.push((input, solver.solve(&layer(&input, &truth), None)?.x));
    }
    let mut h = vec![1.5; 3];
    for step in 0..=STEPS {
        let (mut loss, mut slope) = (0.0, [0.0; 3]);
        for (input, target) in &data {
            let output = solver.solve(&layer(input, &h), None)?;
            let error: Vec<f64> = output.x.iter().zip(target).map(|(x, t)| x - t).collect();
            loss += error.iter().map(|e| 0.5 * e * e).sum::<f64>() / SAMPLES as f64;
            let gradient = output.vjp(&Cotangent::x(error), &DerivativeOptions::default())?;
            for (s, g) in slope.iter_mut().zip(&gradient.gu) {
                *s += g / SAMPLES as f64;
            }
        }
        if step % 50 == 0 {
            println!("step {step:3}: loss {loss:.2e}, h = {h:.4?}");
        }
        for (h, s) in h.iter_mut().zip(slope) {
            *h -= s;
        }
    }
    println!("learned {h:.4?}, true {truth:?}");
    Ok(())
}

//! The layers that the Alt-Diff paper (Sun et al. 2023) and the layers paper (Agrawal et al. 2019) measure, at their sizes.
//!
//! A constrained softmax, entropy over equalities and inequalities, at (n, equalities, inequalities) = (1000, 300, 100)
//! and, asked for by `large`, (3000, 1000, 500), on data of its own that have a feasible point; and a constrained
//! sparsemax, the projection on the simplex with caps, at n = 1000 and 10,000. Each is solved and differentiated, and what
//! comes out is checked: the optimality conditions by their definition, the gradient of the softmax by central differences
//! and a second route, point and gradient of the sparsemax by their closed forms at the threshold.
//!
//! ```sh
//! cargo run --release --example paper_layers -- large
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

#[path = "support/noise.rs"]
mod noise;

use cvxlayer::nalgebra::{DMatrix, DVector};
use cvxlayer::{Error, Route};
use noise::Noise;
use std::time::Instant;

cvxlayer::problem! {
    /// Entropy over a polyhedron.
    pub Softmax;
    dim n, m, k;
    param q[n];
    param A[m, n];
    param b[m];
    param G[k, n];
    param h[k];
    var x[n];
    minimize q @ x - sum(entr(x));
    subject to
      equal: A @ x == b;
      below: G @ x <= h;
}

cvxlayer::problem! {
    /// The projection on the simplex with caps.
    pub Sparsemax;
    dim n;
    param q[n];
    param u[n];
    var x[n] nonneg;
    minimize sum_squares(x - q);
    subject to
      total: sum(x) == 1;
      caps: x <= u;
}

/// What is wrong with a layer's answers, each relative to the numbers it is about, and the seconds they took.
#[derive(Debug)]
struct Report {
    optimality: f64,
    gradient: f64,
    routes: f64,
    forward: f64,
    backward: f64,
}

/// The largest difference, relative to the largest entry or 1.
fn apart(a: &DVector<f64>, b: &DVector<f64>) -> f64 {
    (a - b).amax() / b.amax().max(1.0)
}

/// The right sides are those of a positive point, about a tenth of the inequalities tight there.
fn softmax_data(noise: &mut Noise, n: usize, m: usize, k: usize) -> SoftmaxParams {
    let x = DVector::from_fn(n, |_, _| 0.1 + noise.uniform());
    let a = DMatrix::from_fn(m, n, |_, _| noise.normal());
    let g = DMatrix::from_fn(k, n, |_, _| noise.normal());
    let slack = DVector::from_fn(k, |_, _| if noise.uniform() < 0.1 { 0.0 } else { noise.uniform() });
    let (b, h) = (&a * &x, &g * &x + slack);
    SoftmaxParams { q: DVector::from_fn(n, |_, _| noise.normal()), A: a, b, G: g, h }
}

/// The optimality conditions `q + 1 + log x + Aᵀλ + Gᵀν = 0`, `Ax = b`, `Gx ≤ h`, `ν ≥ 0`, `ν (h − Gx) = 0` by their
/// definition: the largest violation, relative to the largest term.
fn violation(p: &SoftmaxParams, x: &DVector<f64>, lambda: &DVector<f64>, nu: &DVector<f64>) -> f64 {
    let parts = [p.A.tr_mul(lambda), p.G.tr_mul(nu), x.map(|x| 1.0 + x.ln()), p.q.clone()];
    let size = parts.iter().fold(1.0, |size: f64, part| size.max(part.amax()));
    let stationarity = parts.iter().sum::<DVector<f64>>().amax() / size;
    let slack = &p.h - &p.G * x;
    let scale = p.b.amax().max(p.h.amax()).max(1.0);
    let feasibility = (&p.A * x - &p.b).amax().max(-slack.min()) / scale;
    let complementarity = slack.component_mul(nu).amax() / (scale * size);
    stationarity.max(feasibility).max(complementarity).max(-nu.min())
}

/// One softmax layer: the gradient of a random combination of x, along a random direction of all data.
fn softmax(seed: u64, (n, m, k): (usize, usize, usize)) -> Result<Report, Error> {
    let mut noise = Noise(seed);
    let layer = Softmax::new(&SoftmaxData { n, m, k })?;
    let params = softmax_data(&mut noise, n, m, k);
    let start = Instant::now();
    let solved = layer.solve(&params)?;
    let forward = start.elapsed().as_secs_f64();
    let optimality = violation(&params, &solved.x, &solved.duals.equal, &solved.duals.below);
    let weights = DVector::from_fn(n, |_, _| noise.normal());
    let cotangent = SoftmaxSolution { x: weights.clone(), ..Default::default() };
    let start = Instant::now();
    let gradient = solved.vjp(&cotangent)?;
    let backward = start.elapsed().as_secs_f64();
    let along = SoftmaxParams {
        q: DVector::from_fn(n, |_, _| noise.normal()),
        A: DMatrix::from_fn(m, n, |_, _| noise.normal()),
        b: DVector::from_fn(m, |_, _| noise.normal()),
        G: DMatrix::from_fn(k, n, |_, _| noise.normal()),
        h: DVector::from_fn(k, |_, _| noise.normal()),
    };
    let at = |by: f64| -> Result<f64, Error> {
        let moved = SoftmaxParams {
            q: &params.q + by * &along.q,
            A: &params.A + by * &along.A,
            b: &params.b + by * &along.b,
            G: &params.G + by * &along.G,
            h: &params.h + by * &along.h,
        };
        Ok(layer.solve(&moved)?.x.dot(&weights))
    };
    let step = 1e-7;
    let difference = (at(step)? - at(-step)?) / (2.0 * step);
    let slope = gradient.q.dot(&along.q)
        + gradient.A.dot(&along.A)
        + gradient.b.dot(&along.b)
        + gradient.G.dot(&along.G)
        + gradient.h.dot(&along.h);
    let other = solved.vjp_by(Route::Bpqp, &cotangent)?;
    let routes = apart(&other.q, &gradient.q).max(apart(&other.h, &gradient.h));
    let gradient = (slope - difference).abs() / difference.abs().max(1.0);
    Ok(Report { optimality, gradient, routes, forward, backward })
}

/// The threshold τ at which `Σ clip(q − τ, 0, u) = 1`, by bisection.
fn threshold(p: &SparsemaxParams) -> f64 {
    let total = |tau: f64| p.q.zip_fold(&p.u, 0.0, |sum, q, u| sum + (q - tau).clamp(0.0, u));
    let (mut low, mut high) = (p.q.min() - p.u.max() - 1.0, p.q.max());
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if total(middle) > 1.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// One sparsemax layer. With c the weights of x, F the entries between their bounds and U those at their caps, the
/// gradient by q is c − mean(c_F) on F, and by u it is c − mean(c_F) on U.
fn sparsemax(seed: u64, n: usize) -> Result<Report, Error> {
    let mut noise = Noise(seed);
    let layer = Sparsemax::new(&SparsemaxData { n })?;
    let params = SparsemaxParams {
        q: DVector::from_fn(n, |_, _| noise.normal()),
        u: DVector::from_fn(n, |_, _| 0.01 + 0.09 * noise.uniform()),
    };
    let start = Instant::now();
    let solved = layer.solve(&params)?;
    let forward = start.elapsed().as_secs_f64();
    let tau = threshold(&params);
    let exact = params.q.zip_map(&params.u, |q, u| (q - tau).clamp(0.0, u));
    let optimality = apart(&solved.x, &exact);
    let weights = DVector::from_fn(n, |_, _| noise.normal());
    let cotangent = SparsemaxSolution { x: weights.clone(), ..Default::default() };
    let start = Instant::now();
    let gradient = solved.vjp(&cotangent)?;
    let backward = start.elapsed().as_secs_f64();
    let between: Vec<usize> = (0..n).filter(|&i| exact[i] > 0.0 && exact[i] < params.u[i]).collect();
    let mean = between.iter().map(|&i| weights[i]).sum::<f64>() / between.len() as f64;
    let mut by_q = DVector::zeros(n);
    for &i in &between {
        by_q[i] = weights[i] - mean;
    }
    let by_u = DVector::from_fn(n, |i, _| if exact[i] == params.u[i] { weights[i] - mean } else { 0.0 });
    let closed = apart(&gradient.q, &by_q).max(apart(&gradient.u, &by_u));
    let other = solved.vjp_by(Route::Bpqp, &cotangent)?;
    let routes = apart(&other.q, &gradient.q).max(apart(&other.u, &gradient.u));
    Ok(Report { optimality, gradient: closed, routes, forward, backward })
}

fn print(name: &str, r: &Report) {
    println!(
        "{name:<26} {:8.1} ms {:8.1} ms   {:8.1e}   {:8.1e}   {:8.1e}",
        1e3 * r.forward,
        1e3 * r.backward,
        r.optimality,
        r.gradient,
        r.routes
    );
}

fn main() -> Result<(), Error> {
    println!("{:<26}     forward    backward   optimality   gradient   routes apart", "layer");
    print("softmax (1000, 300, 100)", &softmax(1, (1000, 300, 100))?);
    if std::env::args().any(|argument| argument == "large") {
        print("softmax (3000, 1000, 500)", &softmax(2, (3000, 1000, 500))?);
    }
    print("sparsemax 1000", &sparsemax(3, 1000)?);
    print("sparsemax 10000", &sparsemax(4, 10_000)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_softmax_of_the_paper_is_optimal_and_its_gradient_right() {
        let r = softmax(1, (1000, 300, 100)).unwrap();
        assert!(r.optimality < 1e-9 && r.gradient < 1e-6 && r.routes < 1e-8, "{r:?}");
    }

    #[test]
    fn sparsemax_is_its_closed_form() {
        for n in [1000, 10_000] {
            let r = sparsemax(n as u64, n).unwrap();
            assert!(r.optimality < 1e-13 && r.gradient < 1e-9 && r.routes < 1e-9, "{r:?}");
        }
    }
}

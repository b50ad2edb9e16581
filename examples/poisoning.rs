//! Which way a training sample has to move to spoil a classifier most.
//!
//! A logistic regression with an elastic-net penalty is fitted to thirty samples in the plane, and its loss measured on
//! others. The gradient of that loss by the training samples passes through the fit: it says in which direction, and how
//! much, each sample can poison the model (the experiment of Agrawal et al. 2019, §6, on data of its own).
//!
//! ```sh
//! cargo run --release --example poisoning -- target/poisoning.svg
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

#[path = "support/noise.rs"]
mod noise;

use cvxlayer::nalgebra::{SMatrix, SVector, Vector2};
use noise::Noise;
use std::fmt::Write;

cvxlayer::problem! {
    /// Logistic regression with an elastic-net penalty.
    pub Fit;

    /// One sample a row.
    param X[30, 2];
    /// 1 or -1 for each sample.
    param label[30];
    var slope[2];
    var offset;

    let margin = label * (X @ slope + offset);
    minimize sum(logistic(-margin)) / 30 + 0.1 * norm1(slope) + 0.1 * sum_squares(slope);
}

type Samples = SMatrix<f64, 30, 2>;
type Labels = SVector<f64, 30>;

/// Samples around (1, 1) and (−1, −1), with labels to match.
fn samples<const N: usize>(noise: &mut Noise) -> (SMatrix<f64, N, 2>, SVector<f64, N>) {
    let label = SVector::from_fn(|i, _| if i % 2 == 0 { 1.0 } else { -1.0 });
    let points = SMatrix::from_fn(|i, _| label[i] + 1.3 * noise.normal());
    (points, label)
}

/// The mean loss of a classifier on samples, and its gradient by slope and offset.
fn loss<const N: usize>(
    points: &SMatrix<f64, N, 2>,
    label: &SVector<f64, N>,
    slope: &Vector2<f64>,
    offset: f64,
) -> (f64, Vector2<f64>, f64) {
    let (mut sum, mut by_slope, mut by_offset) = (0.0, Vector2::zeros(), 0.0);
    for (i, y) in label.iter().enumerate() {
        let point = points.row(i).transpose();
        let margin = y * (point.dot(slope) + offset);
        sum += (-margin).exp().ln_1p() / N as f64;
        let rate = -y / (1.0 + margin.exp()) / N as f64;
        by_slope += rate * point;
        by_offset += rate;
    }
    (sum, by_slope, by_offset)
}

/// A fit, its loss on the test samples, and the gradient of that loss by the training samples.
struct Poisoned {
    slope: Vector2<f64>,
    offset: f64,
    loss: f64,
    by_sample: Samples,
}

/// The training samples with their labels, and what a fit to some samples in their place comes to.
struct Experiment {
    layer: Fit,
    points: Samples,
    label: Labels,
    test: (SMatrix<f64, 60, 2>, SVector<f64, 60>),
}

impl Experiment {
    fn new(seed: u64) -> Result<Self, cvxlayer::Error> {
        let mut noise = Noise(seed);
        let (points, label) = samples(&mut noise);
        Ok(Self { layer: Fit::new()?, points, label, test: samples(&mut noise) })
    }

    fn fit(&self, points: &Samples) -> Result<Poisoned, cvxlayer::Error> {
        let solved = self.layer.solve(&FitParams { X: *points, label: self.label })?;
        let (slope, offset) = (solved.slope, solved.offset);
        let (loss, by_slope, by_offset) = loss(&self.test.0, &self.test.1, &slope, offset);
        let cotangent = FitSolution { slope: by_slope, offset: by_offset, ..Default::default() };
        let by_sample = solved.vjp(&cotangent)?.X;
        Ok(Poisoned { slope, offset, loss, by_sample })
    }
}

/// The training samples, the line between the classes, and an arrow the way that spoils it.
fn picture(experiment: &Experiment, fit: &Poisoned) -> String {
    let place = |x: f64, y: f64| (300.0 + 70.0 * x, 300.0 - 70.0 * y);
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 600 600\">\n<rect width=\"600\" height=\"600\" fill=\"white\"/>\n",
    );
    let longest = fit.by_sample.row_iter().map(|r| r.norm()).fold(f64::MIN_POSITIVE, f64::max);
    let along = Vector2::new(-fit.slope.y, fit.slope.x) * (10.0 / fit.slope.norm());
    let at = -fit.slope * (fit.offset / fit.slope.norm_squared());
    let ((x1, y1), (x2, y2)) = (place(at.x - along.x, at.y - along.y), place(at.x + along.x, at.y + along.y));
    let _ = writeln!(
        svg,
        "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"gray\" stroke-dasharray=\"6\"/>"
    );
    for (i, y) in experiment.label.iter().enumerate() {
        let point = experiment.points.row(i);
        let arrow = fit.by_sample.row(i) / longest;
        let ((x1, y1), (x2, y2)) =
            (place(point[0], point[1]), place(point[0] + arrow[0], point[1] + arrow[1]));
        let colour = if *y > 0.0 { "#1f77b4" } else { "#d62728" };
        let _ = writeln!(
            svg,
            "<circle cx=\"{x1:.1}\" cy=\"{y1:.1}\" r=\"4\" fill=\"{colour}\"/><path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"black\"/>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiment = Experiment::new(3)?;
    let fit = experiment.fit(&experiment.points)?;
    println!(
        "slope {:.4} {:.4}, offset {:.4}: test loss {:.5}",
        fit.slope.x, fit.slope.y, fit.offset, fit.loss
    );
    let mut order: Vec<usize> = (0..30).collect();
    order.sort_by(|&a, &b| fit.by_sample.row(b).norm().total_cmp(&fit.by_sample.row(a).norm()));
    println!("the samples that spoil it most, with the gradient of the test loss by each:");
    for &i in &order[..5] {
        let (point, by) = (experiment.points.row(i), fit.by_sample.row(i));
        println!(
            "{i:3}: ({:6.3}, {:6.3}) of class {:2}: {:9.2e} {:9.2e}",
            point[0], point[1], experiment.label[i], by[0], by[1]
        );
    }
    for step in [1.0, 10.0] {
        let moved = experiment.points + step * fit.by_sample;
        let poisoned = experiment.fit(&moved)?;
        let foreseen = fit.loss + step * fit.by_sample.norm_squared();
        println!(
            "all moved by {step} times their gradients: test loss {:.5}, foreseen {foreseen:.5}",
            poisoned.loss
        );
    }
    let path = std::env::args().nth(1).unwrap_or_else(|| "target/poisoning.svg".to_owned());
    std::fs::write(&path, picture(&experiment, &fit))?;
    println!("the picture is in {path}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_by_the_data_is_that_of_fits_to_moved_data() {
        let experiment = Experiment::new(3).unwrap();
        let fit = experiment.fit(&experiment.points).unwrap();
        for i in [0, 7, 19] {
            for j in 0..2 {
                let at = |by: f64| {
                    let mut points = experiment.points;
                    points[(i, j)] += by;
                    experiment.fit(&points).unwrap().loss
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                let exact = fit.by_sample[(i, j)];
                assert!((difference - exact).abs() < 1e-8, "{i} {j}: {difference} and {exact}");
            }
        }
    }

    #[test]
    fn poisoned_data_spoil_the_classifier() {
        let experiment = Experiment::new(3).unwrap();
        let fit = experiment.fit(&experiment.points).unwrap();
        let gradient = fit.by_sample;
        let poisoned = experiment.fit(&(experiment.points + gradient)).unwrap();
        let (rise, foreseen) = (poisoned.loss - fit.loss, gradient.norm_squared());
        assert!(rise > 0.0 && (rise - foreseen).abs() < 0.1 * foreseen, "{rise}, foreseen {foreseen}");
        let picture = picture(&experiment, &fit);
        assert_eq!(picture.matches("<circle").count(), 30);
        assert!(picture.ends_with("</svg>\n") && !picture.contains("NaN"));
    }
}

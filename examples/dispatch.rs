//! Trains a forecaster of energy prices through the battery that trades on its forecasts.
//!
//! A linear forecaster that knows nothing is trained by gradient descent on what its forecasts cost: the regret, which
//! is the profit of a schedule made with the true prices less that of the one made with the forecast. The gradient
//! passes through the layer. Beside it stands the regret of the forecaster with the least squared error.
//!
//! ```sh
//! cargo run --release --example dispatch -- target/dispatch.svg
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

#[path = "support/chart.rs"]
mod chart;
#[path = "support/noise.rs"]
mod noise;

use chart::{Series, chart};
use cvxlayer::nalgebra::{DMatrix, SMatrix, SVector};
use noise::Noise;
use std::f64::consts::PI;

cvxlayer::problem! {
    /// A day of a battery that buys and sells by the hour.
    pub Battery;

    /// Price of each hour.
    param price[12];
    /// Energy bought and sold.
    var bought[12] in [0, 1];
    var sold[12] in [0, 1];
    /// What is stored at the end of each hour.
    var stored[12] in [0, 3];

    let income = sold - bought;
    let wear = sum_squares(bought) + sum_squares(sold);
    maximize price.T @ income - 0.5 * wear;

    subject to
      first: stored[0] == 1 + 0.9 * bought[0] - sold[0];
      balance: stored[t] == stored[t - 1] + 0.9 * bought[t] - sold[t] for t in 1..12;
      last: stored[11] >= 1;
}

type Prices = SVector<f64, 12>;
type Features = SVector<f64, 3>;
type Forecaster = SMatrix<f64, 12, 3>;

/// A day: what was known before it, and the prices it brought.
struct Day {
    features: Features,
    prices: Prices,
}

/// Days whose prices a linear forecaster cannot quite foresee: wind counts by its square.
fn days(count: usize, noise: &mut Noise) -> Vec<Day> {
    let day = |_| {
        let (heat, wind) = (noise.normal(), noise.uniform() * 2.0);
        let prices = Prices::from_fn(|hour, _| {
            let hour = hour as f64;
            let demand = 2.0 + (PI * hour / 6.0).sin() + 0.4 * heat * (PI * hour / 12.0).sin();
            demand - 0.8 * wind * wind * (PI * (hour + 2.0) / 12.0).cos().powi(2) + 0.2 * noise.normal()
        });
        Day { features: SVector::from([1.0, heat, wind]), prices }
    };
    (0..count).map(day).collect()
}

/// The forecaster with the least squared error.
fn least_squares(days: &[Day]) -> Forecaster {
    let features = DMatrix::from_fn(days.len(), 3, |i, j| days[i].features[j]);
    let prices = DMatrix::from_fn(days.len(), 12, |i, j| days[i].prices[j]);
    let normal = (features.transpose() * &features).try_inverse().expect("days differ");
    let fitted = normal * features.transpose() * prices;
    Forecaster::from_fn(|i, j| fitted[(j, i)])
}

/// The mean regret of a forecaster over some days, and its gradient.
fn regret(
    battery: &Battery,
    forecaster: &Forecaster,
    days: &[Day],
) -> Result<(f64, Forecaster), cvxlayer::Error> {
    let (mut total, mut gradient) = (0.0, Forecaster::zeros());
    for day in days {
        let best = battery.solve(&BatteryParams { price: day.prices })?;
        let chosen = battery.solve(&BatteryParams { price: forecaster * day.features })?;
        let profit = |s: &BatterySolution| day.prices.dot(&s.income) - 0.5 * s.wear;
        total += profit(&best) - profit(&chosen);
        // The regret falls with the income at true prices, and rises with the wear.
        let cotangent = BatterySolution { income: -day.prices, wear: 0.5, ..Default::default() };
        gradient += chosen.vjp(&cotangent)?.price * day.features.transpose();
    }
    let count = days.len() as f64;
    Ok((total / count, gradient / count))
}

/// Regrets on the days of training and on later ones, epoch by epoch, and that of least squares on later ones.
fn train(epochs: usize) -> Result<(Vec<f64>, Vec<f64>, f64), cvxlayer::Error> {
    let battery = Battery::new()?;
    let mut noise = Noise(7);
    let (past, future) = (days(40, &mut noise), days(40, &mut noise));
    let (fitted, _) = regret(&battery, &least_squares(&past), &future)?;
    let mut forecaster = Forecaster::zeros();
    let (mut seen, mut unseen) = (Vec::new(), Vec::new());
    for epoch in 0..=epochs {
        let (loss, gradient) = regret(&battery, &forecaster, &past)?;
        let (later, _) = regret(&battery, &forecaster, &future)?;
        if epoch % 10 == 0 {
            println!("epoch {epoch:3}: regret {loss:.4} in training, {later:.4} on later days");
        }
        seen.push(loss);
        unseen.push(later);
        forecaster -= 0.8 * gradient;
    }
    println!("least squares: regret {fitted:.4} on later days");
    Ok((seen, unseen, fitted))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (seen, unseen, fitted) = train(80)?;
    let reference = vec![fitted; seen.len()];
    let picture = chart(
        "A forecaster trained through the battery that uses it",
        "epoch",
        "regret per day",
        &[
            Series { name: "training days", colour: "#1f77b4", values: seen },
            Series { name: "later days", colour: "#d62728", values: unseen },
            Series { name: "least squares", colour: "#7f7f7f", values: reference },
        ],
    );
    let path = std::env::args().nth(1).unwrap_or_else(|| "target/dispatch.svg".to_owned());
    std::fs::write(&path, picture)?;
    println!("the curves are in {path}");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn training_lowers_the_regret() {
        let (seen, unseen, _) = super::train(10).unwrap();
        assert!(seen[10] < 0.5 * seen[0], "{seen:?}");
        assert!(unseen[10] < 0.5 * unseen[0], "{unseen:?}");
    }
}

//! Makes the data of the portfolio model: from a table of prices, or drawn at random.
//!
//! `portfolio-data prices STOCKS.csv INDEX.csv` reads monthly prices, oldest first: `symbol,date,price` of the assets
//! and `date,price` of the index that serves as the factor. `portfolio-data synthetic ASSETS FACTORS SEED` draws data.
//! Either prints the JSON that `model.cvx` takes.
#![allow(clippy::print_stdout, reason = "this is a command")]

use nalgebra::{DMatrix, DVector};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;

/// The estimation looks back over this many months.
const MONTHS: usize = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["prices", stocks, index] => from_prices(stocks, index)?,
        ["synthetic", assets, factors, seed] => synthetic(assets.parse()?, factors.parse()?, seed.parse()?),
        _ => {
            return Err(
                "usage: portfolio-data prices STOCKS.csv INDEX.csv | synthetic ASSETS FACTORS SEED".into()
            );
        }
    };
    println!("{data}");
    Ok(())
}

/// Returns of one month to the next, by date.
fn returns(prices: &[(String, f64)]) -> BTreeMap<&str, f64> {
    prices.windows(2).map(|pair| (pair[1].0.as_str(), pair[1].1 / pair[0].1 - 1.0)).collect()
}

fn from_prices(stocks: &str, index: &str) -> Result<Value, Box<dyn Error>> {
    let mut prices: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    for record in csv::Reader::from_path(stocks)?.records() {
        let record = record?;
        prices.entry(record[0].to_owned()).or_default().push((record[1].to_owned(), record[2].parse()?));
    }
    let mut market = Vec::new();
    for record in csv::Reader::from_path(index)?.records() {
        let record = record?;
        market.push((record[0].to_owned(), record[1].parse()?));
    }
    // The last month is what came; the months before it are what was known.
    let dates: Vec<&str> =
        market[market.len() - MONTHS - 1..].iter().map(|(date, _)| date.as_str()).collect();
    let (last, known) = dates.split_last().ok_or("no dates")?;
    let factor = returns(&market);
    let factor: Vec<f64> = known.iter().map(|date| factor[date]).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let center =
        |values: &[f64]| DVector::from_iterator(values.len(), values.iter().map(|v| v - mean(values)));
    let market = center(&factor);
    let variance = market.norm_squared() / (MONTHS - 1) as f64;

    let (mut names, mut mu, mut loadings, mut idiosyncratic, mut realised) =
        (vec![], vec![], vec![], vec![], vec![]);
    for (name, series) in &prices {
        let own = returns(series);
        let history: Vec<f64> = known.iter().map(|date| own[date]).collect();
        let centered = center(&history);
        let beta = centered.dot(&market) / market.norm_squared();
        let residual = centered - &market * beta;
        names.push(name.clone());
        mu.push(round(mean(&history)));
        loadings.push(vec![round(beta * variance.sqrt())]);
        idiosyncratic.push(round(residual.norm_squared() / (MONTHS - 2) as f64));
        realised.push(round(own[*last]));
    }
    let held = vec![round(1.0 / names.len() as f64); names.len()];
    Ok(json!({ "mu": mu, "F": loadings, "d": idiosyncratic, "held": held, "realised": realised }))
}

/// Draws a universe with returns that pay for exposure to the factors, and one month of outcomes.
fn synthetic(assets: usize, factors: usize, seed: u64) -> Value {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let volatility: Vec<f64> = (0..factors).map(|j| 0.04 / (1.0 + j as f64).sqrt()).collect();
    let loadings = DMatrix::from_fn(assets, factors, |_, j| {
        volatility[j] * (if j == 0 { 1.0 } else { 0.0 } + 0.5 * random.normal())
    });
    let idiosyncratic: Vec<f64> = (0..assets).map(|_| (0.03 + 0.05 * random.uniform()).powi(2)).collect();
    let premium = DVector::from_fn(factors, |_, _| 0.1 + 0.1 * random.normal());
    let mu: Vec<f64> = (&loadings * premium).iter().map(|m| m + 0.002 * random.normal()).collect();
    let shock = DVector::from_fn(factors, |_, _| random.normal());
    let common = &loadings * shock;
    let realised: Vec<f64> =
        (0..assets).map(|i| mu[i] + common[i] + idiosyncratic[i].sqrt() * random.normal()).collect();
    let rows: Vec<Vec<f64>> =
        (0..assets).map(|i| loadings.row(i).iter().map(|v| round(*v)).collect()).collect();
    let round_all = |values: &[f64]| values.iter().map(|v| round(*v)).collect::<Vec<_>>();
    json!({
        "mu": round_all(&mu), "F": rows, "d": round_all(&idiosyncratic),
        "held": vec![round(1.0 / assets as f64); assets], "realised": round_all(&realised),
    })
}

/// Six digits behind the point, so that the files stay small and readable.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Xorshift, so that a seed gives the same file everywhere.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform().max(1e-300), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::{from_prices, synthetic};

    fn file(name: &str) -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/portfolio").join(name)
    }

    fn stored(name: &str) -> serde_json::Value {
        let text = std::fs::read_to_string(file(name)).expect("the file is there");
        serde_json::from_str(&text).expect("the file is JSON")
    }

    #[test]
    fn the_files_are_what_the_generator_makes() {
        let (stocks, index) = (file("stocks.csv"), file("sp500.csv"));
        let made = from_prices(&stocks.to_string_lossy(), &index.to_string_lossy()).expect("good prices");
        assert_eq!(made, stored("stocks.json"));
        assert_eq!(synthetic(200, 10, 7), stored("synthetic.json"));
    }
}

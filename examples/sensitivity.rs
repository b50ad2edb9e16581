//! A batch sensitivity study: how a portfolio's risk hangs on every estimate, over a range of risk aversions.
//!
//! ```sh
//! cargo run --release --example sensitivity
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use cvxlayer::nalgebra::{SMatrix, SVector};

cvxlayer::problem! {
    /// Weights of four assets.
    pub Portfolio;

    /// Expected returns.
    param mu[4];
    /// Covariance of the returns.
    param S[4, 4] psd;
    /// Risk aversion.
    param gamma pos;
    var w[4] in [0, 0.5];
    /// Variance of the portfolio's return.
    let risk = quad_form(w, S);
    maximize mu.T @ w - gamma * risk;
    subject to
      budget: sum(w) == 1;
}

/// A row of the study.
struct Row {
    gamma: f64,
    risk: f64,
    /// The derivatives of the risk: by each expected return, by its own variance of each asset, by the risk aversion.
    by_mu: [f64; 4],
    by_variance: [f64; 4],
    by_gamma: f64,
    well_defined: bool,
}

fn study(aversions: &[f64]) -> Result<Vec<Row>, cvxlayer::Error> {
    let portfolio = Portfolio::new()?;
    let base = PortfolioParams {
        mu: SVector::from([0.09, 0.07, 0.05, 0.03]),
        S: SMatrix::from_row_slice(&[
            0.090, 0.020, 0.010, 0.000, 0.020, 0.060, 0.010, 0.002, 0.010, 0.010, 0.030, 0.001, 0.000, 0.002,
            0.001, 0.010,
        ]),
        gamma: 1.0,
    };
    let batch: Vec<_> = aversions.iter().map(|&gamma| PortfolioParams { gamma, ..base.clone() }).collect();
    let rows = portfolio.solve_batch(&batch).into_iter().zip(aversions).map(|(solved, &gamma)| {
        let solved = solved?;
        let gradient = solved.vjp(&PortfolioSolution { risk: 1.0, ..Default::default() })?;
        Ok(Row {
            gamma,
            risk: solved.risk,
            by_mu: gradient.mu.into(),
            by_variance: gradient.S.diagonal().into(),
            by_gamma: gradient.gamma,
            well_defined: gradient.well_defined,
        })
    });
    rows.collect()
}

fn main() -> Result<(), cvxlayer::Error> {
    let aversions: Vec<f64> = (0..12).map(|i| 0.25 * 1.5_f64.powi(i)).collect();
    println!(
        "  gamma    risk   d risk / d mu                    d risk / d S[i, i]               d risk / d gamma"
    );
    for row in study(&aversions)? {
        let list = |values: [f64; 4]| values.map(|v| format!("{v:7.3}")).join(" ");
        let mark = if row.well_defined { "" } else { "  (one-sided)" };
        println!(
            "{:7.2} {:7.4}   {}  {}  {:10.5}{mark}",
            row.gamma,
            row.risk,
            list(row.by_mu),
            list(row.by_variance),
            row.by_gamma
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::study;

    #[test]
    fn derivatives_are_differences() {
        let rows = study(&[1.0, 2.0 - 1e-5, 2.0, 2.0 + 1e-5, 6.0]).unwrap();
        assert!(rows.windows(2).all(|w| w[0].risk >= w[1].risk), "aversion lowers the risk");
        let difference = (rows[3].risk - rows[1].risk) / 2e-5;
        assert!((difference - rows[2].by_gamma).abs() < 1e-6, "{difference} and {}", rows[2].by_gamma);
    }
}

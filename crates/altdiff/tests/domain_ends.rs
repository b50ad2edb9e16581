//! Arguments of smooth terms at the ends of their domains, and held elsewhere.

mod common;

use altdiff::{Cotangent, DerivativeOptions, Function, Method, Problem, Status};
use common::{row, terms};

fn solve(problem: &Problem) -> altdiff::Solution {
    common::by(problem, Method::Auto)
}

/// Entries that underflow are at the end of the domain, with the multipliers that hold them there, and do not move.
#[test]
fn entropy_that_underflows_is_solved() {
    let c = [0.0, 30.0, 80.0, 700.0, -3.0];
    let problem = Problem::new(5)
        .linear(c.to_vec())
        .equalities(row(&[1.0; 5]), vec![1.0])
        .smooth(terms(&[Function::NegativeEntropy; 5]), vec![1.0; 5]);
    let s = solve(&problem);
    assert_eq!(s.status, Status::Solved, "{s:?}");
    let total: f64 = c.iter().map(|c| (-c).exp()).sum();
    for (x, c) in s.x.iter().zip(c) {
        let softmax = (-c).exp() / total;
        assert!((x - softmax).abs() <= 1e-12 * softmax.max(1e-3), "{x} instead of {softmax}");
    }
    let g = s.vjp(&Cotangent::x(vec![0.0, 1.0, 1.0, 1.0, 0.0]), &DerivativeOptions::default()).unwrap();
    assert!(g.harmful.is_empty() && g.q.iter().all(|v| v.abs() < 1e-12), "{:?}", g.q);
    // A weight so small that nothing is left of the argument.
    let tiny = Problem::new(1).linear(vec![1.0]).smooth(terms(&[Function::NegativeEntropy]), vec![1e-8]);
    let s = solve(&tiny);
    assert_eq!((s.status, s.x[0]), (Status::Solved, 0.0));
}

/// A variable that its bounds hold has a multiplier with the term's slope in it, and derivatives with its curvature.
#[test]
fn terms_of_held_variables_count_in_their_multipliers() {
    let at = |value: f64, weight: f64| {
        let problem = Problem::new(2)
            .linear(vec![-1.0, -9.0])
            .bounds(vec![f64::NEG_INFINITY, value], vec![f64::INFINITY, value])
            .smooth(terms(&[Function::Exp, Function::Exp]), vec![1.0, weight]);
        solve(&problem)
    };
    let s = at(2.0, 0.5);
    let multiplier = 9.0 - 0.5 * 2.0_f64.exp();
    assert!((s.mu_upper[1] - s.mu_lower[1] - multiplier).abs() < 1e-12, "{s:?}");
    let v = Cotangent { mu_upper: vec![0.0, 1.0], ..Cotangent::default() };
    let check = |what: &str, w: f64, end: f64, q: f64| {
        let e = 2.0_f64.exp();
        assert!(
            (w + e).abs() < 1e-9 && (end + 0.5 * e).abs() < 1e-9 && (q + 1.0).abs() < 1e-9,
            "{what} {w} {end} {q}"
        );
    };
    let g = s.vjp(&v, &DerivativeOptions::default()).unwrap();
    check("exact", g.w[1], g.lo[1] + g.hi[1], g.q[1]);
    let g = s.smoothed(1e-3).unwrap().vjp(&v).unwrap();
    check("smoothed", g.w[1], g.lo[1] + g.hi[1], g.q[1]);
}

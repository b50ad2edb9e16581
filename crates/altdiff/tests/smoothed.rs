//! The smoothed solution of problems with smooth terms: the conditions of the central path by arithmetic, derivatives
//! by differences, what is left as mu falls, domains, and what is said where there is no path.

mod common;

use altdiff::{
    Cause, Cotangent, Csc, DerivativeOptions, Error, Function, Gradient, Problem, Settings, Smoothed,
    Solution, SolutionTangent, Solver, Status, Tangent,
};
use common::{Random, row, terms};

const INFINITE: f64 = f64::INFINITY;

const FUNCTIONS: [Function; 11] = [
    Function::NegativeLog,
    Function::NegativeEntropy,
    Function::Exp,
    Function::Logistic,
    Function::Power(1.5),
    Function::Power(0.5),
    Function::Power(-1.0),
    Function::Power(2.5),
    Function::Power(4.0),
    Function::XExp,
    Function::NegativeLogNormalCdf,
];

fn solve(problem: &Problem) -> Solution {
    let solution = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(solution.status, Status::Solved, "{problem:?} {solution:?}");
    solution
}

fn dense(rows: usize, columns: usize, mut entry: impl FnMut() -> f64) -> Csc {
    let places = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
    let triplets: Vec<_> = places.map(|(i, j)| (i, j, entry())).collect();
    Csc::from_triplets(rows, columns, &triplets).unwrap()
}

/// Whether the function ends at 0.
fn ends(function: Function) -> bool {
    !function.value(-1.0).is_finite()
}

/// A random problem with every function, rows with one end and with two, bounds of all kinds, a row whose ends are equal
/// and a variable whose bounds are; some ends are active.
fn random(seed: u64) -> Problem {
    let mut r = Random::new(seed);
    let n = FUNCTIONS.len() + 3;
    let root = r.matrix(n, n);
    let square = 0.05 * root.transpose() * &root;
    let upper: Vec<_> = (0..n).flat_map(|j| (0..=j).map(move |i| (i, j))).collect();
    let upper: Vec<_> =
        upper.into_iter().map(|(i, j)| (i, j, square[(i, j)] + if i == j { 0.02 } else { 0.0 })).collect();
    let inside: Vec<f64> = (0..n).map(|_| 0.3 + r.normal().abs()).collect();
    let (a, g) = (dense(2, n, || r.normal()), dense(5, n, || r.normal()));
    let (b, at) = (a.mul_vec(&inside), g.mul_vec(&inside));
    let mut gap = || 0.1 * r.normal().abs() + 0.01;
    let (mut gl, mut gu): (Vec<f64>, Vec<f64>) = at.iter().map(|v| (v - gap(), v + gap())).unzip();
    (gl[0], gu[1], gl[2], gu[2]) = (-INFINITE, INFINITE, at[2], at[2]);
    let (mut lo, mut hi) = (vec![-INFINITE; n], vec![6.0; n]);
    (lo[0], lo[1], lo[3], hi[2], hi[8]) = (0.1, 0.0, -1.0, INFINITE, INFINITE);
    (lo[n - 1], hi[n - 1]) = (inside[n - 1], inside[n - 1]);
    let weights: Vec<f64> = FUNCTIONS.iter().map(|_| 0.2 + r.normal().abs()).collect();
    Problem::new(n)
        .quadratic(Csc::from_triplets(n, n, &upper).unwrap(), r.normals(n))
        .equalities(a, b)
        .inequalities(g, gl, gu)
        .bounds(lo, hi)
        .smooth(terms(&FUNCTIONS), weights)
}

/// Checks stationarity and slack · multiplier = mu at every end of rows, bounds and domains, with dense arithmetic.
fn check_conditions(what: &str, problem: &Problem, s: &Smoothed) {
    let mut slope = problem.p.mul_symmetric_vec(&s.x);
    let mut lo = problem.lo.clone();
    for (j, v) in slope.iter_mut().enumerate() {
        *v += problem.q[j] + s.mu_upper[j] - s.mu_lower[j];
    }
    for (term, w) in problem.smooth.iter().zip(&problem.w).filter(|(_, w)| **w != 0.0) {
        slope[term.column] += w * term.function.slope(s.x[term.column]);
    }
    for term in problem.smooth.iter().filter(|t| ends(t.function)) {
        assert!(s.x[term.column] > 0.0, "{what}: {term:?} at {:e}", s.x[term.column]);
        lo[term.column] = lo[term.column].max(0.0);
    }
    problem.a.mul_transpose_add(1.0, &s.lambda, &mut slope);
    problem.g.mul_transpose_add(1.0, &s.nu_upper, &mut slope);
    problem.g.mul_transpose_add(-1.0, &s.nu_lower, &mut slope);
    let size = [&s.lambda, &s.nu_lower, &s.nu_upper, &s.mu_lower, &s.mu_upper];
    let size = size.into_iter().flatten().fold(1.0_f64, |m, v| m.max(v.abs()));
    for v in &slope {
        assert!(v.abs() <= 1e-9 * size, "{what}: {v:e}");
    }
    for (ax, b) in problem.a.mul_vec(&s.x).iter().zip(&problem.b) {
        assert!((ax - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {ax} and {b}");
    }
    let gx = problem.g.mul_vec(&s.x);
    let rows = gx.iter().zip(problem.gl.iter().zip(&problem.gu)).zip(s.nu_lower.iter().zip(&s.nu_upper));
    let bounds = s.x.iter().zip(lo.iter().zip(&problem.hi)).zip(s.mu_lower.iter().zip(&s.mu_upper));
    for ((v, (l, u)), (lower, upper)) in rows.chain(bounds).filter(|((_, (l, u)), _)| l != u) {
        for (slack, multiplier) in [(v - l, lower), (u - v, upper)] {
            if slack.is_infinite() {
                assert_eq!(*multiplier, 0.0, "{what}");
            } else {
                // The slack is a difference, and rounded as one.
                let rounding = 1e-13 * v.abs().max(1.0) * multiplier;
                let product = slack * multiplier;
                assert!(
                    (product - s.mu).abs() <= 1e-8 * s.mu + rounding,
                    "{what}: {product:e} for {:e}",
                    s.mu
                );
            }
        }
    }
}

#[test]
fn every_end_has_the_product_that_was_asked_for() {
    for seed in 0..20 {
        let problem = random(seed);
        let solution = solve(&problem);
        for mu in [10.0, 1e-1, 1e-3, 1e-6, 1e-9] {
            let smoothed = solution.smoothed(mu).unwrap();
            check_conditions(&format!("{seed} {mu:e}"), &problem, &smoothed);
        }
    }
}

/// The parts of a smoothed solution, one after the other.
fn parts(s: &Smoothed) -> Vec<f64> {
    [&s.x, &s.lambda, &s.nu_lower, &s.nu_upper, &s.mu_lower, &s.mu_upper]
        .into_iter()
        .flatten()
        .copied()
        .collect()
}

fn parts_of(t: &SolutionTangent) -> Vec<f64> {
    [&t.x, &t.lambda, &t.nu_lower, &t.nu_upper, &t.mu_lower, &t.mu_upper]
        .into_iter()
        .flatten()
        .copied()
        .collect()
}

/// A tangent of one block at a time, in a random direction, by name.
fn blocks(problem: &Problem, r: &mut Random) -> Vec<(&'static str, Tangent)> {
    let mut all = common::random_tangent(problem, r);
    all.w = r.normals(problem.w.len());
    // Ends that are one move as one, and ends that are nowhere stay there.
    for (lower, upper, l, u) in [
        (&mut all.gl, &mut all.gu, &problem.gl, &problem.gu),
        (&mut all.lo, &mut all.hi, &problem.lo, &problem.hi),
    ] {
        for i in 0..l.len() {
            if l[i] == u[i] {
                upper[i] = lower[i];
            }
            (lower[i], upper[i]) = (
                if l[i].is_finite() { lower[i] } else { 0.0 },
                if u[i].is_finite() { upper[i] } else { 0.0 },
            );
        }
    }
    // A bound beside the end of a domain is a kink of the data.
    all.lo[1] = all.lo[1].abs();
    let none = Tangent::default;
    let Tangent { p, q, w, a, b, g, gl, gu, lo, hi } = all;
    vec![
        ("P", Tangent { p, ..none() }),
        ("q", Tangent { q, ..none() }),
        ("w", Tangent { w, ..none() }),
        ("A", Tangent { a, ..none() }),
        ("b", Tangent { b, ..none() }),
        ("G", Tangent { g, ..none() }),
        ("gl and gu", Tangent { gl, gu, ..none() }),
        ("lo and hi", Tangent { lo, hi, ..none() }),
    ]
}

/// A cotangent of everything, in which no equal ends ask about one of two multipliers.
fn cotangent(problem: &Problem, r: &mut Random) -> Cotangent {
    common::random_cotangent(problem, r)
}

#[test]
fn derivatives_are_those_of_the_smoothed_solution() {
    for (seed, mu) in (0..12).map(|k| (k, [1e-1, 1e-2, 1e-3, 1e-4][k as usize % 4])) {
        let problem = random(seed);
        let smoothed = solve(&problem).smoothed(mu).unwrap();
        assert!(smoothed.unique);
        let mut r = Random::new(seed + 100);
        let v = cotangent(&problem, &mut r);
        let gradient = smoothed.vjp(&v).unwrap();
        assert!(gradient.residual < 1e-9 && gradient.harmful.is_empty(), "{seed}: {:e}", gradient.residual);
        for (block, t) in blocks(&problem, &mut r) {
            let forward = smoothed.jvp(&t).unwrap();
            let (left, right) = (forward.dot(&v), gradient.along(&t));
            let derivative = parts_of(&forward);
            let size = derivative.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
            assert!((left - right).abs() < 1e-9 * size, "{seed} {block}: {left} and {right}");
            let h = 1e-4 * mu;
            let at = |step: f64| parts(&solve(&common::moved(&problem, &t, step)).smoothed(mu).unwrap());
            // A lower bound at the end of a domain moves upwards only: differences of second order on that side.
            let difference: Vec<f64> = if block == "lo and hi" {
                let (one, two) = (at(h), at(2.0 * h));
                let here = parts(&smoothed);
                (0..here.len()).map(|i| (4.0 * one[i] - two[i] - 3.0 * here[i]) / (2.0 * h)).collect()
            } else {
                at(h).iter().zip(at(-h)).map(|(up, down)| (up - down) / (2.0 * h)).collect()
            };
            for (i, (d, difference)) in derivative.iter().zip(&difference).enumerate() {
                assert!(
                    (d - difference).abs() < 1e-5 * size,
                    "{seed} {mu} {block} {i}: {d} and {difference}"
                );
            }
        }
    }
}

/// The blocks of a gradient, by name.
fn named(g: &Gradient) -> [(&'static str, &[f64]); 10] {
    [
        ("P", &g.p),
        ("q", &g.q),
        ("A", &g.a),
        ("b", &g.b),
        ("G", &g.g),
        ("gl", &g.gl),
        ("gu", &g.gu),
        ("lo", &g.lo),
        ("hi", &g.hi),
        ("w", &g.w),
    ]
}

/// Where the derivative exists the smoothed one tends to it, in proportion to mu, or to √mu where an argument of x^1.5
/// is at 0.
#[test]
fn smoothing_fades_with_mu() {
    let mut compared = 0;
    for seed in 0..12 {
        let problem = random(seed);
        let s = solve(&problem);
        let v = cotangent(&problem, &mut Random::new(seed));
        let exact = s.vjp(&v, &DerivativeOptions::default()).unwrap();
        // Ends that are one may only move as one; nothing else is in the way.
        if !exact.harmful.iter().all(|h| matches!(h.cause, Cause::Pinned(_))) {
            continue;
        }
        compared += 1;
        let all = named(&exact);
        let size = all.iter().flat_map(|(_, v)| v.iter()).fold(1.0_f64, |m, v| m.max(v.abs()));
        let far = |mu: f64| {
            let g = s.smoothed(mu).unwrap().vjp(&v).unwrap();
            let pairs = named(&g).into_iter().zip(all);
            pairs
                .map(|((_, a), (name, b))| {
                    assert_eq!(a.len(), b.len(), "{name}");
                    a.iter().zip(b).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs())) / size
                })
                .collect::<Vec<f64>>()
        };
        let fine = far(1e-12);
        for ((fine, coarse), (name, _)) in fine.iter().zip(far(1e-5)).zip(all) {
            assert!(
                *fine < 1e-4 && *fine <= 0.01 * coarse + 1e-9,
                "{seed} {name}: {coarse:e}, then {fine:e}"
            );
        }
    }
    assert!(compared >= 8, "{compared}");
}

/// One variable with its end, where the point solves one equation: weight · slope + q = mu / x.
#[test]
fn a_term_pressed_against_the_end_of_its_domain() {
    let mu = 1e-4;
    for function in FUNCTIONS.into_iter().filter(|f| ends(*f)) {
        for (w, q) in [(0.3, 2.0), (1.0, -0.5), (0.0, 1.0), (1e-8, 1.0), (5.0, 100.0)] {
            let bounded = Problem::new(1)
                .linear(vec![q])
                .bounds(vec![-INFINITE], vec![3.0])
                .smooth(terms(&[function]), vec![w]);
            let s = solve(&bounded).smoothed(mu).unwrap();
            check_conditions(&format!("{function:?} {w} {q}"), &bounded, &s);
            let g = s.vjp(&Cotangent::x(vec![1.0])).unwrap();
            let x = s.x[0];
            let bend = w * function.curvature(x) + mu / (x * x) + mu / ((3.0 - x) * (3.0 - x));
            for (name, found, exact) in
                [("q", g.q[0], -1.0 / bend), ("w", g.w[0], -function.slope(x) / bend), ("lo", g.lo[0], 0.0)]
            {
                let near = (found - exact).abs() <= 1e-9 * exact.abs().max(1e-6);
                assert!(near, "{function:?} {w} {q} {name}: {found} instead of {exact}");
            }
        }
    }
}

/// Entropy on the simplex, some of whose entries underflow, and a column that the rows press to the end.
#[test]
fn points_stay_inside_the_simplex() {
    let c = [0.0, 30.0, 80.0, 700.0, -3.0];
    for (function, weight) in
        [(Function::NegativeEntropy, 1.0), (Function::Power(1.5), 2.0), (Function::NegativeLog, 1e-6)]
    {
        let problem = Problem::new(5)
            .linear(c.to_vec())
            .equalities(row(&[1.0; 5]), vec![1.0])
            .smooth(terms(&[function; 5]), vec![weight; 5]);
        for mu in [1.0, 1e-3, 1e-8] {
            let s = solve(&problem).smoothed(mu).unwrap();
            check_conditions(&format!("{function:?} {mu:e}"), &problem, &s);
        }
    }
}

/// Steps of Newton's method from far away would leave the range of exponentials.
#[test]
fn steep_slopes_are_no_obstacle() {
    for (q, hi) in [(-1e6, INFINITE), (1.0, INFINITE), (-3.0, 50.0), (-1e-6, 1.0)] {
        let problem = Problem::new(2)
            .linear(vec![q, 0.5])
            .inequalities(row(&[1.0, -1.0]), vec![-40.0], vec![INFINITE])
            .bounds(vec![-40.0, -20.0], vec![hi, 60.0])
            .smooth(terms(&[Function::Exp, Function::Logistic]), vec![1.0, 2.0]);
        for mu in [1e2, 1e-2, 1e-7] {
            let s = solve(&problem).smoothed(mu).unwrap();
            check_conditions(&format!("{q} {hi} {mu:e}"), &problem, &s);
        }
    }
}

/// At a weakly active bound the smoothed derivative is between those of the two sides.
#[test]
fn a_weakly_active_bound_gives_half() {
    // eˣ − x has its minimum at 0, where the bound is.
    let problem = Problem::new(1)
        .linear(vec![-1.0])
        .bounds(vec![0.0], vec![INFINITE])
        .smooth(terms(&[Function::Exp]), vec![1.0]);
    let s = solve(&problem);
    let seed = Cotangent::x(vec![1.0]);
    assert!(!s.vjp(&seed, &DerivativeOptions::default()).unwrap().harmful.is_empty());
    let g = s.smoothed(1e-8).unwrap().vjp(&seed).unwrap();
    assert!((g.q[0] + 0.5).abs() < 1e-3 && (g.lo[0] - 0.5).abs() < 1e-3, "{} {}", g.q[0], g.lo[0]);
}

#[test]
fn what_has_no_central_path_is_told() {
    let reason = |problem: &Problem, mu: f64| match solve(problem).smoothed(mu) {
        Err(Error::NoDerivative { reason }) => reason,
        other => panic!("{other:?}"),
    };
    let log = |problem: Problem| problem.smooth(terms(&[Function::NegativeLog, Function::Exp]), vec![1.0; 2]);
    // x₁ = 1 from two inequalities.
    let flat = log(Problem::new(2)).linear(vec![1.0, -1.0]).inequalities(
        Csc::from_triplets(2, 2, &[(0, 1, 1.0), (1, 1, 1.0)]).unwrap(),
        vec![1.0, -INFINITE],
        vec![INFINITE, 1.0],
    );
    assert!(reason(&flat, 1e-3).contains("strictly"), "{}", reason(&flat, 1e-3));
    // Nothing holds x₂ ≥ 0 from above.
    let free = log(Problem::new(3))
        .linear(vec![1.0, -1.0, 0.0])
        .bounds(vec![-INFINITE, -INFINITE, 0.0], vec![INFINITE; 3]);
    assert!(reason(&free, 1e-3).contains("unbounded"), "{}", reason(&free, 1e-3));
    // The same without smooth terms.
    let free = Problem::new(1).bounds(vec![0.0], vec![INFINITE]);
    assert!(reason(&free, 1e-3).contains("unbounded"), "{}", reason(&free, 1e-3));
    for mu in [0.0, -1.0, f64::NAN, INFINITE] {
        let problem = Problem::new(1).smooth(terms(&[Function::Power(2.0)]), vec![1.0]);
        assert!(matches!(solve(&problem).smoothed(mu), Err(Error::Setting { name: "mu", .. })));
    }
    // A tangent or cotangent that does not fit.
    let s = solve(&log(Problem::new(2)).linear(vec![1.0, -1.0])).smoothed(1e-3).unwrap();
    assert!(matches!(
        s.jvp(&Tangent { w: vec![1.0], ..Tangent::default() }),
        Err(Error::Shape { block: "w", .. })
    ));
    assert!(matches!(s.vjp(&Cotangent::x(vec![1.0])), Err(Error::Shape { .. })));
}

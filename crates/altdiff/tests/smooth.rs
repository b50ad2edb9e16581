//! Smooth terms: known solutions, optimality by arithmetic, gradients by two routes and by differences, domains.

mod common;

use altdiff::{
    Batch, Block, Cause, Cotangent, Csc, DerivativeOptions, Function, Method, Plain, Problem, Route,
    Settings, SmoothTerm, Solution, Solver, Status, Tangent,
};
use common::{Random, row, terms};

const FUNCTIONS: [Function; 9] = [
    Function::NegativeLog,
    Function::NegativeEntropy,
    Function::Exp,
    Function::Logistic,
    Function::Power(1.5),
    Function::Power(0.5),
    Function::Power(-1.0),
    Function::XExp,
    Function::NegativeLogNormalCdf,
];

fn solve(problem: &Problem) -> Solution {
    let solver = Solver::new(problem, Settings::default()).unwrap();
    solver.solve(problem, None).unwrap()
}

/// `minimize cᵀx + Σ x log x` on the simplex: x is the softmax of −c.
#[test]
fn entropy_on_the_simplex_is_softmax() {
    let c = [0.3, -1.2, 4.0, 25.0, 0.0];
    let problem = Problem::new(5)
        .linear(c.to_vec())
        .equalities(row(&[1.0; 5]), vec![1.0])
        .smooth(terms(&[Function::NegativeEntropy; 5]), vec![1.0; 5]);
    let s = solve(&problem);
    assert_eq!(s.status, Status::Solved);
    let total: f64 = c.iter().map(|c| (-c).exp()).sum();
    for (x, c) in s.x.iter().zip(c) {
        let softmax = (-c).exp() / total;
        assert!((x - softmax).abs() <= 1e-12 * softmax.max(1e-3), "{x} instead of {softmax}");
    }
    // ∂x₀/∂c = −x₀(e₀ − x)
    let g = s.vjp(&Cotangent::x(vec![1.0, 0.0, 0.0, 0.0, 0.0]), &DerivativeOptions::default()).unwrap();
    for j in 0..5 {
        let exact = -s.x[0] * (f64::from(u8::from(j == 0)) - s.x[j]);
        assert!((g.q[j] - exact).abs() < 1e-10, "{j}: {} instead of {exact}", g.q[j]);
    }
}

/// Water-filling: `minimize −Σ log(a + x)`, `x ≥ 0`, `Σ x = 1`, with a + x as variables.
#[test]
fn water_fills_from_below() {
    let levels: [f64; 3] = [0.2, 0.5, 3.0];
    let problem = Problem::new(3)
        .equalities(row(&[1.0; 3]), vec![1.0 + levels.iter().sum::<f64>()])
        .bounds(levels.to_vec(), vec![f64::INFINITY; 3])
        .smooth(terms(&[Function::NegativeLog; 3]), vec![1.0; 3]);
    let s = solve(&problem);
    // The water stands at 0.85 in the first two; the third is above it.
    for (x, level) in s.x.iter().zip([0.85, 0.85, 3.0]) {
        assert!((x - level).abs() < 1e-10, "{x} instead of {level}");
    }
    assert_eq!(s.status, Status::Solved);
}

/// A random problem with every function in it, feasible at a positive point.
fn random(seed: u64, inequalities: usize) -> Problem {
    let mut r = Random::new(seed);
    let n = FUNCTIONS.len() + 3;
    let root: Vec<Vec<f64>> = (0..n).map(|_| r.normals(n)).collect();
    let upper: Vec<_> = (0..n)
        .flat_map(|i| (i..n).map(move |j| (i, j)))
        .map(|(i, j)| {
            let sum: f64 = (0..n).map(|k| root[i][k] * root[j][k]).sum();
            (i, j, 0.05 * sum + if i == j { 0.02 } else { 0.0 })
        })
        .collect();
    let inside: Vec<f64> = (0..n).map(|_| 0.3 + r.normal().abs()).collect();
    let matrix = |rows: usize, r: &mut Random| {
        let entries = (0..rows).flat_map(|i| (0..n).map(move |j| (i, j)));
        let triplets: Vec<_> = entries.map(|(i, j)| (i, j, r.normal())).collect();
        Csc::from_triplets(rows, n, &triplets).unwrap()
    };
    let (a, g) = (matrix(2, &mut r), matrix(inequalities, &mut r));
    let (b, at) = (a.mul_vec(&inside), g.mul_vec(&inside));
    let gu: Vec<f64> = at.iter().map(|v| v + 0.1 * r.normal().abs()).collect();
    let weights: Vec<f64> = FUNCTIONS.iter().map(|_| 0.2 + r.normal().abs()).collect();
    Problem::new(n)
        .quadratic(Csc::from_triplets(n, n, &upper).unwrap(), r.normals(n))
        .equalities(a, b)
        .inequalities(g, vec![f64::NEG_INFINITY; inequalities], gu)
        .bounds(vec![f64::NEG_INFINITY; n], vec![6.0; n])
        .smooth(terms(&FUNCTIONS), weights)
}

/// The derivative of the Lagrangian by x, from the definitions and relative to the terms' slopes, and the largest
/// complementarity product.
fn optimality(problem: &Problem, s: &Solution) -> (f64, f64) {
    let mut slope = problem.p.mul_symmetric_vec(&s.x);
    for (j, v) in slope.iter_mut().enumerate() {
        *v += problem.q[j] + s.mu_upper[j] - s.mu_lower[j];
    }
    let mut size = 1.0_f64;
    for (term, weight) in problem.smooth.iter().zip(&problem.w) {
        let part = weight * term.function.slope(s.x[term.column]);
        // Where the slope is infinite, at the end of the domain, any multiplier fits.
        let part = if part.is_finite() { part } else { -slope[term.column] };
        slope[term.column] += part;
        size = size.max(part.abs());
    }
    problem.a.mul_transpose_add(1.0, &s.lambda, &mut slope);
    problem.g.mul_transpose_add(1.0, &s.nu_upper, &mut slope);
    let gx = problem.g.mul_vec(&s.x);
    let slack = gx.iter().zip(&problem.gu).zip(&s.nu_upper).map(|((g, u), y)| ((u - g) * y).abs());
    let largest = |v: &mut dyn Iterator<Item = f64>| v.fold(0.0_f64, f64::max);
    (largest(&mut slope.iter().map(|v| v.abs())) / size, largest(&mut slack.into_iter()))
}

#[test]
fn random_problems_are_optimal() {
    for seed in 0..60 {
        let problem = random(seed, 6);
        let s = solve(&problem);
        assert_eq!(s.status, Status::Solved, "{seed}: {:?} {:?}", s.notes, s.residuals);
        let (stationary, complementary) = optimality(&problem, &s);
        assert!(stationary < 1e-9 && complementary < 1e-9, "{seed}: {stationary} {complementary}");
    }
}

/// The alternating method's x-step is Newton's with the exact Hessian: it ends where the other methods do, without them,
/// and its differentiated recursion with the Hessian there agrees with the other routes.
#[test]
fn the_alternating_method_takes_exact_newton_steps() {
    for seed in 0..12 {
        let problem = random(200 + seed, 6);
        let other = solve(&problem);
        let settings = Settings { method: Method::Alternating, ..Settings::default() };
        let s = Solver::new(&problem, settings.clone()).unwrap().solve(&problem, None).unwrap();
        assert_eq!((s.status, s.method), (Status::Solved, Method::Alternating), "{seed}: {:?}", s.notes);
        // Unfinished, the recursion converges by itself.
        let bare = Settings { finish: false, tolerance: 1e-7, ..settings };
        let bare = Solver::new(&problem, bare).unwrap().solve(&problem, None).unwrap();
        assert_eq!(
            (bare.status, bare.method),
            (Status::Solved, Method::Alternating),
            "{seed}: {:?}",
            bare.residuals
        );
        for j in 0..problem.variables() {
            assert!((s.x[j] - other.x[j]).abs() < 1e-8, "{seed}: {:?} {:?}", s.x, other.x);
            assert!((bare.x[j] - other.x[j]).abs() < 1e-4, "{seed}: {:?} {:?}", bare.x, other.x);
        }
        let v = Cotangent::x(Random::new(seed).normals(problem.variables()));
        let by = |s: &Solution, route| {
            s.vjp(&v, &DerivativeOptions { route, ..DerivativeOptions::default() }).unwrap()
        };
        let exact = by(&other, Route::ReducedKkt);
        let recursion = by(&s, Route::Alternating);
        for (a, b) in recursion.q.iter().chain(&recursion.w).zip(exact.q.iter().chain(&exact.w)) {
            assert!((a - b).abs() < 1e-7 * b.abs().max(1.0), "{seed}: {a} and {b}");
        }
    }
}

/// The recursion as published, with Newton's method in its x-step: more steps, smaller errors.
#[test]
fn the_published_recursion_takes_smooth_terms() {
    let problem = random(5, 3);
    let exact = solve(&problem);
    let error = |steps| {
        let settings = Settings { plain: Some(Plain { rho: 1.0, steps }), ..Settings::paper() };
        let s = Solver::new(&problem, settings).unwrap().solve(&problem, None).unwrap();
        let apart = s.x.iter().zip(&exact.x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        (apart, s.status)
    };
    let (few, many) = (error(5), error(5000));
    assert!(few.0 > 1e-5 && few.1 == Status::IterationLimit, "{few:?}");
    assert!(many.0 < 1e-6 && many.0 < 1e-2 * few.0, "{many:?}");
}

fn blocks(t: &mut Tangent) -> [&mut Vec<f64>; 10] {
    [&mut t.p, &mut t.q, &mut t.w, &mut t.a, &mut t.b, &mut t.g, &mut t.gl, &mut t.gu, &mut t.lo, &mut t.hi]
}

fn moved(problem: &Problem, t: &Tangent, by: f64) -> Problem {
    let mut out = problem.clone();
    let add = |v: &mut [f64], t: &[f64]| v.iter_mut().zip(t).for_each(|(v, t)| *v += by * t);
    add(&mut out.p.values, &t.p);
    add(&mut out.q, &t.q);
    add(&mut out.a.values, &t.a);
    add(&mut out.b, &t.b);
    add(&mut out.g.values, &t.g);
    add(&mut out.gu, &t.gu);
    add(&mut out.hi, &t.hi);
    add(&mut out.w, &t.w);
    out
}

#[test]
fn derivatives_agree_between_routes_and_with_differences() {
    for seed in 0..25 {
        let problem = random(100 + seed, 6);
        let s = solve(&problem);
        let mut r = Random::new(seed);
        let v = Cotangent { lambda: r.normals(2), ..Cotangent::x(r.normals(problem.variables())) };
        let mut t = Tangent::zeros(&problem);
        for block in blocks(&mut t) {
            for v in block.iter_mut() {
                *v = 0.3 * r.normal();
            }
        }
        let mut along = Vec::new();
        for route in [Route::ReducedKkt, Route::Alternating, Route::Bpqp] {
            let options = DerivativeOptions { route, ..DerivativeOptions::default() };
            along.push(s.vjp(&v, &options).unwrap().along(&t));
            along.push(s.jvp(&t, &options).unwrap().dot(&v));
        }
        let size = along[0].abs().max(1.0);
        assert!(along.iter().all(|a| (a - along[0]).abs() < 1e-8 * size), "{seed}: {along:?}");
        if !s.degeneracy().unwrap().is_clean() {
            continue;
        }
        let value = |by: f64| {
            let s = solve(&moved(&problem, &t, by));
            assert_eq!(s.status, Status::Solved);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            dot(&s.x, &v.x) + dot(&s.lambda, &v.lambda)
        };
        let error = |h: f64| ((value(h) - value(-h)) / (2.0 * h) - along[0]).abs() / size;
        let closest = [1e-4, 1e-5, 1e-6].into_iter().map(error).fold(f64::INFINITY, f64::min);
        assert!(closest < 1e-6, "{seed}: off by {closest}, {}", along[0]);
    }
}

/// `x ≤ 0` holds an entropy's argument at the end of its closed domain; the rest of the problem is solved.
#[test]
fn an_entropy_may_be_held_at_zero_by_its_bound() {
    for lo in [f64::NEG_INFINITY, 0.0] {
        let problem = Problem::new(3)
            .linear(vec![1.0, 2.0, 3.0])
            .equalities(row(&[1.0; 3]), vec![1.0])
            .bounds(vec![f64::NEG_INFINITY, lo, f64::NEG_INFINITY], vec![f64::INFINITY, 0.0, f64::INFINITY])
            .smooth(terms(&[Function::NegativeEntropy; 3]), vec![1.0; 3]);
        let s = solve(&problem);
        assert_eq!(s.status, Status::Solved, "{:?}", s.notes);
        let first = 1.0 / (1.0 + (-2.0_f64).exp());
        assert!((s.x[0] - first).abs() < 1e-9 && s.x[1] == 0.0, "{:?}", s.x);
    }
}

#[test]
fn an_entropy_may_be_held_at_zero() {
    let problem = Problem::new(3)
        .linear(vec![1.0, 2.0, 3.0])
        .equalities(row(&[1.0; 3]), vec![1.0])
        .inequalities(row(&[0.0, 1.0, 0.0]), vec![f64::NEG_INFINITY], vec![0.0])
        .smooth(terms(&[Function::NegativeEntropy; 3]), vec![1.0; 3]);
    let s = solve(&problem);
    assert_eq!(s.status, Status::Solved, "{:?}", s.notes);
    let first = 1.0 / (1.0 + (-2.0_f64).exp());
    assert!((s.x[0] - first).abs() < 1e-9 && s.x[1] == 0.0, "{:?}", s.x);
}

#[test]
fn a_weight_of_zero_leaves_the_domain_alone() {
    // minimize x₀ + x₁ + 0 log-terms: both go to the end of the domain.
    let problem = Problem::new(2)
        .linear(vec![1.0, 1.0])
        .smooth(terms(&[Function::NegativeEntropy, Function::NegativeLog]), vec![0.0, 0.0]);
    let s = solve(&problem);
    assert_eq!((s.status, &s.x[..]), (Status::Solved, &[0.0, 0.0][..]));
    let g =
        s.vjp(&Cotangent { mu_lower: vec![1.0, 0.0], ..Cotangent::default() }, &DerivativeOptions::default());
    let g = g.unwrap();
    assert!(g.w.iter().all(|w| w.is_finite()));
    assert!(g.harmful.iter().any(|h| h.cause == Cause::InfiniteSlope(0)), "{:?}", g.harmful);
}

#[test]
fn a_domain_can_make_a_problem_infeasible() {
    let log = |b: f64| {
        Problem::new(2)
            .linear(vec![1.0, 1.0])
            .equalities(row(&[1.0, 1.0]), vec![b])
            .smooth(terms(&[Function::NegativeLog; 2]), vec![1.0; 2])
    };
    let s = solve(&log(-1.0));
    assert_eq!(s.status, Status::Infeasible);
    assert!(s.certificate.is_some());
    // At 0 only the end of the domain is left, where a logarithm is infinite.
    let s = solve(&log(0.0));
    assert_eq!(s.status, Status::Infeasible, "{:?}", s.notes);
    assert_eq!(solve(&log(1e-6)).status, Status::Solved);
}

#[test]
fn an_infimum_that_is_not_attained_ends_at_a_limit() {
    // minimize eˣ
    let exp = Problem::new(1).smooth(terms(&[Function::Exp]), vec![1.0]);
    // Separable data: minimize log(1 + e^{−x}) with z = −x.
    let logistic = Problem::new(2)
        .equalities(row(&[1.0, 1.0]), vec![0.0])
        .smooth(vec![SmoothTerm { function: Function::Logistic, column: 1 }], vec![1.0]);
    for problem in [exp, logistic] {
        let s = solve(&problem);
        assert_eq!(s.status, Status::IterationLimit, "{:?} {:?}", s.x, s.notes);
        assert!(s.notes.iter().any(|n| n.contains("infimum")), "{:?}", s.notes);
        assert!(s.vjp(&Cotangent::default(), &DerivativeOptions::default()).is_err());
    }
    // minimize −x + ½y + eʸ: falls without end along a direction that no term sees.
    let falls = Problem::new(2)
        .linear(vec![-1.0, 0.5])
        .smooth(vec![SmoothTerm { function: Function::Exp, column: 1 }], vec![1.0]);
    assert_eq!(solve(&falls).status, Status::Unbounded);
}

/// An exponential that the constraints push out of range is a limit with a reason, not a wrong number.
#[test]
fn slopes_out_of_range_are_said() {
    let problem = |least: f64| {
        Problem::new(1)
            .linear(vec![-1.0])
            .bounds(vec![least], vec![f64::INFINITY])
            .smooth(terms(&[Function::Exp]), vec![1.0])
    };
    let s = solve(&problem(800.0));
    assert_eq!(s.status, Status::IterationLimit);
    assert!(s.notes.iter().any(|n| n.contains("floating-point")), "{:?}", s.notes);
    let s = solve(&problem(600.0));
    assert_eq!((s.status, s.x[0]), (Status::Solved, 600.0));
    // Powers next to the exponents where they stop being curved: minimize xᵖ − s x on x ≥ 0, sign by sign.
    for (p, slope, sign) in
        [(1.001, 1.0, 1.0), (1.999, 3.0, 1.0), (2.001, 3.0, 1.0), (0.001, -0.5, -1.0), (-0.001, -2.0, 1.0)]
    {
        let problem = Problem::new(1).linear(vec![-slope]).smooth(terms(&[Function::Power(p)]), vec![1.0]);
        let s = solve(&problem);
        assert_eq!(s.status, Status::Solved, "{p}: {:?}", s.notes);
        let exact = (slope / (sign * p)).powf(1.0 / (p - 1.0));
        assert!((s.x[0] - exact).abs() <= 1e-7 * exact, "{p}: {} instead of {exact}", s.x[0]);
    }
}

/// Logits far apart: exponentials that a careless step would overflow.
#[test]
fn log_sum_exp_of_far_logits() {
    let logits: [f64; 4] = [900.0, -300.0, 899.0, 0.0];
    // minimize t + Σ exp(z), z = logits − t: the minimum is log Σ exp(logits).
    let triplets: Vec<_> = (0..4).flat_map(|i| [(i, i, 1.0), (i, 4, 1.0)]).collect();
    let problem = Problem::new(5)
        .linear(vec![0.0, 0.0, 0.0, 0.0, 1.0])
        .equalities(Csc::from_triplets(4, 5, &triplets).unwrap(), logits.to_vec())
        .smooth(terms(&[Function::Exp; 4]), vec![1.0; 4]);
    let s = solve(&problem);
    assert_eq!(s.status, Status::Solved, "{:?}", s.notes);
    let exact = 900.0 + (1.0 + (-1.0_f64).exp()).ln();
    assert!((s.objective - 1.0 - exact).abs() < 1e-9, "{}", s.objective - 1.0 - exact);
}

#[test]
fn a_warm_start_takes_few_steps() {
    let problem = random(7, 6);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let cold = solver.solve(&problem, None).unwrap();
    let mut near = problem.clone();
    for q in &mut near.q {
        *q *= 1.01;
    }
    let warm = solver.solve(&near, Some(&cold.warm_start())).unwrap();
    let again = solver.solve(&near, None).unwrap();
    assert!(warm.iterations < again.iterations, "{} against {}", warm.iterations, again.iterations);
    for (a, b) in warm.x.iter().zip(&again.x) {
        assert!((a - b).abs() < 1e-9);
    }
}

#[test]
fn bad_terms_are_errors() {
    let bad = |term: SmoothTerm, weight: f64| {
        Solver::new(&Problem::new(1).smooth(vec![term], vec![weight]), Settings::default()).is_err()
    };
    let good = SmoothTerm { function: Function::Exp, column: 0 };
    assert!(!bad(good, 1.0));
    assert!(bad(SmoothTerm { column: 1, ..good }, 1.0));
    assert!(bad(good, -1.0));
    assert!(bad(good, f64::NAN));
    assert!(bad(SmoothTerm { function: Function::Power(1.0), ..good }, 1.0));
    let problem = Problem::new(1).smooth(vec![good], vec![1.0]);
    assert!(Solver::new(&Problem { w: Vec::new(), ..problem.clone() }, Settings::default()).is_err());
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    assert!(solver.solve(&Problem::new(1), None).is_err());
}

/// A batch with weights per sample equals its samples, gradients and all; a workspace does too.
#[test]
fn batches_and_workspaces_take_smooth_terms() {
    let problem = random(3, 4);
    let count = problem.w.len();
    let weights: Vec<f64> = (0..3 * count).map(|k| 0.3 + 0.1 * (k % 7) as f64).collect();
    let batch = Batch::new(problem.clone(), 3).with(Block::W, weights.clone()).unwrap();
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let solutions = solver.solve_batch(&batch, &[]).unwrap();
    let v = Cotangent::x((0..problem.variables()).map(|j| j as f64 - 4.0).collect());
    let wanted = [Block::W, Block::P];
    let options = DerivativeOptions::default();
    let gradient = solutions.vjp(&[v.clone(), v.clone(), v.clone()], &wanted, &options).unwrap();
    let mut by_p = vec![0.0; problem.p.nnz()];
    for sample in 0..3 {
        let alone = Problem { w: weights[sample * count..][..count].to_vec(), ..problem.clone() };
        let s = solver.solve(&alone, None).unwrap();
        assert_eq!(solutions[sample].as_ref().unwrap().x, s.x);
        let g = s.vjp(&v, &options).unwrap();
        assert_eq!(gradient.block(Block::W)[sample * count..][..count], g.w);
        by_p.iter_mut().zip(&g.p).for_each(|(sum, p)| *sum += p);
        let mut workspace = solver.workspace();
        assert_eq!(solver.solve_in(&alone, &mut workspace).unwrap(), Status::Solved);
        assert_eq!(workspace.x, s.x);
        assert_eq!(solver.vjp_in(&v, &mut workspace).unwrap().w, g.w);
    }
    assert_eq!(gradient.block(Block::P), by_p);
}

//! Problems whose solution is unique although curvature or constraints are close to leaving it open: their derivatives
//! are right, and nothing is said against them.

mod common;

use altdiff::{
    Batch, Block, Cause, Cotangent, Csc, DerivativeOptions, Gradient, Harm, Method, Problem, Settings,
    Solver, Status,
};
use common::{Random, by, close};

/// The gradient of the sum of x, by the interior-point method and its exact finish.
fn gradient(problem: &Problem) -> Gradient {
    let solution = by(problem, Method::Interior);
    assert!(solution.finished);
    let seed = Cotangent::x(vec![1.0; problem.variables()]);
    solution.vjp(&seed, &DerivativeOptions::default()).unwrap()
}

/// Curvatures of 1 to 1e-9 beside two equalities: x̄ = 1 gives q̄ = −(P⁻¹ − P⁻¹Aᵀ(AP⁻¹Aᵀ)⁻¹AP⁻¹)1.
#[test]
fn curvature_of_many_sizes() {
    let n = 60;
    let mut r = Random::new(11);
    let p: Vec<f64> = (0..n).map(|j| 10.0_f64.powi(-(j as i32 % 10))).collect();
    let a: Vec<[f64; 2]> = (0..n).map(|_| [1.0 + r.uniform(), r.uniform() - 0.5]).collect();
    let x: Vec<f64> = (0..n).map(|_| r.uniform()).collect();
    let entries: Vec<_> = (0..n).flat_map(|j| [(0, j, a[j][0]), (1, j, a[j][1])]).collect();
    let rows = Csc::from_triplets(2, n, &entries).unwrap();
    let b = rows.mul_vec(&x);
    let q = (0..n).map(|j| -p[j] * x[j] - a[j][0] + 2.0 * a[j][1]).collect();
    let problem = Problem::new(n).quadratic(Csc::diagonal(&p), q).equalities(rows, b);
    let gradient = gradient(&problem);

    let mut s = [[0.0; 2]; 2];
    let mut right = [0.0; 2];
    for (a, p) in a.iter().zip(&p) {
        for i in 0..2 {
            right[i] += a[i] / p;
            for k in 0..2 {
                s[i][k] += a[i] * a[k] / p;
            }
        }
    }
    let det = s[0][0] * s[1][1] - s[0][1] * s[1][0];
    let y =
        [(s[1][1] * right[0] - s[0][1] * right[1]) / det, (s[0][0] * right[1] - s[1][0] * right[0]) / det];
    let expected: Vec<f64> = (0..n).map(|j| -(1.0 - a[j][0] * y[0] - a[j][1] * y[1]) / p[j]).collect();
    close("q", &gradient.q, &expected, 1e-9);
    assert!(gradient.harmful.is_empty(), "{:?}", gradient.harmful);
}

/// The nearest convex sequence to another one: a projection is unique, however close the normals of its active second
/// differences come to depending on each other.
#[test]
fn nearly_dependent_rows_leave_x_unique() {
    let n = 4000;
    let given: Vec<f64> = (0..n).map(|j| (j as f64 / n as f64).sqrt() + 0.1 * (j as f64).sin()).collect();
    let entries: Vec<_> = (0..n - 2).flat_map(|i| [(i, i, 1.0), (i, i + 1, -2.0), (i, i + 2, 1.0)]).collect();
    let rows = Csc::from_triplets(n - 2, n, &entries).unwrap();
    let problem = Problem::new(n)
        .quadratic(Csc::identity(n), given.iter().map(|v| -v).collect())
        .inequalities(rows, vec![0.0; n - 2], vec![f64::INFINITY; n - 2]);
    let gradient = gradient(&problem);
    let free = gradient.harmful.iter().find(|h| matches!(h.cause, Cause::NotUnique(_)));
    assert!(free.is_none(), "{:?}", free.map(|h| &h.cause));
}

/// Two equations that nearly depend on each other determine x = (¾, ¼) as far as their rounding allows, with multipliers of
/// the size 1/e; a residual that the tolerance allows would leave it off by that over e. (Below 1e-7 rounding in these
/// multipliers is more than the tolerance.)
#[test]
fn nearly_dependent_equations_determine_their_point() {
    for (e, method) in [1e-4, 1e-5, 3e-6, 1e-6, 7e-7, 5e-7, 3e-7, 2e-7]
        .into_iter()
        .flat_map(|e| [Method::Auto, Method::Interior].map(|method| (e, method)))
    {
        let rows =
            Csc::from_triplets(2, 2, &[(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0 + e)]).unwrap();
        let problem = Problem::new(2)
            .quadratic(Csc::identity(2), vec![-1.0, -3.0])
            .equalities(rows, vec![1.0, 1.0 + 0.25 * e]);
        let s = by(&problem, method);
        assert_eq!((s.status, s.finished), (Status::Solved, true), "{e:e} {method:?}");
        close(&format!("{e:e} {method:?}"), &s.x, &[0.75, 0.25], 4.0 * f64::EPSILON / e);
        assert!((s.lambda[1] * e - 2.5).abs() < 1e-6, "{e:e} {method:?}: {:?}", s.lambda);
    }
}

/// P is convex but for a curvature of −h², which is rounding: what it leads to far away is stationary and no minimum.
#[test]
fn negative_curvature_of_the_size_of_rounding_is_not_followed() {
    let free = f64::INFINITY;
    let curvatures = [1e-5, 5e-6, 1e-6, -1e-5, -5e-6, -1e-6];
    for (h, slope) in curvatures.into_iter().flat_map(|h| [(h, 3.0), (h, 1e-9)]) {
        let p = Csc::from_triplets(2, 2, &[(0, 0, 1.0), (0, 1, h)]).unwrap();
        let problem =
            Problem::new(2).quadratic(p, vec![-1.0, -h - slope]).bounds(vec![-free, -free], vec![free, -3.0]);
        for method in [Method::Auto, Method::Alternating, Method::Interior, Method::ActiveSet] {
            let settings = Settings { method, tolerance: 1e-12, ..Settings::default() };
            let s = Solver::new(&problem, settings).unwrap().solve(&problem, None).unwrap();
            assert_eq!(s.status, Status::Solved, "{h:e} {slope:e} {method:?}");
            close(&format!("{h:e} {slope:e} {method:?}"), &s.x, &[1.0 + 3.0 * h, -3.0], 1e-9);
        }
    }
}

/// Two equations that nearly depend on each other: b̄ = A⁻ᵀx̄ is off by rounding times their condition number, and where
/// that is more than 1e-9 of its largest entry, it is said.
#[test]
fn what_rounding_spoils_is_said() {
    let mut r = Random::new(5);
    let (mut quiet, mut spoiled) = (0, 0);
    for k in 0..200 {
        let near = 10.0_f64.powf(-4.0 - f64::from(k % 100) * 0.06);
        let [a, b, c] = [1.0 + r.uniform(), 1.0 + r.uniform(), 1.0 + r.uniform()];
        let d = b * c / a * (1.0 + near);
        let rows = Csc::from_triplets(2, 2, &[(0, 0, a), (0, 1, b), (1, 0, c), (1, 1, d)]).unwrap();
        let x = [r.uniform(), r.uniform()];
        let problem = Problem::new(2)
            .quadratic(Csc::identity(2), vec![0.0; 2])
            .equalities(rows.clone(), rows.mul_vec(&x));
        let method = if k < 100 { Method::Interior } else { Method::ActiveSet };
        let solution = by(&problem, method);
        if solution.status != Status::Solved {
            continue;
        }
        let seed = [1.0, 0.5 - r.uniform()];
        let gradient = solution.vjp(&Cotangent::x(seed.to_vec()), &DerivativeOptions::default()).unwrap();
        // ad − bc to the last digit, by what products round off.
        let product = b * c;
        let det = a.mul_add(d, -product) + (-b).mul_add(c, product);
        let exact = [(d * seed[0] - c * seed[1]) / det, (a * seed[1] - b * seed[0]) / det];
        let largest = exact[0].abs().max(exact[1].abs());
        let error = (gradient.b[0] - exact[0]).abs().max((gradient.b[1] - exact[1]).abs()) / largest;
        spoiled += usize::from(error > 1e-9);
        let causes: Vec<&Cause> = gradient.harmful.iter().map(|harm| &harm.cause).collect();
        let dependent = causes.iter().any(|cause| matches!(cause, Cause::Dependent(_)));
        if !dependent {
            let estimate = gradient.error_estimate;
            assert!(error <= 10.0 * estimate + 1e-11, "{near:e} {method:?}: {error:e} of {estimate:e}");
            assert_eq!(causes.is_empty(), estimate <= 1e-9, "{near:e} {method:?}: {error:e}, {causes:?}");
            quiet += usize::from(causes.is_empty());
        }
        assert!(error <= 1e-9 || !causes.is_empty(), "{near:e} {method:?}: {error:e}, {}", gradient.residual);
    }
    assert!(spoiled > 0 && quiet > 0, "{spoiled} {quiet}");
}

/// A doubt about rounding is looked into as for one problem: in a batch, whose sums leave nothing out and count nothing
/// twice, and in a workspace. Nothing asked for leaves no doubt.
#[test]
fn a_doubt_is_the_same_in_a_batch_and_in_a_workspace() {
    let mut r = Random::new(9);
    let mut doubted = 0;
    for near in [1e-2, 1e-5, 3e-6, 1e-6, 3e-7] {
        let d = 1.4 * 1.7 / 1.2 * (1.0 + near);
        let rows = Csc::from_triplets(2, 2, &[(0, 0, 1.2), (0, 1, 1.4), (1, 0, 1.7), (1, 1, d)]).unwrap();
        let base =
            Problem::new(2).quadratic(Csc::identity(2), vec![0.0; 2]).equalities(rows.clone(), vec![0.0; 2]);
        let samples = 11;
        let b: Vec<f64> = (0..samples).flat_map(|_| rows.mul_vec(&[r.uniform(), r.uniform()])).collect();
        let batch = Batch::new(base.clone(), samples).with(Block::B, b).unwrap();
        let solver = Solver::new(&base, Settings::default()).unwrap();
        let mut seeds: Vec<_> = (1..samples).map(|_| Cotangent::x(vec![1.0, r.uniform()])).collect();
        seeds.push(Cotangent::x(vec![0.0; 2]));
        let options = DerivativeOptions::default();
        let together = solver.solve_batch(&batch, &[]).unwrap().vjp(&seeds, &Block::ALL, &options).unwrap();
        let mut workspace = solver.workspace();
        let (mut sum, mut size) = (vec![0.0; 4], 0.0_f64);
        for (k, seed) in seeds.iter().enumerate() {
            let problem = batch.problem(k);
            let alone = solver.solve(&problem, None).unwrap().vjp(seed, &options).unwrap();
            solver.solve_in(&problem, &mut workspace).unwrap();
            let within = solver.vjp_in(seed, &mut workspace).unwrap();
            for (what, b, harmful) in [
                ("batch", &together.block(Block::B)[2 * k..2 * k + 2], &together.harmful[k]),
                ("workspace", &within.b[..], &within.harmful),
            ] {
                let largest = alone.b.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
                let apart = b.iter().zip(&alone.b).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
                assert!(
                    apart <= 1e-9 * largest || !harmful.is_empty(),
                    "{what}, {near:e}: {apart:e} of {largest:e}"
                );
                assert_eq!(harmful.is_empty(), alone.harmful.is_empty(), "{what}, {near:e}: {harmful:?}");
            }
            doubted += usize::from(alone.residual > 1e-13);
            for (sum, a) in sum.iter_mut().zip(&alone.a) {
                *sum += a;
                size = size.max(a.abs());
            }
        }
        let inexact = |harm: &Harm| matches!(harm.cause, Cause::Inexact(_));
        assert!(!together.harmful[samples - 1].iter().any(inexact), "{near:e}");
        for (sum, a) in sum.iter().zip(together.block(Block::A)) {
            assert!((sum - a).abs() <= 1e-8 * size, "{near:e}: {sum} and {a}");
        }
    }
    assert!(doubted > 0);
}

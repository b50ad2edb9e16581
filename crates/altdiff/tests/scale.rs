//! A sparse problem of a million nonzeros: solved, finished and differentiated. Anything quadratic in the number of
//! variables would need hundreds of gigabytes.

use altdiff::{Cotangent, Csc, DerivativeOptions, Problem, Settings, Solver, Status, Tangent};

#[test]
fn a_million_nonzeros() {
    let n = 200_000;
    let mut seed = 1_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let (mut p, mut a, mut g) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        p.push((i, i, 3.0 + random()));
        if i + 1 < n {
            p.push((i, i + 1, -1.0));
        }
    }
    for k in 0..n / 4 {
        a.extend((0..4).map(|i| (k, 4 * k + i, 1.0 + 0.5 * random())));
        g.extend((0..8).map(|i| (k, (4 * k + 3 * i) % n, random())));
    }
    let problem = Problem::new(n)
        .quadratic(Csc::from_triplets(n, n, &p).unwrap(), (0..n).map(|_| 3.0 * random()).collect())
        .equalities(Csc::from_triplets(n / 4, n, &a).unwrap(), (0..n / 4).map(|_| 0.2 * random()).collect())
        .inequalities(Csc::from_triplets(n / 4, n, &g).unwrap(), vec![-0.4; n / 4], vec![0.4; n / 4])
        .bounds(vec![-0.8; n], vec![0.8; n]);
    let nonzeros = problem.p.nnz() + problem.a.nnz() + problem.g.nnz();
    assert!(nonzeros >= 999_999, "{nonzeros}");
    let solution = Solver::new(&problem, Settings::default()).unwrap().solve(&problem, None).unwrap();
    assert_eq!(solution.status, Status::Solved);
    assert!(solution.finished && solution.residuals.max() < 1e-12, "{:?}", solution.residuals);
    let active = solution.active_set().iter().filter(|side| **side != 0).count();
    assert!(active > n / 10, "{active}");
    let seed = Cotangent::x((0..n).map(|i| f64::from(u8::from(i % 3 == 0))).collect());
    let options = DerivativeOptions::default();
    let gradient = solution.vjp(&seed, &options).unwrap();
    assert!(gradient.residual < 1e-10 && gradient.harmful.is_empty(), "{:e}", gradient.residual);
    assert_eq!(gradient.g.len(), problem.g.nnz());
    let tangent = Tangent { q: vec![1.0; n], b: vec![0.5; n / 4], ..Tangent::default() };
    let left = solution.jvp(&tangent, &options).unwrap().dot(&seed);
    let right = gradient.along(&tangent);
    assert!((left - right).abs() < 1e-8 * left.abs(), "{left} {right}");
}

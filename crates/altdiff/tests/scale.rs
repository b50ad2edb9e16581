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

/// Total-variation denoising of a noisy step signal: ½‖x − y‖² + Σ t with −t ≤ xᵢ₊₁ − xᵢ ≤ t.
fn total_variation(n: usize) -> Problem {
    let mut seed = 7_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let y: Vec<f64> =
        (0..n).map(|i| f64::from(u8::from((i * 7 / n).is_multiple_of(2))) + 0.3 * random()).collect();
    let rows = n - 1;
    let p: Vec<_> = (0..n).map(|i| (i, i, 1.0)).collect();
    let mut g = Vec::new();
    for i in 0..rows {
        for (row, sign) in [(i, 1.0), (rows + i, -1.0)] {
            g.extend([(row, i, -sign), (row, i + 1, sign), (row, n + i, -1.0)]);
        }
    }
    let columns = n + rows;
    Problem::new(columns)
        .quadratic(
            Csc::from_triplets(columns, columns, &p).unwrap(),
            y.iter().map(|y| -y).chain(vec![1.0; rows]).collect(),
        )
        .inequalities(
            Csc::from_triplets(2 * rows, columns, &g).unwrap(),
            vec![f64::NEG_INFINITY; 2 * rows],
            vec![0.0; 2 * rows],
        )
}

/// Peak memory of a solve and a derivative.
fn peak(n: usize) -> u64 {
    let problem = total_variation(n);
    let info = allocation_counter::measure(|| {
        let solution = Solver::new(&problem, Settings::default()).unwrap().solve(&problem, None).unwrap();
        assert_eq!(solution.status, Status::Solved);
        let seed = Cotangent::x((0..2 * n - 1).map(|i| f64::from(u8::from(i < n))).collect());
        let gradient = solution.vjp(&seed, &DerivativeOptions::default()).unwrap();
        assert!(gradient.residual < 1e-9, "{:e}", gradient.residual);
        // Along −y every plateau moves as one: the derivative of the sum of x by its data sums to n.
        let sum: f64 = gradient.q[..n].iter().sum();
        assert!((sum + n as f64).abs() < 1e-6 * n as f64, "{sum}");
    });
    info.bytes_max
}

#[test]
fn memory_grows_with_the_factor() {
    // The factor of a chain is linear in its length.
    let (small, large) = (peak(3_000), peak(30_000));
    assert!(large < 11 * small, "{small} {large}");
    assert!(large < 30_000 * 6_000, "{large}");
}

//! Batches with shared matrices, whose samples are solved side by side: each is what it is alone, degenerate, infeasible
//! or easy, and so are its derivatives by every route.

mod common;

use altdiff::{
    Batch, Block, Cotangent, Csc, DerivativeOptions, Error, Problem, Route, Settings, Solution, Solver,
    Status,
};
use common::{Random, check_infeasible, kkt_violation, random_cotangent, random_problem, random_tangent};
use nalgebra::DMatrix;

fn close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let size = b.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * size, "{what}[{i}]: {a:e} {b:e}");
    }
}

/// The same claims and the same numbers.
fn same(together: &Result<Solution, Error>, alone: &Result<Solution, Error>, what: &str) {
    match (together, alone) {
        (Ok(a), Ok(b)) => {
            let (claims_a, claims_b) = ((a.status, &a.notes, a.finished), (b.status, &b.notes, b.finished));
            assert_eq!(claims_a, claims_b, "{what}");
            assert_eq!((a.method, a.active_set()), (b.method, b.active_set()), "{what}");
            close(&a.x, &b.x, 1e-12, what);
            close(&a.lambda, &b.lambda, 1e-11, what);
            close(&a.nu_lower, &b.nu_lower, 1e-11, what);
            close(&a.nu_upper, &b.nu_upper, 1e-11, what);
            close(&a.mu_lower, &b.mu_lower, 1e-11, what);
            close(&a.mu_upper, &b.mu_upper, 1e-11, what);
            close(&[a.objective], &[b.objective], 1e-12, what);
        }
        (Err(a), Err(b)) => assert_eq!(a, b, "{what}"),
        _ => panic!("{what}: {together:?} {alone:?}"),
    }
}

/// Solves a batch, compares every sample with itself alone, and the gradients of all with theirs.
fn check(batch: &Batch) -> Vec<Result<Solution, Error>> {
    let solver = Solver::new(batch.base(), Settings::default()).unwrap();
    let together = solver.solve_batch(batch, &[]).unwrap();
    let mut r = Random::new(17);
    let seeds: Vec<Cotangent> =
        (0..batch.samples()).map(|_| random_cotangent(batch.base(), &mut r)).collect();
    let options = DerivativeOptions::default();
    let gradient = together.vjp(&seeds, &Block::ALL, &options).unwrap();
    let mut sums: Vec<Vec<f64>> = vec![Vec::new(); 10];
    for k in 0..batch.samples() {
        let alone = solver.solve(&batch.problem(k), None);
        same(&together[k], &alone, &format!("sample {k}"));
        let expected = alone.and_then(|s| s.vjp(&seeds[k], &options));
        let Ok(g) = expected else {
            assert_eq!(gradient.failed[k], expected.err());
            continue;
        };
        assert_eq!(gradient.failed[k], None);
        let causes = |harms: &[altdiff::Harm]| harms.iter().map(|h| h.cause.clone()).collect::<Vec<_>>();
        assert_eq!(causes(&gradient.harmful[k]), causes(&g.harmful), "sample {k}");
        for block in Block::ALL {
            let all = [&g.p, &g.q, &g.a, &g.b, &g.g, &g.gl, &g.gu, &g.lo, &g.hi, &g.w];
            let (own, part) = (all[block as usize], gradient.block(block));
            if batch.is_shared(block) {
                sums[block as usize].resize(own.len(), 0.0);
                sums[block as usize].iter_mut().zip(own).for_each(|(s, v)| *s += v);
            } else {
                let part = &part[k * own.len()..(k + 1) * own.len()];
                close(part, own, 1e-9, &format!("{block:?} of sample {k}"));
            }
        }
    }
    for block in Block::ALL.into_iter().filter(|b| batch.is_shared(*b)) {
        close(gradient.block(block), &sums[block as usize], 1e-9, &format!("{block:?}"));
    }
    together.into_samples()
}

#[test]
fn every_block_of_vectors_may_be_per_sample() {
    for (seed, (n, m, p)) in
        [(9, 2, 7), (40, 6, 30), (25, 0, 25), (12, 3, 0), (1, 0, 1)].into_iter().enumerate()
    {
        let problem = random_problem(seed as u64 + 70, n, m, p);
        let mut r = Random::new(5);
        for blocks in [
            &[Block::Q][..],
            &[Block::B, Block::Gu],
            &[Block::Q, Block::B, Block::Gl, Block::Gu, Block::Lo, Block::Hi],
        ] {
            let mut batch = Batch::new(problem.clone(), 21);
            for &block in blocks {
                let base = match block {
                    Block::Q => &problem.q,
                    Block::B => &problem.b,
                    Block::Gl => &problem.gl,
                    Block::Gu => &problem.gu,
                    Block::Lo => &problem.lo,
                    _ => &problem.hi,
                };
                let spread = if block == Block::Q { 2.0 } else { 0.01 };
                let values = (0..21).flat_map(|_| base.clone()).map(|v| v + spread * r.normal()).collect();
                batch = batch.with(block, values).unwrap();
            }
            for (k, sample) in check(&batch).iter().enumerate() {
                if let Ok(s) = sample
                    && s.status == Status::Solved
                {
                    assert!(kkt_violation(&batch.problem(k), s) < 1e-9);
                }
            }
        }
    }
}

#[test]
fn ill_conditioned_duals_need_no_luck() {
    // More inequalities than degrees of freedom, and half of them active: exchanges go in circles on some samples.
    let (n, m, p) = (20, 5, 24);
    let mut r = Random::new(3020);
    let root = r.matrix(n, n) / (n as f64).sqrt();
    let hessian = root.transpose() * root + 1e-2 * DMatrix::identity(n, n);
    let (a, g, x) = (r.matrix(m, n), r.matrix(p, n), r.normals(n));
    let (a, g) = (Csc::from_dense(&a), Csc::from_dense(&g));
    let (b, gu) = (a.mul_vec(&x), g.mul_vec(&x).iter().map(|v| v + r.uniform()).collect());
    let problem = Problem::new(n)
        .quadratic(Csc::upper_from_dense(&hessian), vec![0.0; n])
        .equalities(a, b)
        .inequalities(g, vec![f64::NEG_INFINITY; p], gu);
    let batch = Batch::new(problem, 128).with(Block::Q, r.normals(128 * n)).unwrap();
    let samples = check(&batch);
    assert!(samples.iter().flatten().all(|s| s.status == Status::Solved));
}

/// Projections onto the simplex; among them points at which a bound is just reached, at which the multiplier of a bound
/// is zero, and without a feasible point.
#[test]
fn degenerate_and_infeasible_samples_are_what_they_are_alone() {
    let ones = Csc::from_triplets(1, 3, &[(0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0)]).unwrap();
    let problem = Problem::new(3)
        .quadratic(Csc::identity(3), vec![0.0; 3])
        .equalities(ones, vec![1.0])
        .bounds(vec![0.0; 3], vec![f64::INFINITY; 3]);
    let points = [
        ([-0.2, -0.3, -0.5], 1.0),
        ([-0.5, -0.5, 0.0], 1.0),
        ([-1.0, 0.0, 0.0], 1.0),
        ([-0.2, -0.3, -0.5], -1.0),
        ([-3.0, 0.1, 0.2], 1.0),
        ([0.0, 0.0, 0.0], 0.0),
        ([-0.9, -0.3, 0.5], 1.0),
        ([f64::INFINITY, 0.0, 0.0], 1.0),
        ([-0.1, 0.4, -0.8], 2.0),
        ([-0.1, 0.4, -0.9], 0.5),
    ];
    let q = points.iter().flat_map(|(q, _)| *q).collect();
    let b = points.iter().map(|(_, b)| *b).collect();
    let batch = Batch::new(problem, points.len()).with(Block::Q, q).unwrap().with(Block::B, b).unwrap();
    let samples = check(&batch);
    check_infeasible(&batch.problem(3), samples[3].as_ref().unwrap());
    assert!(matches!(samples[7], Err(Error::NotFinite { block: "q", .. })));
    let degenerate = |k: usize| !samples[k].as_ref().unwrap().degeneracy().unwrap().is_clean();
    let found: Vec<usize> = [0, 1, 2, 4, 5, 6, 8, 9].into_iter().filter(|k| degenerate(*k)).collect();
    assert_eq!(found, [1, 2, 5]);
}

#[test]
fn redundant_rows_and_pinned_intervals_are_found_in_every_sample() {
    // Two equal rows, both active; and a row whose two ends are the same.
    let rows = [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0), (2, 0, 1.0)];
    let problem = |pinned: f64| {
        Problem::new(2).quadratic(Csc::identity(2), vec![0.0; 2]).inequalities(
            Csc::from_triplets(3, 2, &rows).unwrap(),
            vec![f64::NEG_INFINITY, f64::NEG_INFINITY, 0.1],
            vec![-1.0, -1.0, pinned],
        )
    };
    for pinned in [0.1, f64::INFINITY] {
        let q = (0..16).map(|k| 0.1 * f64::from(k)).collect();
        check(&Batch::new(problem(pinned), 8).with(Block::Q, q).unwrap());
    }
    // Ends that differ in kind from sample to sample.
    let gu = (0..4).flat_map(|k| [-1.0, 3.0, if k % 2 == 0 { f64::INFINITY } else { 0.1 }]).collect();
    check(&Batch::new(problem(0.1), 4).with(Block::Gu, gu).unwrap());
}

#[test]
fn a_sample_can_be_asked_everything() {
    let problem = random_problem(33, 16, 3, 12);
    let mut r = Random::new(8);
    let batch = Batch::new(problem.clone(), 9).with(Block::Q, r.normals(9 * 16)).unwrap();
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let together = solver.solve_batch(&batch, &[]).unwrap();
    for k in [0, 4, 8] {
        let (s, alone) = (together[k].as_ref().unwrap(), solver.solve(&batch.problem(k), None).unwrap());
        let (seed, tangent) = (random_cotangent(&problem, &mut r), random_tangent(&problem, &mut r));
        for route in [Route::ReducedKkt, Route::Alternating, Route::Bpqp] {
            let options = DerivativeOptions::from(route);
            let (a, b) = (s.vjp(&seed, &options).unwrap(), alone.vjp(&seed, &options).unwrap());
            close(&a.q, &b.q, 1e-9, "q");
            close(&a.g, &b.g, 1e-9, "G");
            let (a, b) = (s.jvp(&tangent, &options).unwrap(), alone.jvp(&tangent, &options).unwrap());
            close(&a.x, &b.x, 1e-9, "x");
            close(&a.nu_upper, &b.nu_upper, 1e-9, "nu");
        }
        assert_eq!(s.degeneracy().unwrap(), alone.degeneracy().unwrap());
        let again = solver.solve(&batch.problem(k), Some(&s.warm_start())).unwrap();
        assert_eq!((again.iterations, again.active_set()), (1, alone.active_set()));
        let (a, b) = (s.smoothed(1e-3).unwrap(), alone.smoothed(1e-3).unwrap());
        close(&a.x, &b.x, 1e-9, "smoothed x");
    }
    let seeds: Vec<Cotangent> = (0..9).map(|_| random_cotangent(&problem, &mut r)).collect();
    let by = |route: Route| together.vjp(&seeds, &Block::ALL, &route.into()).unwrap();
    let (a, b) = (by(Route::ReducedKkt), by(Route::Bpqp));
    for block in Block::ALL {
        close(a.block(block), b.block(block), 1e-8, &format!("{block:?}"));
    }
    let mut bad = seeds.clone();
    bad[2].lambda = vec![0.0; 5];
    bad[3].x[1] = f64::NAN;
    let g = together.vjp(&bad, &[Block::Q], &DerivativeOptions::default()).unwrap();
    assert!(matches!(g.failed[2], Some(Error::Shape { block: "lambda", .. })));
    assert!(matches!(g.failed[3], Some(Error::NotFinite { block: "x", .. })));
    let n = problem.variables();
    assert!(g.block(Block::Q)[2 * n..4 * n].iter().all(|v| *v == 0.0));
    assert_eq!(g.block(Block::Q)[..n], a.block(Block::Q)[..n]);
}

#[test]
fn neighbours_order_and_split_change_no_bit() {
    let problem = random_problem(51, 24, 4, 20);
    let mut r = Random::new(2);
    let q = r.normals(30 * 24);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let solve = |chosen: &[usize]| -> Vec<Vec<u64>> {
        let values = chosen.iter().flat_map(|k| q[k * 24..(k + 1) * 24].to_vec()).collect();
        let batch = Batch::new(problem.clone(), chosen.len()).with(Block::Q, values).unwrap();
        let samples = solver.solve_batch(&batch, &[]).unwrap();
        samples.iter().map(|s| s.as_ref().unwrap().x.iter().map(|v| v.to_bits()).collect()).collect()
    };
    let whole = solve(&(0..30).collect::<Vec<_>>());
    for chosen in [vec![29, 3, 17], (0..30).rev().collect(), vec![5; 11], (10..20).collect()] {
        for (got, k) in solve(&chosen).iter().zip(&chosen) {
            assert_eq!(*got, whole[*k], "{k} among {chosen:?}");
        }
    }
}

#[test]
fn an_iteration_limit_holds_for_samples_too() {
    let problem = random_problem(4, 20, 2, 20);
    let batch = Batch::new(problem.clone(), 10).with(Block::Q, Random::new(6).normals(200)).unwrap();
    let settings = Settings { max_iterations: Some(0), ..Settings::default() };
    let solver = Solver::new(&problem, settings).unwrap();
    for sample in &solver.solve_batch(&batch, &[]).unwrap() {
        assert_eq!(sample.as_ref().unwrap().status, Status::IterationLimit);
    }
}

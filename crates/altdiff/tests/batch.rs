//! Batches: any number of threads, order and neighbours give the same; derivatives are those of the samples.

mod common;

use altdiff::{
    Batch, BatchSolution, Block, Cotangent, DerivativeOptions, Error, Problem, Settings, Solution, Solver,
    Status, WarmStart,
};
use common::{Random, random_problem};

const SAMPLES: usize = 12;

/// Samples with their own q, b and ends.
fn vectors(problem: &Problem, samples: usize) -> Batch {
    let mut r = Random::new(99);
    let mut own = |values: &[f64], size: f64| -> Vec<f64> {
        (0..samples).flat_map(|_| values.to_vec()).map(|v| v + size * r.normal()).collect()
    };
    let (q, b, gu) = (own(&problem.q, 1.0), own(&problem.b, 0.01), own(&problem.gu, 0.01));
    let mut batch = Batch::new(problem.clone(), samples);
    for (block, values) in [(Block::Q, q), (Block::B, b), (Block::Gu, gu)] {
        batch = batch.with(block, values).unwrap();
    }
    batch
}

/// Samples with their own matrices as well.
fn matrices(problem: &Problem, samples: usize) -> Batch {
    let mut r = Random::new(7);
    let a =
        (0..samples).flat_map(|_| problem.a.values.clone()).map(|v| v * (1.0 + 0.01 * r.normal())).collect();
    let p =
        (0..samples).flat_map(|k| problem.p.values.iter().map(move |v| v * (1.0 + 0.1 * k as f64))).collect();
    vectors(problem, samples).with(Block::A, a).unwrap().with(Block::P, p).unwrap()
}

fn solve(batch: &Batch) -> BatchSolution {
    Solver::new(batch.base(), Settings::default()).unwrap().solve_batch(batch, &[]).unwrap()
}

fn solution(samples: &BatchSolution, k: usize) -> &Solution {
    samples[k].as_ref().unwrap()
}

fn bits(samples: &BatchSolution) -> Vec<Vec<u64>> {
    let one = |s: &Result<Solution, Error>| {
        let s = s.as_ref().unwrap();
        let parts = [&s.x, &s.lambda, &s.nu_lower, &s.nu_upper, &s.mu_lower, &s.mu_upper];
        parts.iter().flat_map(|v| v.iter().map(|v| v.to_bits())).collect()
    };
    samples.iter().map(one).collect()
}

fn seeds(samples: usize, n: usize) -> Vec<Cotangent> {
    let mut r = Random::new(3);
    (0..samples).map(|_| Cotangent::x(r.normals(n))).collect()
}

fn close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}[{i}]: {a:e} {b:e}");
    }
}

#[test]
fn samples_are_what_they_are_alone() {
    let problem = random_problem(5, 14, 3, 10);
    for batch in [vectors(&problem, SAMPLES), matrices(&problem, SAMPLES)] {
        let solver = Solver::new(batch.base(), Settings::default()).unwrap();
        let together = solver.solve_batch(&batch, &[]).unwrap();
        for k in 0..SAMPLES {
            let alone = solver.solve(&batch.problem(k), None).unwrap();
            let s = solution(&together, k);
            assert_eq!((s.status, s.active_set()), (alone.status, alone.active_set()), "{k}");
            close(&s.x, &alone.x, 1e-12, "x");
            close(&s.lambda, &alone.lambda, 1e-12, "lambda");
        }
    }
}

#[cfg(feature = "threads")]
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let problem = random_problem(6, 20, 4, 15);
    for batch in [vectors(&problem, 40), matrices(&problem, 40)] {
        let seeds = seeds(40, 20);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let samples = solve(&batch);
                let gradient = samples.vjp(&seeds, &Block::ALL, &DerivativeOptions::default()).unwrap();
                let gradient: Vec<u64> =
                    Block::ALL.iter().flat_map(|b| gradient.block(*b).iter().map(|v| v.to_bits())).collect();
                (bits(&samples), gradient)
            })
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(4));
    }
}

#[cfg(feature = "threads")]
#[test]
fn a_large_factorization_gives_the_same_bits_on_any_number_of_threads() {
    let problem = random_problem(8, 500, 100, 200);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(&solve(&Batch::new(problem.clone(), 2))))
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn order_and_split_do_not_matter() {
    let problem = random_problem(9, 16, 2, 12);
    let n = problem.variables();
    let whole = solve(&vectors(&problem, SAMPLES));
    let batch = vectors(&problem, SAMPLES);
    let order: Vec<usize> = (0..SAMPLES).map(|k| k * 5 % SAMPLES).collect();
    for chosen in [&order[..], &order[..4], &order[4..], &[7]] {
        let mut part = Batch::new(problem.clone(), chosen.len());
        for block in [Block::Q, Block::B, Block::Gu] {
            let values = chosen.iter().flat_map(|&k| {
                let p = batch.problem(k);
                match block {
                    Block::Q => p.q,
                    Block::B => p.b,
                    _ => p.gu,
                }
            });
            part = part.with(block, values.collect()).unwrap();
        }
        let samples = solve(&part);
        for (at, &k) in chosen.iter().enumerate() {
            let (a, b) = (solution(&samples, at), solution(&whole, k));
            assert_eq!((a.status, a.active_set()), (b.status, b.active_set()));
            close(&a.x, &b.x, 1e-12, "x");
            close(&a.nu_upper, &b.nu_upper, 1e-12, "nu");
        }
    }
    assert_eq!(solution(&whole, 0).x.len(), n);
}

#[test]
fn a_bad_neighbour_harms_no_one() {
    let problem = random_problem(10, 10, 2, 8);
    let good = solve(&vectors(&problem, 4));
    let mut lo: Vec<f64> = (0..4).flat_map(|_| problem.lo.clone()).collect();
    // The second sample's first variable has an empty interval; the third one's data is not a number.
    lo[10] = 5.0;
    let mut hi: Vec<f64> = (0..4).flat_map(|_| problem.hi.clone()).collect();
    hi[10] = lo[10] - 1.0;
    hi[25] = f64::NAN;
    let bad = vectors(&problem, 4).with(Block::Lo, lo).unwrap().with(Block::Hi, hi).unwrap();
    let samples = solve(&bad);
    assert_eq!(solution(&samples, 1).status, Status::Infeasible);
    assert!(solution(&samples, 1).certificate.is_some());
    assert!(matches!(samples[2], Err(Error::NotFinite { block: "hi", .. })));
    for k in [0, 3] {
        assert_eq!(solution(&samples, k).status, Status::Solved);
        close(&solution(&samples, k).x, &solution(&good, k).x, 1e-12, "x");
    }
    let gradient = samples.vjp(&seeds(4, 10), &[Block::Q], &DerivativeOptions::default()).unwrap();
    let lone = good.vjp(&seeds(4, 10), &[Block::Q], &DerivativeOptions::default()).unwrap();
    assert_eq!(gradient.failed[1], Some(Error::NotSolved(Status::Infeasible)));
    assert!(gradient.failed[2].is_some() && gradient.failed[0].is_none());
    let (a, b) = (gradient.block(Block::Q), lone.block(Block::Q));
    close(&a[..10], &b[..10], 1e-10, "q");
    assert!(a[10..30].iter().all(|v| *v == 0.0));
    close(&a[30..], &b[30..], 1e-10, "q");
}

#[test]
fn shared_blocks_get_the_sum_and_others_each_their_own() {
    let problem = random_problem(12, 9, 2, 7);
    for batch in [vectors(&problem, 5), matrices(&problem, 5)] {
        let (samples, seeds) = (solve(&batch), seeds(5, 9));
        let options = DerivativeOptions::default();
        let gradient = samples.vjp(&seeds, &Block::ALL, &options).unwrap();
        let alone: Vec<_> = (0..5).map(|k| solution(&samples, k).vjp(&seeds[k], &options).unwrap()).collect();
        for block in Block::ALL {
            let of = |k: usize| -> Vec<f64> {
                let g = &alone[k];
                let all = [&g.p, &g.q, &g.a, &g.b, &g.g, &g.gl, &g.gu, &g.lo, &g.hi, &g.w];
                all[block as usize].clone()
            };
            let mut expected: Vec<f64> = Vec::new();
            for k in 0..5 {
                if batch.is_shared(block) && k > 0 {
                    expected.iter_mut().zip(of(k)).for_each(|(e, v)| *e += v);
                } else {
                    expected.extend(of(k));
                }
            }
            close(gradient.block(block), &expected, 1e-12, &format!("{block:?}"));
        }
        let some = samples.vjp(&seeds, &[Block::G], &options).unwrap();
        assert_eq!(some.block(Block::G), gradient.block(Block::G));
        assert!(some.block(Block::Q).is_empty());
    }
}

#[test]
fn warm_starts_are_per_sample() {
    let problem = random_problem(13, 30, 4, 30);
    let batch = vectors(&problem, 6);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    let cold = solver.solve_batch(&batch, &[]).unwrap();
    let starts: Vec<WarmStart> = cold.iter().map(|s| s.as_ref().unwrap().warm_start()).collect();
    let warm: Vec<Option<&WarmStart>> =
        starts.iter().enumerate().map(|(k, s)| (k != 2).then_some(s)).collect();
    let again = solver.solve_batch(&batch, &warm).unwrap();
    for k in 0..6 {
        let (a, b) = (solution(&again, k), solution(&cold, k));
        assert_eq!(a.active_set(), b.active_set());
        assert_eq!(a.iterations, if k == 2 { b.iterations } else { 1 }, "{k}");
        close(&a.x, &b.x, 1e-12, "x");
    }
    assert!(matches!(solver.solve_batch(&batch, &warm[..3]), Err(Error::Shape { block: "warm", .. })));
}

#[test]
fn shapes_are_checked() {
    let problem = random_problem(1, 4, 1, 2);
    let batch = Batch::new(problem.clone(), 3);
    assert!(matches!(
        batch.clone().with(Block::Q, vec![0.0; 11]),
        Err(Error::Shape { block: "q", expected: 12, .. })
    ));
    let samples = solve(&batch);
    assert_eq!(samples.len(), 3);
    let options = DerivativeOptions::default();
    assert!(matches!(samples.vjp(&[], &[], &options), Err(Error::Shape { block: "cotangents", .. })));
    assert!(solve(&Batch::new(problem, 0)).is_empty());
}

//! Which weakly active constraints make a derivative ill defined, and which do not.

mod common;

use altdiff::{
    Cause, Cotangent, Csc, DerivativeOptions, Gradient, Place, Problem, Settings, Solution, Solver, Status,
    Tangent, WarmStart,
};
use common::moved;

const INF: f64 = f64::INFINITY;

fn solve(problem: &Problem) -> Solution {
    let s = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    s
}

/// From a warm start at a solution, every method stays there.
fn solve_from(problem: &Problem, x: &[f64], y: &[f64]) -> Solution {
    let start = WarmStart::new(x.to_vec(), y.to_vec(), vec![0.0; x.len()]);
    let s = Solver::new(problem, Settings::default()).unwrap().solve(problem, Some(&start)).unwrap();
    assert_eq!(s.status, Status::Solved);
    assert!(s.x.iter().zip(x).all(|(a, b)| (a - b).abs() < 1e-12), "{:?}", s.x);
    s
}

/// Whether a gradient leaves a direction in doubt.
fn doubtful(g: &Gradient, t: &Tangent) -> bool {
    g.harmful.iter().any(|h| h.stands(t))
}

/// The differences of an output to both sides of a solution, along a direction.
fn quotients(problem: &Problem, v: &[f64], t: &Tangent) -> [f64; 2] {
    let h = 1e-6;
    let value =
        |step: f64| -> f64 { solve(&moved(problem, t, step)).x.iter().zip(v).map(|(x, v)| x * v).sum() };
    [(value(h) - value(0.0)) / h, (value(0.0) - value(-h)) / h]
}

/// t ≥ ±x, t ≤ 1 + x, without a cost of t: where t lies is chance, and x = −q has its derivative even where that is an end.
#[test]
fn an_end_that_only_an_auxiliary_variable_lies_on_is_no_kink() {
    let rows = |x: f64, room: f64| {
        let g = [(0, 0, -1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0), (2, 0, -1.0), (2, 1, 1.0)];
        Problem::new(2)
            .quadratic(Csc::from_triplets(2, 2, &[(0, 0, 1.0)]).unwrap(), vec![-x, 0.0])
            .inequalities(Csc::from_triplets(3, 2, &g).unwrap(), vec![0.0, 0.0, -INF], vec![INF, INF, room])
    };
    let gradient = |problem: &Problem, t: f64| {
        let s = solve_from(problem, &[-problem.q[0], t], &[0.0; 3]);
        let v = Cotangent::x(vec![1.0, 0.0]);
        (s.vjp(&v, &DerivativeOptions::default()).unwrap(), s)
    };
    // t on its lower end, and room above.
    let (g, s) = gradient(&rows(0.5, 1.0), 0.5);
    assert_eq!(s.degeneracy().unwrap().weakly_active, [Place::RowLower(0)]);
    // A cost of t would tell where it lies; nothing else matters.
    for harm in &g.harmful {
        assert_eq!(harm.cause, Cause::NotUnique(vec![1]));
        let rate = harm.rate.as_ref().expect("a rate");
        assert!(rate.q[0].abs() < 1e-12 && rate.gl.iter().chain(&rate.gu).all(|v| *v == 0.0));
    }
    assert!((g.q[0] + 1.0).abs() < 1e-12);
    // No room: x ≤ t ≤ x, which data may break.
    let (g, _) = gradient(&rows(0.5, 0.0), 0.5);
    assert!(g.harmful.iter().any(|h| matches!(h.cause, Cause::WeaklyActive(_) | Cause::Dependent(_))));
}

/// t ≤ u ≤ x, where a cost of −t holds t to x anyway: u lies between two weakly active ends, and there is no kink. Data
/// that move these ends apart may leave u no room.
#[test]
fn a_free_variable_between_two_constraints_that_are_held_is_no_kink() {
    let g = [(0, 0, -1.0), (0, 1, 1.0), (1, 1, 1.0), (1, 2, -1.0), (2, 2, 1.0), (2, 0, -1.0)];
    let problem = Problem::new(3)
        .quadratic(Csc::from_triplets(3, 3, &[(0, 0, 1.0)]).unwrap(), vec![-2.0, -1.0, 0.0])
        .inequalities(Csc::from_triplets(3, 3, &g).unwrap(), vec![-INF; 3], vec![0.0; 3]);
    let s = solve_from(&problem, &[3.0; 3], &[1.0, 0.0, 0.0]);
    assert_eq!(s.degeneracy().unwrap().weakly_active, [Place::RowUpper(1), Place::RowUpper(2)]);
    let g = s.vjp(&Cotangent::x(vec![1.0, 0.0, 0.0]), &DerivativeOptions::default()).unwrap();
    let mut slope = Tangent::zeros(&problem);
    slope.q[0] = 1.0;
    assert!(!doubtful(&g, &slope), "{:?}", g.harmful);
    assert!((g.along(&slope) + 1.0).abs() < 1e-9);
    assert!(s.jvp(&slope, &DerivativeOptions::default()).unwrap().harmful.is_empty());
    for row in 1..3 {
        let mut end = Tangent::zeros(&problem);
        end.gu[row] = 1.0;
        assert!(doubtful(&g, &end), "{row}: {:?}", g.harmful);
    }
}

/// x₁ ≤ u ≤ x₂ with u free is x₁ ≤ x₂: a kink for data that move x₁ and x₂ apart, and none for others.
#[test]
fn constraints_on_a_free_variable_bind_together() {
    let problem = Problem::new(3)
        .quadratic(Csc::from_triplets(3, 3, &[(0, 0, 1.0), (1, 1, 1.0)]).unwrap(), vec![-1.0, -1.0, 0.0])
        .inequalities(
            Csc::from_triplets(2, 3, &[(0, 0, 1.0), (0, 2, -1.0), (1, 1, -1.0), (1, 2, 1.0)]).unwrap(),
            vec![-INF; 2],
            vec![0.0; 2],
        );
    let s = solve_from(&problem, &[1.0; 3], &[0.0; 2]);
    let v = [1.0, 0.0, 0.0];
    let g = s.vjp(&Cotangent::x(v.to_vec()), &DerivativeOptions::default()).unwrap();
    for (slopes, kink) in [([1.0, 1.0], false), ([1.0, 0.0], true), ([0.0, 1.0], true), ([1.0, -1.0], true)] {
        let mut t = Tangent::zeros(&problem);
        t.q[..2].copy_from_slice(&slopes);
        let [up, down] = quotients(&problem, &v, &t);
        assert_eq!((up - down).abs() > 0.1, kink, "{slopes:?}: {up} {down}");
        assert_eq!(doubtful(&g, &t), kink, "{slopes:?}: {:?}", g.harmful);
        assert_eq!(s.jvp(&t, &DerivativeOptions::default()).unwrap().harmful.is_empty(), !kink, "{slopes:?}");
        assert!(kink || (g.along(&t) - up).abs() < 1e-6);
    }
}

/// 1 ≤ u, x₁ ≤ u and u ≤ x₂ with u free are 1 ≤ x₂ and x₁ ≤ x₂. Their normals also make x₁ ≤ 1, which is orthogonal to the
/// first and asked by nothing: x₂ has a kink in the data of x₁ all the same, in whatever order the constraints come, and
/// however many others there are.
#[test]
fn combinations_that_share_a_constraint_are_judged_together() {
    let rows = [([0.0, 0.0, -1.0], -1.0), ([1.0, 0.0, -1.0], 0.0), ([0.0, -1.0, 1.0], 0.0)];
    for (first, copies) in [(0, 1), (1, 1), (2, 1), (0, 30)] {
        let n = 3 * copies;
        let row = |i: usize| rows[(first + i) % 3];
        let g: Vec<_> = (0..3 * n).map(|k| (k / 3, k / 9 * 3 + k % 3, row(k / 3).0[k % 3])).collect();
        let g: Vec<_> = g.into_iter().filter(|e| e.2 != 0.0).collect();
        let p: Vec<_> = (0..n).filter(|i| i % 3 < 2).map(|i| (i, i, 1.0)).collect();
        let q = (0..n).map(|i| if i % 3 < 2 { -1.0 } else { 0.0 }).collect();
        let problem = Problem::new(n).quadratic(Csc::from_triplets(n, n, &p).unwrap(), q).inequalities(
            Csc::from_triplets(n, n, &g).unwrap(),
            vec![-INF; n],
            (0..n).map(|i| row(i).1).collect(),
        );
        let mut v = vec![0.0; n];
        v[1] = 1.0;
        let s = solve_from(&problem, &vec![1.0; n], &vec![0.0; n]);
        let g = s.vjp(&Cotangent::x(v.clone()), &DerivativeOptions::default()).unwrap();
        let mut t = Tangent::zeros(&problem);
        t.q[0] = 1.0;
        let [up, down] = quotients(&problem, &v, &t);
        assert!((up - down).abs() > 0.1, "{up} {down}");
        assert!(doubtful(&g, &t), "{first}, {copies}: {:?}", g.harmful);
    }
}

/// Many weakly active bounds, in three groups that P couples within but not among themselves: an output reads some of one
/// group, and only what moves that group is in doubt.
#[test]
fn many_weak_constraints_are_told_from_those_that_nothing_couples_to_them() {
    const GROUP: usize = 15;
    let n = 3 * GROUP;
    let mut entries = Vec::new();
    for i in 0..n {
        entries.push((i, i, 2.0));
        if i % GROUP > 0 {
            entries.push((i - 1, i, 0.5));
        }
    }
    let p = Csc::from_triplets(n, n, &entries).unwrap();
    // x = 1 is the minimum, and on every bound.
    let q = p.mul_symmetric_vec(&vec![1.0; n]).iter().map(|v| -v).collect();
    let problem = Problem::new(n).quadratic(p, q).bounds(vec![-INF; n], vec![1.0; n]);
    let s = solve(&problem);
    let mut one = vec![0.0; n];
    one[GROUP + 2] = 1.0;
    let all_of = problem.p.mul_symmetric_vec(&one);
    // Two ends whose rates cancel, and one that the second output, whose adjoint is zero but for one entry, meets through
    // another end alone.
    let mut apart = Tangent::zeros(&problem);
    (apart.hi[GROUP + 2], apart.hi[GROUP + 3]) = (1.0, -1.0);
    let mut beside = Tangent::zeros(&problem);
    beside.hi[GROUP + 3] = 1.0;
    for (seed, kinks) in [(one, vec![&apart]), (all_of, vec![&apart, &beside])] {
        let g = s.vjp(&Cotangent::x(seed.clone()), &DerivativeOptions::default()).unwrap();
        for i in 0..n {
            let mut end = Tangent::zeros(&problem);
            end.hi[i] = 1.0;
            let mut slope = Tangent::zeros(&problem);
            slope.q[i] = 1.0;
            let inside = i / GROUP == 1;
            assert_eq!((doubtful(&g, &end), doubtful(&g, &slope)), (inside, inside), "{i}: {:?}", g.harmful);
        }
        for t in kinks {
            let [up, down] = quotients(&problem, &seed, t);
            assert!((up - down).abs() > 0.01, "{up} {down}");
            assert!(doubtful(&g, t), "{:?}", g.harmful);
        }
        // Data that leave every slack as it is have the derivative that is claimed.
        let mut along = Tangent::zeros(&problem);
        along.hi = (0..n).map(|i| (i as f64).sin()).collect();
        along.q = problem.p.mul_symmetric_vec(&along.hi).iter().map(|v| -v).collect();
        assert!(!doubtful(&g, &along));
        let expected: f64 = along.hi.iter().zip(&seed).map(|(x, v)| x * v).sum();
        assert!((g.along(&along) - expected).abs() < 1e-9);
        let named: Vec<Place> = (GROUP..2 * GROUP).map(Place::BoundUpper).collect();
        assert!(g.harmful.iter().any(|h| h.cause == Cause::WeaklyActive(named.clone())), "{:?}", g.harmful);
    }
}

/// A cycle x₁ ≤ x₂ ≤ … ≤ x₁ holds all entries together, though none of its multipliers is positive: the sum of its normals
/// vanishes, which says nothing about each.
#[test]
fn many_weak_constraints_that_add_up_to_nothing_still_bind() {
    let n = 10;
    let g: Vec<_> = (0..n).flat_map(|i| [(i, i, 1.0), (i, (i + 1) % n, -1.0)]).collect();
    let problem = Problem::new(n).quadratic(Csc::identity(n), vec![-1.0; n]).inequalities(
        Csc::from_triplets(n, n, &g).unwrap(),
        vec![-INF; n],
        vec![0.0; n],
    );
    let mut v = vec![0.0; n];
    v[0] = 1.0;
    let g = solve_from(&problem, &vec![1.0; n], &vec![0.0; n])
        .vjp(&Cotangent::x(v.clone()), &DerivativeOptions::default())
        .unwrap();
    let mut t = Tangent::zeros(&problem);
    t.q[0] = 1.0;
    // The mean moves with it, not the entry alone.
    let [up, down] = quotients(&problem, &v, &t);
    assert!((up + 0.1).abs() < 1e-6 && (down + 0.1).abs() < 1e-6, "{up} {down}");
    assert!((g.along(&t) + 0.1).abs() < 1e-9 || doubtful(&g, &t), "{:?}", g.harmful);
}

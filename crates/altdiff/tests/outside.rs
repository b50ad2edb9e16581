//! Outside solvers: whatever they return, the answer and its derivatives are right.

mod common;

use altdiff::{
    Clarabel, Control, Cotangent, Csc, DerivativeOptions, Forward, ForwardSolver, Method, Problem, Settings,
    Solution, Solver, Status,
};
use common::{Random, kkt_violation, random_cotangent, random_problem};

const INF: f64 = f64::INFINITY;

/// A solver that answers with what this crate finds, spoiled.
struct Spoiled {
    error: f64,
}

impl ForwardSolver for Spoiled {
    fn name(&self) -> &'static str {
        "spoiled"
    }

    fn forward(&mut self, problem: &Problem, report: &mut dyn FnMut(usize) -> Control) -> Option<Forward> {
        if report(1) != Control::Continue {
            return None;
        }
        let s = Solver::new(problem, Settings::default()).ok()?.solve(problem, None).ok()?;
        let mut r = Random::new(1);
        let mut noisy = |v: f64| v + self.error * r.normal();
        let y = s.lambda.iter().copied().chain(s.nu_upper.iter().zip(&s.nu_lower).map(|(u, l)| u - l));
        Some(Forward {
            y: y.map(&mut noisy).collect(),
            z: s.mu_upper.iter().zip(&s.mu_lower).map(|(u, l)| noisy(u - l)).collect(),
            x: s.x.iter().map(|v| noisy(*v)).collect(),
            iterations: 1,
        })
    }
}

/// A solver that finds nothing.
struct Silent;

impl ForwardSolver for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    fn forward(&mut self, _: &Problem, _: &mut dyn FnMut(usize) -> Control) -> Option<Forward> {
        None
    }
}

fn by(outside: &mut dyn ForwardSolver, problem: &Problem) -> Solution {
    let solver = Solver::new(problem, Settings::default()).unwrap();
    solver.solve_by(outside, problem, &mut |_| Control::Continue).unwrap()
}

fn same(problem: &Problem, s: &Solution) {
    let own = Solver::new(problem, Settings::default()).unwrap().solve(problem, None).unwrap();
    assert_eq!(s.status, Status::Solved);
    assert!(kkt_violation(problem, s) < 1e-8, "{:e}", kkt_violation(problem, s));
    let v = random_cotangent(problem, &mut Random::new(3));
    let [ours, theirs] = [&own, s].map(|s| s.vjp(&v, &DerivativeOptions::default()).unwrap());
    let size = ours.q.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for (a, b) in ours.q.iter().zip(&theirs.q) {
        assert!((a - b).abs() < 1e-8 * size, "{a} {b}");
    }
    assert!(theirs.harmful.is_empty());
}

#[test]
fn a_few_digits_are_finished_exactly() {
    for seed in 0..10 {
        let problem = random_problem(seed, 15, 3, 12);
        let s = by(&mut Spoiled { error: 1e-6 }, &problem);
        assert_eq!((s.method, s.finished), (Method::Outside, true), "{:?}", s.notes);
        same(&problem, &s);
    }
}

#[test]
fn nonsense_is_replaced() {
    for seed in 0..5 {
        let problem = random_problem(seed, 10, 2, 8);
        same(&problem, &by(&mut Spoiled { error: 10.0 }, &problem));
        same(&problem, &by(&mut Spoiled { error: f64::NAN }, &problem));
        let s = by(&mut Silent, &problem);
        assert!(s.notes[0].contains("silent"), "{:?}", s.notes);
        same(&problem, &s);
    }
    // It cannot make a problem without solution solved.
    let problem = Problem::new(1).linear(vec![1.0]).bounds(vec![-INF], vec![0.0]);
    assert_eq!(by(&mut Silent, &problem).status, Status::Unbounded);
    let a = Csc::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 1.0)]).unwrap();
    let problem = Problem::new(1).equalities(a, vec![0.0, 1.0]);
    assert_eq!(by(&mut Silent, &problem).status, Status::Infeasible);
}

#[test]
fn the_caller_can_stop_it() {
    let problem = random_problem(1, 20, 3, 15);
    let solver = Solver::new(&problem, Settings::default()).unwrap();
    for outside in [&mut Clarabel::default() as &mut dyn ForwardSolver, &mut Spoiled { error: 0.0 }] {
        let s = solver.solve_by(outside, &problem, &mut |_| Control::OutOfTime).unwrap();
        assert_eq!(s.status, Status::TimeLimit);
        let s = solver.solve_by(outside, &problem, &mut |_| Control::Cancel).unwrap();
        assert_eq!(s.status, Status::Cancelled);
    }
}

#[test]
fn clarabel_is_finished_and_differentiated() {
    for seed in 0..10 {
        let problem = random_problem(seed, 14, 3, 11);
        let s = by(&mut Clarabel::default(), &problem);
        assert_eq!((s.method, s.finished), (Method::Outside, true), "{:?}", s.notes);
        assert!(s.iterations > 0);
        same(&problem, &s);
    }
    // Infeasible problems are proved here.
    let problem = Problem::new(1).inequalities(
        Csc::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 1.0)]).unwrap(),
        vec![1.0, -INF],
        vec![INF, 0.0],
    );
    let s = by(&mut Clarabel::default(), &problem);
    assert!(s.status == Status::Infeasible && s.certificate.is_some());
    assert!(s.vjp(&Cotangent::x(vec![1.0]), &DerivativeOptions::default()).is_err());
}

//! The problem sets in the folder named by `CVXLAYER_QP_DATA`, or in its folders: every claim is checked by arithmetic.
//! Files above a size are left to `CVXLAYER_QP_ALL=1`, so that a test run takes a minute or two.
#![allow(clippy::print_stdout)]

#[path = "../examples/problem_set/judge.rs"]
mod judge;
#[path = "../examples/problem_set/npz.rs"]
mod npz;
#[path = "../examples/problem_set/read.rs"]
mod read;

use altdiff::{Settings, Solver};
use judge::{Verdict, judge, optima};
use std::path::{Path, PathBuf};

/// Largest file that is read without being asked for, bytes.
const LARGE: u64 = 150_000;

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut out: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    out.sort();
    out
}

#[test]
fn every_claim_on_the_problem_sets_is_right() {
    let Ok(root) = std::env::var("CVXLAYER_QP_DATA") else {
        println!("skipped: CVXLAYER_QP_DATA names no folder with problem sets");
        return;
    };
    let all = std::env::var("CVXLAYER_QP_ALL").is_ok();
    let mut work = Vec::new();
    for folder in std::iter::once(PathBuf::from(&root)).chain(files(Path::new(&root))) {
        let optima = optima(&folder);
        for path in files(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "npz")) {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let size = std::fs::metadata(&path).map_or(0, |m| m.len());
            if all || size <= LARGE {
                work.push((path, optima.get(&name).copied(), name));
            } else {
                println!("left out: {name}, {size} bytes");
            }
        }
    }
    assert!(!work.is_empty(), "no problems in {root}");
    let failed: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|first| {
                let work = &work;
                scope.spawn(move || work.iter().skip(first).step_by(2).filter_map(check).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    println!("{} problems, {} not right", work.len(), failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

/// What is wrong with the answer.
fn check((path, optimum, name): &(PathBuf, Option<f64>, String)) -> Option<String> {
    let problem = read::problem(path).unwrap();
    let solution = Solver::new(&problem, Settings::default()).unwrap().solve(&problem, None).unwrap();
    match judge(&problem, &solution, *optimum) {
        Verdict::Right => None,
        other => Some(format!("{name}: {other:?}, {} by {:?}", solution.status, solution.method)),
    }
}

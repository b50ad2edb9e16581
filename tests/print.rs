//! The printed form of programs.

mod support;

use cvxlayer::{Array, Params, passes};

#[test]
fn a_portfolio() {
    let mut program = support::portfolio();
    program.depends = passes::depends(&program);
    insta::assert_snapshot!(program);
}

#[test]
fn a_pinned_portfolio() {
    let mut pinned = Params::new();
    let s = Array::dense(vec![3, 3], vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 0.0, 0.5, 1.0 / 3.0]).unwrap();
    pinned.set("S", s).set("t", 0.0);
    insta::assert_snapshot!(passes::pin(&support::portfolio(), &pinned).unwrap());
}

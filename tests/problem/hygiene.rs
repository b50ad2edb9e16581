//! Names that might clash, and places where the macro might stand.

#![allow(non_upper_case_globals)]

use cvxlayer::nalgebra::SVector;

mod awkward {
    // Names that the generated code must not be confused by.
    #[allow(dead_code)]
    pub(super) struct Option;
    #[allow(dead_code)]
    pub(super) struct Result;
    #[allow(dead_code, non_camel_case_types)]
    pub(super) struct Some;
    #[allow(dead_code)]
    pub(super) trait Default {}
    #[allow(dead_code)]
    pub(super) mod core {}

    cvxlayer::problem! {
        pub(super) Names;
        param self;
        param self_;
        param type;
        param r#match;
        param params = 1;
        param position;
        param out;
        param zeros;
        param clone;
        param λ nonneg;
        var solution;
        var output;
        var objective;
        var duals;
        let bounds = 2 * solution;
        let default = output;
        minimize square(solution - self) + square(output - self_) + square(objective - type) + square(duals - match)
            + λ * square(solution + position + out + zeros + clone + params);
        subject to
          self: solution <= 10;
          fn_: output <= 10;
          while: output >= -10;
    }
}

#[test]
fn awkward_names_are_fields() {
    use awkward::{Names, NamesParams, NamesSolution};
    let params = NamesParams {
        self_: 5.0,
        self__: 2.0,
        r#type: 3.0,
        r#match: 4.0,
        params: 0.0,
        position: 0.0,
        out: 0.0,
        zeros: 0.0,
        clone: 0.0,
        λ: 0.0,
    };
    // What is `self_` in the model keeps its name.
    let params = NamesParams { self_: 2.0, self__: 5.0, ..params };
    let solved = Names::new().unwrap().solve(&params).unwrap();
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-7, "{a} and {b}");
    close(solved.solution, 5.0);
    close(solved.output, 2.0);
    close(solved.objective, 3.0);
    close(solved.duals, 4.0);
    close(solved.bounds, 10.0);
    close(solved.objective_, 0.0);
    close(solved.duals_.r#while, 0.0);
    let gradient = solved.vjp(&NamesSolution { default: 1.0, ..NamesSolution::default() }).unwrap();
    close(gradient.self_, 1.0);
    close(solved.vjp(&NamesSolution { objective_: 1.0, ..Default::default() }).unwrap().self_, 0.0);
}

cvxlayer::problem! { First; param a; var x; minimize square(x - a); }
cvxlayer::problem! { Second; param a; var x; maximize a - square(x); }

#[test]
fn two_problems_live_in_one_module() {
    let first = First::new().unwrap().solve(&FirstParams { a: 2.0 }).unwrap();
    let second = Second::new().unwrap().solve(&SecondParams { a: 2.0 }).unwrap();
    assert!((first.x - 2.0).abs() < 1e-9 && second.x.abs() < 1e-9);
}

fn generic<T: Into<f64> + Copy>(value: T) -> f64 {
    const N: f64 = 0.25;
    cvxlayer::problem! {
        Local;
        param target;
        var x in [0, {N}];
        minimize square(x - target);
    }
    let layer = Local::new().unwrap();
    layer.solve(&LocalParams { target: value.into() }).unwrap().x
}

#[test]
fn functions_may_hold_problems() {
    assert!((generic(3.0_f32) - 0.25).abs() < 1e-9);
    assert!((generic(0.125) - 0.125).abs() < 1e-9);
}

/// The macro's tokens may come from another macro.
macro_rules! projection {
    ($visibility:vis $name:ident, $n:literal, $bound:expr) => {
        cvxlayer::problem! {
            /// A projection onto a box.
            $visibility $name;
            param p[$n];
            var x[$n] in [0, $bound];
            minimize sum_squares(x - p);
        }
    };
}

projection!(pub(crate) Small, 2, 1 + 1);

#[test]
fn other_macros_may_write_problems() {
    let solved = Small::new().unwrap().solve(&SmallParams { p: SVector::from([3.0, -1.0]) }).unwrap();
    assert!((solved.x - SVector::from([2.0, 0.0])).norm() < 1e-9);
}

const SIGNED: f64 = 3.0;
const WEIGHTS: [f64; 3] = [1.0, 2.0, 3.0];
const MIX: [[f64; 2]; 3] = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];

cvxlayer::problem! {
    Constants;
    param y[2];
    const scale pos = {SIGNED};
    const weights[3] nonneg = {WEIGHTS};
    const mix[3, 2] = {MIX};
    var x[2] in [-{5.0 + 5.0}, {2.0 * SIGNED}];
    minimize scale * sum_squares(x - y) + sum(weights * square(mix @ x));
}

#[test]
fn constants_of_rust_are_values() {
    let y = SVector::from([1.0, -2.0]);
    let solved = Constants::new().unwrap().solve(&ConstantsParams { y }).unwrap();
    let mix = cvxlayer::nalgebra::SMatrix::<f64, 3, 2>::from_fn(|i, j| MIX[i][j]);
    let weights = cvxlayer::nalgebra::SMatrix::<f64, 3, 3>::from_diagonal(&WEIGHTS.into());
    let slope = 2.0 * SIGNED * (solved.x - y) + 2.0 * mix.transpose() * weights * mix * solved.x;
    assert!(slope.norm() < 1e-8, "{slope}");
    // The derivative is by the parameters alone.
    let jacobian = solved.jacobian(|s| &s.x, |p| &p.y).unwrap().matrix;
    let expected = (SIGNED * cvxlayer::nalgebra::SMatrix::<f64, 2, 2>::identity()
        + mix.transpose() * weights * mix)
        .try_inverse()
        .unwrap()
        * SIGNED;
    assert!((jacobian - expected).norm() < 1e-8);
}

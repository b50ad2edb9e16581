cvxlayer::problem! {
    pub Fit;
    param a[3];
    var x[3];
    let error = x - a;
    minimize sum_squares(errror);
    subject to
      cap: x <= 1;
}

fn main() {
    // The model has one mistake, and its uses have none.
    let layer = Fit::new().unwrap();
    let solved = layer.solve(&FitParams { a: [1.0, 2.0, 3.0].into() }).unwrap();
    let gradient = solved.vjp(&FitSolution { x: [1.0, 0.0, 0.0].into(), ..Default::default() }).unwrap();
    let _ = (solved.error[0], solved.duals.cap[1], gradient.a[2]);
}

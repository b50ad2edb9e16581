cvxlayer::problem! {
    pub Fit;
    param a[3];
    var x[3];
    minimize sum_squares(x - a);
    subject to
      budget: sum(x) == 1;
}

fn main() {
    let layer = Fit::new().unwrap();
    let solved = layer.solve(&FitParams { b: [1.0, 2.0, 3.0].into() }).unwrap();
    let _ = (solved.y, solved.duals.budgets);
    let _ = solved.jacobian(|s| &s.x, |p| &p.b);
}

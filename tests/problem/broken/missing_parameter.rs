cvxlayer::problem! {
    pub Fit;
    param a[3];
    param weight pos;
    var x[3];
    minimize weight * sum_squares(x - a);
}

fn main() {
    let _ = FitParams { a: [1.0, 2.0, 3.0].into() };
}

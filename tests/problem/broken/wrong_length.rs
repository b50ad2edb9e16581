cvxlayer::problem! {
    pub Fit;
    param a[3];
    var x[3];
    minimize sum_squares(x - a);
}

fn main() {
    let _ = FitParams { a: cvxlayer::nalgebra::Vector2::new(1.0, 2.0) };
}

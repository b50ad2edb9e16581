cvxlayer::problem! {
    pub Fit;
    param A[4, 3];
    param b[3];
    var x[3];
    minimize sum_squares(A @ x - b);
}

fn main() {}

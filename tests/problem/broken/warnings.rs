#![deny(deprecated)]

cvxlayer::problem! {
    pub Suspicious;
    param A[2, 2];
    param b[2];
    param unused;
    var x;
    minimize square(x - sum(A * b));
}

fn main() {}

cvxlayer::problem! {
    pub Determinant;
    var X[2, 2];
    minimize det(X);
}

fn main() {}

cvxlayer::problem! {
    pub Axis;
    var X[2, 3];
    minimize sum(square(X), axis=2);
}

fn main() {}

cvxlayer::problem! {
    pub Bound;
    dim n = 3;
    var x[n];
    minimize sum(square(x[i + 1] - x[i]) for i in 0..n);
}

fn main() {}

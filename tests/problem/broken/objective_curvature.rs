cvxlayer::problem! {
    pub Wrong;
    param c[2];
    var x[2];
    maximize sum_squares(x - c) + sum(x);
}

fn main() {}

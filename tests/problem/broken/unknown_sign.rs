cvxlayer::problem! {
    pub Weighted;
    param weight;
    var x[3];
    minimize weight * sum_squares(x);
}

fn main() {}

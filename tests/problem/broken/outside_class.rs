cvxlayer::problem! {
    pub Ball;
    param c[2];
    var x[2];
    minimize c.T @ x;
    subject to
      ball: sum_squares(x) <= 1;
}

fn main() {}

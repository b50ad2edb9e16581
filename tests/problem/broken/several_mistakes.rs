cvxlayer::problem! {
    pub Several;
    param a[2];
    var x[3];
    minimize sum_squares(x - a) + y;
    subject to
      cap: x <= 1 < 2;
      sum(x) === 1;
}

fn main() {}

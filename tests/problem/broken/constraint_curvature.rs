cvxlayer::problem! {
    pub Ring;
    var x[2] in [-1, 1];
    minimize sum(x);
    subject to
      outside: norm1(x) >= 1;
}

fn main() {}

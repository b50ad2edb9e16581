cvxlayer::problem! {
    pub Strict;
    var x;
    minimize square(x);
    subject to
      cap: x < 1;
}

fn main() {}

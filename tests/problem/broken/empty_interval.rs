cvxlayer::problem! {
    pub Interval;
    var x in [2, 1];
    minimize square(x);
}

fn main() {}

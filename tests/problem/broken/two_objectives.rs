cvxlayer::problem! {
    pub Both;
    var x;
    minimize square(x);
    maximize x;
}

fn main() {}

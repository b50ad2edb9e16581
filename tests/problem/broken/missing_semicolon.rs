cvxlayer::problem! {
    pub Unfinished;
    param a
    var x;
    minimize square(x - a);
}

fn main() {}

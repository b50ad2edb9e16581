cvxlayer::problem! {
    pub Twice;
    param a;
    var a;
    minimize square(a);
}

fn main() {}

cvxlayer::problem! {
    pub Typed;
    param a;
    var x in [0, {"one"}];
    minimize square(x - a);
}

fn main() {}

cvxlayer::problem! {
    pub Last;
    var x[3];
    minimize square(x[3]);
}

fn main() {}

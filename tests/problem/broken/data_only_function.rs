cvxlayer::problem! {
    pub Sine;
    var x;
    minimize sin(x);
}

fn main() {}

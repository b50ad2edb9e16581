cvxlayer::problem! {
    pub Power;
    var x;
    minimize (x - 1)^2;
}

fn main() {}

cvxlayer::problem! {
    pub Scaled;
    param a;
    var x[3];
    minimize sum(a @ x);
}

fn main() {}

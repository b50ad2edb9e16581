cvxlayer::problem! {
    pub Circle;
    var x;
    let a = b + x;
    let b = 2 * a;
    minimize square(x);
}

fn main() {}

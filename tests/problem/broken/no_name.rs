cvxlayer::problem! {
    param a;
    var x;
    minimize square(x - a);
}

fn main() {}

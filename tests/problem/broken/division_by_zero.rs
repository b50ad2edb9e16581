cvxlayer::problem! {
    pub Division;
    var x;
    minimize square(x / 0);
}

fn main() {}

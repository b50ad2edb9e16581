cvxlayer::problem! {
    pub Bilinear;
    var x;
    var y;
    minimize square(x * (y + 1));
}

fn main() {}

cvxlayer::problem! {
    pub Keyword;
    param to;
    var x;
    minimize square(x);
}

fn main() {}

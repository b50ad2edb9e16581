cvxlayer::problem! {
    pub Statement;
    variable x;
    minimize square(x);
}

fn main() {}

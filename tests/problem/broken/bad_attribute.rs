cvxlayer::problem! {
    pub Boolean;
    var x[3] bool;
    minimize sum_squares(x);
}

fn main() {}

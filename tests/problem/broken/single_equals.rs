cvxlayer::problem! {
    pub Assigned;
    var x[2];
    minimize sum_squares(x);
    subject to
      budget: sum(x) = 1;
}

fn main() {}

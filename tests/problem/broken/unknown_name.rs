cvxlayer::problem! {
    pub Portfolio;
    param mu[3];
    var w[3] nonneg;
    maximize nu.T @ w - sum_squares(w);
    subject to
      budget: sum(w) == 1;
}

fn main() {}

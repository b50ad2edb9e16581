cvxlayer::problem! {
    pub Table;
    const A[2, 2] from "a.csv";
    var x[2];
    minimize sum_squares(A @ x);
}

fn main() {}

cvxlayer::problem! {
    pub Missing from "models/nowhere.cvx"
}

fn main() {}

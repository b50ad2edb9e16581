cvxlayer::problem! {
    pub Operand;
    var x;
    minimize square(x) + ;
}

fn main() {}

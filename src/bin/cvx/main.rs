//! cvx
fn main() {}

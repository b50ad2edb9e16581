//! `problem!`: what it generates, and what rustc says about broken models.

#[path = "problem/api.rs"]
mod api;
#[path = "problem/hygiene.rs"]
mod hygiene;
#[path = "problem/open.rs"]
mod open;

/// Each program in `tests/problem/broken` fails to compile with exactly the messages beside it.
#[test]
fn broken_programs_are_refused() {
    trybuild::TestCases::new().compile_fail("tests/problem/broken/*.rs");
}

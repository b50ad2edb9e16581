//! The parser that pest makes of `grammar/cvx.pest`.

// The generated `Rule` documents itself through the grammar, which repeats its comments.
#![allow(missing_docs, clippy::pedantic)]

use pest_derive::Parser;

/// Parses by the rules of `grammar/cvx.pest`.
#[derive(Parser)]
#[grammar = "grammar/cvx.pest"]
pub struct Grammar;

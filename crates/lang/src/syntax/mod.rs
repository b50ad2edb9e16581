//! From text to tree.
//!
//! Tokens come first ([`token`]): foreign spellings are reported and mended (`spelling`), statements are cut at `;`
//! and brackets paired (`cut`). Then pest parses each statement by `grammar/cvx.pest` (`grammar`), and its pairs
//! become the tree ([`ast`]). A statement that does not parse is explained (`explain`), and the name it declares is
//! salvaged, so that no later pass complains about what was only misspelt.

pub mod ast;
pub mod limits;
pub mod token;

mod bars;
mod cut;
mod excerpt;
mod explain;
mod expression;
pub(crate) mod findings;
mod grammar;
mod numeral;
mod opening;
mod parse;
mod salvage;
mod spelling;
mod tree;

pub use grammar::{Grammar, Rule};
pub use parse::{Parsed, parse, parse_expression};

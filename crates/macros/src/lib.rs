//! `problem!`: a convex model that rustc checks, as a typed layer.
//!
//! The macro's documentation is that of `cvxlayer::problem`. The stages are functions from data to data:
//! [`header`] and [`source`] turn tokens into a name and a text whose every byte knows its token; the compiler's front
//! end (`cvxlayer_lang`) checks the text; [`report`] turns what it found into errors and warnings at those tokens;
//! [`plan`] decides on fields and their types, and [`items`] and [`embed`] write them out. No number is computed here.
#![forbid(unsafe_code)]

mod embed;
mod expand;
mod header;
mod interpolation;
mod items;
mod names;
mod plan;
mod report;
mod source;
#[cfg(test)]
mod tests;
mod tokens;

/// See `cvxlayer::problem`.
#[proc_macro]
pub fn problem(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    expand::expand(input.into(), folder.as_ref()).into()
}

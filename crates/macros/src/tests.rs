//! The macro as a function from tokens to tokens: what it generates, and what it says about broken models.

mod diagnostics;
mod expansion;
mod source;

use crate::expand::expand;
use proc_macro2::TokenStream;
use std::path::Path;

/// Expands the inside of `problem! { … }`.
fn expanded(text: &str) -> TokenStream {
    let tokens: TokenStream =
        text.parse().unwrap_or_else(|e| panic!("rustc reads no tokens from {text}: {e}"));
    expand(tokens, Path::new(env!("CARGO_MANIFEST_DIR")))
}

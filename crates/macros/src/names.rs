//! Names of the model as names of Rust.

use proc_macro2::{Ident, Span};
use std::collections::BTreeSet;

/// Words that are a name of Rust's only when written `r#…`.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Words that no name of Rust's can be.
const IMPOSSIBLE: &[&str] = &["self", "Self", "super", "crate"];

/// The fields of one struct, no two of which have one name.
#[derive(Default)]
pub(crate) struct Fields {
    taken: BTreeSet<String>,
}

impl Fields {
    /// A struct that will have fields of these names.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self { taken: names.filter(|name| !IMPOSSIBLE.contains(name)).map(str::to_owned).collect() }
    }

    /// The field of a name that was announced.
    pub(crate) fn named(&mut self, name: &str, span: Span) -> Ident {
        if name.is_empty() {
            // What a broken declaration leaves; it has been reported.
            self.extra("unnamed", span)
        } else if IMPOSSIBLE.contains(&name) {
            self.extra(&format!("{name}_"), span)
        } else {
            ident(name, span)
        }
    }

    /// A field that gives way to the announced ones.
    pub(crate) fn extra(&mut self, name: &str, span: Span) -> Ident {
        let mut name = name.to_owned();
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        ident(&name, span)
    }
}

fn ident(name: &str, span: Span) -> Ident {
    if RESERVED.contains(&name) { Ident::new_raw(name, span) } else { Ident::new(name, span) }
}

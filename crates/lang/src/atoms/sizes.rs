//! Arguments that are sizes.

use super::{Call, Refusal};
use crate::check::size::Poly;
use crate::check::tree::Kind;

/// An argument that is a size.
///
/// # Errors
/// If it is none.
pub fn size(call: &Call<'_>, argument: usize) -> Result<Poly, Refusal> {
    call.facts(argument).size.clone().ok_or_else(|| {
        Refusal::argument("a size is an integer of numbers and `dim`s").label(argument, "this is no size")
    })
}

/// The shape that the arguments from `first` on state: as sizes, or as one array of sizes.
///
/// # Errors
/// If they are no sizes, or more than two.
pub fn sizes(call: &Call<'_>, first: usize) -> Result<Vec<Poly>, Refusal> {
    sizes_between(call, first, call.arguments.len())
}

/// As [`sizes`], for the arguments up to `end`.
///
/// # Errors
/// If they are no sizes, or more than two.
pub fn sizes_between(call: &Call<'_>, first: usize, end: usize) -> Result<Vec<Poly>, Refusal> {
    let array = match call.arguments.get(first..end) {
        Some(&[only]) => match &call.tree[only].kind {
            Kind::Array(items) => Some(items),
            _ => None,
        },
        _ => None,
    };
    let out: Vec<Poly> = match array {
        Some(items) => items
            .iter()
            .map(|&item| call.tree.facts(item).size.clone())
            .collect::<Option<_>>()
            .ok_or_else(|| {
                Refusal::argument("a shape is an array of sizes").label(first, "this holds something else")
            })?,
        None => (first..end).map(|k| size(call, k)).collect::<Result<_, _>>()?,
    };
    if out.len() > 2 {
        return Err(
            Refusal::shape("an array has at most two axes").label(first, format!("{} sizes", out.len()))
        );
    }
    if out.iter().any(|p| p.as_constant().is_some_and(|n| n < 0)) {
        return Err(Refusal::argument("a size is at least 0").label(first, "this is negative"));
    }
    Ok(out)
}

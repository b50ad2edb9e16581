//! Affine atoms.

pub mod add;
pub mod contraction;
pub mod conv;
pub mod cumsum;
pub mod diag;
pub mod diff;
pub mod div;
pub mod dot;
pub mod einsum;
pub mod flip;
pub mod kron;
pub mod matmul;
pub mod mean;
pub mod mul;
pub mod neg;
pub mod outer;
pub mod repeat;
pub mod reshape;
pub mod stack;
pub mod sum;
pub mod trace;
pub mod transpose;
pub mod triangle;

use super::Atom;
use crate::lower::affine::Affine;
use crate::lower::{Application, Lower, Lowered, TapeBuilder};

/// The instances of a comprehension, joined as the atom joins its arguments.
///
/// # Errors
/// Those of the atom.
pub fn comprehension(atom: &dyn Atom, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
    // `sum` over ranges adds the bodies, which is what `+` does.
    if atom.row().name == "sum" { add::Add.graph(call, lower) } else { atom.graph(call, lower) }
}

/// As [`comprehension`], on a tape.
///
/// # Errors
/// Those of the atom.
pub fn comprehension_value(
    atom: &dyn Atom,
    call: &Application<'_>,
    tape: &mut TapeBuilder<'_>,
) -> Lowered<u32> {
    if atom.row().name == "sum" { add::Add.value(call, tape) } else { atom.value(call, tape) }
}

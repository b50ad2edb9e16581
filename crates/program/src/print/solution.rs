//! Where duals and lets come from.

use super::number::{Hash, Rounded};
use super::tape;
use crate::{Program, UserDual};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Formatter, Write};

pub(super) fn write(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    let map = &program.solution;
    if !(map.duals.is_empty() && map.bounds.is_empty()) {
        writeln!(f, "\nduals")?;
    }
    for (dual, bounds) in map.duals.iter().map(|d| (d, false)).chain(map.bounds.iter().map(|d| (d, true))) {
        let axes = if dual.axes.is_empty() { String::new() } else { format!("{:?}", dual.axes) };
        let label = if bounds { format!("bounds({})", dual.label) } else { format!("{}{axes}", dual.label) };
        writeln!(f, "  {label} = {}", source(program, dual)?)?;
    }
    if !program.lets.is_empty() {
        writeln!(f, "\nlets")?;
    }
    for named in program.lets.iter() {
        writeln!(f, "  {} = {}", named.name, tape::node(program, &program.values, named.node))?;
    }
    Ok(())
}

/// The multipliers that a dual is made of: `gu[0:3] - gl[0:3]`.
fn source(program: &Program, dual: &UserDual) -> Result<String, fmt::Error> {
    let (m, k, n) = (program.blocks.b.len(), program.blocks.gl.len(), program.variables());
    let families =
        [("eq", 0, m), ("gl", m, k), ("gu", m + k, k), ("lo", m + 2 * k, n), ("hi", m + 2 * k + n, n)];
    let mut out = String::new();
    for (name, start, len) in families.into_iter().rev() {
        // (entry of the dual, multiplier within the family, coefficient)
        let mut used: Vec<(usize, usize, f64)> = Vec::new();
        for row in 0..dual.map.rows {
            let mine = dual.map.row(row).filter(|(at, _)| (start..start + len).contains(at));
            used.extend(mine.map(|(at, c)| (row, at - start, c)));
        }
        let Some(&(row, first, c)) = used.first() else { continue };
        let regular = row == 0
            && used.len() == dual.map.rows
            && used.iter().enumerate().all(|(i, u)| *u == (i, first + i, c));
        let start = out.is_empty();
        super::names::sign(&mut out, if regular { c } else { 1.0 }, start)?;
        if regular {
            super::names::factor(&mut out, c)?;
            match used.len() {
                1 => write!(out, "{name}[{first}]")?,
                count => write!(out, "{name}[{first}:{}]", first + count)?,
            }
        } else {
            let mut hash = Hash::new();
            used.iter().try_for_each(|(i, at, c)| writeln!(hash, "{i} {at} {}", Rounded(*c)))?;
            write!(out, "{name}{hash}")?;
        }
    }
    if out.is_empty() {
        out.push('0');
    }
    Ok(out)
}

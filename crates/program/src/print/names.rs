//! Names of columns, and of the entries of θ̂.

use super::number::Rounded;
use crate::{Program, Role, Shape, ZERO_ENTRY};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// Products of products deeper than this are named by their position.
const DEPTH: usize = 4;

/// Looks names up.
pub(super) struct Names<'a> {
    program: &'a Program,
    /// For each column the variable and entry, or the run and place in it.
    columns: Vec<Column>,
    /// Names of runs of columns; auxiliary ones are numbered.
    runs: Vec<String>,
}

#[derive(Clone, Copy)]
enum Column {
    Variable(usize, usize),
    Run(usize, usize),
    Unknown,
}

impl<'a> Names<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        let mut columns = vec![Column::Unknown; program.variables()];
        let runs = numbered(program.columns.iter().map(|c| (c.name.as_ref(), c.role)));
        for (r, run) in program.columns.iter().enumerate() {
            for k in 0..run.len {
                columns[run.start + k] = Column::Run(r, k);
            }
        }
        for (v, variable) in program.solution.variables.iter().enumerate() {
            for (entry, &c) in variable.columns.iter().enumerate().rev().filter(|(_, c)| **c != ZERO_ENTRY) {
                columns[c as usize] = Column::Variable(v, entry);
            }
        }
        Self { program, columns, runs }
    }

    /// The run of columns that a column belongs to, if any.
    pub(super) fn run_of(&self, column: usize) -> usize {
        let runs = &self.program.columns;
        runs.iter().position(|r| (r.start..r.start + r.len).contains(&column)).unwrap_or(runs.len())
    }

    /// The name of a run of columns.
    pub(super) fn run(&self, run: usize) -> &str {
        &self.runs[run]
    }

    /// A column, as an entry of its variable.
    pub(super) fn column(&self, out: &mut dyn Write, column: usize) -> fmt::Result {
        match self.columns[column] {
            Column::Variable(v, entry) => {
                let variable = &self.program.solution.variables[v];
                out.write_str(&variable.name)?;
                place(out, variable.shape, entry)
            }
            Column::Run(r, _) if self.program.columns[r].len == 1 => out.write_str(&self.runs[r]),
            Column::Run(r, k) => write!(out, "{}[{k}]", self.runs[r]),
            Column::Unknown => write!(out, "column[{column}]"),
        }
    }

    /// An entry of θ̂ as an expression of the parameters; a sum is put in brackets.
    pub(super) fn entry(&self, out: &mut dyn Write, entry: usize, depth: usize) -> fmt::Result {
        let lift = &self.program.lift;
        if entry < lift.theta {
            let p = &self.program.parameters[self.parameter_at(entry)];
            out.write_str(&p.name)?;
            let at = match &p.storage {
                crate::Storage::Dense => entry - p.start,
                // Only one position is asked for, and patterns may be long.
                crate::Storage::Diagonal => (entry - p.start) * (p.shape.as_rows().1 + 1),
                crate::Storage::Sparse { rows, cols } => {
                    let k = entry - p.start;
                    rows[k] as usize * p.shape.as_rows().1 + cols[k] as usize
                }
            };
            return place(out, p.shape, at);
        }
        let next = lift.derived.partition_point(|d| d.start <= entry);
        if let Some(d) = next.checked_sub(1).map(|i| &lift.derived[i]).filter(|d| entry < d.start + d.len) {
            let simple = is_call(&d.text);
            if simple {
                out.write_str(&d.text)?;
            } else {
                write!(out, "({})", d.text)?;
            }
            return place(out, lift.tape.shape(d.node), entry - d.start);
        }
        let k = entry - (lift.len() - lift.products.len());
        if depth >= DEPTH {
            return write!(out, "product[{k}]");
        }
        let terms: Vec<_> = lift.products.terms(k).collect();
        if terms.len() != 1 {
            out.write_char('(')?;
        }
        for (t, (c, left, right)) in terms.iter().enumerate() {
            sign(out, *c, t == 0)?;
            factor(out, *c)?;
            self.entry(out, *left, depth + 1)?;
            out.write_char('*')?;
            self.entry(out, *right, depth + 1)?;
        }
        if terms.len() != 1 {
            out.write_char(')')?;
        }
        Ok(())
    }

    /// The parameter that an entry of θ belongs to.
    pub(super) fn parameter_at(&self, entry: usize) -> usize {
        // Parameters without entries share their start with the next.
        self.program.parameters.partition_point(|p| p.start + p.len() <= entry)
    }
}

/// Names in order; those of the compiler's own runs are numbered by name.
pub(super) fn numbered<'a>(runs: impl Iterator<Item = (&'a str, Role)>) -> Vec<String> {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    runs.map(|(name, role)| {
        if role == Role::User {
            return name.to_string();
        }
        let at = seen.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            seen.push((name, 0));
            seen.len() - 1
        });
        seen[at].1 += 1;
        format!("{name}#{}", seen[at].1)
    })
    .collect()
}

/// The place of an entry: nothing for a scalar, `[3]`, `[1, 2]`.
pub(super) fn place(out: &mut dyn Write, shape: Shape, entry: usize) -> fmt::Result {
    match shape {
        Shape::Scalar => Ok(()),
        Shape::Vector(_) => write!(out, "[{entry}]"),
        Shape::Matrix(_, n) => write!(out, "[{}, {}]", entry / n.max(1), entry % n.max(1)),
    }
}

/// Whether a text reads as one operand: a name, or a call that ends with its bracket.
fn is_call(text: &str) -> bool {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && at + 1 < text.len() {
                    return false;
                }
            }
            _ if depth > 0 || c.is_alphanumeric() || c == '_' => {}
            _ => return false,
        }
    }
    true
}

/// ` + ` or ` - ` between terms, `-` or nothing before the first.
pub(super) fn sign(out: &mut dyn Write, coefficient: f64, first: bool) -> fmt::Result {
    match (coefficient < 0.0, first) {
        (true, true) => out.write_char('-'),
        (false, true) => Ok(()),
        (true, false) => out.write_str(" - "),
        (false, false) => out.write_str(" + "),
    }
}

/// The size of a coefficient before a factor, if it is not 1.
pub(super) fn factor(out: &mut dyn Write, coefficient: f64) -> fmt::Result {
    let size = if coefficient < 0.0 { -coefficient } else { coefficient };
    if size == 1.0 { Ok(()) } else { write!(out, "{}*", Rounded(size)) }
}

//! Constraints and bounds.

use super::names::{Names, numbered};
use super::number::Hash;
use super::terms::{self, Of, Term};
use crate::{MatrixBlock, Program, Role, Rows, VectorBlock};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::{self, Formatter, Write};

/// A block with more lines is abbreviated.
const LINES: usize = 8;

pub(super) fn write(program: &Program, names: &Names, f: &mut Formatter<'_>) -> fmt::Result {
    let b = &program.blocks;
    if program.rows() > 0 {
        writeln!(f, "\nsubject to")?;
    }
    let runs = |rows: &[Rows]| numbered(rows.iter().map(|r| (r.name.as_ref(), r.role)));
    let equalities = by_rows(&b.a);
    for (run, name) in program.equality_rows.iter().zip(runs(&program.equality_rows)) {
        block(f, run, &name, |out, i| {
            terms::sum(out, names, row(&b.a, &equalities[i]))?;
            out.write_str(" == ")?;
            terms::value(out, names, &b.b, i)
        })?;
    }
    let inequalities = by_rows(&b.g);
    for (run, name) in program.inequality_rows.iter().zip(runs(&program.inequality_rows)) {
        block(f, run, &name, |out, i| {
            let (lower, upper) = (is_end(&b.gl, i), is_end(&b.gu, i));
            if lower && upper {
                terms::value(out, names, &b.gl, i)?;
                out.write_str(" <= ")?;
            }
            terms::sum(out, names, row(&b.g, &inequalities[i]))?;
            match (lower, upper) {
                (_, true) => {
                    out.write_str(" <= ")?;
                    terms::value(out, names, &b.gu, i)
                }
                (true, false) => {
                    out.write_str(" >= ")?;
                    terms::value(out, names, &b.gl, i)
                }
                (false, false) => out.write_str(" free"),
            }
        })?;
    }
    Ok(())
}

pub(super) fn bounds(program: &Program, names: &Names, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\nvariables")?;
    let (lo, hi) = (&program.blocks.lo, &program.blocks.hi);
    let interval = |i: usize| -> Result<String, fmt::Error> {
        let mut out = String::new();
        match (is_end(lo, i), is_end(hi, i)) {
            (false, false) => out.push_str("free"),
            (true, false) => {
                out.push_str(">= ");
                terms::value(&mut out, names, lo, i)?;
            }
            (false, true) => {
                out.push_str("<= ");
                terms::value(&mut out, names, hi, i)?;
            }
            (true, true) => {
                out.push_str("in [");
                terms::value(&mut out, names, lo, i)?;
                out.push_str(", ");
                terms::value(&mut out, names, hi, i)?;
                out.push(']');
            }
        }
        Ok(out)
    };
    for (r, run) in program.columns.iter().enumerate() {
        let name = names.run(r);
        let user = program.solution.variables.iter().find(|v| v.name == run.name && run.role == Role::User);
        let size = match user {
            Some(v) if v.shape.rank() > 0 => alloc::format!("{}", v.shape),
            None if run.len != 1 => alloc::format!("[{}]", run.len),
            _ => String::new(),
        };
        let columns = run.start..run.start + run.len;
        let first = columns.clone().next().map(interval).transpose()?;
        let same = |i: usize| same_entry(lo, run.start, i) && same_entry(hi, run.start, i);
        match first {
            None => writeln!(f, "  {name}{size}: empty")?,
            Some(first) if columns.clone().all(same) => writeln!(f, "  {name}{size} {first}")?,
            Some(_) => {
                writeln!(f, "  {name}{size}:")?;
                lines(f, run.len, |out, k| {
                    names.column(out, run.start + k)?;
                    write!(out, " {}", interval(run.start + k)?)
                })?;
            }
        }
    }
    Ok(())
}

/// A headed block of rows.
fn block(
    f: &mut Formatter<'_>,
    run: &Rows,
    name: &str,
    line: impl Fn(&mut dyn Write, usize) -> fmt::Result,
) -> fmt::Result {
    let plural = if run.len == 1 { "row" } else { "rows" };
    writeln!(f, "  {name}: {} {plural}", run.len)?;
    lines(f, run.len, |out, k| line(out, run.start + k))
}

/// Lines, the first few and the last if they are many, with a hash of the others.
fn lines(
    f: &mut Formatter<'_>,
    count: usize,
    line: impl Fn(&mut dyn Write, usize) -> fmt::Result,
) -> fmt::Result {
    let shown = if count > LINES { LINES - 3 } else { count };
    for k in 0..shown {
        f.write_str("    ")?;
        line(f, k)?;
        f.write_char('\n')?;
    }
    if shown < count {
        let mut hash = Hash::new();
        for k in shown..count - 1 {
            line(&mut hash, k)?;
            hash.write_char('\n')?;
        }
        writeln!(f, "    … {} more {hash}", count - 1 - shown)?;
        f.write_str("    ")?;
        line(f, count - 1)?;
        f.write_char('\n')?;
    }
    Ok(())
}

/// For each row the columns and entries of the pattern.
fn by_rows(matrix: &MatrixBlock) -> Vec<Vec<(usize, usize)>> {
    let mut out = vec![Vec::new(); matrix.rows];
    for j in 0..matrix.cols {
        for entry in matrix.col_ptr[j] as usize..matrix.col_ptr[j + 1] as usize {
            out[matrix.row_idx[entry] as usize].push((j, entry));
        }
    }
    out
}

fn row<'a>(matrix: &'a MatrixBlock, entries: &'a [(usize, usize)]) -> impl Iterator<Item = Term<'a>> + Clone {
    entries.iter().map(|&(j, entry)| Term { block: &matrix.entries, entry, scale: 1.0, of: Of::Column(j) })
}

/// Whether an end of an interval is there.
fn is_end(block: &VectorBlock, i: usize) -> bool {
    block.constant[i].is_finite()
}

fn same_entry(block: &VectorBlock, i: usize, j: usize) -> bool {
    block.constant[i] == block.constant[j] && block.linear.row(i).eq(block.linear.row(j))
}

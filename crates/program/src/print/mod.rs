//! The printed form of a program: algebra for review, in which every block is headed by the label, variable or atom it
//! came from, and every coefficient says which parameters it is made of.
//!
//! The form is deterministic and knows no places in the model's text. Numbers are rounded to six significant digits.
//! Long sums and long blocks are abbreviated; a hash of what is left out shows that it has changed.

mod names;
mod number;
mod rows;
mod solution;
mod tape;
mod terms;

use crate::{BlockKind, Parameter, Program, Sense, Shape, Storage};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Display, Formatter, Write};
use names::Names;
use number::Rounded;
use terms::{Of, Term};

/// Sums are broken before they are longer.
const WIDTH: usize = 96;

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = Names::new(self);
        header(self, f)?;
        parameters(self, f)?;
        objective(self, &names, f)?;
        rows::write(self, &names, f)?;
        rows::bounds(self, &names, f)?;
        solution::write(self, f)?;
        depends(self, f)
    }
}

fn header(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    for line in program.doc.iter().flat_map(|doc| doc.lines()) {
        writeln!(f, "/// {}", line.trim())?;
    }
    let many = |count: usize, one: &str| -> String {
        let plural = if count == 1 { "" } else { "s" };
        alloc::format!("{count} {one}{plural}")
    };
    write!(
        f,
        "{}, {}, {}",
        many(program.variables(), "variable"),
        many(program.rows(), "row"),
        many(program.nonzeros(), "nonzero")
    )?;
    let products = program.lift.products.len();
    if products > 0 {
        write!(f, ", {} of parameters", many(products, "product"))?;
    }
    writeln!(f)?;
    if !program.sizes.is_empty() {
        let sizes: Vec<String> =
            program.sizes.iter().map(|s| alloc::format!("{} = {}", s.name, s.value)).collect();
        writeln!(f, "dim {}", sizes.join(", "))?;
    }
    Ok(())
}

fn parameters(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    if !program.parameters.is_empty() {
        writeln!(f)?;
    }
    for p in program.parameters.iter() {
        write!(f, "param {}", p.name)?;
        if p.shape != Shape::Scalar {
            write!(f, "{}", p.shape)?;
        }
        attributes(program, p, f)?;
        match p.default.as_ref().map(|d| &d.0[..]) {
            None => {}
            Some([one, rest @ ..]) if rest.iter().all(|v| v == one) => write!(f, " = {}", Rounded(*one))?,
            Some(many) => {
                let mut hash = number::Hash::new();
                many.iter().try_for_each(|v| write!(hash, "{} ", Rounded(*v)))?;
                write!(f, " = {} numbers {hash}", many.len())?;
            }
        }
        writeln!(f)?;
    }
    for d in program.lift.derived.iter() {
        let shape = program.lift.tape.shape(d.node);
        let shape = if shape == Shape::Scalar { String::new() } else { alloc::format!(" {shape}") };
        writeln!(f, "lifted {}{shape}: {}", d.text, d.reason)?;
    }
    for c in program.checks.iter() {
        writeln!(f, "check {} is {}", c.text, alloc::format!("{:?}", c.kind).to_lowercase())?;
    }
    Ok(())
}

fn attributes(program: &Program, p: &Parameter, f: &mut Formatter<'_>) -> fmt::Result {
    let a = &p.attributes;
    let words = [
        (a.nonneg, "nonneg"),
        (a.nonpos, "nonpos"),
        (a.pos, "pos"),
        (a.neg, "neg"),
        (a.symmetric, "symmetric"),
        (a.psd, "psd"),
        (a.nsd, "nsd"),
    ];
    for (_, word) in words.iter().filter(|(on, _)| *on) {
        write!(f, " {word}")?;
    }
    match &p.storage {
        Storage::Dense => {}
        Storage::Diagonal => f.write_str(" diag")?,
        Storage::Sparse { rows, .. } => write!(f, " sparse ({} entries)", rows.len())?,
    }
    if let Some((lo, hi)) = a.range {
        let end = |node| tape::node(program, &program.lift.tape, node);
        write!(f, " in [{}, {}]", end(lo), end(hi))?;
    }
    Ok(())
}

/// The objective, a line for each pair of variables in the quadratic part and each variable in the linear one.
fn objective(program: &Program, names: &Names, f: &mut Formatter<'_>) -> fmt::Result {
    let sense = match program.sense {
        Sense::Minimize => "minimize",
        Sense::Maximize => "minimize (the negative of what is maximized)",
        Sense::Feasibility => "find a feasible point",
    };
    writeln!(f, "\n{sense}")?;
    let blocks = &program.blocks;
    let run: Vec<usize> = (0..program.variables()).map(|j| names.run_of(j)).collect();
    let mut groups: Vec<((usize, usize), Vec<Term>)> = Vec::new();
    let mut add = |key, term| match groups.binary_search_by_key(&key, |g| g.0) {
        Ok(at) => groups[at].1.push(term),
        Err(at) => groups.insert(at, (key, alloc::vec![term])),
    };
    for j in 0..blocks.p.cols {
        for entry in blocks.p.col_ptr[j] as usize..blocks.p.col_ptr[j + 1] as usize {
            let i = blocks.p.row_idx[entry] as usize;
            let (scale, of) = if i == j { (0.5, Of::Square(j)) } else { (1.0, Of::Product(i, j)) };
            add((run[i], run[j]), Term { block: &blocks.p.entries, entry, scale, of });
        }
    }
    for (entry, term) in blocks.smooth.iter().enumerate() {
        let (function, j) = (term.function, term.column as usize);
        let scale = if function.is_negated() { -1.0 } else { 1.0 };
        add((run[j], usize::MAX), Term { block: &blocks.w, entry, scale, of: Of::Smooth(function, j) });
    }
    let past = program.columns.len() + 1;
    for j in 0..program.variables() {
        add((past, run[j]), Term { block: &blocks.q, entry: j, scale: 1.0, of: Of::Column(j) });
    }
    add((past, past), Term { block: &blocks.r, entry: 0, scale: 1.0, of: Of::One });
    let mut first = true;
    for (_, terms) in &groups {
        let mut line = String::new();
        terms::more(&mut line, names, terms.iter().copied(), first)?;
        if !line.is_empty() {
            wrap(f, line.trim_start())?;
            first = false;
        }
    }
    if first && program.sense != Sense::Feasibility {
        writeln!(f, "  0")?;
    }
    Ok(())
}

/// Writes a sum on as many lines as it needs, broken before signs that no bracket holds.
fn wrap(f: &mut Formatter<'_>, line: &str) -> fmt::Result {
    let (mut depth, mut start, mut last) = (0_usize, 0, 0);
    for (at, c) in line.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 && (line[at..].starts_with(" + ") || line[at..].starts_with(" - ")) => {
                if at - start > WIDTH && last > start {
                    writeln!(f, "  {}", line[start..last].trim_start())?;
                    start = last;
                }
                last = at;
            }
            _ => {}
        }
    }
    if line.len() - start > WIDTH && last > start {
        writeln!(f, "  {}", line[start..last].trim_start())?;
        start = last;
    }
    writeln!(f, "  {}", line[start..].trim_start())
}

fn depends(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    if program.depends.blocks.is_empty() {
        return Ok(());
    }
    writeln!(f, "\ndepends")?;
    for (kind, on) in program.depends.blocks.iter() {
        let name = match kind {
            BlockKind::P | BlockKind::A | BlockKind::G => alloc::format!("{kind:?}"),
            _ => alloc::format!("{kind:?}").to_lowercase(),
        };
        let on: Vec<String> = on.iter().map(|&i| program.parameters[i as usize].name.to_string()).collect();
        writeln!(f, "  {name}: {}", on.join(", "))?;
    }
    Ok(())
}

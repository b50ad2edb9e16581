//! The table of atoms as text: for the terminal, and for the language reference.

use super::{ATOMS, Atom, Group};
use crate::check::curvature::Curvature;
use std::fmt::Write;

/// The groups in the order of the table, with their headings.
const GROUPS: [(Group, &str); 7] = [
    (Group::Affine, "Affine"),
    (Group::PiecewiseLinear, "Piecewise linear"),
    (Group::Quadratic, "Quadratic"),
    (Group::Smooth, "Smooth"),
    (Group::Cone, "Outside the class"),
    (Group::Constructor, "Constructors"),
    (Group::Data, "Of data only"),
];

/// What a group has in common.
fn remark(group: Group) -> &'static str {
    match group {
        Group::Affine => "anywhere; of a product one factor is data",
        Group::PiecewiseLinear => "wherever the rules of convexity allow",
        Group::Quadratic | Group::Smooth => "of variables in the objective",
        Group::Cone => {
            "of data where they have a value; of variables they need a cone that the solver has not"
        }
        Group::Constructor => "arrays of numbers",
        Group::Data => "no variable may enter",
    }
}

/// The atoms that a name means: one, or all that are written with it (`norm`). Empty for an unknown name.
pub fn find(name: &str) -> Vec<&'static dyn Atom> {
    let exact = ATOMS.iter().filter(|a| a.row().name == name || a.row().aliases.contains(&name));
    // `norm(x, p)` is written for several atoms; its square is another.
    let calls = |form: &str| form.starts_with("norm(") && !form.contains(")**");
    let written = ATOMS.iter().filter(|a| {
        let signature = a.row().signature;
        name == "norm" && (calls(signature) || signature.split("), ").any(calls))
    });
    let found: Vec<_> = exact.copied().collect();
    if found.is_empty() { written.copied().collect() } else { found }
}

/// The table, for a terminal: a line for each atom.
pub fn table() -> String {
    let width =
        ATOMS.iter().map(|a| a.row().signature.chars().count()).filter(|w| *w <= 44).max().unwrap_or(0);
    let mut out = String::new();
    for (group, heading) in GROUPS {
        let _ = writeln!(out, "{}{heading}: {}", if out.is_empty() { "" } else { "\n" }, remark(group));
        for atom in ATOMS.iter().filter(|a| a.row().group == group) {
            let row = atom.row();
            let gap = width.saturating_sub(row.signature.chars().count());
            if row.signature.chars().count() > width {
                let _ = writeln!(out, "  {}\n  {:width$}  {}", row.signature, "", row.summary);
            } else {
                let _ = writeln!(out, "  {}{:gap$}  {}", row.signature, "", row.summary);
            }
        }
    }
    out
}

/// One atom's page, for a terminal.
pub fn page(atom: &dyn Atom) -> String {
    let row = atom.row();
    let mut out = format!("{}\n    {}\n\n", row.signature, row.summary);
    let mut line = |word: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {word:<12} {text}");
        }
    };
    line("value", row.formula);
    line("shape", row.shape);
    line("curvature", curvature(row.group, row.curvature));
    line("sign", row.sign);
    line("monotone", row.monotone);
    line("program", row.graph);
    line("otherwise", &if row.cone.is_empty() { String::new() } else { format!("needs {}", row.cone) });
    line("instead", row.instead);
    line("also called", &row.aliases.join(", "));
    if !row.example.is_empty() {
        let _ = writeln!(out, "\n  Example");
        for statement in row.example.split_inclusive(';') {
            let _ = writeln!(out, "    {}", statement.trim());
        }
    }
    out
}

/// The table as Markdown, as the language reference shows it.
pub fn markdown() -> String {
    let mut out = String::new();
    for (group, heading) in GROUPS {
        let _ = writeln!(out, "{}### {heading}\n", if out.is_empty() { "" } else { "\n" });
        let _ = writeln!(out, "{}.\n", capitalized(remark(group)));
        let _ = writeln!(
            out,
            "| atom | value | shape | curvature | sign | monotone |\n|---|---|---|---|---|---|"
        );
        for atom in ATOMS.iter().filter(|a| a.row().group == group) {
            let row = atom.row();
            let also = match row.aliases {
                [] => String::new(),
                names => format!(
                    "; also {}",
                    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            let cells = [
                format!("`{}`{also}", row.signature),
                format!("{}: {}", row.summary, row.formula),
                row.shape.to_owned(),
                curvature(row.group, row.curvature).to_owned(),
                row.sign.to_owned(),
                row.monotone.to_owned(),
            ];
            let _ = writeln!(out, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
        }
    }
    out
}

fn curvature(group: Group, own: Curvature) -> &'static str {
    if group == Group::Data { "of data" } else { own.name() }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

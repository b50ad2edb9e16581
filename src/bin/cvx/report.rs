//! Tables of values.

use crate::number::number;
use crate::output::dim;
use cvxlayer::program::{Program, UserDual};
use cvxlayer::{Array, Named};
use std::fmt::Write;

/// A longer vector is abbreviated.
const VECTOR: usize = 10;
/// A matrix with more rows or columns is abbreviated.
const MATRIX: usize = 8;
/// A longer table is cut.
const ROWS: usize = 15;
/// Numbers below this, relative to the largest, are rounding.
const NOISE: f64 = 1e-9;

/// Numbers below this are rounding in any unit.
const NOTHING: f64 = 1e-16;

/// A named number.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: f64,
}

/// A list of named arrays, abbreviated where they are long.
pub(crate) fn values(list: &Named<Array>) -> String {
    let width = list.names().map(|n| n.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, value) in list.iter() {
        let entries = clean(value.to_dense());
        let _ = match value.axes() {
            [] => writeln!(out, "  {name:width$}  {}", number(entries[0])),
            [m, n] if (1..=MATRIX).contains(m) && (1..=MATRIX).contains(n) => {
                let cells: Vec<String> = entries.iter().map(|v| number(*v)).collect();
                let cell = cells.iter().map(String::len).max().unwrap_or(0);
                cells.chunks(*n).enumerate().try_for_each(|(i, row)| {
                    let row: Vec<String> = row.iter().map(|c| format!("{c:>cell$}")).collect();
                    writeln!(out, "  {:width$}  {}", if i == 0 { name } else { "" }, row.join("  "))
                })
            }
            axes => writeln!(out, "  {name:width$}  {}", abbreviated(axes, &entries)),
        };
    }
    out
}

/// Shows what is only rounding, beside the largest entry, as zero.
fn clean(mut entries: Vec<f64>) -> Vec<f64> {
    let largest = entries.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for v in &mut entries {
        if v.abs() <= 1e-14 * largest {
            *v = 0.0;
        }
    }
    entries
}

fn abbreviated(axes: &[usize], entries: &[f64]) -> String {
    let some = |range: &[f64]| range.iter().map(|v| number(*v)).collect::<Vec<_>>().join("  ");
    if entries.is_empty() {
        return dim(&format!("empty, {axes:?}"));
    }
    if axes.len() == 1 && entries.len() <= VECTOR {
        return some(entries);
    }
    let (low, high) =
        entries.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let zeros = entries.iter().filter(|v| v.abs() <= NOISE * high.abs().max(low.abs())).count();
    let about = format!("{axes:?}, from {} to {}, {} near 0", number(low), number(high), zeros);
    format!(
        "{}  …  {}   {}",
        some(&entries[..4.min(entries.len())]),
        number(entries[entries.len() - 1]),
        dim(&about)
    )
}

/// The entries of duals that are not zero, the largest first.
pub(crate) fn duals(program: &Program, duals: &Named<Array>, bounds: &Named<Array>) -> Vec<Row> {
    let constraints = duals.iter().flat_map(|(label, array)| entries(label, array));
    let ends = bounds.iter().flat_map(|(name, array)| {
        let dual = program.solution.bounds.iter().find(|d| d.label == name);
        entries(name, array).enumerate().map(move |(entry, row)| {
            let end =
                if dual.is_some_and(|d| at_lower(program, d, entry, row.value)) { "lower" } else { "upper" };
            Row { name: format!("{} at its {end} bound", row.name), value: row.value }
        })
    });
    largest_first(constraints.chain(ends).collect())
}

/// Whether the dual of a bound is that of the lower end: a sole lower end has positive duals, one of two negative.
fn at_lower(program: &Program, dual: &UserDual, entry: usize, value: f64) -> bool {
    let n = program.variables();
    let upper = program.multipliers() - n;
    let lower = upper - n..upper;
    dual.map.row(entry).any(|(at, coefficient)| lower.contains(&at) && coefficient * value > 0.0)
}

/// All entries with their places.
pub(crate) fn entries<'a>(name: &'a str, array: &'a Array) -> impl Iterator<Item = Row> + 'a {
    array
        .to_dense()
        .into_iter()
        .enumerate()
        .map(move |(entry, value)| Row { name: format!("{name}{}", place(array.axes(), entry)), value })
}

/// Rows sorted by size, without those that are only rounding.
pub(crate) fn largest_first(mut rows: Vec<Row>) -> Vec<Row> {
    let largest = rows.iter().fold(0.0_f64, |m, r| m.max(r.value.abs()));
    rows.retain(|r| r.value.abs() > (NOISE * largest).max(NOTHING) || r.value.is_nan());
    rows.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    rows
}

/// A table of named numbers, cut where it is long.
pub(crate) fn rows(rows: &[Row], heading: &str) -> String {
    let shown = if rows.len() > ROWS { &rows[..ROWS - 1] } else { rows };
    let cells: Vec<String> = shown.iter().map(|r| number(r.value)).collect();
    let name = shown.iter().map(|r| r.name.chars().count()).max().unwrap_or(0);
    let cell = cells.iter().map(String::len).chain([heading.len()]).max().unwrap_or(0);
    let mut out = String::new();
    if !heading.is_empty() {
        let _ = writeln!(out, "  {:name$}  {}", "", dim(&format!("{heading:>cell$}")));
    }
    for (row, value) in shown.iter().zip(&cells) {
        let _ = writeln!(out, "  {:name$}  {value:>cell$}", row.name);
    }
    if shown.len() < rows.len() {
        let _ = writeln!(out, "  {}", dim(&format!("and {} smaller ones", rows.len() - shown.len())));
    }
    out
}

/// The place of an entry: nothing for a scalar, `[3]`, `[1, 2]`.
fn place(axes: &[usize], mut entry: usize) -> String {
    let mut index = vec![0; axes.len()];
    for (slot, &n) in index.iter_mut().zip(axes).rev() {
        *slot = entry % n.max(1);
        entry /= n.max(1);
    }
    if index.is_empty() { String::new() } else { format!("{index:?}") }
}

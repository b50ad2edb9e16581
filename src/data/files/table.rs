//! Comma-separated values.

use super::super::array::Array;
use super::super::bundle::mistake;
use super::LARGEST;
use crate::error::Error;

/// Reads a table of numbers. A first line without any number is a heading.
pub(super) fn read(text: &str, origin: &str) -> Result<Array, Error> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let (mut entries, mut cols, mut rows) = (Vec::new(), None, 0_usize);
    for record in reader.records() {
        let record = record.map_err(|e| mistake(origin, "", &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        if rows == 0 && cols.is_none() && record.iter().all(|field| number(field).is_none()) {
            cols = Some(record.len());
            continue;
        }
        let expected = *cols.get_or_insert(record.len());
        if record.len() != expected {
            let message = format!("line {line} has {} columns, and the first has {expected}", record.len());
            return Err(mistake(origin, "", &message));
        }
        for (column, field) in record.iter().enumerate() {
            let Some(value) = number(field) else {
                let shown: String = field.chars().take(20).collect();
                let message = format!("line {line}, column {}: {shown:?} is no number", column + 1);
                return Err(mistake(origin, "", &message));
            };
            entries.push(value);
        }
        if entries.len() > LARGEST {
            return Err(mistake(origin, "", &"it has too many entries"));
        }
        rows += 1;
    }
    let axes = vec![rows, cols.unwrap_or(0)];
    Array::dense(axes, entries).ok_or_else(|| mistake(origin, "", &"its lines have different lengths"))
}

/// A number that is not NaN.
pub(super) fn number(field: &str) -> Option<f64> {
    field.parse().ok().filter(|v: &f64| !v.is_nan())
}

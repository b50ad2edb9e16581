//! The Matrix Market exchange format.

use super::super::array::Array;
use super::super::bundle::mistake;
use super::super::nested::sparse;
use super::LARGEST;
use super::table::number;
use crate::error::Error;

/// Reads a `.mtx` file: `coordinate` or `array`; `real`, `integer` or `pattern`; `general`, `symmetric` or
/// `skew-symmetric`.
pub(super) fn read(text: &str, origin: &str) -> Result<Array, Error> {
    let wrong = |line: usize, message: &str| mistake(origin, "", &format!("line {}: {message}", line + 1));
    let mut lines = text.lines().enumerate();
    let header = lines.next().map(|(_, line)| line.to_lowercase()).unwrap_or_default();
    let words: Vec<&str> = header.split_whitespace().collect();
    let ["%%matrixmarket", "matrix", format, field, symmetry] = words[..] else {
        return Err(wrong(0, "expected `%%MatrixMarket matrix FORMAT FIELD SYMMETRY`"));
    };
    let mirror = match symmetry {
        "general" => None,
        "symmetric" => Some(1.0),
        "skew-symmetric" => Some(-1.0),
        _ => return Err(wrong(0, &format!("`{symmetry}` matrices are not read"))),
    };
    if !matches!(field, "real" | "integer" | "double" | "pattern") {
        return Err(wrong(0, &format!("`{field}` matrices are not read")));
    }
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('%'));
    let Some((at, sizes)) = lines.next() else { return Err(wrong(0, "the line of sizes is missing")) };
    let sizes: Option<Vec<usize>> = sizes.split_whitespace().map(|word| word.parse().ok()).collect();
    let sizes =
        sizes.filter(|s| s.iter().all(|n| *n <= LARGEST)).ok_or_else(|| wrong(at, "these are no sizes"))?;
    match (format, &sizes[..]) {
        ("coordinate", &[m, n, count]) => {
            if mirror.is_some() && m != n {
                return Err(wrong(at, "a symmetric matrix is square"));
            }
            let (mut row, mut col, mut value, mut given) = (Vec::new(), Vec::new(), Vec::new(), 0_usize);
            for (at, line) in lines {
                let mut words = line.split_whitespace();
                let mut index = |size: usize| {
                    let index: Option<usize> = words.next().and_then(|word| word.parse().ok());
                    index.filter(|i| (1..=size).contains(i)).map(|i| i as u32 - 1)
                };
                let (i, j) = (index(m), index(n));
                let v = if field == "pattern" { Some(1.0) } else { words.next().and_then(number) };
                let (Some(i), Some(j), Some(v), None) = (i, j, v, words.next()) else {
                    return Err(wrong(at, "expected a row, a column and a value inside the matrix"));
                };
                given += 1;
                if mirror == Some(-1.0) && i == j && v != 0.0 {
                    return Err(wrong(at, "the diagonal of a skew-symmetric matrix is 0"));
                }
                let mut push = |i, j, v| {
                    row.push(i);
                    col.push(j);
                    value.push(v);
                };
                push(i, j, v);
                if let Some(sign) = mirror.filter(|_| i != j) {
                    push(j, i, sign * v);
                }
            }
            if given != count {
                return Err(wrong(at, &format!("{count} entries are announced, and {given} are there")));
            }
            sparse(m, n, &row, &col, &value).map_err(|message| wrong(at, &message))
        }
        ("array", &[m, n]) if field != "pattern" => {
            let values: Result<Vec<f64>, Error> = lines
                .map(|(at, line)| number(line.trim()).ok_or_else(|| wrong(at, "expected a number")))
                .collect();
            columns(&values?, m, n, mirror)
                .ok_or_else(|| wrong(at, "the number of entries does not fit the sizes"))
        }
        _ => Err(wrong(at, "the line of sizes does not fit the format")),
    }
}

/// A dense matrix from its columns, or those of its lower triangle.
fn columns(values: &[f64], m: usize, n: usize, mirror: Option<f64>) -> Option<Array> {
    let len = m.checked_mul(n).filter(|len| *len <= LARGEST)?;
    let mut out = vec![0.0; len];
    let mut next = values.iter();
    for j in 0..n {
        let first = match mirror {
            None => 0,
            Some(sign) => j + usize::from(sign < 0.0),
        };
        for i in first..m {
            let v = *next.next()?;
            out[i * n + j] = v;
            if let Some(sign) = mirror.filter(|_| i != j) {
                *out.get_mut(j * n + i)? = sign * v;
            }
        }
    }
    if next.next().is_some() || (mirror.is_some() && m != n) {
        return None;
    }
    Array::dense(vec![m, n], out)
}

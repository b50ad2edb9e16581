//! Arrays as nested lists, in any format that serde reads.

use super::array::Array;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// No array that is read has more entries.
pub(super) const LARGEST: usize = 1 << 28;

/// Reads one value: a number, nested lists, or a sparse matrix as a map.
pub(super) struct Value;

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Array;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Array, D::Error> {
        let mut entries = Vec::new();
        let seed = Level { entries: &mut entries, path: &mut Vec::new() };
        match seed.deserialize(deserializer)? {
            Part::Dense(axes) => Array::dense(axes.as_slice().to_vec(), entries)
                .ok_or_else(|| D::Error::custom("its lists are ragged")),
            Part::Sparse(array) => Ok(array),
        }
    }
}

/// A value within a value.
struct Level<'a> {
    entries: &'a mut Vec<f64>,
    path: &'a mut Vec<usize>,
}

enum Part {
    /// The sizes of the axes; the entries went to the common list.
    Dense(Axes),
    Sparse(Array),
}

/// The sizes of up to two axes; no list of a number's own, as there are as many numbers as entries.
#[derive(Clone, Copy, PartialEq)]
struct Axes {
    sizes: [usize; 2],
    count: usize,
}

impl Axes {
    const NUMBER: Self = Self { sizes: [0; 2], count: 0 };

    /// A list of `len` items of these axes, which are at most one.
    fn listed(self, len: usize) -> Self {
        Self { sizes: [len, self.sizes[0]], count: self.count + 1 }
    }

    fn as_slice(&self) -> &[usize] {
        &self.sizes[..self.count]
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Part;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Part, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Level<'_> {
    fn number<E: Error>(self, value: f64) -> Result<Part, E> {
        if self.entries.len() >= LARGEST {
            return Err(E::custom("it has too many entries"));
        }
        self.entries.push(value);
        Ok(Part::Dense(Axes::NUMBER))
    }
}

/// `entry [2, 0]: `, or nothing for the value itself.
fn at(path: &[usize]) -> String {
    if path.is_empty() { String::new() } else { format!("entry {path:?}: ") }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}a number", at(self.path))?;
        if self.path.len() < 2 { f.write_str(" or a list of numbers") } else { Ok(()) }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Part, E> {
        self.number(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Part, E> {
        self.number(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Part, E> {
        self.number(value as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Part, E> {
        match text {
            "inf" | "+inf" => self.number(f64::INFINITY),
            "-inf" => self.number(f64::NEG_INFINITY),
            "nan" => self.number(f64::NAN),
            _ => {
                let shown: String = text.chars().take(20).collect();
                Err(E::custom(format_args!("{}{shown:?} is text, and a number is expected", at(self.path))))
            }
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Part, E> {
        Err(E::custom(format_args!("{}null is no number", at(self.path))))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Part, E> {
        Err(E::custom(format_args!("{}{value} is no number", at(self.path))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part, A::Error> {
        if self.path.len() == 2 {
            return Err(A::Error::custom(format_args!("{}arrays have at most two axes", at(self.path))));
        }
        let mut inner: Option<Axes> = None;
        let mut count = 0;
        loop {
            self.path.push(count);
            let part =
                list.next_element_seed(Level { entries: &mut *self.entries, path: &mut *self.path })?;
            self.path.pop();
            let axes = match part {
                None => break,
                Some(Part::Sparse(_)) => return Err(A::Error::custom("a list cannot hold sparse matrices")),
                Some(Part::Dense(axes)) => axes,
            };
            match &inner {
                Some(first) if *first != axes => {
                    return Err(A::Error::custom(format_args!(
                        "its lists are ragged: the first is {}, and number {count} (from 0) is {}",
                        size(first.as_slice()),
                        size(axes.as_slice())
                    )));
                }
                Some(_) => {}
                None => inner = Some(axes),
            }
            count += 1;
        }
        Ok(Part::Dense(inner.unwrap_or(Axes::NUMBER).listed(count)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
        if !self.path.is_empty() {
            return Err(A::Error::custom(format_args!("{}a number is expected", at(self.path))));
        }
        let (mut shape, mut row, mut col, mut value) = (None, None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let twice = match key.as_str() {
                "shape" => shape.replace(integers(&key, &map.next_value_seed(Value)?)?).is_some(),
                "row" => row.replace(integers(&key, &map.next_value_seed(Value)?)?).is_some(),
                "col" => col.replace(integers(&key, &map.next_value_seed(Value)?)?).is_some(),
                "value" => value.replace(map.next_value_seed(Value)?).is_some(),
                // What the TOML reader calls a date.
                "$__toml_private_datetime" => return Err(A::Error::custom("a date is no number")),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    return Err(A::Error::custom(format_args!(
                        "`{key}` is no part of a sparse matrix, which is {{\"shape\", \"row\", \"col\", \"value\"}}"
                    )));
                }
            };
            if twice {
                return Err(A::Error::custom(format_args!("its `{key}` is given twice")));
            }
        }
        let parts = (shape.as_deref(), row, col, value);
        let (Some(&[m, n]), Some(row), Some(col), Some(value)) = parts else {
            return Err(A::Error::custom(
                "a sparse matrix is {\"shape\": [m, n], \"row\": […], \"col\": […], \"value\": […]}",
            ));
        };
        sparse(m as usize, n as usize, &row, &col, value.values()).map(Part::Sparse).map_err(A::Error::custom)
    }
}

/// A list of that size, in words.
fn size(axes: &[usize]) -> String {
    match axes {
        [] => "a number".to_owned(),
        [n, ..] => format!("a list of {n}"),
    }
}

/// The part of a sparse matrix that holds sizes or places.
fn integers<E: Error>(part: &str, list: &Array) -> Result<Vec<u32>, E> {
    whole(part, list.values()).map_err(E::custom)
}

/// Numbers that count something, from 0 on.
pub(super) fn whole(part: &str, values: &[f64]) -> Result<Vec<u32>, String> {
    let fits = |v: &f64| v.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(v);
    match values.iter().position(|v| !fits(v)) {
        Some(at) => Err(format!("its `{part}` holds {}, and not whole numbers from 0 on", values[at])),
        None => Ok(values.iter().map(|&v| v as u32).collect()),
    }
}

/// A sparse matrix from its triplets.
pub(super) fn sparse(m: usize, n: usize, row: &[u32], col: &[u32], value: &[f64]) -> Result<Array, String> {
    if m > LARGEST || n > LARGEST {
        return Err(format!("a matrix of {m} × {n} is too large"));
    }
    if row.len() != value.len() || col.len() != value.len() {
        return Err(format!(
            "{} rows, {} columns and {} values do not match",
            row.len(),
            col.len(),
            value.len()
        ));
    }
    let triplets = row.iter().zip(col).zip(value).map(|((&i, &j), &v)| (i, j, v)).collect();
    Array::sparse(m, n, triplets)
        .ok_or_else(|| format!("an entry lies outside the {m} × {n} matrix, or is given twice"))
}

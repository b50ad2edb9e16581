//! Values by name, from files and arguments.

use super::array::Array;
use super::json::quoted;
use super::nested::Value;
use crate::error::Error;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Values by name, each with where it came from; a later value replaces an earlier one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    values: BTreeMap<String, Datum>,
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// The value.
    pub value: Array,
    /// The file and the place in it, or the argument; empty for values from a program.
    pub origin: String,
    /// Whether the value came from a table, which does not tell a vector from a matrix with one row or column.
    pub table: bool,
}

impl Data {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Array>) -> &mut Self {
        let datum = Datum { value: value.into(), origin: String::new(), table: false };
        self.values.insert(name.into(), datum);
        self
    }

    /// Gives a value with its origin.
    pub fn insert(&mut self, name: impl Into<String>, datum: Datum) -> &mut Self {
        self.values.insert(name.into(), datum);
        self
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Datum> {
        self.values.get(name)
    }

    /// All values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Datum)> {
        self.values.iter().map(|(name, datum)| (name.as_str(), datum))
    }

    /// Reads an object of values by name from JSON; `origin` is what messages call the text.
    ///
    /// # Errors
    /// [`Error::Data`] with the place of the first mistake.
    pub fn read_json(&mut self, text: &str, origin: &str) -> Result<&mut Self, Error> {
        let text = quoted(text);
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let mut at = String::new();
        let values = Object { at: &mut at }.deserialize(&mut deserializer);
        let values =
            values.and_then(|v| deserializer.end().map(|()| v)).map_err(|e| mistake(origin, &at, &e))?;
        Ok(self.extend(values, origin))
    }

    /// Adds values that one text holds.
    pub(super) fn extend(&mut self, values: Vec<(String, Array)>, origin: &str) -> &mut Self {
        for (name, value) in values {
            self.insert(name, Datum { value, origin: origin.to_owned(), table: false });
        }
        self
    }
}

/// Reads one value from JSON.
#[cfg(feature = "files")]
pub(super) fn value_from_json(text: &str, origin: &str) -> Result<Array, Error> {
    let text = quoted(text);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let value = Value.deserialize(&mut deserializer);
    value.and_then(|v| deserializer.end().map(|()| v)).map_err(|e| mistake(origin, "", &e))
}

/// An error of a reader, with the name of the value that was being read.
pub(super) fn mistake(origin: &str, at: &str, error: &dyn fmt::Display) -> Error {
    let message = if at.is_empty() { error.to_string() } else { format!("`{at}`: {error}") };
    Error::Data { origin: origin.to_owned(), message }
}

/// Reads an object of values and remembers the name of the last one begun.
pub(super) struct Object<'a> {
    pub(super) at: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Vec<(String, Array)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Vec<(String, Array)>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of values by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out: Vec<(String, Array)> = Vec::new();
        let mut known = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            self.at.clone_from(&name);
            if !known.insert(name.clone()) {
                return Err(A::Error::custom("given twice"));
            }
            let value = map.next_value_seed(Value)?;
            out.push((name, value));
            self.at.clear();
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Data::new().read_json(text, "d.json").unwrap_err().to_string()
    }

    #[test]
    fn good_json() {
        let mut data = Data::new();
        let text = r#"{"a": 1, "b": [1, 2.5e3, "-inf"], "c": [[1, 2], [3, 4], [5, 6]],
            "s": {"shape": [2, 2], "row": [1, 0], "col": [0, 1], "value": [3, 4]}, "e": [[], []], "λ": []}"#;
        data.read_json(text, "d.json").unwrap();
        let axes = |name: &str| data.get(name).unwrap().value.axes().to_vec();
        assert_eq!((axes("a"), axes("b"), axes("c")), (vec![], vec![3], vec![3, 2]));
        assert_eq!((axes("s"), axes("e"), axes("λ")), (vec![2, 2], vec![2, 0], vec![0]));
        assert_eq!(data.get("b").unwrap().value.values(), [1.0, 2500.0, f64::NEG_INFINITY]);
        assert_eq!(data.get("s").unwrap().value.to_dense(), [0.0, 4.0, 3.0, 0.0]);
    }

    #[test]
    fn every_mistake_is_named() {
        let cases = [
            (
                r#"{"c": [[1, 2], [3]]}"#,
                "d.json: `c`: its lists are ragged: the first is a list of 2, and number 1",
            ),
            (r#"{"c": [1, [3]]}"#, "d.json: `c`: its lists are ragged: the first is a number"),
            (r#"{"c": [[1, "x"]]}"#, "d.json: `c`: entry [0, 1]: \"x\" is text, and a number is expected"),
            (r#"{"c": [1, null]}"#, "d.json: `c`: entry [1]: null is no number"),
            (r#"{"c": true}"#, "d.json: `c`: true is no number"),
            (r#"{"c": [[[1]]]}"#, "d.json: `c`: entry [0, 0]: arrays have at most two axes"),
            (
                r#"{"c": {"shape": [1, 1], "shape": [2, 2], "row": [], "col": [], "value": []}}"#,
                "d.json: `c`: its `shape` is given twice",
            ),
            (
                r#"{"c": {"shape": [1, 1], "row": [-1], "col": [0], "value": [1]}}"#,
                "d.json: `c`: its `row` holds -1, and not whole numbers from 0 on",
            ),
            (r#"{"c": 1, "c": 2}"#, "d.json: `c`: given twice"),
            (r#"{"c": {"row": [1]}}"#, "d.json: `c`: a sparse matrix is"),
            (
                r#"{"c": {"shape": [1, 1], "row": [1], "col": [0], "value": [1]}}"#,
                "lies outside the 1 × 1 matrix",
            ),
            (r#"{"c": {"shape": [1, 1], "row": [], "col": [0], "value": [1]}}"#, "do not match"),
            (r#"{"c": {"colour": 1}}"#, "`colour` is no part of a sparse matrix"),
            ("[1, 2]", "d.json: invalid type: sequence, expected an object of values by name"),
            ("{\"c\": 1", "d.json: EOF"),
            ("{\"c\": 1} x", "trailing"),
            ("", "d.json: EOF"),
        ];
        for (text, expected) in cases {
            let got = message(text);
            assert!(got.contains(expected), "{text}: {got}");
        }
        assert!(message(&format!("{{\"c\": {}", "[".repeat(100_000))).contains("at most two axes"));
    }
}

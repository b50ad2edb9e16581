//! Files of values: JSON, TOML and `.npz` hold several by name; CSV, `.npy`, `.mtx` and a JSON list hold one.

mod folder;
mod market;
mod numpy;
mod table;

pub use folder::Folder;

use super::bundle::{Data, Datum, Object, mistake, value_from_json};
use super::nested::LARGEST;
use crate::error::Error;
use serde::de::DeserializeSeed;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Files larger than this are not read.
const LARGEST_FILE: u64 = 4 << 30;

impl Data {
    /// Reads a file of values by name: `.json`, `.toml` or `.npz`. A later value replaces an earlier one.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file and the place in it.
    pub fn read_file(&mut self, path: &Path) -> Result<&mut Self, Error> {
        let origin = path.display().to_string();
        match extension(path).as_str() {
            "npz" => {
                let values = numpy::archive(&bytes(path, LARGEST_FILE)?, &origin, LARGEST_FILE)?;
                Ok(self.extend(values, &origin))
            }
            "toml" => self.read_toml(&read_text(path, LARGEST_FILE)?, &origin),
            "csv" | "npy" | "mtx" => Err(mistake(
                &origin,
                "",
                &"this kind of file holds one value without a name; say `--param NAME=@FILE`",
            )),
            _ => self.read_json(&read_text(path, LARGEST_FILE)?, &origin),
        }
    }

    /// Reads values by name from TOML.
    ///
    /// # Errors
    /// [`Error::Data`] with the place of the first mistake.
    pub fn read_toml(&mut self, text: &str, origin: &str) -> Result<&mut Self, Error> {
        let mut at = String::new();
        let parsed = toml::Deserializer::parse(text)
            .and_then(|deserializer| Object { at: &mut at }.deserialize(deserializer));
        let values = parsed.map_err(|e| {
            let before = e.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| format!(" at line {}", before.matches('\n').count() + 1));
            mistake(origin, &at, &format!("{}{}", e.message(), line.unwrap_or_default()))
        })?;
        Ok(self.extend(values, origin))
    }

    /// Reads an argument: `name=value`, with the value as JSON, or `name=@file`.
    ///
    /// # Errors
    /// [`Error::Data`] naming the argument.
    pub fn read_argument(&mut self, argument: &str) -> Result<&mut Self, Error> {
        let origin = format!("--param {}", argument.chars().take(60).collect::<String>());
        let Some((name, value)) = argument.split_once('=') else {
            return Err(mistake(&origin, "", &"expected `NAME=VALUE` or `NAME=@FILE`"));
        };
        let (name, value) = (name.trim(), value.trim());
        let datum = if let Some(path) = value.strip_prefix('@') {
            read_value(Path::new(path), Some(name), LARGEST_FILE)?
        } else {
            // A number alone may be written as a shell user writes it: `.5`, `+1`, `inf`.
            let digits = !value.contains(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E'));
            let number =
                if digits || matches!(value, "inf" | "+inf" | "-inf") { value.parse().ok() } else { None };
            let value = match number.filter(|v: &f64| v.is_finite() || !digits) {
                Some(number) => super::Array::from(number),
                None => value_from_json(value, &origin).map_err(|error| unlike(value, &origin, error))?,
            };
            Datum { value, origin, table: false }
        };
        Ok(self.insert(name, datum))
    }
}

/// The error for an argument that looks like no value at all; an error inside a list stays as it is.
fn unlike(value: &str, origin: &str, error: Error) -> Error {
    if value.starts_with(['[', '{', '"']) || value.parse::<f64>().is_ok_and(f64::is_infinite) {
        return error;
    }
    let what = if value.is_empty() { "the value is missing" } else { "this is no value" };
    let message =
        format!("{what}: expected a number, a list such as `[1, 2]`, or `@` and the name of a file");
    mistake(origin, "", &message)
}

/// Reads a file that holds one value, or the value of that name.
///
/// # Errors
/// [`Error::Data`] naming the file and the place in it.
pub fn read_value(path: &Path, name: Option<&str>, largest: u64) -> Result<Datum, Error> {
    let origin = path.display().to_string();
    let (value, table) = match extension(path).as_str() {
        "csv" => (table::read(&read_text(path, largest)?, &origin)?, true),
        "npy" => (numpy::array(&bytes(path, largest)?, &origin)?, false),
        "npz" => (only(numpy::archive(&bytes(path, largest)?, &origin, largest)?, name, &origin)?, false),
        "mtx" => (market::read(&read_text(path, largest)?, &origin)?, true),
        "toml" => {
            let mut data = Data::new();
            data.read_toml(&read_text(path, largest)?, &origin)?;
            (only(data.iter().map(|(n, d)| (n.to_owned(), d.value.clone())).collect(), name, &origin)?, false)
        }
        "json" => {
            let text = read_text(path, largest)?;
            let mut data = Data::new();
            // A list or sparse matrix is the value; an object of values holds it by name.
            match (value_from_json(&text, &origin), name) {
                (Ok(value), _) => (value, false),
                (Err(_), Some(name)) if data.read_json(&text, &origin).is_ok() => (
                    only(
                        data.iter().map(|(n, d)| (n.to_owned(), d.value.clone())).collect(),
                        Some(name),
                        &origin,
                    )?,
                    false,
                ),
                (Err(error), _) => return Err(error),
            }
        }
        other => {
            let what = if other.is_empty() { "this".to_owned() } else { format!("`.{other}`") };
            let message = format!(
                "{what} is no kind of file that holds values; these are .csv, .npy, .npz, .mtx, .json and .toml"
            );
            return Err(mistake(if origin.is_empty() { "`@`" } else { &origin }, "", &message));
        }
    };
    Ok(Datum { value, origin, table })
}

/// The value of that name, or the only one.
fn only(
    mut values: Vec<(String, super::Array)>,
    name: Option<&str>,
    origin: &str,
) -> Result<super::Array, Error> {
    if let Some(at) = values.iter().position(|(known, _)| Some(known.as_str()) == name) {
        return Ok(values.swap_remove(at).1);
    }
    if values.len() == 1 {
        return Ok(values.swap_remove(0).1);
    }
    let mut known: Vec<_> = values.iter().take(9).map(|(n, _)| format!("`{n}`")).collect();
    if values.len() > known.len() {
        known.push("…".to_owned());
    }
    let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    let wanted = name.map_or_else(|| "one value".to_owned(), |n| format!("`{n}`"));
    Err(mistake(origin, "", &format!("it holds {known}, and not {wanted}")))
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Reads a file, up to a size.
fn bytes(path: &Path, largest: u64) -> Result<Vec<u8>, Error> {
    let origin = path.display().to_string();
    let wrong = |message: String| Error::Data { origin: origin.clone(), message };
    let file = File::open(path).map_err(|e| wrong(reason(&e)))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(wrong("it is a folder".to_owned()));
    }
    let mut out = Vec::new();
    file.take(largest + 1).read_to_end(&mut out).map_err(|e| wrong(reason(&e)))?;
    if out.len() as u64 > largest {
        return Err(wrong(format!("it is larger than {} MiB", largest >> 20)));
    }
    Ok(out)
}

/// The files of a NumPy archive by the names of their arrays, unread.
///
/// # Errors
/// [`Error::Data`] naming the file, if it is no archive or unpacks to more than 4 GiB.
pub fn read_archive(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    numpy::unpack(&bytes(path, LARGEST_FILE)?, &path.display().to_string(), LARGEST_FILE)
}

/// Reads a text in UTF-8, up to a size.
///
/// # Errors
/// [`Error::Data`] naming the file.
pub fn read_text(path: &Path, largest: u64) -> Result<String, Error> {
    String::from_utf8(bytes(path, largest)?).map_err(|e| Error::Data {
        origin: path.display().to_string(),
        message: format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()),
    })
}

/// An operating system's error in plain words.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "reading it is not permitted".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;

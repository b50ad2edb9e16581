//! Reads the arrays of a NumPy `.npz` file: a zip archive of `.npy` files, stored or deflated.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

/// The arrays of one file, by name.
pub(crate) struct Npz(BTreeMap<String, Vec<u8>>);

impl Npz {
    pub(crate) fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let data = std::fs::read(path)?;
        let tail = data.len().checked_sub(22).ok_or("not a zip archive")?;
        let end =
            (0..=tail).rev().find(|&i| data[i..].starts_with(b"PK\x05\x06")).ok_or("not a zip archive")?;
        let (count, mut at) = (number(&data, end + 10, 2)?, number(&data, end + 16, 4)?);
        let mut arrays = BTreeMap::new();
        for _ in 0..count {
            // The central directory knows the sizes, which the local headers may leave open.
            let (method, packed) = (number(&data, at + 10, 2)?, number(&data, at + 20, 4)?);
            let (name, extra, comment) =
                (number(&data, at + 28, 2)?, number(&data, at + 30, 2)?, number(&data, at + 32, 2)?);
            let local = number(&data, at + 42, 4)?;
            let text = data.get(at + 46..at + 46 + name).ok_or("truncated archive")?;
            let text = String::from_utf8_lossy(text).trim_end_matches(".npy").to_owned();
            let start = local + 30 + number(&data, local + 26, 2)? + number(&data, local + 28, 2)?;
            let body = data.get(start..start + packed).ok_or("truncated archive")?;
            let array = match method {
                0 => body.to_vec(),
                8 => miniz_oxide::inflate::decompress_to_vec(body).map_err(|e| format!("{text}: {e:?}"))?,
                other => return Err(format!("{text}: zip method {other}").into()),
            };
            arrays.insert(text, array);
            at += 46 + name + extra + comment;
        }
        Ok(Self(arrays))
    }

    pub(crate) fn floats(&self, name: &str) -> Result<Vec<f64>, Box<dyn Error>> {
        Ok(self.words(name, "<f8")?.map(f64::from_le_bytes).collect())
    }

    pub(crate) fn indices(&self, name: &str) -> Result<Vec<usize>, Box<dyn Error>> {
        Ok(self.words(name, "<i8")?.map(|b| i64::from_le_bytes(b) as usize).collect())
    }

    /// The eight-byte words of an array of the given type.
    fn words(&self, name: &str, kind: &str) -> Result<impl Iterator<Item = [u8; 8]> + '_, Box<dyn Error>> {
        let data = self.0.get(name).ok_or_else(|| format!("no array {name}"))?;
        let wide = data.get(6) == Some(&2);
        let header = number(data, 8, if wide { 4 } else { 2 })?;
        let start = if wide { 12 } else { 10 };
        let text = String::from_utf8_lossy(data.get(start..start + header).ok_or("truncated array")?);
        if !text.contains(kind) {
            return Err(format!("{name}: expected {kind} in {text}").into());
        }
        let words = data[start + header..].as_chunks::<8>().0;
        Ok(words.iter().copied())
    }
}

/// A little-endian number of `width` bytes.
fn number(data: &[u8], at: usize, width: usize) -> Result<usize, Box<dyn Error>> {
    let bytes = data.get(at..at + width).ok_or("truncated archive")?;
    Ok(bytes.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)))
}
